//! `fermata modify`: ends elements of an instance and begins others.

use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::context::{Context, Done, answer_json};
use crate::failure::Failure;
use crate::input;

pub(crate) const HELP: &str = "Examples:
  fermata modify 2251799813685249 --move wait-for-payment:ship-parcel
  fermata modify 2251799813685249 --activate notify --variables '{\"late\": true}'
  fermata modify 2251799813685249 --terminate charge --activate refund
  fermata modify 2251799813685249 --activate pack@2251799813685260

ELEMENT is the id of an element in the model, or the key of an element
instance, as `fermata show` has them. ELEMENT@KEY begins in the scope with this
key. What begins is entered before anything ends; a scope, or an instance, in
which nothing is left is terminated. All of it happens, or nothing.

Exit codes: 0 done, 1 refused, 2 wrong call or unreadable file, 3 no server at
the address";

/// What begins and what ends.
#[derive(Debug, clap::Args)]
pub(crate) struct ModifyArgs {
    /// The key of the process instance
    #[arg(value_name = "KEY", value_parser = input::key)]
    instance: String,
    /// Begin before this element; may be given several times
    #[arg(long, value_name = "ELEMENT[@KEY]")]
    activate: Vec<String>,
    /// End this element instance, or all of this element; may be given several times
    #[arg(long, value_name = "ELEMENT|KEY")]
    terminate: Vec<String>,
    /// End the one and begin before the other, once for each that ends
    #[arg(long = "move", value_name = "ELEMENT|KEY:ELEMENT")]
    moves: Vec<String>,
    /// Set in the instance before anything begins: a JSON object, @FILE, or -
    #[arg(long, value_name = "JSON")]
    variables: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the API's names")]
struct Body {
    activate_instructions: Vec<Activate>,
    terminate_instructions: Vec<serde_json::Value>,
    move_instructions: Vec<Move>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Activate {
    element_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ancestor_element_instance_key: Option<String>,
    variable_instructions: Vec<Variables>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Move {
    source_element_instruction: serde_json::Value,
    target_element_id: String,
    ancestor_scope_instruction: serde_json::Value,
    variable_instructions: Vec<Variables>,
}

/// As they were typed: decimals are not rounded.
#[derive(Clone, Serialize)]
struct Variables {
    variables: Box<RawValue>,
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn read(args: &ModifyArgs) -> Result<Body, Failure> {
    let variables = input::variables(args.variables.as_deref())?;
    let mut variables: Vec<Variables> =
        variables.into_iter().map(|variables| Variables { variables }).collect();
    if !variables.is_empty() && args.activate.is_empty() && args.moves.is_empty() {
        return Err(Failure::wrong_call(
            "expected --variables with --activate or --move: they are set before something begins",
        ));
    }
    let mut activate_instructions = Vec::new();
    for given in &args.activate {
        let (id, ancestor) = match given.rsplit_once('@') {
            Some((id, key)) if is_key(key) => (id, Some(key.to_owned())),
            _ => (given.as_str(), None),
        };
        activate_instructions.push(Activate {
            element_id: id.to_owned(),
            ancestor_element_instance_key: ancestor,
            // Set once, for they are the instance's.
            variable_instructions: std::mem::take(&mut variables),
        });
    }
    let terminate_instructions = args.terminate.iter().map(|given| {
        let field = if is_key(given) { "elementInstanceKey" } else { "elementId" };
        json!({ field: given })
    });
    let mut move_instructions = Vec::new();
    for given in &args.moves {
        let Some((from, to)) = given.split_once(':').filter(|(_, to)| !to.is_empty()) else {
            return Err(Failure::wrong_call(format!(
                "expected --move FROM:TO, but found `{given}`"
            )));
        };
        let source = if is_key(from) {
            json!({ "sourceType": "byKey", "sourceElementInstanceKey": from })
        } else {
            json!({ "sourceType": "byId", "sourceElementId": from })
        };
        move_instructions.push(Move {
            source_element_instruction: source,
            target_element_id: to.to_owned(),
            ancestor_scope_instruction: json!({ "ancestorScopeType": "inferred" }),
            variable_instructions: std::mem::take(&mut variables),
        });
    }
    let terminate_instructions = terminate_instructions.collect();
    Ok(Body { activate_instructions, terminate_instructions, move_instructions })
}

pub(crate) async fn run(args: ModifyArgs, context: Context) -> Done {
    let body = read(&args)?;
    let body = serde_json::value::to_raw_value(&body)
        .map_err(|error| Failure::wrong_call(format!("the call cannot be written: {error}")))?;
    context.client.modify_instance(&args.instance, &body).await?;
    if context.json() {
        let done = json!({ "processInstanceKey": args.instance, "modified": true });
        return answer_json(&done.to_string());
    }
    crate::screen::put(&format!("{} is modified\n", args.instance)).map(|()| ExitCode::SUCCESS)
}
