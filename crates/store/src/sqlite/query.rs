//! [`Query`] as SQL. What it means is in `columns`; the contract suite holds both to it.

use base::{IncidentRow, InstanceRow, JobRow, UserTaskRow};
use rusqlite::types::Value as Sql;
use rusqlite::{Row, params_from_iter};

use super::read::View;
use super::rows;
use crate::{
    Condition, Direction, Fault, Found, IncidentColumn, InstanceColumn, JobColumn, Query,
    TaskColumn, Test, Value,
};

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Number,
    Text,
    /// A JSON array of texts, NULL when empty.
    Texts,
}

/// A column as an SQL expression.
type Column = (&'static str, Shape);

/// How rows of one kind are asked for.
pub(super) struct Kind<C, R> {
    select: &'static str,
    pub(super) from: &'static str,
    key: &'static str,
    column: fn(C) -> Column,
    read: fn(&Row) -> rusqlite::Result<R>,
}

pub(super) const INSTANCES: Kind<InstanceColumn, InstanceRow> = Kind {
    select: rows::INSTANCE,
    from: "instances JOIN models USING (model)",
    key: "instance",
    column: instance_column,
    read: rows::instance,
};

pub(super) const JOBS: Kind<JobColumn, JobRow> = Kind {
    select: rows::JOB,
    from: "jobs JOIN queues USING (queue)",
    key: "job",
    column: job_column,
    read: rows::job,
};

pub(super) const TASKS: Kind<TaskColumn, UserTaskRow> =
    Kind { select: rows::TASK, from: "tasks", key: "task", column: task_column, read: rows::task };

pub(super) const INCIDENTS: Kind<IncidentColumn, IncidentRow> = Kind {
    select: rows::INCIDENT,
    from: "incidents",
    key: "incident",
    column: incident_column,
    read: rows::incident,
};

/// Answers a query. The page and the count are of the same view.
pub(super) fn find<C: Copy, R>(
    view: View,
    kind: &Kind<C, R>,
    query: &Query<C>,
) -> Result<Found<R>, Fault> {
    let mut bound = Vec::new();
    let conditions: Vec<String> = query
        .conditions
        .iter()
        .map(|Condition { column, test }| condition((kind.column)(*column), test, &mut bound))
        .collect();
    let conditions =
        if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
    let from = format!("FROM {} WHERE {conditions}", kind.from);
    let limited = format!("SELECT 1 {from} LIMIT {}", Found::<R>::COUNT_MAX);
    let total: Vec<i64> = view.all_once(
        &format!("SELECT count(*) FROM ({limited})"),
        params_from_iter(&bound),
        |row| row.get(0),
    )?;
    let order: String = query.sort.iter().map(|(c, d)| order((kind.column)(*c), *d)).collect();
    let (key, page) = (kind.key, query.page);
    let select = format!(
        "{} {from} ORDER BY {order}{key} LIMIT {} OFFSET {}",
        kind.select, page.limit, page.from
    );
    let rows = view.all_once(&select, params_from_iter(&bound), kind.read)?;
    Ok(Found { rows, total: total.first().map_or(0, |total| total.cast_unsigned()) })
}

/// Ends with a comma: the key comes after it.
fn order((expression, shape): Column, direction: Direction) -> String {
    let expression = match shape {
        Shape::Number | Shape::Text => expression.to_owned(),
        Shape::Texts => format!("(SELECT min(value) FROM json_each({expression}))"),
    };
    match direction {
        Direction::Ascending => format!("{expression} ASC, "),
        Direction::Descending => format!("{expression} DESC, "),
    }
}

/// True or false for every row, never NULL where it is negated.
fn condition((expression, shape): Column, test: &Test, bound: &mut Vec<Sql>) -> String {
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
        Shape::Number | Shape::Text => comparison(expression, shape, positive, bound),
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
        (Shape::Number, Value::Number(number)) => format!("{expression} {operator} {number}"),
        (Shape::Text | Shape::Texts, Value::Text(asked)) => {
            format!("{expression} {operator} {}", bind(asked, bound))
        }
        (Shape::Number, Value::Text(_)) | (Shape::Text | Shape::Texts, Value::Number(_)) => {
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
            Shape::Number => absent(),
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
            (Shape::Number, Value::Number(number)) => Some((*number).into()),
            (Shape::Text | Shape::Texts, Value::Text(text)) => Some(text.as_str().into()),
            (Shape::Number, Value::Text(_)) | (Shape::Text | Shape::Texts, Value::Number(_)) => {
                None
            }
        })
        .collect();
    let list = bind(&serde_json::Value::from(list).to_string(), bound);
    format!("{expression} IN (SELECT value FROM json_each({list}))")
}

fn bind(text: &str, bound: &mut Vec<Sql>) -> String {
    bound.push(Sql::Text(text.to_owned()));
    format!("?{}", bound.len())
}

fn instance_column(column: InstanceColumn) -> Column {
    match column {
        InstanceColumn::Key => ("instance", Shape::Number),
        InstanceColumn::Definition => ("definition", Shape::Number),
        InstanceColumn::ProcessId => ("process_id", Shape::Text),
        InstanceColumn::Version => ("version", Shape::Number),
        InstanceColumn::State => ("state", Shape::Number),
        InstanceColumn::BusinessId => ("business_id", Shape::Text),
        InstanceColumn::Tag => ("tags", Shape::Texts),
        InstanceColumn::StartedMs => ("started_ms", Shape::Number),
        InstanceColumn::EndedMs => ("ended_ms", Shape::Number),
        InstanceColumn::HasIncident => ("(incidents > 0)", Shape::Number),
    }
}

fn job_column(column: JobColumn) -> Column {
    match column {
        JobColumn::Key => ("job", Shape::Number),
        JobColumn::Instance => ("instance", Shape::Number),
        JobColumn::Definition => ("definition", Shape::Number),
        JobColumn::ElementId => ("element_id", Shape::Text),
        JobColumn::ElementKey => ("owner", Shape::Number),
        JobColumn::Type => ("job_type", Shape::Text),
        JobColumn::AvailableMs => ("available_ms", Shape::Number),
        JobColumn::State => ("state", Shape::Number),
        JobColumn::Retries => ("retries", Shape::Number),
        JobColumn::Worker => ("worker", Shape::Text),
    }
}

fn task_column(column: TaskColumn) -> Column {
    match column {
        TaskColumn::Key => ("task", Shape::Number),
        TaskColumn::Instance => ("instance", Shape::Number),
        TaskColumn::Definition => ("definition", Shape::Number),
        TaskColumn::ProcessId => ("process_id", Shape::Text),
        TaskColumn::ElementId => ("element_id", Shape::Text),
        TaskColumn::ElementKey => ("owner", Shape::Number),
        TaskColumn::Assignee => ("assignee", Shape::Text),
        TaskColumn::CandidateGroup => ("candidate_groups", Shape::Texts),
        TaskColumn::CandidateUser => ("candidate_users", Shape::Texts),
        TaskColumn::DueMs => ("due_ms", Shape::Number),
        TaskColumn::FollowUpMs => ("follow_up_ms", Shape::Number),
        TaskColumn::Priority => ("priority", Shape::Number),
        TaskColumn::CreatedMs => ("created_ms", Shape::Number),
    }
}

fn incident_column(column: IncidentColumn) -> Column {
    match column {
        IncidentColumn::Key => ("incident", Shape::Number),
        IncidentColumn::Instance => ("instance", Shape::Number),
        IncidentColumn::Definition => ("definition", Shape::Number),
        IncidentColumn::ProcessId => ("process_id", Shape::Text),
        IncidentColumn::ElementId => ("element_id", Shape::Text),
        IncidentColumn::ElementKey => ("owner", Shape::Number),
        IncidentColumn::Job => ("job", Shape::Number),
        IncidentColumn::Kind => ("kind", Shape::Text),
        IncidentColumn::Message => ("message", Shape::Text),
        IncidentColumn::CreatedMs => ("created_ms", Shape::Number),
    }
}
