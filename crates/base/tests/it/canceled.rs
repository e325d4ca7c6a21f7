//! What is ended for all but those who hear of it.

use super::base::{Cancellation, Event, HeldInput, InstanceKey, Key, Record, ShardId, Variables};

/// Every such fact, and what is held of it in a suspended instance.
pub fn record() -> (InstanceKey, Record) {
    let instance = InstanceKey(Key::of_block(ShardId(2), 7));
    let at = |n: u64| instance.0.offset(n);
    let (owner, called) = (at(1).into(), InstanceKey(Key::of_block(ShardId(2), 11)));
    let (scope, elements) = (at(4).into(), vec![owner, at(2).into()]);
    let variables = Variables::parse(r#"{"a":1}"#).unwrap();
    let facts = [
        Cancellation::CallHeard { owner },
        Cancellation::CallAwaited { owner, instance: called },
        Cancellation::CallUnheard { owner, instance: called },
        Cancellation::Moved { scope, elements },
        Cancellation::Held { owner: scope, variables },
        Cancellation::Released { owner: scope },
    ];
    let mut events: Vec<Event> = facts.into_iter().map(Event::Cancellation).collect();
    events.push(Event::InputHeld(Box::new(HeldInput::CalledEnded { owner, instance: called })));
    (instance, Record { at_ms: 6000, events })
}
