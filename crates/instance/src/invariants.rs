//! What must hold when a fact is decided: tokens are neither lost nor doubled, and nothing is left
//! behind in a scope that ends. Release builds check it, too.
//!
//! In:  the state before the fact, and the fact.
//! Out: nothing, or a panic: the host catches it, keeps nothing of the input and quarantines the
//!      instance.
//! Absent: replay. What is in a log is folded whatever it says (see `evolve`, `sound`).

use base::{ElementKey, Event};

use crate::state::Instance;

impl Instance {
    /// Panics if the fact contradicts the state.
    pub(crate) fn assert_possible(&self, event: &Event) {
        match event {
            Event::ElementEntered { scope, .. }
            | Event::ElementPassed { scope, .. }
            | Event::TokenParked { scope, .. } => {
                assert!(self.elements.contains_key(scope), "{event:?} is in no scope that lives");
            }
            Event::ElementCompleted { key } | Event::ElementTerminated { key } => {
                self.assert_empty(*key, event);
            }
            Event::TokensJoined { scope, flows } => self.assert_parked(*scope, flows),
            Event::InstanceCompleted | Event::InstanceTerminated => {
                self.assert_empty(self.header.instance.root(), event);
            }
            _ => {}
        }
    }

    /// Nothing lives or waits in what ends.
    fn assert_empty(&self, key: ElementKey, event: &Event) {
        let Some(element) = self.elements.get(&key) else {
            panic!("{event:?} ends what does not live");
        };
        assert!(
            element.children == 0 && element.tokens.is_empty(),
            "{event:?} leaves {} elements and {:?} tokens behind",
            element.children,
            element.tokens
        );
        let left = self.waits_of(key).next();
        assert!(left.is_none(), "{event:?} leaves {left:?} behind");
        assert!(!self.calls.contains_key(&key), "{event:?} leaves a called instance behind");
    }

    /// Only tokens that wait are joined. `flows` may name one several times.
    fn assert_parked(&self, scope: ElementKey, flows: &[u32]) {
        let Some(scope) = self.elements.get(&scope) else {
            panic!("tokens of flows {flows:?} join in no scope that lives");
        };
        let mut flows = flows.to_vec();
        flows.sort_unstable();
        for same in flows.chunk_by(|one, other| one == other) {
            let waiting = scope.tokens.get(&same[0]).copied().unwrap_or(0) as usize;
            assert!(
                same.len() <= waiting,
                "{} tokens of flow {} join, but {waiting} wait",
                same.len(),
                same[0]
            );
        }
    }
}
