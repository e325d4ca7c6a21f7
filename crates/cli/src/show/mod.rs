//! `fermata show`: all about one instance.
//!
//! In:  the server's one document about it.
//! Out: what it is, its incidents with their mend, what it waits for, its elements as a tree, its
//!      variables, the end of its timeline.

mod parts;
mod tree;

use serde_json::Value;

use crate::context::{Context, Done, text};
use crate::screen::{BAD, BOLD, DIM, Screen, clean, spoken, state_style, styled, wrap};

pub(crate) use parts::variables;

pub(crate) const HELP: &str = "Examples:
  fermata show 2251799813685249
  fermata show 2251799813685249 --all
  fermata show 2251799813685249 --output json

Without --all, a long history is cut: the latest elements, the end of the
timeline, and no variables of scopes that have ended. The JSON has every
element and variable, and the timeline's part that --timeline asks for.

Exit codes: 0 shown, 1 no such instance, 2 wrong call, 3 no server at the
address";

/// Entries of the timeline with `--all`: as many as the server gives at once.
const TIMELINE_ALL: u64 = 10_000;

/// Which instance, and how much of it.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Key of a process instance
    #[arg(value_name = "KEY", value_parser = crate::input::key)]
    key: String,
    /// Everything
    #[arg(long)]
    all: bool,
    /// So many entries of the timeline's end
    #[arg(long, default_value_t = 20, value_name = "N", conflicts_with = "all")]
    timeline: u64,
}

pub(crate) async fn run(args: ShowArgs, context: Context) -> Done {
    let entries = if args.all { TIMELINE_ALL } else { args.timeline };
    let document = context.client.show_instance_end(&args.key, entries).await?;
    context.answer(&document, |shown, screen| {
        head(shown, screen);
        parts::incidents(shown, screen);
        parts::waits(shown, screen);
        tree::elements(shown, args.all, screen);
        parts::decisions(shown, args.all, screen);
        parts::scopes(&document, shown, args.all, screen);
        parts::timeline(shown, screen);
    })
}

/// A heading, with a free line before it.
fn heading(words: &str, screen: &mut Screen) {
    screen.line("");
    screen.styled(BOLD, words);
}

fn head(shown: &Value, screen: &mut Screen) {
    let (instance, definition) = (&shown["instance"], &shown["definition"]);
    let state = text(instance, "state");
    let failed = instance["hasIncident"].as_bool() == Some(true);
    let state_word = if state == "SUSPENDED" {
        styled(BOLD, &spoken(state))
    } else if instance["cancelingListeners"].is_u64() {
        let style = if failed { BAD } else { BOLD };
        styled(style, &crate::list::being_cancelled(instance))
    } else if failed {
        styled(BAD, &format!("{}, waits for an incident to be resolved", spoken(state)))
    } else {
        styled(state_style(state), &spoken(state))
    };
    let process = format!("{} v{}", clean(text(definition, "id")), definition["version"]);
    screen.line(&format!(
        "{}  {}  {state_word}",
        styled(BOLD, &process),
        text(instance, "processInstanceKey")
    ));
    let (start, end) = (instance["startDate"].as_str(), instance["endDate"].as_str());
    let mut words =
        vec![format!("started {} ({})", screen.when(start), clean(start.unwrap_or_default()))];
    if end.is_some() {
        words.push(format!("took {}", Screen::took(start, end)));
    }
    let since = instance["suspendedDate"].as_str();
    if since.is_some() {
        words.push(format!("suspended {}", screen.when(since)));
    }
    for (what, value) in [
        ("because", &instance["suspendedReason"]),
        ("called by", &instance["parentProcessInstanceKey"]),
        ("business id", &instance["businessId"]),
        ("name", &definition["name"]),
        ("from", &definition["resourceName"]),
    ] {
        if let Some(value) = value.as_str() {
            words.push(format!("{what} {}", clean(value)));
        }
    }
    let last: Vec<&str> = parts::items(shown, "terminateAfter").filter_map(Value::as_str).collect();
    if !last.is_empty() && end.is_none() {
        words.push(format!("to be terminated after {}", clean(&last.join(" or "))));
    }
    let tags = instance["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let tags: Vec<&str> = tags.collect();
    if !tags.is_empty() {
        words.push(format!("tags {}", tags.join(" ")));
    }
    for line in wrap(&words.join(", "), screen.width) {
        screen.styled(DIM, &line);
    }
}
