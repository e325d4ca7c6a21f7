//! [`Query`] as SQL. What it means is in `columns`; the contract suite holds both to it.

use base::{IncidentRow, InstanceRow, JobRow, UserTaskRow};
use rusqlite::types::Value as Sql;
use rusqlite::{Row, params_from_iter};

use super::read::View;
use super::rows;
use crate::{
    Condition, Direction, Fault, Found, IncidentColumn, InstanceColumn, JobColumn, Page, Query,
    TaskColumn, Test, Value,
};

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Number,
    /// A number that is 0 or 1.
    Truth,
    Text,
    /// A JSON array of texts, NULL when empty.
    Texts,
}

/// A column as an SQL expression.
#[derive(Clone, Copy)]
struct Column {
    expression: &'static str,
    shape: Shape,
    /// It is a column of the small table that [`Kind::names`] says.
    named: bool,
}

/// How rows of one kind are asked for.
pub(super) struct Kind<C, R> {
    select: &'static str,
    table: &'static str,
    key: &'static str,
    /// The number that stands for a name, and the table of names.
    names: Option<(&'static str, &'static str)>,
    column: fn(C) -> Column,
    /// How to walk in the order of this column (of the key, without one), if there is a way.
    walk: fn(Option<C>) -> &'static str,
    read: fn(&Row) -> rusqlite::Result<R>,
}

pub(super) const INSTANCES: Kind<InstanceColumn, InstanceRow> = Kind {
    select: rows::INSTANCE,
    table: "instances",
    key: "instance",
    names: Some(("model", "models")),
    column: instance_column,
    walk: |sort| match sort {
        Some(InstanceColumn::StartedMs) => "INDEXED BY instances_by_start",
        other => by_key(other.is_none_or(|column| column == InstanceColumn::Key)),
    },
    read: rows::instance,
};

pub(super) const JOBS: Kind<JobColumn, JobRow> = Kind {
    select: rows::JOB,
    table: "jobs",
    key: "job",
    names: Some(("queue", "queues")),
    column: job_column,
    walk: |sort| by_key(sort.is_none_or(|column| column == JobColumn::Key)),
    read: rows::job,
};

pub(super) const TASKS: Kind<TaskColumn, UserTaskRow> = Kind {
    select: rows::TASK,
    table: "tasks",
    key: "task",
    names: None,
    column: task_column,
    walk: |sort| by_key(sort.is_none_or(|column| column == TaskColumn::Key)),
    read: rows::task,
};

pub(super) const INCIDENTS: Kind<IncidentColumn, IncidentRow> = Kind {
    select: rows::INCIDENT,
    table: "incidents",
    key: "incident",
    names: None,
    column: incident_column,
    walk: |sort| by_key(sort.is_none_or(|column| column == IncidentColumn::Key)),
    read: rows::incident,
};

/// Rows lie in the order of their keys.
fn by_key(asked: bool) -> &'static str {
    if asked { "NOT INDEXED" } else { "" }
}

/// Answers a query. The page and the count are of the same view.
///
/// SQLite has no statistics here and would guess how selective a condition is; the count knows. Few
/// rows are found by the conditions alone, then sorted. Many are met soon by a walk in the asked
/// order, if there is an index for it.
pub(super) fn find<C: Copy, R>(
    view: View,
    kind: &Kind<C, R>,
    query: &Query<C>,
) -> Result<Found<R>, Fault> {
    let Kind { select, table, key, .. } = kind;
    let (conditions, bound) = conditions(kind, query);
    let counted: Vec<i64> = view.all_once(
        &format!(
            "SELECT count(*) FROM (SELECT 1 FROM {} WHERE {conditions} LIMIT {})",
            from(kind, ""),
            Found::<R>::COUNT_MAX
        ),
        params_from_iter(&bound),
        |row| row.get(0),
    )?;
    let total = counted.first().map_or(0, |total| total.cast_unsigned());
    let found = if total < Found::<R>::COUNT_MAX {
        let from = from(kind, "");
        format!("{from} WHERE {table}.{key} IN (SELECT {key} FROM {from} WHERE {conditions})")
    } else {
        let hint = (kind.walk)(query.sort.first().map(|(column, _)| *column));
        format!("{} WHERE {conditions}", from(kind, hint))
    };
    let order: String = query.sort.iter().map(|(c, d)| order((kind.column)(*c), *d)).collect();
    let Page { from, limit } = query.page;
    let select =
        format!("{select} FROM {found} ORDER BY {order}{table}.{key} LIMIT {limit} OFFSET {from}");
    let rows = view.all_once(&select, params_from_iter(&bound), kind.read)?;
    Ok(Found { rows, total })
}

/// The table, and the names that its numbers stand for.
pub(super) fn from<C, R>(kind: &Kind<C, R>, hint: &str) -> String {
    let table = kind.table;
    match kind.names {
        Some((number, names)) => format!("{table} {hint} JOIN {names} USING ({number})"),
        None => format!("{table} {hint}"),
    }
}

/// The conditions, and the texts that are bound to them.
fn conditions<C: Copy, R>(kind: &Kind<C, R>, query: &Query<C>) -> (String, Vec<Sql>) {
    let mut bound = Vec::new();
    let mut conditions = vec!["TRUE".to_owned()];
    for Condition { column, test } in &query.conditions {
        let column = (kind.column)(*column);
        let condition = condition(column, test, &mut bound);
        conditions.push(match kind.names.filter(|_| column.named) {
            None => condition,
            Some((number, names)) => {
                format!("{number} IN (SELECT {number} FROM {names} WHERE {condition})")
            }
        });
    }
    (conditions.join(" AND "), bound)
}

/// Ends with a comma: the key comes after it.
fn order(column: Column, direction: Direction) -> String {
    let expression = match column.shape {
        Shape::Number | Shape::Truth | Shape::Text => column.expression.to_owned(),
        Shape::Texts => format!("(SELECT min(value) FROM json_each({}))", column.expression),
    };
    match direction {
        Direction::Ascending => format!("{expression} ASC, "),
        Direction::Descending => format!("{expression} DESC, "),
    }
}

/// True or false for every row, never NULL where it is negated.
fn condition(column: Column, test: &Test, bound: &mut Vec<Sql>) -> String {
    let Column { expression, shape, named: _ } = column;
    let (not, positive) = match test {
        Test::Exists(true) => return format!("{expression} IS NOT NULL"),
        Test::Exists(false) => return format!("{expression} IS NULL"),
        Test::Not(value) => (true, &Test::Is(value.clone())),
        Test::NotIn(values) => (true, &Test::In(values.clone())),
        Test::Is(_)
        | Test::In(_)
        | Test::Above(_)
        | Test::AtLeast(_)
        | Test::Below(_)
        | Test::AtMost(_)
        | Test::Like(_) => (false, test),
    };
    let positive = match shape {
        // As the index says it, so that it is used.
        Shape::Truth if *positive == Test::Is(Value::Number(1)) => expression.to_owned(),
        Shape::Number | Shape::Truth | Shape::Text => {
            comparison(expression, shape, positive, bound)
        }
        Shape::Texts => format!(
            "EXISTS (SELECT 1 FROM json_each({expression}) AS item WHERE {})",
            comparison("item.value", Shape::Text, positive, bound)
        ),
    };
    if not { format!("NOT coalesce({positive}, FALSE)") } else { positive }
}

/// What must hold of one value. Numbers are below texts, as [`Value`] orders them: SQLite would
/// rather convert one into the other, so those cases are decided here.
fn comparison(expression: &str, shape: Shape, test: &Test, bound: &mut Vec<Sql>) -> String {
    let present = || format!("{expression} IS NOT NULL");
    let absent = || "FALSE".to_owned();
    let mut compare = |operator: &str, value: &Value, otherwise: bool| match (shape, value) {
        (Shape::Number | Shape::Truth, Value::Number(number)) => {
            format!("({expression}) {operator} {number}")
        }
        (Shape::Text | Shape::Texts, Value::Text(asked)) => {
            format!("{expression} {operator} {}", bind(asked, bound))
        }
        (Shape::Number | Shape::Truth, Value::Text(_))
        | (Shape::Text | Shape::Texts, Value::Number(_)) => {
            if otherwise {
                present()
            } else {
                absent()
            }
        }
    };
    let texts_are_asked = |value: &Value| matches!(value, Value::Text(_));
    match test {
        Test::Is(value) => compare("=", value, false),
        Test::Above(value) => compare(">", value, !texts_are_asked(value)),
        Test::AtLeast(value) => compare(">=", value, !texts_are_asked(value)),
        Test::Below(value) => compare("<", value, texts_are_asked(value)),
        Test::AtMost(value) => compare("<=", value, texts_are_asked(value)),
        Test::In(values) => within(expression, shape, values, bound),
        Test::Like(pattern) => match shape {
            Shape::Number | Shape::Truth => absent(),
            Shape::Text | Shape::Texts => {
                format!("matches_pattern({}, {expression})", bind(pattern, bound))
            }
        },
        // Handled by the caller, which knows of negation and of lists.
        Test::Not(_) | Test::NotIn(_) | Test::Exists(_) => present(),
    }
}

/// One parameter, however long the list is.
fn within(expression: &str, shape: Shape, values: &[Value], bound: &mut Vec<Sql>) -> String {
    let list: Vec<serde_json::Value> = values
        .iter()
        .filter_map(|value| match (shape, value) {
            (Shape::Number | Shape::Truth, Value::Number(number)) => Some((*number).into()),
            (Shape::Text | Shape::Texts, Value::Text(text)) => Some(text.as_str().into()),
            (Shape::Number | Shape::Truth, Value::Text(_))
            | (Shape::Text | Shape::Texts, Value::Number(_)) => None,
        })
        .collect();
    let list = bind(&serde_json::Value::from(list).to_string(), bound);
    format!("({expression}) IN (SELECT value FROM json_each({list}))")
}

fn bind(text: &str, bound: &mut Vec<Sql>) -> String {
    bound.push(Sql::Text(text.to_owned()));
    format!("?{}", bound.len())
}

const fn plain(expression: &'static str, shape: Shape) -> Column {
    Column { expression, shape, named: false }
}

/// A column of the table of names.
const fn named(expression: &'static str, shape: Shape) -> Column {
    Column { expression, shape, named: true }
}

fn instance_column(column: InstanceColumn) -> Column {
    match column {
        InstanceColumn::Key => plain("instance", Shape::Number),
        InstanceColumn::Definition => named("definition", Shape::Number),
        InstanceColumn::ProcessId => named("process_id", Shape::Text),
        InstanceColumn::Version => named("version", Shape::Number),
        InstanceColumn::State => plain("state", Shape::Number),
        InstanceColumn::BusinessId => plain("business_id", Shape::Text),
        InstanceColumn::Tag => plain("tags", Shape::Texts),
        InstanceColumn::StartedMs => plain("started_ms", Shape::Number),
        InstanceColumn::EndedMs => plain("ended_ms", Shape::Number),
        InstanceColumn::SuspendedMs => plain("suspended_ms", Shape::Number),
        InstanceColumn::HasIncident => plain("incidents > 0", Shape::Truth),
        InstanceColumn::Parent => plain("parent", Shape::Number),
        InstanceColumn::ParentElement => plain("parent_element", Shape::Number),
    }
}

fn job_column(column: JobColumn) -> Column {
    match column {
        JobColumn::Key => plain("job", Shape::Number),
        JobColumn::Instance => plain("instance", Shape::Number),
        JobColumn::Definition => plain("definition", Shape::Number),
        JobColumn::ElementId => plain("element_id", Shape::Text),
        JobColumn::ElementKey => plain("owner", Shape::Number),
        JobColumn::Type => named("job_type", Shape::Text),
        JobColumn::AvailableMs => plain("available_ms", Shape::Number),
        JobColumn::State => plain("state", Shape::Number),
        JobColumn::Retries => plain("retries", Shape::Number),
        JobColumn::Worker => plain("worker", Shape::Text),
        // -1 for an element's own work, so that it can be asked for.
        JobColumn::Role => plain("coalesce(listener, -1)", Shape::Number),
    }
}

fn task_column(column: TaskColumn) -> Column {
    match column {
        TaskColumn::Key => plain("task", Shape::Number),
        TaskColumn::Instance => plain("instance", Shape::Number),
        TaskColumn::Definition => plain("definition", Shape::Number),
        TaskColumn::ProcessId => plain("process_id", Shape::Text),
        TaskColumn::ElementId => plain("element_id", Shape::Text),
        TaskColumn::ElementKey => plain("owner", Shape::Number),
        TaskColumn::Assignee => plain("assignee", Shape::Text),
        TaskColumn::CandidateGroup => plain("candidate_groups", Shape::Texts),
        TaskColumn::CandidateUser => plain("candidate_users", Shape::Texts),
        TaskColumn::DueMs => plain("due_ms", Shape::Number),
        TaskColumn::FollowUpMs => plain("follow_up_ms", Shape::Number),
        TaskColumn::Priority => plain("priority", Shape::Number),
        TaskColumn::CreatedMs => plain("created_ms", Shape::Number),
    }
}

fn incident_column(column: IncidentColumn) -> Column {
    match column {
        IncidentColumn::Key => plain("incident", Shape::Number),
        IncidentColumn::Instance => plain("instance", Shape::Number),
        IncidentColumn::Definition => plain("definition", Shape::Number),
        IncidentColumn::ProcessId => plain("process_id", Shape::Text),
        IncidentColumn::ElementId => plain("element_id", Shape::Text),
        IncidentColumn::ElementKey => plain("owner", Shape::Number),
        IncidentColumn::Job => plain("job", Shape::Number),
        IncidentColumn::Kind => plain("kind", Shape::Text),
        IncidentColumn::Message => plain("message", Shape::Text),
        IncidentColumn::CreatedMs => plain("created_ms", Shape::Number),
    }
}
