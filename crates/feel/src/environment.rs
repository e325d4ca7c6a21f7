//! What an expression may refer to: variables, types, names of entries.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::syntax::names::{Known, Names, is_plain_name, normalised};
use crate::types::Type;

/// What is known around an expression when it is compiled.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub(crate) open: bool,
    pub(crate) variables: BTreeMap<Arc<str>, Type>,
    pub(crate) types: Arc<BTreeMap<Arc<str>, Type>>,
    /// Names of types that a parser would not read as words with dots.
    long_types: Arc<Vec<Arc<str>>>,
    names: Arc<Names>,
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
        of.entry_names(&mut |entry| Names::entry(&mut self.names, entry));
        let name = normalised(name);
        Names::variable(&mut self.names, &name);
        self.variables.insert(name, of);
    }

    /// Declares a type that `instance of` and parameters may name.
    pub fn define_type(&mut self, name: &str, of: Type) {
        of.entry_names(&mut |entry| Names::entry(&mut self.names, entry));
        let name = normalised(name);
        if !name.split('.').all(is_plain_name) {
            Arc::make_mut(&mut self.long_types).push(name.clone());
        }
        Arc::make_mut(&mut self.types).insert(name, of);
    }

    /// Makes the name of an entry known where no type tells it, for names of several words.
    pub fn know_entry(&mut self, name: &str) {
        Names::entry(&mut self.names, name);
    }

    /// The type of a declared variable.
    pub fn type_of(&self, name: &str) -> Option<&Type> {
        self.variables.get(name)
    }

    pub(crate) fn known(&self) -> Known {
        Known::around(self.names.clone())
    }

    /// Names of types that a parser would not read as one word.
    pub(crate) fn type_names(&self) -> &[Arc<str>] {
        &self.long_types
    }
}
