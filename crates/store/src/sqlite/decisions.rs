//! Decision requirements graphs: the rows of their tables, written and read.

use base::{DecisionGraphKey, DecisionGraphRow, DecisionRow, ImportedFile};
use rusqlite::{Row, params};

use super::read::View;
use super::rows::Fields;
use super::write::Tables;
use super::write_rows::sql;
use crate::Fault;

pub(super) const GRAPH: &str = "SELECT graph, deployment, id, version, name, resource_name, \
     deployed_ms, deleted_ms FROM decision_graphs";
pub(super) const DECISION: &str = "SELECT graph, decision, id, version, version_tag, name \
     FROM decisions";
pub(super) const FILE: &str = "SELECT resource FROM decision_files";
pub(super) const IMPORT: &str = "SELECT name, resource FROM decision_imports";
/// Graphs without a file.
pub(super) const ORPHAN: &str =
    "SELECT graph FROM decision_graphs EXCEPT SELECT graph FROM decision_files";

pub(super) fn put(tables: &Tables, row: &DecisionGraphRow) -> Result<(), Fault> {
    let graph = sql(row.key.0);
    tables.run(
        "INSERT OR REPLACE INTO decision_graphs
             (graph, deployment, id, version, name, resource_name, deployed_ms, deleted_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            graph,
            sql(row.deployment.0),
            &*row.id,
            row.version,
            &*row.name,
            &*row.resource_name,
            row.deployed_ms,
            row.deleted_ms,
        ],
    )?;
    tables.run(
        "INSERT OR REPLACE INTO decision_files (graph, resource) VALUES (?, ?)",
        params![graph, &*row.resource],
    )?;
    tables.run("DELETE FROM decision_imports WHERE graph = ?", [graph])?;
    for (import, place) in row.imports.iter().zip(0_u32..) {
        tables.run(
            "INSERT INTO decision_imports (graph, place, name, resource) VALUES (?, ?, ?, ?)",
            params![graph, place, &*import.name, &*import.resource],
        )?;
    }
    tables.run("DELETE FROM decisions WHERE graph = ?", [graph])?;
    for (decision, place) in row.decisions.iter().zip(0_u32..) {
        tables.run(
            "INSERT INTO decisions (graph, place, decision, id, version, version_tag, name)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                graph,
                place,
                sql(decision.key.0),
                &*decision.id,
                decision.version,
                decision.version_tag.as_deref(),
                &*decision.name,
            ],
        )?;
    }
    Ok(())
}

/// All graphs by key, without their files.
pub(super) fn heads(view: View) -> Result<Vec<DecisionGraphRow>, Fault> {
    let mut graphs = view.all(&format!("{GRAPH} ORDER BY graph"), [], graph)?;
    let decisions = view.all(&format!("{DECISION} ORDER BY graph, place"), [], decision)?;
    for (graph, decision) in decisions {
        // Both are in the order of the graphs, but a decision of none would be passed over.
        if let Ok(at) = graphs.binary_search_by_key(&graph, |row| row.key) {
            graphs[at].decisions.push(decision);
        }
    }
    Ok(graphs)
}

/// One graph, whole.
pub(super) fn whole(view: View, key: DecisionGraphKey) -> Result<Option<DecisionGraphRow>, Fault> {
    let of = [sql(key.0)];
    let Some(head) = view.one(&format!("{GRAPH} WHERE graph = ?"), of, graph)? else {
        return Ok(None);
    };
    let decisions =
        view.all(&format!("{DECISION} WHERE graph = ? ORDER BY place"), of, decision)?;
    let file = view.one(&format!("{FILE} WHERE graph = ?"), of, file)?;
    let resource = file.ok_or_else(|| missing_file(view.place, key))?;
    let imports = view.all(&format!("{IMPORT} WHERE graph = ? ORDER BY place"), of, import)?;
    let decisions = decisions.into_iter().map(|(_, decision)| decision).collect();
    Ok(Some(DecisionGraphRow { resource: resource.into(), imports, decisions, ..head }))
}

pub(super) fn missing_file(place: &super::failure::Place, key: impl std::fmt::Display) -> Fault {
    place.damaged(format!("the file of the decision requirements graph {key} is missing"))
}

/// Without its decisions and its files.
pub(super) fn graph(row: &Row) -> rusqlite::Result<DecisionGraphRow> {
    let mut fields = Fields::new(row);
    Ok(DecisionGraphRow {
        key: fields.key()?,
        deployment: fields.key()?,
        id: fields.text()?,
        version: fields.get()?,
        name: fields.text()?,
        resource_name: fields.text()?,
        resource: [].into(),
        imports: Vec::new(),
        decisions: Vec::new(),
        deployed_ms: fields.get()?,
        deleted_ms: fields.get()?,
    })
}

pub(super) fn decision(row: &Row) -> rusqlite::Result<(DecisionGraphKey, DecisionRow)> {
    let mut fields = Fields::new(row);
    let graph = fields.key()?;
    let row = DecisionRow {
        key: fields.key()?,
        id: fields.text()?,
        version: fields.get()?,
        version_tag: fields.text_or_null()?,
        name: fields.text()?,
    };
    Ok((graph, row))
}

pub(super) fn import(row: &Row) -> rusqlite::Result<ImportedFile> {
    let mut fields = Fields::new(row);
    Ok(ImportedFile { name: fields.text()?, resource: fields.blob()?.into() })
}

pub(super) fn file(row: &Row) -> rusqlite::Result<Vec<u8>> {
    Fields::new(row).blob().map(<[u8]>::to_vec)
}
