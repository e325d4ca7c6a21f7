//! An instance for the tests of this crate.

use base::{DefinitionKey, ElementKey, Event, InstanceCreated, InstanceKey, Key, Record, ShardId};

use crate::Instance;

/// The instance's key, and those of its own: `at(0)` is its root scope.
pub(crate) fn at(n: u64) -> Key {
    Key::of_block(ShardId(2), 7).offset(n)
}

/// A definition.
pub(crate) fn definition(block: u64) -> DefinitionKey {
    DefinitionKey(Key::of_block(ShardId(0), block))
}

/// The first event.
pub(crate) fn created() -> Event {
    Event::InstanceCreated(Box::new(InstanceCreated {
        instance: InstanceKey(at(0)),
        definition: definition(1),
        process_id: "order".into(),
        version: 3,
        business_id: None,
        tags: Vec::new(),
        message: None,
        parent: None,
        depth: None,
        undoes: None,
        ends_after: None,
    }))
}

/// Enters an element in a scope, by their numbers.
pub(crate) fn entered(key: u64, element: u32, scope: u64) -> Event {
    let (key, scope) = (ElementKey(at(key)), ElementKey(at(scope)));
    Event::ElementEntered { key, element, scope, via: None }
}

/// The snapshot in hexadecimal.
pub(crate) fn hex(state: &Instance) -> String {
    let pairs: Vec<_> = state.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.concat()
}

/// The state after the first event and these.
pub(crate) fn folded(more: Vec<Event>) -> Instance {
    let mut events = vec![created()];
    events.extend(more);
    Instance::replay(None, &[Record { at_ms: 1000, events }]).unwrap()
}
