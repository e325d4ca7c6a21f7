//! The values of rows as [`crate::Query`] sees them, and the evaluation of a query over rows.

use base::{IncidentRow, InstanceRow, InstanceState, JobRow, JobState, Key, Text, UserTaskRow};

use crate::{
    Direction, Found, IncidentColumn, InstanceColumn, JobColumn, Query, TaskColumn, Value,
};

/// A row that can be asked for.
pub(crate) trait Columns: Clone {
    type Column: Copy;

    /// The values under a column: none if absent, several of a list.
    fn values(&self, column: Self::Column) -> Vec<Value>;
}

/// Answers a query over all rows, which come in the order of their keys.
pub(crate) fn find<'a, R: Columns + 'a>(
    rows: impl Iterator<Item = &'a R>,
    query: &Query<R::Column>,
) -> Found<R> {
    let mut found: Vec<&R> = rows
        .filter(|row| {
            let mut conditions = query.conditions.iter();
            conditions.all(|condition| condition.test.holds(&row.values(condition.column)))
        })
        .collect();
    let total = u64::try_from(found.len()).unwrap_or(u64::MAX).min(Found::<R>::COUNT_MAX);
    // Stable, so that rows that are equal stay in the order of their keys.
    found.sort_by(|left, right| {
        query.sort.iter().fold(std::cmp::Ordering::Equal, |order, (column, direction)| {
            order.then_with(|| {
                let order = smallest(*left, *column).cmp(&smallest(*right, *column));
                match direction {
                    Direction::Ascending => order,
                    Direction::Descending => order.reverse(),
                }
            })
        })
    });
    let page = found.into_iter().skip(query.page.from as usize).take(query.page.limit as usize);
    Found { rows: page.cloned().collect(), total }
}

/// A list is sorted by its smallest value; what is absent comes before everything.
fn smallest<R: Columns>(row: &R, column: R::Column) -> Option<Value> {
    row.values(column).into_iter().min()
}

/// The number of an instance's state in queries and in files.
pub(crate) fn instance_state_number(state: InstanceState) -> i64 {
    match state {
        InstanceState::Active => 0,
        InstanceState::Completed => 1,
        InstanceState::Terminated => 2,
        InstanceState::Suspended => 3,
    }
}

/// The number of a job's state in queries and in files.
pub(crate) fn job_state_number(state: JobState) -> i64 {
    match state {
        JobState::Created => 0,
        JobState::Leased => 1,
        JobState::Failed => 2,
        JobState::Exhausted => 3,
        JobState::ErrorThrown => 4,
    }
}

fn key(key: impl Into<Key>) -> Vec<Value> {
    number(key.into().as_i64())
}

fn number(number: impl Into<i64>) -> Vec<Value> {
    vec![Value::Number(number.into())]
}

fn text(text: &str) -> Vec<Value> {
    vec![Value::Text(text.to_owned())]
}

fn texts(texts: &[Text]) -> Vec<Value> {
    texts.iter().map(|text| Value::Text(text.to_string())).collect()
}

impl Columns for InstanceRow {
    type Column = InstanceColumn;

    fn values(&self, column: InstanceColumn) -> Vec<Value> {
        match column {
            InstanceColumn::Key => key(self.instance),
            InstanceColumn::Definition => key(self.definition),
            InstanceColumn::ProcessId => text(&self.process_id),
            InstanceColumn::Version => number(self.version),
            InstanceColumn::State => number(instance_state_number(self.state)),
            InstanceColumn::BusinessId => self.business_id.as_deref().map(text).unwrap_or_default(),
            InstanceColumn::Tag => texts(&self.tags),
            InstanceColumn::StartedMs => number(self.started_ms),
            InstanceColumn::EndedMs => self.ended_ms.map(number).unwrap_or_default(),
            InstanceColumn::SuspendedMs => {
                self.suspended.as_ref().map(|at| number(at.since_ms)).unwrap_or_default()
            }
            InstanceColumn::HasIncident => number(self.incidents > 0),
            InstanceColumn::Parent => {
                self.parent.map(|parent| key(parent.instance)).unwrap_or_default()
            }
            InstanceColumn::ParentElement => {
                self.parent.map(|parent| key(parent.element)).unwrap_or_default()
            }
        }
    }
}

impl Columns for JobRow {
    type Column = JobColumn;

    fn values(&self, column: JobColumn) -> Vec<Value> {
        match column {
            JobColumn::Key => key(self.job),
            JobColumn::Instance => key(self.instance),
            JobColumn::Definition => key(self.definition),
            JobColumn::ElementId => text(&self.element_id),
            JobColumn::ElementKey => key(self.owner),
            JobColumn::Type => text(&self.job_type),
            JobColumn::AvailableMs => number(self.available_ms),
            JobColumn::State => number(job_state_number(self.state)),
            JobColumn::Retries => number(self.retries),
            JobColumn::Worker => text(&self.worker),
            JobColumn::Role => number(self.role.number().unwrap_or(JobColumn::WORK)),
        }
    }
}

impl Columns for UserTaskRow {
    type Column = TaskColumn;

    fn values(&self, column: TaskColumn) -> Vec<Value> {
        match column {
            TaskColumn::Key => key(self.task),
            TaskColumn::Instance => key(self.instance),
            TaskColumn::Definition => key(self.definition),
            TaskColumn::ProcessId => text(&self.process_id),
            TaskColumn::ElementId => text(&self.element_id),
            TaskColumn::ElementKey => key(self.owner),
            TaskColumn::Assignee => self.details.assignee.as_deref().map(text).unwrap_or_default(),
            TaskColumn::CandidateGroup => texts(&self.details.candidate_groups),
            TaskColumn::CandidateUser => texts(&self.details.candidate_users),
            TaskColumn::DueMs => self.details.due_ms.map(number).unwrap_or_default(),
            TaskColumn::FollowUpMs => self.details.follow_up_ms.map(number).unwrap_or_default(),
            TaskColumn::Priority => number(self.details.priority),
            TaskColumn::CreatedMs => number(self.created_ms),
        }
    }
}

impl Columns for IncidentRow {
    type Column = IncidentColumn;

    fn values(&self, column: IncidentColumn) -> Vec<Value> {
        match column {
            IncidentColumn::Key => key(self.incident),
            IncidentColumn::Instance => key(self.instance),
            IncidentColumn::Definition => key(self.definition),
            IncidentColumn::ProcessId => text(&self.process_id),
            IncidentColumn::ElementId => text(&self.element_id),
            IncidentColumn::ElementKey => key(self.owner),
            IncidentColumn::Job => self.job.map(key).unwrap_or_default(),
            IncidentColumn::Kind => text(self.kind.name()),
            IncidentColumn::Message => text(&self.message),
            IncidentColumn::CreatedMs => number(self.created_ms),
        }
    }
}
