//! `fermata list`: which instances there are.

use serde_json::{Value, json};

use crate::context::{Context, Done, text};
use crate::screen::{BAD, BOLD, Cell, Column, DIM, Screen, Table, count, spoken, state_style};

pub(crate) const HELP: &str = "Examples:
  fermata list
  fermata list --process order-fulfilment --state active
  fermata list --incident --output json

Exit codes: 0 listed, if nothing, 1 refused, 2 wrong call,
3 no server at the address";

/// Which instances.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Only of this process
    #[arg(long, value_name = "ID")]
    process: Option<String>,
    /// Only in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only those that wait for an incident to be resolved
    #[arg(long)]
    incident: bool,
    /// Only with this business id
    #[arg(long, value_name = "ID")]
    business_id: Option<String>,
    /// At most so many, the latest first
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum State {
    Active,
    Completed,
    Terminated,
    Suspended,
}

impl State {
    fn wire(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Completed => "COMPLETED",
            Self::Terminated => "TERMINATED",
            Self::Suspended => "SUSPENDED",
        }
    }
}

pub(crate) async fn run(args: ListArgs, context: Context) -> Done {
    let mut filter = json!({});
    if let Some(process) = &args.process {
        filter["processDefinitionId"] = json!(process);
    }
    if let Some(state) = args.state {
        filter["state"] = json!(state.wire());
    }
    if args.incident {
        filter["hasIncident"] = json!(true);
    }
    if let Some(id) = &args.business_id {
        filter["businessId"] = json!(id);
    }
    let sort = json!([{ "field": "startDate", "order": "DESC" }]);
    let query = json!({ "filter": filter, "sort": sort });
    let found = context.client.search("process-instances", &query, args.limit as usize).await?;
    context.answer_list(&found, page)
}

/// `suspended 2 hours ago: the bank is down`.
fn suspended(item: &Value, screen: &Screen) -> String {
    let when = screen.when(item["suspendedDate"].as_str());
    match item["suspendedReason"].as_str() {
        Some(reason) => format!("suspended {when}: {reason}"),
        None => format!("suspended {when}"),
    }
}

/// `being cancelled, waits for 2 listeners`: of an instance that was cancelled and lives on.
pub(crate) fn being_cancelled(item: &Value) -> String {
    let listeners = item["cancelingListeners"].as_u64().unwrap_or_default();
    let waits = match item["hasIncident"].as_bool() {
        Some(true) => "an incident to be resolved".to_owned(),
        _ => count(listeners, "listener"),
    };
    format!("being cancelled, waits for {waits}")
}

fn page(items: &[Value], screen: &mut Screen) {
    let mut table = Table::new(&[
        Column::whole("KEY"),
        Column::text("PROCESS", 12),
        Column::text("STATE", 10),
        Column::whole("STARTED"),
        Column::text("BUSINESS ID", 11),
    ]);
    for item in items {
        let process =
            format!("{} v{}", text(item, "processDefinitionId"), item["processDefinitionVersion"]);
        let state = text(item, "state");
        let since = item["suspendedDate"].as_str();
        let state = match item["hasIncident"].as_bool() {
            // What holds it up first: an incident cannot be resolved before.
            _ if since.is_some() => Cell::styled(&suspended(item, screen), BOLD),
            failed if item["cancelingListeners"].is_u64() => {
                Cell::styled(&being_cancelled(item), if failed == Some(true) { BAD } else { BOLD })
            }
            Some(true) => Cell::styled("incident", BAD),
            _ => Cell::styled(&spoken(state), state_style(state)),
        };
        table.row([
            Cell::styled(text(item, "processInstanceKey"), BOLD),
            Cell::new(&process),
            state,
            Cell::styled(&screen.when(item["startDate"].as_str()), DIM),
            Cell::new(text(item, "businessId")),
        ]);
    }
    if table.is_empty() {
        screen.styled(DIM, "no instances");
    }
    screen.table(&table);
}
