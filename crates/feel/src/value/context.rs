//! The entries of a context.

use std::sync::Arc;

use super::Value;

/// From this many entries on, names are found by an index.
const INDEXED_FROM: usize = 16;

/// Names with values, in the order they were written.
#[derive(Clone, Debug, Default)]
pub struct Context {
    entries: Vec<(Arc<str>, Value)>,
    /// Positions in the order of the names; empty while there are few entries.
    by_name: Vec<u32>,
    depth: u32,
    size: u64,
}

impl PartialEq for Context {
    /// Order does not matter (DMN 1.5, 10.3.2.13).
    fn eq(&self, other: &Self) -> bool {
        self.entries.len() == other.entries.len()
            && self.entries.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl Context {
    fn position(&self, name: &str) -> Result<usize, usize> {
        if self.by_name.is_empty() {
            let found = self.entries.iter().position(|(known, _)| **known == *name);
            return found.ok_or(self.entries.len());
        }
        self.by_name
            .binary_search_by(|at| (*self.entries[*at as usize].0).cmp(name))
            .map(|at| self.by_name[at] as usize)
    }

    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.position(name).ok().map(|at| &self.entries[at].1)
    }

    /// Sets an entry, in its place or at the end.
    pub fn set(&mut self, name: Arc<str>, value: Value) {
        self.depth = self.depth.max(value.depth() + 1);
        let cost = value.size() + 1 + name.len() as u64 / 8;
        self.size = self.size.saturating_add(cost);
        match self.position(&name) {
            Ok(at) => {
                let replaced = self.entries[at].1.size() + 1 + name.len() as u64 / 8;
                self.size = self.size.saturating_sub(replaced);
                self.entries[at].1 = value;
            }
            Err(place) => {
                self.entries.push((name, value));
                self.index(place);
            }
        }
    }

    fn index(&mut self, place: usize) {
        // The index holds as many positions as fit 32 bits, far more than `SIZE_MAX` entries.
        let last = u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX);
        if !self.by_name.is_empty() {
            self.by_name.insert(place, last);
        } else if self.entries.len() >= INDEXED_FROM {
            self.by_name = (0..=last).collect();
            let entries = &self.entries;
            self.by_name.sort_by(|a, b| entries[*a as usize].0.cmp(&entries[*b as usize].0));
        }
    }

    /// The entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> {
        self.entries.iter().map(|(name, value)| (name, value))
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// It has no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn depth(&self) -> u32 {
        self.depth.max(1)
    }

    pub(super) fn size(&self) -> u64 {
        self.size.saturating_add(1)
    }
}

impl<N: Into<Arc<str>>> FromIterator<(N, Value)> for Context {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(entries: I) -> Self {
        let mut context = Self::default();
        for (name, value) in entries {
            context.set(name.into(), value);
        }
        context
    }
}
