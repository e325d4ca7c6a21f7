//! `fermata signal`: broadcasts a signal to everybody who waits for it.

use crate::context::{Context, Done, text};
use crate::input;

pub(crate) const HELP: &str = "Examples:
  fermata signal storm-warning
  fermata signal prices-changed --variables '{\"list\": \"2026-12\"}'

A signal goes to every instance that waits for it at this moment, and starts an
instance of every process that a signal start event of this name begins. It is
not kept, and that nobody waits is no error.

Exit codes: 0 broadcast, 1 refused, 2 wrong call, 3 no server at the address";

/// The signal.
#[derive(Debug, clap::Args)]
pub(crate) struct SignalArgs {
    /// Its name, as in the model
    name: String,
    /// A JSON object, @FILE, or - for standard input
    #[arg(long, value_name = "JSON")]
    variables: Option<String>,
}

pub(crate) async fn run(args: SignalArgs, context: Context) -> Done {
    let variables = input::variables(args.variables.as_deref())?;
    let broadcast = context.client.broadcast_signal(&args.name, variables.as_deref()).await?;
    context.answer(&broadcast, |broadcast, screen| {
        let name = crate::screen::clean(&args.name);
        screen.line(&format!("{name} is broadcast: {}", text(broadcast, "signalKey")));
    })
}
