//! Which names are known where, so that `Applicant Age + 1` reads as it was meant.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::lexer::{is_blank, is_name_part, is_name_start};

/// A name that is one word, and so needs nobody to know it.
pub(crate) fn is_plain_name(name: &str) -> bool {
    name.chars().next().is_some_and(is_name_start) && name.chars().all(is_name_part)
}

/// One space between words, none at the ends: two spellings of a name are the same name.
pub(crate) fn normalised(name: &str) -> Arc<str> {
    let mut words = name.split(is_blank).filter(|word| !word.is_empty());
    let mut text = String::with_capacity(name.len());
    if let Some(first) = words.next() {
        text.push_str(first);
    }
    for word in words {
        text.push(' ');
        text.push_str(word);
    }
    text.into()
}

/// Where `name` ends if the source has it at `at`, any white space standing for a space, and
/// white space around signs not counting.
pub(crate) fn matched(source: &str, at: usize, name: &str) -> Option<usize> {
    let mut rest = source[at..].char_indices().peekable();
    let mut end = at;
    let mut last = ' ';
    for wanted in name.chars() {
        if wanted == ' ' {
            let sign = !is_name_part(last);
            let mut blank = false;
            while rest.next_if(|(_, c)| is_blank(*c)).is_some() {
                blank = true;
            }
            // `a - b` may be written `a -b`.
            let before_sign = rest.peek().is_some_and(|(_, c)| !is_name_part(*c));
            if !blank && !sign && !before_sign {
                return None;
            }
        } else {
            if !is_name_part(wanted) || !is_name_part(last) {
                while rest.next_if(|(_, c)| is_blank(*c) && *c != wanted).is_some() {}
            }
            let (offset, found) = rest.next()?;
            if found != wanted {
                return None;
            }
            end = at + offset + found.len_utf8();
        }
        last = wanted;
    }
    // Not in the middle of a longer word.
    let cut = is_name_part(last) && source[end..].chars().next().is_some_and(is_name_part);
    (!cut).then_some(end)
}

/// Properties of more than one word (DMN 1.5, table 65).
const PROPERTIES: [&str; 3] = ["time offset", "start included", "end included"];

/// Names that are more than one word, as an environment knows them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    variables: BTreeSet<Arc<str>>,
    entries: BTreeSet<Arc<str>>,
}

impl Names {
    /// Remembers a variable, if it needs that.
    pub fn variable(names: &mut Arc<Self>, name: &Arc<str>) {
        if !is_plain_name(name) {
            Arc::make_mut(names).variables.insert(name.clone());
        }
    }

    /// Remembers an entry, if it needs that.
    pub fn entry(names: &mut Arc<Self>, name: &str) {
        if !is_plain_name(name) {
            Arc::make_mut(names).entries.insert(normalised(name));
        }
    }
}

/// Names that are more than one word, by scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Those of the environment; shared, because each expression of a large model asks.
    around: Arc<Names>,
    /// Variables, innermost last.
    pub variables: Vec<Arc<str>>,
    /// Entries of contexts, wherever they are.
    pub entries: BTreeSet<Arc<str>>,
}

impl Known {
    /// What is known before anything is read.
    pub fn around(names: Arc<Names>) -> Self {
        Self { around: names, ..Self::default() }
    }

    /// Remembers a variable, if it needs that.
    pub fn variable(&mut self, name: &Arc<str>) {
        if !is_plain_name(name) {
            self.variables.push(name.clone());
        }
    }

    /// Remembers an entry, if it needs that.
    pub fn entry(&mut self, name: &Arc<str>) {
        if !is_plain_name(name) {
            self.entries.insert(name.clone());
        }
    }

    /// The longest known variable at this place, and where it ends.
    pub fn longest_variable(&self, source: &str, at: usize) -> Option<(Arc<str>, usize)> {
        longest(self.around.variables.iter().chain(&self.variables), source, at)
    }

    /// The longest known entry at this place, and where it ends.
    pub fn longest_entry(&self, source: &str, at: usize) -> Option<(Arc<str>, usize)> {
        longest(self.around.entries.iter().chain(&self.entries), source, at)
    }

    /// The same behind a dot, where properties of times and ranges stand too.
    pub fn longest_property(&self, source: &str, at: usize) -> Option<(Arc<str>, usize)> {
        let property = PROPERTIES.iter().find_map(|name| Some((*name, matched(source, at, name)?)));
        let property = property.map(|(name, end)| (Arc::from(name), end));
        let entry = self.longest_entry(source, at);
        [property, entry].into_iter().flatten().max_by_key(|(_, end)| *end)
    }
}

fn longest<'a>(
    names: impl Iterator<Item = &'a Arc<str>>,
    source: &str,
    at: usize,
) -> Option<(Arc<str>, usize)> {
    names
        .filter_map(|name| Some((name, matched(source, at, name)?)))
        .max_by_key(|(_, end)| *end)
        .map(|(name, end)| (name.clone(), end))
}
