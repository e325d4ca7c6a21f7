//! Questions of people: conditions on the columns of one kind of row, an order, a page.

/// A question. All conditions must hold.
#[derive(Clone, PartialEq, Debug)]
pub struct Query<C> {
    /// What must hold.
    pub conditions: Vec<Condition<C>>,
    /// The order; rows that are equal in it are in the order of their keys, ascending.
    pub sort: Vec<(C, Direction)>,
    /// Which part of the answer.
    pub page: Page,
}

impl<C> Default for Query<C> {
    fn default() -> Self {
        Self { conditions: Vec::new(), sort: Vec::new(), page: Page::default() }
    }
}

/// One condition.
#[derive(Clone, PartialEq, Debug)]
pub struct Condition<C> {
    /// On what.
    pub column: C,
    /// What must hold of it.
    pub test: Test,
}

/// What must hold of a value. Absent values satisfy only `Exists(false)`, `Not` and `NotIn`.
#[derive(Clone, PartialEq, Debug)]
pub enum Test {
    /// Is this.
    Is(Value),
    /// Is not this.
    Not(Value),
    /// Is there (or is not there).
    Exists(bool),
    /// Is one of these.
    In(Vec<Value>),
    /// Is none of these.
    NotIn(Vec<Value>),
    /// Is above.
    Above(Value),
    /// Is this or above.
    AtLeast(Value),
    /// Is below.
    Below(Value),
    /// Is this or below.
    AtMost(Value),
    /// Matches a pattern: `*` is any text, `?` one character, `\` takes the next one as it is.
    /// Case counts. A list of texts matches when one of them does.
    Like(String),
}

impl Test {
    /// Whether it holds of a value: none if it is absent, several of a list.
    pub fn holds(&self, values: &[Value]) -> bool {
        match self {
            Self::Is(asked) => values.contains(asked),
            Self::Not(asked) => !values.contains(asked),
            Self::Exists(asked) => values.is_empty() != *asked,
            Self::In(asked) => values.iter().any(|value| asked.contains(value)),
            Self::NotIn(asked) => !values.iter().any(|value| asked.contains(value)),
            Self::Above(asked) => values.iter().any(|value| value > asked),
            Self::AtLeast(asked) => values.iter().any(|value| value >= asked),
            Self::Below(asked) => values.iter().any(|value| value < asked),
            Self::AtMost(asked) => values.iter().any(|value| value <= asked),
            Self::Like(asked) => values.iter().any(|value| match value {
                Value::Text(text) => crate::pattern::matches(asked, text),
                Value::Number(_) => false,
            }),
        }
    }
}

/// A value of a column. Keys and times are numbers; times are milliseconds since 1970.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Value {
    /// A number; also states (by their number) and truth (0 and 1).
    Number(i64),
    /// A text.
    Text(String),
}

/// The order of a column. Absent values come first in `Ascending`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Direction {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// Part of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// How many rows are left out at the beginning.
    pub from: u32,
    /// How many there are at most.
    pub limit: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { from: 0, limit: 100 }
    }
}

/// An answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Found<R> {
    /// The rows of the page.
    pub rows: Vec<R>,
    /// How many rows there are in all, counted up to [`Found::COUNT_MAX`].
    pub total: u64,
}

impl<R> Found<R> {
    /// Rows are not counted beyond this, so that a question over millions stays cheap.
    pub const COUNT_MAX: u64 = 10_000;
}

/// Columns of [`base::InstanceRow`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InstanceColumn {
    /// The instance's key.
    Key,
    /// Key of the definition.
    Definition,
    /// Id of the definition.
    ProcessId,
    /// Version of the definition.
    Version,
    /// [`base::InstanceState`]: 0 active, 1 completed, 2 terminated, 3 suspended.
    State,
    /// The caller's name for it; may be absent.
    BusinessId,
    /// One of its tags (a list of texts).
    Tag,
    /// When it began.
    StartedMs,
    /// When it ended; may be absent.
    EndedMs,
    /// Since when it is suspended; may be absent.
    SuspendedMs,
    /// 1 if it has open incidents, else 0.
    HasIncident,
    /// The instance that has called it; may be absent.
    Parent,
    /// The call activity in that; may be absent.
    ParentElement,
}

/// Columns of [`base::JobRow`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobColumn {
    /// The job's key.
    Key,
    /// Whose.
    Instance,
    /// Definition of the instance.
    Definition,
    /// Element in the model.
    ElementId,
    /// Its activation.
    ElementKey,
    /// Type.
    Type,
    /// When a worker may have it.
    AvailableMs,
    /// [`base::JobState`]: 0 created, 1 leased, 2 failed, 3 exhausted, 4 error thrown.
    State,
    /// Attempts left.
    Retries,
    /// Who has or had it; empty if nobody.
    Worker,
    /// [`base::JobRole::number`], or [`JobColumn::WORK`].
    Role,
}

impl JobColumn {
    /// What [`JobColumn::Role`] is of a job that is its element's own work.
    pub const WORK: i64 = -1;
}

/// Columns of [`base::UserTaskRow`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TaskColumn {
    /// The task's key.
    Key,
    /// Whose.
    Instance,
    /// Definition of the instance.
    Definition,
    /// Id of the definition.
    ProcessId,
    /// Element in the model.
    ElementId,
    /// Its activation.
    ElementKey,
    /// Who does it; may be absent.
    Assignee,
    /// One of the groups that may claim it (a list of texts).
    CandidateGroup,
    /// One of the people who may claim it (a list of texts).
    CandidateUser,
    /// When it should be done; may be absent.
    DueMs,
    /// When to look at it again; may be absent.
    FollowUpMs,
    /// 0 to 100.
    Priority,
    /// When it came up.
    CreatedMs,
}

/// Columns of [`base::IncidentRow`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IncidentColumn {
    /// The incident's key.
    Key,
    /// Whose.
    Instance,
    /// Definition of the instance.
    Definition,
    /// Id of the definition.
    ProcessId,
    /// Element in the model.
    ElementId,
    /// Its activation.
    ElementKey,
    /// The job that is its cause; may be absent.
    Job,
    /// [`base::IncidentKind::name`].
    Kind,
    /// What, where and what to do.
    Message,
    /// When.
    CreatedMs,
}
