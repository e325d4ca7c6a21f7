//! `fermata delete`: nothing is left of instances that have ended; definitions that are used no more.

use crate::context::{Context, Done};
use crate::failure::Failure;
use crate::tried::Tried;

pub(crate) const HELP: &str = "Examples:
  fermata delete 2251799813685249
  fermata delete --definition 2251799813685250
  fermata list --state completed --output json \\
    | jq -r '.[].processInstanceKey' | xargs fermata delete

What an instance has called goes with it. Nothing brings it back. Of a deleted
definition nothing more is started; what lives of it goes on, and the version
before it is the latest again. Every key is tried, also after one was refused.

Exit codes: 0 all are deleted, 1 one is not (not found, live, or called by
another one), 2 wrong call, 3 no server at the address";

/// Which instances.
#[derive(Debug, clap::Args)]
pub(crate) struct DeleteArgs {
    /// Keys of process instances that have ended, or of definitions
    #[arg(required = true, value_name = "KEY", value_parser = crate::input::key)]
    keys: Vec<String>,
    /// The keys are of definitions, or of decision requirements graphs
    #[arg(long)]
    definition: bool,
}

pub(crate) async fn run(args: DeleteArgs, context: Context) -> Done {
    let name = if args.definition { "resourceKey" } else { "processInstanceKey" };
    let mut tried = Tried::of(&context, name, "deleted");
    for key in &args.keys {
        let done = if args.definition {
            context.client.delete_resource(key).await
        } else {
            context.client.delete_instance(key).await
        };
        tried.note(key, done.map_err(Failure::from))?;
    }
    tried.end()
}
