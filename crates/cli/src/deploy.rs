//! `fermata deploy`: makes models definitions that instances can be started of.

use std::path::{Path, PathBuf};

use client::ResourceFile;
use serde_json::Value;

use crate::context::{Context, Done, text};
use crate::failure::Failure;
use crate::models::{Checked, ModelFile};
use crate::screen::{BOLD, Cell, Column, DIM, Screen, Table};

pub(crate) const HELP: &str = "Examples:
  fermata deploy order.bpmn
  fermata deploy order.bpmn discount.dmn
  fermata deploy *.bpmn --output json

All files are deployed together or none is. A model that is the same as the
latest version of its process or decisions makes no new version.

Exit codes: 0 deployed, 1 a model is refused, 2 a file cannot be read,
3 no server at the address";

/// What can be set.
#[derive(Debug, clap::Args)]
pub(crate) struct DeployArgs {
    /// BPMN and DMN files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(crate) async fn run(args: DeployArgs, context: Context) -> Done {
    let files: Vec<ResourceFile> =
        args.files.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    let deployed = match context.client.deploy(&files).await {
        Ok(deployed) => deployed,
        Err(error) => return Err(explain(error, &args.files)),
    };
    context.answer(&deployed, page)
}

fn read(path: &Path) -> Result<ResourceFile, Failure> {
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::wrong_call(format!("cannot read {}: {error}", path.display())))?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok(ResourceFile { name, bytes })
}

/// A refused model is shown in its lines, as `fermata lint` does; anything else in the server's
/// words.
fn explain(error: client::Error, paths: &[PathBuf]) -> Failure {
    let refused = error.status() == Some(400);
    let failure = Failure::from(error);
    if !refused {
        return failure;
    }
    let files = paths.iter().filter_map(|path| ModelFile::read(path).ok());
    let shown: String = files.map(|file| refusal(&file, paths)).collect();
    if shown.is_empty() {
        return failure;
    }
    Failure::no(format!("nothing is deployed, for a model is refused:\n{}", shown.trim_end()))
}

/// What the deployment says against a file.
fn refusal(file: &ModelFile, paths: &[PathBuf]) -> String {
    let others = file.among(paths);
    let checked = Checked::of(file, &others);
    let findings = if checked.is_refused() { checked.findings } else { Vec::new() };
    findings.iter().map(|finding| file.shown(&others, finding)).collect()
}

fn page(deployed: &Value, screen: &mut Screen) {
    let (mut processes, mut decisions) = (table("PROCESS"), table("DECISION"));
    // The file of a decision is told by its graph, which comes after it.
    let mut of_graph: Vec<&Value> = Vec::new();
    for deployment in deployed["deployments"].as_array().into_iter().flatten() {
        let process = &deployment["processDefinition"];
        let (decision, graph) =
            (&deployment["decisionDefinition"], &deployment["decisionRequirements"]);
        if process.is_object() {
            processes.row([
                Cell::styled(text(process, "processDefinitionId"), BOLD),
                Cell::new(&process["processDefinitionVersion"].to_string()),
                Cell::new(text(process, "processDefinitionKey")),
                Cell::styled(text(process, "resourceName"), DIM),
            ]);
        }
        if decision.is_object() {
            of_graph.push(decision);
        }
        if graph.is_object() {
            for decision in of_graph.drain(..) {
                decisions.row([
                    Cell::styled(text(decision, "decisionDefinitionId"), BOLD),
                    Cell::new(&decision["version"].to_string()),
                    Cell::new(text(decision, "decisionDefinitionKey")),
                    Cell::styled(text(graph, "resourceName"), DIM),
                ]);
            }
        }
    }
    screen.table(&processes);
    screen.table(&decisions);
}

fn table(what: &'static str) -> Table {
    Table::new(&[
        Column::text(what, 12),
        Column::number("VERSION"),
        Column::whole("KEY"),
        Column::text("FILE", 12),
    ])
}
