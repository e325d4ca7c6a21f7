//! `fermata cancel`: ends instances now.

use std::process::ExitCode;

use serde_json::json;

use crate::context::{Context, Done, answer_json};
use crate::failure::{Failure, NO};

pub(crate) const HELP: &str = "Examples:
  fermata cancel 2251799813685249
  fermata list --process trial --state active --output json \\
    | jq -r '.[].processInstanceKey' | xargs fermata cancel

Every key is tried, also after one was refused.

Exit codes: 0 all are cancelled, 1 one is not (not found, or ended already),
2 wrong call, 3 no server at the address";

/// Which instances.
#[derive(Debug, clap::Args)]
pub(crate) struct CancelArgs {
    /// Keys of process instances
    #[arg(required = true, value_name = "KEY", value_parser = crate::input::key)]
    keys: Vec<String>,
}

/// What is said of an instance that does not end at once.
const WAITS: &str = ";
it ends when the canceling listeners of user tasks in it, and in what it has
called, are done (`fermata show` says which), or at once when it is cancelled
again";

/// Whether a cancelled instance lives on, until who listens to that is done.
async fn lives(context: &Context, key: &str) -> Result<bool, Failure> {
    let found = context.client.get("process-instances", key).await.map_err(Failure::from);
    match found {
        Ok(instance) => Ok(instance.value()["cancelingListeners"].is_u64()),
        // It may have been deleted meanwhile.
        Err(failure) if failure.is_no() => Ok(false),
        Err(failure) => Err(failure),
    }
}

pub(crate) async fn run(args: CancelArgs, context: Context) -> Done {
    let mut results = Vec::new();
    let mut refused = false;
    for key in &args.keys {
        match context.client.cancel_instance(key).await.map_err(Failure::from) {
            Ok(()) => {
                let waits = lives(&context, key).await?;
                results.push(json!({
                    "processInstanceKey": key, "cancelled": true, "waitsForListeners": waits,
                }));
                if !context.json() {
                    let more = if waits { WAITS } else { "" };
                    crate::screen::put(&format!("{key} is cancelled{more}\n"))?;
                }
            }
            Err(failure) if failure.is_no() => {
                refused = true;
                results.push(json!({
                    "processInstanceKey": key, "cancelled": false, "reason": failure.text(),
                }));
                failure.while_doing(&format!("{key} is not cancelled")).tell();
            }
            Err(failure) => return Err(failure),
        }
    }
    if context.json() {
        answer_json(&serde_json::Value::Array(results).to_string())?;
    }
    Ok(if refused { ExitCode::from(NO) } else { ExitCode::SUCCESS })
}
