//! Where expressions find their names.

use std::sync::Arc;

use feel::{Context, Scope, Value};

/// Names with values, before those of the frame around it.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    bindings: Vec<(Arc<str>, Value)>,
    outer: Option<&'a Frame<'a>>,
    /// What names that nothing declares are looked for in.
    rest: Option<&'a Context>,
}

impl<'a> Frame<'a> {
    pub fn new(
        bindings: Vec<(Arc<str>, Value)>,
        outer: Option<&'a Frame<'a>>,
        rest: Option<&'a Context>,
    ) -> Self {
        Self { bindings, outer, rest }
    }

    /// A frame inside of this one.
    pub fn inner(&'a self, bindings: Vec<(Arc<str>, Value)>) -> Self {
        Self::new(bindings, Some(self), None)
    }

    /// Adds a name; it hides one that is the same.
    pub fn bind(&mut self, name: Arc<str>, value: Value) {
        self.bindings.push((name, value));
    }

    /// Gives the name that was bound first another value.
    pub fn rebind_first(&mut self, value: Value) {
        if let Some((_, first)) = self.bindings.first_mut() {
            *first = value;
        }
    }

    /// Everything that is bound, the outermost first.
    pub fn flattened(&self) -> Vec<(Arc<str>, Value)> {
        let mut all = self.outer.map_or_else(Vec::new, Self::flattened);
        all.extend(self.bindings.iter().cloned());
        all
    }

    fn rest(&self) -> Option<&'a Context> {
        self.rest.or_else(|| self.outer?.rest())
    }

    /// The variables from outside, for a function that is called later.
    pub fn given(&self) -> Option<&'a Context> {
        self.rest()
    }
}

impl Scope for Frame<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        let mut frame = Some(self);
        while let Some(here) = frame {
            let found = here.bindings.iter().rev().find(|(known, _)| **known == *name);
            if let Some((_, value)) = found {
                return Some(value.clone());
            }
            if let Some(value) = here.rest.and_then(|rest| rest.get(name)) {
                return Some(value.clone());
            }
            frame = here.outer;
        }
        None
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.flattened().into_iter().map(|(name, _)| name.as_ref().into()).collect();
        if let Some(rest) = self.rest() {
            names.extend(rest.iter().map(|(name, _)| name.as_ref().into()));
        }
        names
    }
}
