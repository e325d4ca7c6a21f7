//! `fermata incidents`: what waits for somebody to mend it.

use serde_json::{Value, json};

use crate::context::{Context, Done, text};
use crate::screen::{BAD, BOLD, DIM, Screen, spoken, styled, wrap};

pub(crate) const HELP: &str = "Examples:
  fermata incidents
  fermata incidents --process order-fulfilment --output json

`fermata retry KEY` resolves one by its key, or all of an instance by the
instance's.

Exit codes: 0 listed, if nothing, 1 refused, 2 wrong call,
3 no server at the address";

/// Which incidents.
#[derive(Debug, clap::Args)]
pub(crate) struct IncidentsArgs {
    /// Only of this process
    #[arg(long, value_name = "ID")]
    process: Option<String>,
    /// Only of this instance
    #[arg(long, value_name = "KEY", value_parser = crate::input::key)]
    instance: Option<String>,
    /// At most so many, the latest first
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

pub(crate) async fn run(args: IncidentsArgs, context: Context) -> Done {
    let mut filter = json!({ "state": "ACTIVE" });
    if let Some(process) = &args.process {
        filter["processDefinitionId"] = json!(process);
    }
    if let Some(instance) = &args.instance {
        filter["processInstanceKey"] = json!(instance);
    }
    let sort = json!([{ "field": "creationTime", "order": "DESC" }]);
    let query = json!({ "filter": filter, "sort": sort });
    let found = context.client.search("incidents", &query, args.limit as usize).await?;
    context.answer_list(&found, page)
}

fn page(items: &[Value], screen: &mut Screen) {
    if items.is_empty() {
        screen.styled(DIM, "no incidents");
    }
    for item in items {
        let element = text(item, "elementId");
        let place = format!("{} in {}", element, text(item, "processDefinitionId"));
        entry(item, &place, screen);
        let instance = format!("    instance {}", text(item, "processInstanceKey"));
        screen.styled(DIM, &instance);
    }
}

/// One incident: its key, kind, place and time, and its message below.
pub(crate) fn entry(item: &Value, place: &str, screen: &mut Screen) {
    let key = text(item, "incidentKey");
    let kind = spoken(text(item, "errorType"));
    let when = screen.when(item["creationTime"].as_str());
    let rest = format!("{kind}, {when}, at {place}");
    let mut lines = wrap(&format!("{key}: {rest}"), screen.width - 2).into_iter();
    if let Some(first) = lines.next() {
        let rest = first.strip_prefix(key).unwrap_or(&first);
        screen.line(&format!("{}{}", styled(BOLD, key), styled(BAD, rest)));
    }
    for line in lines {
        screen.styled(BAD, &format!("    {line}"));
    }
    for line in wrap(text(item, "errorMessage"), screen.width - 4) {
        screen.line(&format!("    {line}"));
    }
}
