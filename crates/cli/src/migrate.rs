//! `fermata migrate`: runs an instance by another definition from now on.

use std::collections::BTreeMap;
use std::process::ExitCode;

use bpmn::Process;
use serde_json::{Value, json};

use crate::context::{Context, Done, answer_json, text};
use crate::failure::Failure;
use crate::input;
use crate::screen::{Screen, clean};

pub(crate) const HELP: &str = "Examples:
  fermata migrate 2251799813685249 --to 2251799813685300 --dry-run
  fermata migrate 2251799813685249 --to 2251799813685300
  fermata migrate 2251799813685249 --to 2251799813685300 --map charge:charge-card
  fermata migrate 2251799813685249 --to 2251799813685300 --map reminder:

Elements and flows of the same id and type become each other unless --map says
otherwise; --map ELEMENT: leaves one out. Events that stay keep their timers and
subscriptions; those that are left out are waited for no more, new ones from
now on. Jobs, user tasks, variables and called instances stay.

Exit codes: 0 migrated (with --dry-run: it can be), 1 refused, 2 wrong call,
3 no server at the address";

/// Which instance, and where it goes.
#[derive(Debug, clap::Args)]
pub(crate) struct MigrateArgs {
    /// The key of the process instance
    #[arg(value_name = "KEY", value_parser = input::key)]
    instance: String,
    /// The key of the definition, as `fermata definitions` shows it
    #[arg(long, value_name = "DEFINITION_KEY", value_parser = input::key)]
    to: String,
    /// Which element becomes which; may be given several times
    #[arg(long = "map", value_name = "FROM:TO")]
    maps: Vec<String>,
    /// Say what would happen and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(args: MigrateArgs, context: Context) -> Done {
    let said = said(&args.maps)?;
    let instance = context.client.get("process-instances", &args.instance).await?.value();
    let from = process(&context, text(&instance, "processDefinitionKey")).await?;
    let to = process(&context, &args.to).await?;
    let mut mappings: BTreeMap<String, String> =
        from.alike(&to).iter().map(|id| (id.to_string(), id.to_string())).collect();
    for (source, target) in said {
        match target {
            Some(target) => mappings.insert(source, target),
            None => mappings.remove(&source),
        };
    }
    let mappings: Vec<Value> = mappings
        .iter()
        .map(|(source, target)| json!({ "sourceElementId": source, "targetElementId": target }))
        .collect();
    let body = json!({ "targetProcessDefinitionKey": args.to, "mappingInstructions": mappings });
    if args.dry_run {
        let mut body = body;
        body["dryRun"] = json!(true);
        let plan = context.client.plan_migration(&args.instance, &body).await?;
        return context.answer(&plan, page);
    }
    context.client.migrate_instance(&args.instance, &body).await?;
    if context.json() {
        let done = json!({ "processInstanceKey": args.instance, "migrated": true,
            "processDefinitionKey": args.to });
        return answer_json(&done.to_string());
    }
    let line = format!("{} runs by {} now\n", args.instance, args.to);
    crate::screen::put(&line).map(|()| ExitCode::SUCCESS)
}

/// `FROM:TO`; nothing behind the colon is no mapping.
fn said(maps: &[String]) -> Result<Vec<(String, Option<String>)>, Failure> {
    let one = |given: &String| match given.split_once(':') {
        Some((from, to)) if !from.is_empty() => {
            Ok((from.to_owned(), Some(to.to_owned()).filter(|to| !to.is_empty())))
        }
        _ => Err(Failure::wrong_call(format!("expected --map FROM:TO, but found `{given}`"))),
    };
    maps.iter().map(one).collect()
}

/// The graph of a definition.
async fn process(context: &Context, key: &str) -> Result<Process, Failure> {
    let definition = context.client.get("process-definitions", key).await?.value();
    let id = text(&definition, "processDefinitionId").to_owned();
    let xml = context.client.definition_xml(key).await?;
    let read = bpmn::read(&xml).ok();
    let found = read.into_iter().flat_map(|model| model.processes).find(|it| *it.id == *id);
    found.ok_or_else(|| {
        Failure::wrong_call(format!(
            "expected to read the definition {key}, but this release cannot; use the release of \
             the server"
        ))
    })
}

fn page(plan: &Value, screen: &mut Screen) {
    let renamed = |item: &Value| {
        let (from, to) = (text(item, "sourceElementId"), text(item, "targetElementId"));
        if from == to { clean(from) } else { format!("{} becomes {}", clean(from), clean(to)) }
    };
    let id = |item: &Value| clean(item.as_str().unwrap_or_default());
    screen.line("it can be migrated:");
    for (field, what) in [
        ("elements", "active"),
        ("tokens", "token before a gateway on"),
        ("kept", "still waits for"),
    ] {
        for item in plan[field].as_array().into_iter().flatten() {
            screen.line(&format!("  {what} {}", renamed(item)));
        }
    }
    for (field, what) in [("closed", "waits no more for"), ("opened", "waits anew for")] {
        for item in plan[field].as_array().into_iter().flatten() {
            screen.line(&format!("  {what} {}", id(item)));
        }
    }
}
