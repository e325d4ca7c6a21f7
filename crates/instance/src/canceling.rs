//! What has ended for all but the listeners to its cancellation.
//!
//! In:  a user task's element whose cancellation is listened to; an instance that was cancelled.
//! Out: the element in the root scope, where it waits for its listeners and nothing waits for it but
//!      the end of the instance.
//! Absent: the listeners' jobs, which are jobs as others.

use base::{ElementKey, ListenerEvent};

use crate::owned::Owned;
use crate::state::Instance;

impl Instance {
    /// Whether it was cancelled and ends when its last listeners are done.
    pub fn ends_soon(&self) -> bool {
        self.canceling == Some(true)
    }

    /// Whether the element has ended for all but the listeners to its user task's cancellation.
    pub fn is_canceling(&self, key: ElementKey) -> bool {
        let transition = self.elements.get(&key).and_then(|element| element.transition.as_ref());
        transition.is_some_and(|transition| transition.event == ListenerEvent::Canceling)
    }

    /// An element stays after the end of the scope that it is in: it goes to the root scope.
    pub(crate) fn outlive(&mut self, key: ElementKey) {
        self.end_turn(key, false);
        let root = self.header.instance.root();
        let Some(element) = self.elements.get_mut(&key) else { return };
        let scope = std::mem::replace(&mut element.scope, root);
        (element.turn, element.compensates) = (None, None);
        element.detached = Some(true);
        self.index.remove(scope, Owned::Child(key));
        self.index.add(root, Owned::Child(key));
        if let Some(scope) = self.elements.get_mut(&scope) {
            scope.children = scope.children.saturating_sub(1);
        }
        if let Some(root) = self.elements.get_mut(&root) {
            root.children += 1;
        }
    }
}
