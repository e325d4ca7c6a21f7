//! The checked graph of one process: what `read` makes of the XML and `run` executes.
//!
//! Nodes and flows share one numbering, the element table: nodes first in document order (the
//! process itself is 0), then flows in document order. Events name elements by it.

use base::{ListenerEvent, Text};
use feel::Expression;

use crate::ad_hoc::AdHoc;
use crate::data::Data;
use crate::marker::Marker;
use crate::place::Place;
use crate::policy::Policy;

/// One executable process.
#[derive(Debug)]
pub struct Process {
    /// `bpmnProcessId`.
    pub id: Text,
    /// For people.
    pub name: Option<Text>,
    /// `zeebe:versionTag`.
    pub version_tag: Option<Text>,
    /// Nodes; their position is their number in the element table.
    pub nodes: Vec<Node>,
    /// Flows; numbered after the nodes.
    pub flows: Vec<Flow>,
    /// What is kept of data; it has no behaviour.
    pub data: Data,
    /// What `fermata lint` does not say, and why.
    pub silences: Vec<Silence>,
    /// Somebody may listen to the cancellation of an instance: there is a user task with `canceling`
    /// listeners, or a called process that may have one.
    pub heard: bool,
}

/// `<fermata:lint ignore="..." reason="..."/>`: warnings that are known and meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Silence {
    /// The element that has it; it holds for what is in the element too.
    pub element: u32,
    /// Codes as they are written.
    pub codes: Vec<Text>,
    /// For people.
    pub reason: Text,
    /// Where it stands.
    pub place: Place,
}

/// An element with behaviour.
#[derive(Debug)]
pub struct Node {
    /// `id` in the model.
    pub id: Text,
    /// `name` in the model.
    pub name: Option<Text>,
    /// The process or sub-process that it stands in (itself for the process).
    pub scope: u32,
    /// The element type as Camunda's APIs name it, `SERVICE_TASK` for example.
    pub element_type: &'static str,
    /// What it does.
    pub kind: Kind,
    /// Numbers of incoming flows.
    pub incoming: Vec<u32>,
    /// Numbers of outgoing flows.
    pub outgoing: Vec<u32>,
    /// The flow that is taken when no condition holds.
    pub default: Option<u32>,
    /// Boundary events attached to it.
    pub boundaries: Vec<u32>,
    /// Event sub-processes directly in it.
    pub handlers: Vec<u32>,
    /// It starts an instance when what it waits for comes: a receive task, or an event behind an
    /// event-based gateway, that instantiates.
    pub instantiates: bool,
    /// How it repeats, if it does.
    pub marker: Option<Marker>,
    /// How it is undone when it has completed, or what it undoes.
    pub compensation: Compensation,
    /// `zeebe:ioMapping` inputs, in order.
    pub inputs: Vec<Mapping>,
    /// `zeebe:ioMapping` outputs, in order.
    pub outputs: Vec<Mapping>,
    /// Where it begins in the file.
    pub place: Place,
    /// Who listens to its life, in order.
    pub listeners: Vec<ListenerSpec>,
    /// How often it is tried, how long it may take.
    pub policy: Option<Box<Policy>>,
}

/// A listener: a job beside an element's work.
#[derive(Debug)]
pub struct ListenerSpec {
    /// What it listens to.
    pub event: ListenerEvent,
    /// The job, with the headers of the element and its own.
    pub job: JobSpec,
}

/// What an activity has to do with compensation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Compensation {
    /// The activity that undoes it, by its compensation boundary event.
    pub handler: Option<u32>,
    /// The compensation event sub-process in it.
    pub event_sub_process: Option<u32>,
    /// It undoes others (`isForCompensation`), and only begins to.
    pub is_handler: bool,
}

/// A sequence flow.
#[derive(Debug)]
pub struct Flow {
    /// `id` in the model.
    pub id: Text,
    /// Where it begins.
    pub source: u32,
    /// Where it ends.
    pub target: u32,
    /// When it may be taken.
    pub condition: Option<Expression>,
    /// Where it begins in the file.
    pub place: Place,
}

/// One line of an `ioMapping`.
#[derive(Debug)]
pub struct Mapping {
    /// What is read.
    pub source: Value,
    /// Where it goes: a name, or a path of names into a context.
    pub target: Vec<Text>,
}

/// An attribute that is a fixed text or, with a leading `=`, FEEL.
#[derive(Debug)]
pub enum Value {
    /// The text itself.
    Fixed(Text),
    /// Evaluated in the scope of its element.
    Feel(Expression),
}

/// What a node does.
#[derive(Debug)]
pub enum Kind {
    /// The process itself.
    Process {
        /// Its none start event, if it has one.
        start: Option<u32>,
    },
    /// An embedded sub-process.
    SubProcess {
        /// Its start event.
        start: u32,
    },
    /// A sub-process whose elements begin when somebody says so.
    AdHoc(AdHoc),
    /// A sub-process that its start event's trigger begins, while the scope that it is in lives.
    EventSubProcess {
        /// Its start event.
        start: u32,
        /// Everything else in the scope ends.
        interrupting: bool,
    },
    /// Where a scope begins.
    Start(Trigger),
    /// Where a token ends, after these.
    End(Vec<Throw>),
    /// An intermediate event that does these and goes on.
    Throw(Vec<Throw>),
    /// An event that has completed activities compensated.
    Compensate {
        /// Which; all of its scope if none is named.
        activity: Option<u32>,
        /// It goes on when they are.
        wait: bool,
    },
    /// Ends a transaction: what completed in it is compensated, then its cancel boundary event goes on.
    Cancel,
    /// A job for a worker.
    Job(JobSpec),
    /// A decision whose output becomes a variable.
    Decision(CalledDecision),
    /// An instance of another process.
    Call(CalledProcess),
    /// A FEEL expression whose value becomes a variable.
    Script {
        /// What is evaluated.
        expression: Expression,
        /// Where its value goes.
        result: Text,
    },
    /// A task for a person, managed by the engine.
    UserTask(UserTaskSpec),
    /// Passes at once: manual and undefined tasks, none throw events.
    Pass,
    /// Waits for a trigger: receive task and intermediate catch event.
    Catch(Trigger),
    /// Exclusive gateway.
    Exclusive,
    /// Inclusive gateway: every flow whose condition holds; joins what can still arrive.
    Inclusive,
    /// Complex gateway: goes on when its condition holds, then takes what still comes.
    Complex {
        /// Absent where one flow comes in: each token passes.
        activation: Option<Expression>,
    },
    /// Parallel gateway.
    Parallel,
    /// Event-based gateway: the first of its targets wins.
    EventBased {
        /// It has begun the instance with one of its events; the others must come as well.
        parallel: bool,
    },
    /// Boundary event.
    Boundary {
        /// The activity that it is attached to.
        attached: u32,
        /// Ends the activity.
        interrupting: bool,
        /// What triggers it.
        trigger: Trigger,
    },
}

/// What triggers an event.
#[derive(Debug)]
pub enum Trigger {
    /// Nothing: a none event.
    None,
    /// A message.
    Message {
        /// Its name.
        name: Value,
        /// Absent at start events of a process.
        correlation_key: Option<Expression>,
    },
    /// A signal, by name.
    Signal(Value),
    /// A time.
    Timer(Timer),
    /// Variables are so that this holds.
    Condition(Condition),
    /// An error, by code; `None` catches all.
    Error {
        /// The code.
        code: Option<Text>,
    },
    /// An escalation, by code; `None` catches all.
    Escalation {
        /// The code.
        code: Option<Text>,
    },
    /// The activity is compensated.
    Compensation,
    /// The transaction is cancelled.
    Cancel,
    /// The throw events of the same scope with this link name.
    Link(Text),
    /// The first of several.
    Any(Vec<Trigger>),
    /// Each of several, in any order.
    All(Vec<Trigger>),
}

/// What a conditional event waits for.
#[derive(Debug)]
pub struct Condition {
    /// What must be true.
    pub expression: Expression,
    /// Variables whose change has it evaluated again.
    pub names: Vec<Text>,
    /// A variable that is new counts as a change.
    pub on_create: bool,
    /// A variable that was there before counts as a change.
    pub on_update: bool,
}

/// When a timer is due.
#[derive(Debug)]
pub enum Timer {
    /// At a time.
    Date(Value),
    /// After a time.
    Duration(Value),
    /// Again and again: ISO-8601 repetition or cron.
    Cycle(Value),
}

/// What an event does.
#[derive(Debug)]
pub enum Throw {
    /// Everything in the scope ends.
    Terminate,
    /// An error is thrown outwards.
    Error {
        /// Its code.
        code: Value,
    },
    /// An escalation goes outwards; what throws it goes on unless it is interrupted.
    Escalation {
        /// Its code.
        code: Value,
    },
    /// A signal goes to everybody who waits for it, with the event's own variables.
    Signal {
        /// Its name.
        name: Value,
    },
    /// The token goes on at this catch event of the same scope.
    Link {
        /// The catch event.
        target: u32,
    },
}

/// What a worker needs to know.
#[derive(Debug)]
pub struct JobSpec {
    /// Which workers.
    pub job_type: Value,
    /// Attempts.
    pub retries: Value,
    /// `zeebe:taskHeaders` in order.
    pub headers: Vec<(Text, Text)>,
}

/// Which decision a business rule task calls.
#[derive(Debug)]
pub struct CalledDecision {
    /// Its id.
    pub decision_id: Value,
    /// Where its output goes.
    pub result: Text,
    /// Which version of it.
    pub binding: Binding,
}

/// Which process a call activity calls, and which variables go there and back.
#[derive(Debug)]
pub struct CalledProcess {
    /// Its id.
    pub process_id: Value,
    /// Which version of it.
    pub binding: Binding,
    /// The called instance gets all variables that the activity sees, else its own alone.
    pub all_parent_variables: bool,
    /// All variables of the called instance come back, else those of output mappings alone.
    pub all_child_variables: bool,
}

/// Which version of what is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Binding {
    /// The latest when it is called.
    Latest,
    /// The one that was deployed together with the caller.
    Deployment,
    /// The latest with this version tag.
    VersionTag(Text),
}

/// What a person needs to know.
#[derive(Debug, Default)]
pub struct UserTaskSpec {
    /// One user.
    pub assignee: Option<Value>,
    /// A list of groups, or names with commas.
    pub candidate_groups: Option<Value>,
    /// A list of users, or names with commas.
    pub candidate_users: Option<Value>,
    /// ISO-8601.
    pub due_date: Option<Value>,
    /// ISO-8601.
    pub follow_up_date: Option<Value>,
    /// 0 to 100.
    pub priority: Option<Value>,
    /// `formId` of a deployed form, or the external reference.
    pub form: Option<Text>,
    /// `zeebe:taskHeaders` in order.
    pub headers: Vec<(Text, Text)>,
}

impl Process {
    /// How many nodes there are, and how many nodes and flows together: flows are numbered after
    /// the nodes.
    pub fn counts(&self) -> (usize, usize) {
        (self.nodes.len(), self.nodes.len() + self.flows.len())
    }

    /// The node with this number.
    pub fn node(&self, element: u32) -> &Node {
        &self.nodes[element as usize]
    }

    /// The flow with this number.
    pub fn flow(&self, flow: u32) -> &Flow {
        &self.flows[flow as usize - self.nodes.len()]
    }

    /// The id of a node or flow.
    pub fn id_of(&self, element: u32) -> Option<&Text> {
        let at = element as usize;
        match self.nodes.get(at) {
            Some(node) => Some(&node.id),
            None => self.flows.get(at - self.nodes.len()).map(|flow| &flow.id),
        }
    }

    /// The number of the node with this id.
    pub fn node_by_id(&self, id: &str) -> Option<u32> {
        let at = self.nodes.iter().position(|node| node.id == id)?;
        u32::try_from(at).ok()
    }

    /// Ids in the order of the numbering, for [`base::DefinitionRow::elements`].
    pub fn element_table(&self) -> Vec<Text> {
        let nodes = self.nodes.iter().map(|node| node.id.clone());
        nodes.chain(self.flows.iter().map(|flow| flow.id.clone())).collect()
    }

    /// What starts the process, with numbers; one for each trigger that suffices to begin an
    /// instance. The others of an event that needs several are waited for by the instance.
    pub fn starts(&self) -> impl Iterator<Item = (u32, &Trigger)> {
        let starts = self.nodes.iter().zip(0_u32..).filter_map(|(node, number)| match &node.kind {
            Kind::Start(trigger) if node.scope == 0 => Some((number, trigger)),
            Kind::Catch(trigger) if node.instantiates => Some((number, trigger)),
            _ => None,
        });
        starts.flat_map(|(number, trigger)| trigger.parts().iter().map(move |one| (number, one)))
    }

    /// The start event of a message, or of the signal whose slot this is. Names are fixed: before
    /// the start there are no variables.
    pub fn message_start(&self, name: &str) -> Option<u32> {
        self.starts().find_map(|(number, trigger)| match trigger {
            Trigger::Message { name: Value::Fixed(known), .. } if *known == name => Some(number),
            Trigger::Signal(Value::Fixed(known)) if base::signal::of_slot(name) == Some(known) => {
                Some(number)
            }
            _ => None,
        })
    }
}

impl Trigger {
    /// The definitions of its event, in order.
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::Any(several) | Self::All(several) => several,
            one => std::slice::from_ref(one),
        }
    }

    /// The triggers of which one suffices.
    pub fn choices(&self) -> &[Self] {
        match self {
            Self::Any(choices) => choices,
            one => std::slice::from_ref(one),
        }
    }
}

impl Node {
    /// Whether somebody may listen when it is cancelled.
    pub(crate) fn may_be_heard(&self) -> bool {
        matches!(self.kind, Kind::Call(_)) || self.listens(ListenerEvent::Canceling)
    }

    /// Whether anybody listens to this.
    pub fn listens(&self, event: ListenerEvent) -> bool {
        self.listeners.iter().any(|listener| listener.event == event)
    }

    /// The listener to `event` at this position among those that listen to it.
    pub fn listener(&self, event: ListenerEvent, index: u32) -> Option<&ListenerSpec> {
        let mut listeners = self.listeners.iter().filter(|listener| listener.event == event);
        listeners.nth(index as usize)
    }

    /// How messages to people call it: its name and id.
    pub fn label(&self) -> String {
        match &self.name {
            Some(name) if !name.is_empty() => {
                format!("\"{}\" ({})", name.replace('\n', " "), self.id)
            }
            _ => format!("\"{}\"", self.id),
        }
    }
}
