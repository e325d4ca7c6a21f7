//! The past of one instance, read from its log.

use std::collections::BTreeMap;

use base::{DefinitionKey, ElementKey, InstanceKey, InstanceRow, Key, Record, Text};
use instance::{ElementRecord, History};
use store::{Fault, Reader};

use super::names::{Names, names};
use super::problem::Problem;
use crate::host::Host;

/// Rows of a log that are read at once.
const LOG_PAGE: u32 = 512;

/// An instance with everything that its log says.
pub(super) struct Past {
    /// Its summary.
    pub(super) row: InstanceRow,
    /// Its log, folded.
    pub(super) history: History,
    /// Names of its elements.
    pub(super) names: Names,
    /// Names of the elements of definitions that it was migrated from.
    earlier: BTreeMap<DefinitionKey, Names>,
}

/// The past of an instance; `None` if there is no such instance.
pub(super) async fn of_instance(
    host: &Host,
    instance: InstanceKey,
) -> Result<Option<Past>, Problem> {
    let read = host.read(move |reader| {
        let Some(row) = reader.instance(instance)? else { return Ok(None) };
        // Folded here too, off the async threads: a log may be long.
        let folded = read_log(reader, instance)?.map(|records| History::fold(&records));
        Ok(Some((row, folded)))
    });
    let Some((row, folded)) = read.await? else { return Ok(None) };
    let history = folded.and_then(|history| history.ok_or("it has no beginning".into()));
    let history = history.map_err(|why| {
        Problem::internal(format!("the log of instance {instance} cannot be read: {why}"))
    })?;
    let mut earlier = BTreeMap::new();
    for definition in history.definitions() {
        if definition != row.definition && !earlier.contains_key(&definition) {
            earlier.insert(definition, names(host, definition).await?);
        }
    }
    let names = names(host, row.definition).await?;
    Ok(Some(Past { row, history, names, earlier }))
}

/// The past of the instance that a key belongs to.
pub(super) async fn of_key(host: &Host, key: Key) -> Result<Option<Past>, Problem> {
    match host.read(move |reader| reader.owner(key)).await? {
        Some(instance) => of_instance(host, instance).await,
        None => Ok(None),
    }
}

/// All records of a log, or why one cannot be decoded.
fn read_log(
    reader: &mut dyn Reader,
    instance: InstanceKey,
) -> Result<Result<Vec<Record>, String>, Fault> {
    let mut records = Vec::new();
    let mut seq = 0;
    loop {
        let page = reader.log(instance, seq, LOG_PAGE)?;
        let Some(last) = page.last() else { return Ok(Ok(records)) };
        seq = last.seq + 1;
        for row in page {
            match Record::from_bytes(&row.bytes, instance) {
                Ok(record) => records.push(record),
                Err(why) => return Ok(Err(why)),
            }
        }
    }
}

impl Past {
    /// The names of one of its definitions.
    pub(super) fn names_of(&self, definition: DefinitionKey) -> &Names {
        self.earlier.get(&definition).unwrap_or(&self.names)
    }

    /// The id of one of its definitions.
    pub(super) fn process_id(&self, definition: DefinitionKey) -> Text {
        let head = self.earlier.get(&definition).and_then(|names| names.head.as_ref());
        head.map_or_else(|| self.row.process_id.clone(), |head| head.id.clone())
    }

    /// The id of an activation's element.
    pub(super) fn id(&self, element: &ElementRecord) -> &str {
        self.names_of(element.definition).id(element.element)
    }

    /// What people call it.
    pub(super) fn name(&self, element: &ElementRecord) -> &str {
        self.names_of(element.definition).name(element.element)
    }

    /// Its type in the words of the API.
    pub(super) fn kind(&self, element: &ElementRecord) -> &'static str {
        self.names_of(element.definition).kind(element)
    }

    /// One activation of an element, live or past.
    pub(super) fn element(&self, key: ElementKey) -> Option<&ElementRecord> {
        self.history.element(key)
    }

    /// The activation and the scopes around it, outwards to the root.
    pub(super) fn scopes(&self, key: ElementKey) -> impl Iterator<Item = &ElementRecord> {
        let mut next = Some(key);
        std::iter::from_fn(move || {
            let element = self.element(next?)?;
            next = (element.scope != element.key).then_some(element.scope);
            Some(element)
        })
    }
}
