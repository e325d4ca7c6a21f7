//! Commands that change the course of a running instance: other elements, another definition.

use minicbor::{Decode, Encode};

use crate::{DefinitionKey, ElementKey, InstanceKey, KeyBase, Text, Variables};

/// End some element instances and begin others, all or nothing.
#[derive(Clone, PartialEq, Debug)]
pub struct ModifyInstance {
    /// Which.
    pub instance: InstanceKey,
    /// Where to begin.
    pub activate: Vec<Activation>,
    /// What to end. It is ended after what begins was entered.
    pub terminate: Vec<Selection>,
    /// What to end and begin elsewhere.
    pub moves: Vec<Move>,
}

/// Begin before an element.
#[derive(Clone, PartialEq, Debug)]
pub struct Activation {
    /// Its id in the model.
    pub element_id: Text,
    /// In which scope.
    pub within: Within,
    /// Set before it begins.
    pub variables: Vec<ScopedVariables>,
}

/// The scope in which an element begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Within {
    /// The one that lives; a new one if none does.
    Existing,
    /// This one. Scopes between it and the element are new.
    Scope(ElementKey),
}

/// Variables and where they go.
#[derive(Clone, PartialEq, Debug)]
pub struct ScopedVariables {
    /// The element itself or one around it, by its id; the instance if there is none.
    pub scope_id: Option<Text>,
    /// The values.
    pub variables: Variables,
}

/// Which element instances.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection {
    /// This one.
    Key(ElementKey),
    /// All that live of the element with this id. Of a loop it is the loop, not its turns.
    Element(Text),
}

/// End element instances, and begin before another element for each of them.
#[derive(Clone, PartialEq, Debug)]
pub struct Move {
    /// What ends.
    pub from: Selection,
    /// The id of the element that begins.
    pub to: Text,
    /// In which scope.
    pub within: MoveWithin,
    /// Set before it begins.
    pub variables: Vec<ScopedVariables>,
}

/// The scope into which something moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MoveWithin {
    /// As for an activation.
    Of(Within),
    /// The scope of what ends.
    SourceScope,
    /// The innermost scope around what ends that the element can be in.
    Inferred,
}

/// Run an instance by another definition from now on.
#[derive(Clone, PartialEq, Debug)]
pub struct MigrateInstance {
    /// Which.
    pub instance: InstanceKey,
    /// The definition.
    pub target: DefinitionKey,
    /// Which element becomes which.
    pub mappings: Vec<ElementMapping>,
    /// Say what would happen and change nothing.
    pub dry_run: bool,
}

/// An element of the present definition and what it becomes, by ids.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ElementMapping {
    /// In the present definition.
    pub source: Text,
    /// In the other one.
    pub target: Text,
}

/// What a migration does, or would do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MigrationReport {
    /// Live element instances: key, present id, future id.
    pub elements: Vec<(ElementKey, Text, Text)>,
    /// Tokens that wait before gateways: present and future id of the flow.
    pub tokens: Vec<(Text, Text)>,
    /// Timers and subscriptions that stay: present and future id of the event.
    pub kept: Vec<(Text, Text)>,
    /// Events for which nothing is waited any more, by present id.
    pub closed: Vec<Text>,
    /// Events for which something is waited anew, by future id.
    pub opened: Vec<Text>,
}

/// The definition by which an instance goes on, and the numbers that its elements have in it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct InstanceMigrated {
    /// The definition.
    #[n(0)]
    pub definition: DefinitionKey,
    /// Its id.
    #[n(1)]
    pub process_id: Text,
    /// Its version, from 1.
    #[n(2)]
    pub version: i32,
    /// Nodes and flows: position in the table of the definition before, and in this one's. What can
    /// be compensated and is not here can be compensated no more.
    #[n(3)]
    pub numbers: Vec<(u32, u32)>,
}
