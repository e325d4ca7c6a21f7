//! Commands that do the same to several instances.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::context::{Context, Done, answer_json};
use crate::failure::{Failure, NO};

/// Every key is tried; what became of each.
pub(crate) struct Tried<'a> {
    context: &'a Context,
    /// What the keys are of, as a field of the JSON.
    name: &'static str,
    /// The word for what was done, and its field in the JSON.
    word: &'static str,
    results: Vec<Value>,
    refused: bool,
}

impl<'a> Tried<'a> {
    pub(crate) fn of(context: &'a Context, name: &'static str, word: &'static str) -> Self {
        Self { context, name, word, results: Vec::new(), refused: false }
    }

    pub(crate) fn note(&mut self, key: &str, done: Result<(), Failure>) -> Result<(), Failure> {
        let (name, word) = (self.name, self.word);
        match done {
            Ok(()) => {
                self.results.push(json!({ name: key, word: true }));
                if !self.context.json() {
                    crate::screen::put(&format!("{key} is {word}\n"))?;
                }
            }
            Err(failure) if failure.is_no() => {
                self.refused = true;
                let reason = failure.text();
                self.results.push(json!({ name: key, word: false, "reason": reason }));
                failure.while_doing(&format!("{key} is not {word}")).tell();
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    pub(crate) fn end(self) -> Done {
        if self.context.json() {
            answer_json(&Value::Array(self.results).to_string())?;
        }
        Ok(if self.refused { ExitCode::from(NO) } else { ExitCode::SUCCESS })
    }
}
