//! `fermata tasks`: user tasks, for people at a terminal.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::context::{Context, Done, answer_json, text};
use crate::input;
use crate::screen::{BOLD, Cell, Column, DIM, Screen, Table, put};

pub(crate) const HELP: &str = "Examples:
  fermata tasks
  fermata tasks --group sales --process order-fulfilment
  fermata tasks claim 2251799813685260 --user ada
  fermata tasks complete 2251799813685260 --variables '{\"approved\": true}'

Exit codes: 0 done, 1 refused (not found, completed, or another user has it),
2 wrong call or unreadable file, 3 no server at the address";

/// What about tasks; without a word, a list.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct TasksArgs {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show the open tasks, the latest first
    List(ListArgs),
    /// Give a task to a user
    Claim {
        /// Key of the task
        #[arg(value_name = "KEY", value_parser = input::key)]
        key: String,
        /// Who does it
        #[arg(long)]
        user: String,
        /// Also when another user has it
        #[arg(long)]
        take_over: bool,
    },
    /// Take a task from the user who has it
    Unclaim {
        /// Key of the task
        #[arg(value_name = "KEY", value_parser = input::key)]
        key: String,
    },
    /// Complete a task
    Complete {
        /// Key of the task
        #[arg(value_name = "KEY", value_parser = input::key)]
        key: String,
        /// A JSON object, @FILE, or - for standard input
        #[arg(long, value_name = "JSON")]
        variables: Option<String>,
    },
}

/// Which tasks.
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only those that this user has
    #[arg(long, value_name = "USER")]
    assignee: Option<String>,
    /// Only those that this group may do
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Only of this process
    #[arg(long, value_name = "ID")]
    process: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

pub(crate) async fn run(args: TasksArgs, context: Context) -> Done {
    match args.action.unwrap_or(Action::List(args.list)) {
        Action::List(args) => list(&args, &context).await,
        Action::Claim { key, user, take_over } => {
            context.client.assign_task(&key, &user, take_over).await?;
            let user_shown = crate::screen::clean(&user);
            done(&context, &key, &json!({ "assignee": user }), &format!("{user_shown} has it"))
        }
        Action::Unclaim { key } => {
            context.client.unassign_task(&key).await?;
            done(&context, &key, &json!({ "assignee": null }), "nobody has it")
        }
        Action::Complete { key, variables } => {
            let variables = input::variables(variables.as_deref())?;
            context.client.complete_task(&key, variables.as_deref()).await?;
            done(&context, &key, &json!({ "state": "COMPLETED" }), "completed")
        }
    }
}

/// The server answers these with nothing; this says what holds now.
fn done(context: &Context, key: &str, now: &Value, words: &str) -> Done {
    if context.json() {
        let mut answer = json!({ "userTaskKey": key });
        if let (Some(answer), Some(now)) = (answer.as_object_mut(), now.as_object()) {
            answer.extend(now.clone());
        }
        return answer_json(&answer.to_string());
    }
    put(&format!("task {key}: {words}\n")).map(|()| ExitCode::SUCCESS)
}

async fn list(args: &ListArgs, context: &Context) -> Done {
    let mut filter = json!({ "state": "CREATED" });
    if let Some(assignee) = &args.assignee {
        filter["assignee"] = json!(assignee);
    }
    if let Some(group) = &args.group {
        filter["candidateGroup"] = json!(group);
    }
    if let Some(process) = &args.process {
        filter["processDefinitionId"] = json!(process);
    }
    let sort = json!([{ "field": "creationDate", "order": "DESC" }]);
    let query = json!({ "filter": filter, "sort": sort });
    let found = context.client.search("user-tasks", &query, args.limit as usize).await?;
    context.answer_list(&found, page)
}

fn page(items: &[Value], screen: &mut Screen) {
    let mut table = Table::new(&[
        Column::whole("KEY"),
        Column::text("TASK", 10),
        Column::text("PROCESS", 10),
        Column::text("FOR", 8),
        Column::whole("SINCE"),
        Column::whole("DUE"),
    ]);
    for item in items {
        let name = item["name"].as_str().unwrap_or(text(item, "elementId"));
        table.row([
            Cell::styled(text(item, "userTaskKey"), BOLD),
            Cell::new(name),
            Cell::new(text(item, "processDefinitionId")),
            Cell::new(&whom(item)),
            Cell::styled(&screen.when(item["creationDate"].as_str()), DIM),
            Cell::new(&screen.when(item["dueDate"].as_str())),
        ]);
    }
    if table.is_empty() {
        screen.styled(DIM, "no open tasks");
    }
    screen.table(&table);
}

/// Who has it; else who may have it.
pub(crate) fn whom(item: &Value) -> String {
    if let Some(assignee) = item["assignee"].as_str() {
        return assignee.to_owned();
    }
    let named = |field: &str| item[field].as_array().cloned().unwrap_or_default();
    let groups = named("candidateGroups").into_iter().chain(named("candidateUsers"));
    let groups: Vec<String> = groups.filter_map(|name| Some(name.as_str()?.to_owned())).collect();
    if groups.is_empty() { String::new() } else { format!("({})", groups.join(", ")) }
}
