//! What is around an element instance: scopes, and the variables that are visible in them.

use base::{ElementKey, Json, Variables};

use crate::state::{ElementInstance, Instance};

impl Instance {
    /// The element instances from `scope` outwards to the root. Ends on any state: a scope is older
    /// than what is in it.
    pub fn scopes(
        &self,
        scope: ElementKey,
    ) -> impl Iterator<Item = (ElementKey, &ElementInstance)> {
        let (mut next, mut inmost) = (Some(scope), true);
        std::iter::from_fn(move || {
            let key = next?;
            let element = self.elements.get(&key)?;
            // Further out is older, but that what interrupted something may hold what it has ended.
            let inmost = std::mem::take(&mut inmost) && element.scope != key;
            next = (inmost || element.scope < key).then_some(element.scope);
            Some((key, element))
        })
    }

    /// The value that is visible under `name` from `scope`, inner scopes first.
    pub fn variable(&self, scope: ElementKey, name: &str) -> Option<&Json> {
        self.scopes(scope).find_map(|(_, element)| element.variables.get(name))
    }

    /// All variables visible from `scope`.
    pub fn visible_variables(&self, scope: ElementKey) -> Variables {
        let mut chain: Vec<&Variables> =
            self.scopes(scope).map(|(_, element)| &element.variables).collect();
        chain.reverse();
        let mut all = Variables::new();
        for variables in chain {
            all.merge(variables);
        }
        all
    }
}
