//! `fermata message`: publishes a message for the instance that waits for it.

use std::time::Duration;

use client::PublishMessage;

use crate::context::{Context, Done, text};
use crate::input;

pub(crate) const HELP: &str = "Examples:
  fermata message carrier-pickup --key A-1001
  fermata message payment --key A-1001 --ttl 1h --variables '{\"amount\": 12}'
  fermata message order-placed --id web-4711 --variables @order.json

A message goes to an instance that waits for its name and correlation key, or
starts one where a message start event has its name. Without --ttl it is
dropped when nothing waits for it at this moment.

Exit codes: 0 published, 1 refused (a message with this id is known),
2 wrong call, 3 no server at the address";

/// The message.
#[derive(Debug, clap::Args)]
pub(crate) struct MessageArgs {
    /// Its name, as in the model
    name: String,
    /// The correlation key: whom it is for
    #[arg(long, default_value = "", value_name = "CK")]
    key: String,
    /// How long it is kept when nothing waits for it yet, like 1h
    #[arg(long, default_value = "0s", value_name = "TIME", value_parser = input::duration)]
    ttl: Duration,
    /// A second message of this id is refused
    #[arg(long)]
    id: Option<String>,
    /// A JSON object, @FILE, or - for standard input
    #[arg(long, value_name = "JSON")]
    variables: Option<String>,
}

pub(crate) async fn run(args: MessageArgs, context: Context) -> Done {
    let kept = if args.ttl.is_zero() {
        "not kept if nothing waits for it".to_owned()
    } else {
        format!("kept for {} until something waits for it", span(args.ttl))
    };
    let message = PublishMessage {
        name: args.name,
        correlation_key: args.key,
        time_to_live: args.ttl,
        message_id: args.id,
        variables: input::variables(args.variables.as_deref())?,
    };
    let published = context.client.publish_message(&message).await?;
    context.answer(&published, |published, screen| {
        let key = text(published, "messageKey");
        let name = crate::screen::clean(&message.name);
        screen.line(&format!("{name} is published: {key}, {kept}"));
    })
}

fn span(length: Duration) -> String {
    let length = jiff::SignedDuration::try_from(length).unwrap_or(jiff::SignedDuration::MAX);
    format!("{length:#}")
}
