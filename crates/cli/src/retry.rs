//! `fermata retry`: resolves incidents, so that their instances go on.

use std::process::ExitCode;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::context::{Context, Done, answer_json, text};
use crate::failure::{Failure, NO};
use crate::input;

/// Incidents of one instance that are resolved at once.
const INCIDENTS_MAX: usize = 10_000;

pub(crate) const HELP: &str = "Examples:
  fermata retry 2251799813685249
  fermata retry 2251799813685249 --variables '{\"approved\": true}'
  fermata retry 2251799813685260 --retries 3

A key is that of an incident, or that of an instance: then all its incidents
are resolved. --variables are written before, each where its name is found
going up from the element that stands still, else at the instance.
A job that has no attempts left gets one more, or as many as --retries says.

Exit codes: 0 all are resolved, 1 one is not (not found, or no incident open),
2 wrong call or unreadable file, 3 no server at the address";

/// What to resolve.
#[derive(Debug, clap::Args)]
pub(crate) struct RetryArgs {
    /// Keys of incidents or of process instances
    #[arg(required = true, value_name = "KEY", value_parser = input::key)]
    keys: Vec<String>,
    /// Attempts that the job of an incident gets
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    retries: Option<i32>,
    /// A JSON object, @FILE, or - for standard input
    #[arg(long, value_name = "JSON")]
    variables: Option<String>,
}

pub(crate) async fn run(args: RetryArgs, context: Context) -> Done {
    let variables = input::variables(args.variables.as_deref())?;
    let mut results = Vec::new();
    let mut refused = false;
    for key in &args.keys {
        let incidents = match incidents(&context, key).await {
            Ok(incidents) => incidents,
            Err(failure) if failure.is_no() => {
                refused = true;
                results.push(json!({ "key": key, "resolved": false, "reason": failure.text() }));
                failure.tell();
                continue;
            }
            Err(failure) => return Err(failure),
        };
        for incident in incidents {
            let (key, element) = (text(&incident, "incidentKey"), text(&incident, "elementId"));
            let mut result = json!({
                "key": key, "resolved": true,
                "processInstanceKey": incident["processInstanceKey"], "elementId": element,
            });
            match resolve(&context, &incident, args.retries, variables.as_deref()).await {
                Ok(()) if context.json() => {}
                Ok(()) => {
                    let element = crate::screen::clean(element);
                    crate::screen::put(&format!("{key} is resolved: {element} goes on\n"))?;
                }
                Err(failure) if failure.is_no() => {
                    refused = true;
                    result["resolved"] = json!(false);
                    result["reason"] = json!(failure.text());
                    failure.while_doing(&format!("{key} is not resolved")).tell();
                }
                Err(failure) => return Err(failure),
            }
            results.push(result);
        }
    }
    if context.json() {
        answer_json(&Value::Array(results).to_string())?;
    }
    Ok(if refused { ExitCode::from(NO) } else { ExitCode::SUCCESS })
}

/// The open incidents that a key names: one, or those of an instance.
async fn incidents(context: &Context, key: &str) -> Result<Vec<Value>, Failure> {
    match context.client.get("incidents", key).await {
        Ok(incident) => {
            let incident = incident.value();
            if text(&incident, "state") == "RESOLVED" {
                return Err(Failure::no(format!("incident {key} is resolved already")));
            }
            return Ok(vec![incident]);
        }
        Err(error) if error.status() == Some(404) => {}
        Err(error) => return Err(error.into()),
    }
    if let Err(error) = context.client.get("process-instances", key).await {
        return Err(if error.status() == Some(404) {
            Failure::no(format!(
                "expected {key} to be an incident or a process instance, but it is neither; see \
                 `fermata incidents`"
            ))
        } else {
            error.into()
        });
    }
    let query = json!({ "filter": { "processInstanceKey": key, "state": "ACTIVE" } });
    let found = context.client.search("incidents", &query, INCIDENTS_MAX).await?;
    if found.items.is_empty() {
        return Err(Failure::no(format!("instance {key} has no open incident")));
    }
    Ok(found.items.iter().map(client::Document::value).collect())
}

async fn resolve(
    context: &Context,
    incident: &Value,
    retries: Option<i32>,
    variables: Option<&RawValue>,
) -> Result<(), Failure> {
    let client = &context.client;
    if let Some(variables) = variables {
        client.set_variables(text(incident, "elementInstanceKey"), variables).await?;
    }
    if let (Some(retries), Some(job)) = (retries, incident["jobKey"].as_str()) {
        client.update_job_retries(job, retries).await?;
    }
    client.resolve_incident(text(incident, "incidentKey")).await?;
    Ok(())
}
