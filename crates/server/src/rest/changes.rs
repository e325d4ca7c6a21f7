//! Changing running instances: other elements begin, some end, another definition.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use base::{
    Activation, Command, ElementMapping, MigrateInstance, MigrationReport, ModifyInstance, Move,
    MoveWithin, Reply, ScopedVariables, Selection, Text, Within,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::instances::unexpected;
use super::problem::Problem;
use super::wire::{self, Body, PathKey, WireKey, done, json, key, parse_key};
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/process-instances/{key}/modification", post(modify))
        .route("/process-instances/{key}/migration", post(migrate))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ModifyBody {
    #[serde(rename = "operationReference")]
    _operation_reference: Option<i64>,
    activate_instructions: Option<Vec<ActivateBody>>,
    terminate_instructions: Option<Vec<TerminateBody>>,
    move_instructions: Option<Vec<MoveBody>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ActivateBody {
    element_id: String,
    ancestor_element_instance_key: Option<String>,
    variable_instructions: Option<Vec<VariablesBody>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VariablesBody {
    variables: Box<RawValue>,
    scope_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TerminateBody {
    element_instance_key: Option<WireKey>,
    element_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MoveBody {
    source_element_instruction: SourceBody,
    target_element_id: String,
    ancestor_scope_instruction: Option<AncestorBody>,
    variable_instructions: Option<Vec<VariablesBody>>,
}

#[derive(Debug, Deserialize)]
#[serde(
    tag = "sourceType",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
enum SourceBody {
    ById { source_element_id: String },
    ByKey { source_element_instance_key: WireKey },
}

#[derive(Debug, Deserialize)]
#[serde(
    tag = "ancestorScopeType",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
enum AncestorBody {
    Direct { ancestor_element_instance_key: Option<String> },
    Inferred,
    SourceParent,
}

/// `-1`, or nothing, is the scope that lives.
fn within(key: Option<&str>) -> Result<Within, Problem> {
    match key {
        None | Some("" | "-1") => Ok(Within::Existing),
        Some(key) => parse_key(key).map(|key| Within::Scope(key.into())).map_err(Problem::invalid),
    }
}

fn scoped(list: Option<Vec<VariablesBody>>) -> Result<Vec<ScopedVariables>, Problem> {
    let one = |body: VariablesBody| {
        let scope_id = body.scope_id.filter(|id| !id.is_empty()).map(Text::from);
        Ok(ScopedVariables { scope_id, variables: wire::variables(Some(&body.variables))? })
    };
    list.unwrap_or_default().into_iter().map(one).collect()
}

fn selection(body: TerminateBody) -> Result<Selection, Problem> {
    match (body.element_instance_key, body.element_id) {
        (Some(WireKey(key)), None) => Ok(Selection::Key(key.into())),
        (None, Some(id)) => Ok(Selection::Element(id.into())),
        _ => Err(Problem::invalid(
            "expected a terminate instruction to have an elementInstanceKey or an elementId",
        )),
    }
}

impl ActivateBody {
    fn read(self) -> Result<Activation, Problem> {
        Ok(Activation {
            element_id: self.element_id.into(),
            within: within(self.ancestor_element_instance_key.as_deref())?,
            variables: scoped(self.variable_instructions)?,
        })
    }
}

impl MoveBody {
    fn read(self) -> Result<Move, Problem> {
        let from = match self.source_element_instruction {
            SourceBody::ById { source_element_id } => Selection::Element(source_element_id.into()),
            SourceBody::ByKey { source_element_instance_key: WireKey(key) } => {
                Selection::Key(key.into())
            }
        };
        let within = match self.ancestor_scope_instruction {
            None => MoveWithin::Of(Within::Existing),
            Some(AncestorBody::Direct { ancestor_element_instance_key: key }) => {
                MoveWithin::Of(within(key.as_deref())?)
            }
            Some(AncestorBody::Inferred) => MoveWithin::Inferred,
            Some(AncestorBody::SourceParent) => MoveWithin::SourceScope,
        };
        let variables = scoped(self.variable_instructions)?;
        Ok(Move { from, to: self.target_element_id.into(), within, variables })
    }
}

async fn modify(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
    Body(body, bytes): Body<ModifyBody>,
) -> Result<Response, Problem> {
    let activate = body.activate_instructions.unwrap_or_default().into_iter();
    let terminate = body.terminate_instructions.unwrap_or_default().into_iter();
    let moves = body.move_instructions.unwrap_or_default().into_iter();
    let modify = ModifyInstance {
        instance: key.into(),
        activate: activate.map(ActivateBody::read).collect::<Result<_, _>>()?,
        terminate: terminate.map(selection).collect::<Result<_, _>>()?,
        moves: moves.map(MoveBody::read).collect::<Result<_, _>>()?,
    };
    host.command(Command::Modify(modify), bytes).await?;
    Ok(done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MigrateBody {
    target_process_definition_key: WireKey,
    mapping_instructions: Option<Vec<MappingBody>>,
    #[serde(rename = "operationReference")]
    _operation_reference: Option<i64>,
    /// Our own: say what would happen and change nothing.
    dry_run: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MappingBody {
    source_element_id: String,
    target_element_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Planned {
    elements: Vec<PlannedElement>,
    tokens: Vec<Renamed>,
    kept: Vec<Renamed>,
    closed: Vec<Arc<str>>,
    opened: Vec<Arc<str>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlannedElement {
    element_instance_key: WireKey,
    #[serde(flatten)]
    ids: Renamed,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Renamed {
    source_element_id: Arc<str>,
    target_element_id: Arc<str>,
}

impl From<(Text, Text)> for Renamed {
    fn from((source, target): (Text, Text)) -> Self {
        Self { source_element_id: source.shared(), target_element_id: target.shared() }
    }
}

impl From<MigrationReport> for Planned {
    fn from(report: MigrationReport) -> Self {
        let element = |(of, source, target)| PlannedElement {
            element_instance_key: key(of),
            ids: Renamed::from((source, target)),
        };
        Self {
            elements: report.elements.into_iter().map(element).collect(),
            tokens: report.tokens.into_iter().map(Renamed::from).collect(),
            kept: report.kept.into_iter().map(Renamed::from).collect(),
            closed: wire::shared(&report.closed),
            opened: wire::shared(&report.opened),
        }
    }
}

async fn migrate(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
    Body(body, bytes): Body<MigrateBody>,
) -> Result<Response, Problem> {
    let mapping = |one: MappingBody| ElementMapping {
        source: one.source_element_id.into(),
        target: one.target_element_id.into(),
    };
    let mappings = body.mapping_instructions.unwrap_or_default().into_iter();
    let dry_run = body.dry_run.unwrap_or(false);
    let migrate = MigrateInstance {
        instance: key.into(),
        target: body.target_process_definition_key.0.into(),
        mappings: mappings.map(mapping).collect(),
        dry_run,
    };
    let reply = host.command(Command::Migrate(migrate), bytes).await?;
    let Reply::Migrated(report) = reply else { return Err(unexpected()) };
    Ok(if dry_run { json(&Planned::from(*report)) } else { done() })
}
