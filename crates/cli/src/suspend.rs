//! `fermata suspend` and `fermata resume`: nothing goes on in instances until it may again.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::context::{Context, Done, answer_json};
use crate::failure::{Failure, NO};

pub(crate) const HELP: &str = "Examples:
  fermata suspend 2251799813685249 --reason 'the bank is down'
  fermata list --state suspended

What an instance has called is suspended with it. No worker gets its jobs and
no timer of it fires; what workers, people and messages bring is kept and done
when it is resumed. Every key is tried, also after one was refused.

Exit codes: 0 all are suspended, 1 one is not (not found, ended, or suspended
already), 2 wrong call, 3 no server at the address";

pub(crate) const RESUME_HELP: &str = "Examples:
  fermata resume 2251799813685249
  fermata list --state suspended --output json \\
    | jq -r '.[].processInstanceKey' | xargs fermata resume

What an instance has called goes on with it. Every key is tried, also after
one was refused.

Exit codes: 0 all go on, 1 one does not (not found, not suspended, or its
caller is), 2 wrong call, 3 no server at the address";

/// Which instances, and why.
#[derive(Debug, clap::Args)]
pub(crate) struct SuspendArgs {
    /// Keys of process instances
    #[arg(required = true, value_name = "KEY", value_parser = crate::input::key)]
    keys: Vec<String>,
    /// Why; `show` and `list` say it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// Which instances.
#[derive(Debug, clap::Args)]
pub(crate) struct ResumeArgs {
    /// Keys of process instances
    #[arg(required = true, value_name = "KEY", value_parser = crate::input::key)]
    keys: Vec<String>,
}

/// Every key is tried; what became of each.
struct Tried<'a> {
    context: &'a Context,
    /// The word for what was done, and its field in the JSON.
    word: &'static str,
    results: Vec<Value>,
    refused: bool,
}

impl<'a> Tried<'a> {
    fn of(context: &'a Context, word: &'static str) -> Self {
        Self { context, word, results: Vec::new(), refused: false }
    }

    fn note(&mut self, key: &str, done: Result<(), Failure>) -> Result<(), Failure> {
        let word = self.word;
        match done {
            Ok(()) => {
                self.results.push(json!({ "processInstanceKey": key, word: true }));
                if !self.context.json() {
                    crate::screen::put(&format!("{key} is {word}\n"))?;
                }
            }
            Err(failure) if failure.is_no() => {
                self.refused = true;
                let reason = failure.text();
                self.results
                    .push(json!({ "processInstanceKey": key, word: false, "reason": reason }));
                failure.while_doing(&format!("{key} is not {word}")).tell();
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    fn end(self) -> Done {
        if self.context.json() {
            answer_json(&Value::Array(self.results).to_string())?;
        }
        Ok(if self.refused { ExitCode::from(NO) } else { ExitCode::SUCCESS })
    }
}

pub(crate) async fn suspend(args: SuspendArgs, context: Context) -> Done {
    let mut tried = Tried::of(&context, "suspended");
    for key in &args.keys {
        let done = context.client.suspend_instance(key, &args.reason).await;
        tried.note(key, done.map_err(Failure::from))?;
    }
    tried.end()
}

pub(crate) async fn resume(args: ResumeArgs, context: Context) -> Done {
    let mut tried = Tried::of(&context, "resumed");
    for key in &args.keys {
        let done = context.client.resume_instance(key).await;
        tried.note(key, done.map_err(Failure::from))?;
    }
    tried.end()
}
