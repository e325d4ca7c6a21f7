//! Searches: filter, sort and page of a request as a question to the store, or to rows in memory;
//! and the page of an answer.

use axum::response::Response;
use base::{DefinitionRow, InstanceKey, Key};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use store::{Condition, Direction, Fault, Found, Page, Query, Reader, Test, Value};

use super::filter::{self, Field, NamedTest};
use super::problem::Problem;
use super::wire::json;
use crate::host::Host;

/// Rows on one page at most.
const LIMIT_MAX: u32 = 10_000;

/// The body of every search.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchBody {
    page: Option<PageBody>,
    sort: Option<Vec<SortBody>>,
    filter: Option<Map<String, Json>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageBody {
    from: Option<u32>,
    limit: Option<u32>,
    after: Option<String>,
    before: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SortBody {
    field: String,
    order: Option<Order>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Order {
    #[serde(rename = "ASC", alias = "asc")]
    Ascending,
    #[serde(rename = "DESC", alias = "desc")]
    Descending,
}

/// A search that was understood.
#[derive(Clone, Debug)]
pub(super) struct Search {
    /// All must hold.
    pub(super) tests: Vec<NamedTest>,
    sort: Vec<(&'static str, Direction)>,
    page: Page,
}

impl SearchBody {
    /// Reads a search whose filter and sort may name these fields.
    pub(super) fn read(
        self,
        fields: &'static [Field],
        sorts: &'static [&'static str],
    ) -> Result<Search, Problem> {
        let tests = filter::read(&self.filter.unwrap_or_default(), fields)?;
        let mut sort = Vec::new();
        for by in self.sort.unwrap_or_default() {
            let Some(field) = sorts.iter().find(|known| **known == by.field) else {
                return Err(Problem::invalid(format!(
                    "expected a field to sort by, but found `{}`; there are {}",
                    by.field,
                    sorts.join(", ")
                )));
            };
            let direction = match by.order {
                None | Some(Order::Ascending) => Direction::Ascending,
                Some(Order::Descending) => Direction::Descending,
            };
            sort.push((*field, direction));
        }
        Ok(Search { tests, sort, page: read_page(self.page.unwrap_or_default())? })
    }
}

fn read_page(body: PageBody) -> Result<Page, Problem> {
    let limit = body.limit.unwrap_or(Page::default().limit);
    if limit > LIMIT_MAX {
        return Err(Problem::invalid(format!(
            "expected a page limit of at most {LIMIT_MAX}, but found {limit}; ask for the rest \
             with the answer's endCursor"
        )));
    }
    Ok(match (body.from, body.after, body.before) {
        (from, None, None) => Page { from: from.unwrap_or(0), limit },
        (None, Some(after), None) => Page { from: read_cursor(&after)?, limit },
        (None, None, Some(before)) => {
            let end = read_cursor(&before)?;
            Page { from: end.saturating_sub(limit), limit: limit.min(end) }
        }
        _ => {
            return Err(Problem::invalid(
                "expected one of `from`, `after` and `before` in the page, but found several",
            ));
        }
    })
}

/// A cursor is the number of rows before it. Clients must not rely on that. It has the length of
/// whole groups of base64, which Camunda's Python client insists on.
fn cursor(offset: u32) -> String {
    format!("o{offset:011x}")
}

fn read_cursor(text: &str) -> Result<u32, Problem> {
    let offset = text.strip_prefix('o').and_then(|hex| u32::from_str_radix(hex, 16).ok());
    offset.ok_or_else(|| {
        Problem::invalid(format!(
            "expected a startCursor or endCursor of an earlier answer, but found `{text}`"
        ))
    })
}

/// Where the value of a field comes from when the store is asked.
pub(super) enum Source<C> {
    /// A column.
    Column(C),
    /// A column of numbers that the API names.
    Named(C, &'static [(i64, &'static str)]),
    /// A column of numbers, of which some mean yes.
    Flags(C, &'static [(i64, bool)]),
    /// A column of texts; some of them the API names by another.
    Renamed(C, &'static [(&'static str, &'static str)]),
    /// The same in all rows.
    Constant(Option<Value>),
    /// A value of the definition, whose key is in this column.
    Definition(C, fn(&DefinitionRow) -> Option<Value>),
    /// Nowhere: the store cannot be asked for it, only the log of an instance.
    Log,
}

/// The one tenant, in all rows.
pub(super) fn tenant<C>() -> Source<C> {
    Source::Constant(Some(Value::Text(crate::DEFAULT_TENANT.into())))
}

/// How the store is asked for rows.
pub(super) type Find<C, R> = fn(&mut dyn Reader, &Query<C>) -> Result<Found<R>, Fault>;

/// Asks the store.
pub(super) async fn ask<C, R>(
    host: &Host,
    search: Search,
    source: fn(&str) -> Source<C>,
    find: Find<C, R>,
) -> Result<Answer<R>, Problem>
where
    C: Copy + Send + 'static,
    R: Send + 'static,
{
    let (from, sorts) = (search.page.from, sort_columns(&search, source)?);
    for (name, _) in &search.tests {
        if matches!(source(name), Source::Log) {
            return Err(only_in_log("filtering", name));
        }
    }
    let found = host.read(move |reader| {
        let mut query = Query { conditions: Vec::new(), sort: sorts, page: search.page };
        for (name, test) in search.tests {
            match condition(reader, source(name), test)? {
                Translated::Always => {}
                Translated::Never => return Ok(Found { rows: Vec::new(), total: 0 }),
                Translated::When(condition) => query.conditions.push(condition),
            }
        }
        find(reader, &query)
    });
    let found = found.await?;
    let more = found.total >= Found::<R>::COUNT_MAX;
    Ok(Answer { from, total: found.total, more, rows: found.rows })
}

fn sort_columns<C>(
    search: &Search,
    source: fn(&str) -> Source<C>,
) -> Result<Vec<(C, Direction)>, Problem> {
    let mut columns = Vec::new();
    for (name, direction) in &search.sort {
        match source(name) {
            Source::Column(column)
            | Source::Named(column, _)
            | Source::Flags(column, _)
            | Source::Renamed(column, _) => columns.push((column, *direction)),
            Source::Constant(_) => {}
            Source::Definition(..) => {
                return Err(Problem::unsupported(&format!("sorting by `{name}`")));
            }
            Source::Log => return Err(only_in_log("sorting", name)),
        }
    }
    Ok(columns)
}

fn only_in_log(what: &str, name: &str) -> Problem {
    Problem::unsupported(&format!(
        "{what} by `{name}` unless the filter names a processInstanceKey"
    ))
}

enum Translated<C> {
    Always,
    Never,
    When(Condition<C>),
}

fn condition<C>(
    reader: &mut dyn Reader,
    source: Source<C>,
    test: Test,
) -> Result<Translated<C>, Fault> {
    Ok(Translated::When(match source {
        Source::Column(column) => Condition { column, test },
        Source::Named(column, names) => {
            let fits = names.iter().filter(|(_, name)| test.holds(&[Value::Text((*name).into())]));
            let numbers = fits.map(|(number, _)| Value::Number(*number)).collect();
            Condition { column, test: Test::In(numbers) }
        }
        Source::Flags(column, flags) => {
            let fits =
                flags.iter().filter(|(_, flag)| test.holds(&[Value::Number((*flag).into())]));
            let numbers = fits.map(|(number, _)| Value::Number(*number)).collect();
            Condition { column, test: Test::In(numbers) }
        }
        Source::Renamed(column, names) => {
            let fits = names.iter().filter(|(_, name)| test.holds(&[Value::Text((*name).into())]));
            let texts = fits.map(|(text, _)| Value::Text((*text).into())).collect();
            Condition { column, test: Test::In(texts) }
        }
        Source::Constant(value) if test.holds(value.as_slice()) => return Ok(Translated::Always),
        Source::Constant(_) | Source::Log => return Ok(Translated::Never),
        Source::Definition(column, value) => {
            let heads = reader.definitions()?;
            let fits = heads.iter().filter(|head| test.holds(value(head).as_slice()));
            let keys = fits.map(|head| Value::Number(head.key.0.as_i64())).collect();
            Condition { column, test: Test::In(keys) }
        }
    }))
}

/// Asks rows in memory, which are in the order of an answer that is not sorted.
pub(super) fn pick<R>(
    mut rows: Vec<R>,
    search: &Search,
    values: impl Fn(&R, &str) -> Vec<Value>,
) -> Answer<R> {
    rows.retain(|row| search.tests.iter().all(|(name, test)| test.holds(&values(row, name))));
    rows.sort_by(|left, right| {
        search.sort.iter().fold(std::cmp::Ordering::Equal, |order, (name, direction)| {
            order.then_with(|| {
                let order = values(left, name).first().cmp(&values(right, name).first());
                match direction {
                    Direction::Ascending => order,
                    Direction::Descending => order.reverse(),
                }
            })
        })
    });
    let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let Page { from, limit } = search.page;
    let rows = rows.into_iter().skip(from as usize).take(limit as usize).collect();
    Answer { from, total, more: false, rows }
}

/// One page of rows, and where it is.
#[derive(Debug)]
pub(super) struct Answer<R> {
    from: u32,
    total: u64,
    /// Whether there may be more than were counted.
    more: bool,
    /// The rows of the page.
    pub(super) rows: Vec<R>,
}

#[derive(Serialize)]
struct AnswerBody<T> {
    items: Vec<T>,
    page: AnswerPage,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerPage {
    total_items: u64,
    has_more_total_items: bool,
    start_cursor: Option<String>,
    end_cursor: Option<String>,
}

impl<R> Answer<R> {
    /// The same page with other rows.
    pub(super) fn map<T>(self, change: impl FnMut(R) -> T) -> Answer<T> {
        let rows = self.rows.into_iter().map(change).collect();
        Answer { from: self.from, total: self.total, more: self.more, rows }
    }

    /// The body, with every row as the wire has it.
    pub(super) fn body<T: Serialize>(self, wire: impl FnMut(R) -> T) -> Response {
        let rows = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let some = rows > 0;
        json(&AnswerBody {
            items: self.rows.into_iter().map(wire).collect(),
            page: AnswerPage {
                total_items: self.total,
                has_more_total_items: self.more,
                start_cursor: some.then(|| cursor(self.from)),
                end_cursor: some.then(|| cursor(self.from.saturating_add(rows))),
            },
        })
    }
}

/// Where rows are looked for that leave the store when they end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    /// In the store: what lives.
    Live,
    /// In the log of this instance: what lives and what has ended.
    Log(InstanceKey),
}

impl Search {
    /// The instance that the filter names, if it names one.
    pub(super) fn instance(&self) -> Option<InstanceKey> {
        self.key("processInstanceKey").map(InstanceKey)
    }

    /// The one key that a field must have, if the filter says so.
    pub(super) fn key(&self, field: &str) -> Option<Key> {
        self.tests.iter().find_map(|(name, test)| match test {
            Test::Is(Value::Number(key)) if *name == field => Key::from_i64(*key),
            Test::In(keys) if *name == field => match keys.as_slice() {
                [Value::Number(key)] => Key::from_i64(*key),
                _ => None,
            },
            _ => None,
        })
    }

    /// Where to look. `what` ends in their log; `live` are the states that they have before.
    pub(super) fn reach(&self, what: &str, live: &[&str]) -> Result<Reach, Problem> {
        let named = self.tests.iter().filter(|(name, _)| *name == "state");
        let named: Vec<_> = named.flat_map(|(_, test)| asked(test)).collect();
        if !named.is_empty() && named.iter().all(|state| live.contains(state)) {
            return Ok(Reach::Live);
        }
        if let Some(instance) = self.instance() {
            return Ok(Reach::Log(instance));
        }
        let fits = |state: &&str| {
            let mut tests = self.tests.iter().filter(|(name, _)| *name == "state");
            tests.all(|(_, test)| test.holds(&[Value::Text((*state).into())]))
        };
        if named.iter().all(|state| live.contains(state)) && live.iter().any(fits) {
            return Ok(Reach::Live);
        }
        Err(Problem::invalid(format!(
            "expected the filter to name a processInstanceKey, because it asks for {what} in states \
             other than {}: what has ended is kept in the log of its instance",
            live.join(", ")
        )))
    }
}

/// The states that a test asks for by name.
fn asked(test: &Test) -> Vec<&str> {
    let values = match test {
        Test::Is(value) => std::slice::from_ref(value),
        Test::In(values) => values.as_slice(),
        _ => &[],
    };
    values
        .iter()
        .filter_map(|value| match value {
            Value::Text(state) => Some(state.as_str()),
            Value::Number(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{cursor, read_cursor};

    #[test]
    fn every_cursor_has_the_shape_of_base64_and_is_read_back() {
        for offset in [0, 1, 15, 16, 255, 256, 4_095, 4_096, u32::MAX] {
            let cursor = cursor(offset);
            assert_eq!(cursor.len() % 4, 0, "{cursor}");
            assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{cursor}");
            assert_eq!(read_cursor(&cursor).ok(), Some(offset));
        }
    }
}
