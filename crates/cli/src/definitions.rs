//! `fermata definitions`: what instances can be started of.

use serde_json::{Value, json};

use crate::context::{Context, Done, text};
use crate::screen::{BOLD, Cell, Column, DIM, Screen, Table};

pub(crate) const HELP: &str = "Examples:
  fermata definitions
  fermata definitions --process order-fulfilment --all

Exit codes: 0 listed, if nothing, 1 refused, 2 wrong call,
3 no server at the address";

/// Which definitions.
#[derive(Debug, clap::Args)]
pub(crate) struct DefinitionsArgs {
    /// Only of this process
    #[arg(long, value_name = "ID")]
    process: Option<String>,
    /// Every version, not the latest of each process alone
    #[arg(long)]
    all: bool,
    /// At most so many
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

pub(crate) async fn run(args: DefinitionsArgs, context: Context) -> Done {
    let mut filter = json!({});
    if let Some(process) = &args.process {
        filter["processDefinitionId"] = json!(process);
    }
    if !args.all {
        filter["isLatestVersion"] = json!(true);
    }
    let sort = json!([
        { "field": "processDefinitionId", "order": "ASC" },
        { "field": "version", "order": "DESC" },
    ]);
    let query = json!({ "filter": filter, "sort": sort });
    let found = context.client.search("process-definitions", &query, args.limit as usize).await?;
    context.answer_list(&found, page)
}

fn page(items: &[Value], screen: &mut Screen) {
    let mut table = Table::new(&[
        Column::text("PROCESS", 12),
        Column::number("VERSION"),
        Column::whole("KEY"),
        Column::text("NAME", 10),
        Column::text("FILE", 10),
    ]);
    for item in items {
        table.row([
            Cell::styled(text(item, "processDefinitionId"), BOLD),
            Cell::new(&item["version"].to_string()),
            Cell::new(text(item, "processDefinitionKey")),
            Cell::new(text(item, "name")),
            Cell::styled(text(item, "resourceName"), DIM),
        ]);
    }
    if table.is_empty() {
        screen.styled(DIM, "no definitions: `fermata deploy FILE` makes one");
    }
    screen.table(&table);
}
