//! What an expression may refer to: variables, types, names of entries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::syntax::names::{Known, normalised};
use crate::types::Type;

/// What is known around an expression when it is compiled.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub(crate) open: bool,
    pub(crate) variables: BTreeMap<Arc<str>, Type>,
    pub(crate) types: BTreeMap<Arc<str>, Type>,
    entries: BTreeSet<Arc<str>>,
}

impl Environment {
    /// A name that is not declared is a variable, looked for when the expression is evaluated: the
    /// expressions of a process.
    pub fn open() -> Self {
        Self { open: true, ..Self::default() }
    }

    /// A name that is not declared is an error: the expressions of a decision.
    pub fn closed() -> Self {
        Self::default()
    }

    /// Declares a variable. Its name may have any number of words.
    pub fn variable(&mut self, name: &str, of: Type) {
        of.entry_names(&mut |entry| {
            self.entries.insert(normalised(entry));
        });
        self.variables.insert(normalised(name), of);
    }

    /// Declares a type that `instance of` and parameters may name.
    pub fn define_type(&mut self, name: &str, of: Type) {
        of.entry_names(&mut |entry| {
            self.entries.insert(normalised(entry));
        });
        self.types.insert(normalised(name), of);
    }

    /// Makes the name of an entry known where no type tells it, for names of several words.
    pub fn know_entry(&mut self, name: &str) {
        self.entries.insert(normalised(name));
    }

    /// The type of a declared variable.
    pub fn type_of(&self, name: &str) -> Option<&Type> {
        self.variables.get(name)
    }

    pub(crate) fn known(&self) -> Known {
        let mut known = Known::default();
        self.variables.keys().for_each(|name| known.variable(name));
        self.entries.iter().for_each(|name| known.entry(name));
        known
    }

    /// Names of types that a parser would not read as one word.
    pub(crate) fn type_names(&self) -> Vec<Arc<str>> {
        self.types.keys().cloned().collect()
    }
}
