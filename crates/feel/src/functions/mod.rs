//! FEEL's own functions (DMN 1.5, 10.3.4), and those that Camunda 8 adds.
//!
//! In:  values in the order of the parameters.
//! Out: a value, or why there is none.
//! Absent: lists of functions elsewhere. The table below is the only one; the reference page is
//!         checked against it.

#![expect(clippy::unnecessary_wraps, reason = "every function of the table has one signature")]

mod args;
mod contexts;
mod conversion;
mod lists;
mod misc;
mod moments;
mod numbers;
mod pattern;
mod ranges;
mod signature;
mod statistics;
mod strings;
mod table;

pub(crate) use args::{Answer, Args, Trouble};
pub(crate) use pattern::Pattern;
pub(crate) use signature::{Form, Gives, Wanted};
pub(crate) use table::ALL;

use crate::code::{Code, Kind};
use crate::machine::Machine;
use crate::value::Value;

/// What a function does with its arguments.
pub(crate) type Run = fn(&mut Machine, &Args<'_>) -> Answer;

/// One function of FEEL's own.
pub(crate) struct Builtin {
    pub name: &'static str,
    pub forms: Vec<Form>,
    pub gives: Gives,
    pub run: Run,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What the reference says of a function.
#[derive(Clone, Copy, Debug)]
pub struct FunctionInfo(&'static Builtin);

impl FunctionInfo {
    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Its lists of parameters.
    pub fn signatures(self) -> impl Iterator<Item = &'static str> {
        self.0.shown_forms()
    }
}

/// Every function that needs no declaration, sorted by name.
pub fn functions() -> impl Iterator<Item = FunctionInfo> {
    ALL.iter().map(FunctionInfo)
}

/// The function of that name.
pub(crate) fn named(name: &str) -> Option<&'static Builtin> {
    ALL.binary_search_by(|builtin| builtin.name.cmp(name)).ok().map(|at| &ALL[at])
}

/// All names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|builtin| builtin.name)
}

/// Names of more than one word.
pub(crate) fn long_names() -> impl Iterator<Item = &'static str> {
    names().filter(|name| name.contains(' '))
}

/// A regular expression that is a constant of the call, compiled with it.
pub(crate) fn pattern_of(builtin: &Builtin, arguments: &[Code]) -> Option<Pattern> {
    let text = |at: usize| match arguments.get(at).map(|code: &Code| &code.kind) {
        Some(Kind::Constant(Value::String(text))) => Some(&**text),
        _ => None,
    };
    let (pattern, flags) = match builtin.name {
        "matches" => (1, 2),
        "replace" => (1, 3),
        "split" | "extract" => (1, usize::MAX),
        _ => return None,
    };
    let flags = if arguments.len() > flags { text(flags)? } else { "" };
    Pattern::new(text(pattern)?, flags).ok()
}

impl Builtin {
    fn new(
        name: &'static str,
        forms: &'static [&'static str],
        gives: &'static str,
        run: Run,
    ) -> Self {
        let forms = forms.iter().map(|form| Form::new(form)).collect();
        Self { name, forms, gives: Gives::new(gives), run }
    }

    /// Which list of parameters takes this many arguments.
    pub fn form_of(&self, count: usize) -> Option<u8> {
        let at = self.forms.iter().position(|form| form.takes(count));
        at.and_then(|at| u8::try_from(at).ok())
    }

    /// Which list of parameters has these names, and the place of each.
    pub fn form_named(&self, given: &[&str]) -> Option<(u8, Vec<usize>)> {
        self.forms.iter().enumerate().find_map(|(at, form)| {
            let places: Option<Vec<usize>> = given
                .iter()
                .map(|name| form.names.iter().position(|known| known == name))
                .collect();
            let places = places?;
            let complete = (0..form.required).all(|place| places.contains(&place));
            let single = (1..places.len()).all(|at| !places[..at].contains(&places[at]));
            (complete && single).then_some((u8::try_from(at).ok()?, places))
        })
    }

    /// The names of all its parameters.
    pub fn parameter_names(&self) -> Vec<&'static str> {
        self.forms.iter().flat_map(|form| form.names.iter().copied()).collect()
    }

    /// Its lists of parameters, for messages.
    pub fn signature(&self) -> String {
        let forms: Vec<_> = self.shown_forms().map(|form| format!("({form})")).collect();
        forms.join(" or ")
    }

    /// Those of its lists of parameters that serve arguments in order.
    fn shown_forms(&self) -> impl Iterator<Item = &str> {
        self.forms.iter().filter(|form| !form.by_name).map(|form| form.shown.as_str())
    }
}
