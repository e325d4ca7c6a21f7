//! Reading rows: one function a kind. The columns come in the order of the `SELECT`s beside them.

use std::sync::Arc;

use base::{
    DefinitionRow, DefinitionTimerRow, IncidentRow, InstanceKey, InstanceRow, InstanceState,
    JobRole, JobRow, JobState, Key, LogRow, MailRow, MessageRow, Parent, ShardId, ShardRow,
    SnapshotRow, StartLockRow, SubscriptionRow, SuspendedRow, Text, TimerRow, UserTaskDetails,
    UserTaskRow,
};
use rusqlite::types::{FromSql, Type};
use rusqlite::{Error, Result, Row};

use super::checksum;
use super::write_rows::mail_key;
use crate::QueueEntry;

/// Takes the columns of a row one after the other.
pub(super) struct Fields<'r> {
    row: &'r Row<'r>,
    at: usize,
}

impl<'r> Fields<'r> {
    pub(super) fn new(row: &'r Row<'r>) -> Self {
        Self { row, at: 0 }
    }

    pub(super) fn get<T: FromSql>(&mut self) -> Result<T> {
        self.at += 1;
        self.row.get(self.at - 1)
    }

    pub(super) fn key<K: From<Key>>(&mut self) -> Result<K> {
        let stored: i64 = self.get()?;
        let raw = u64::try_from(stored).map_err(|_| self.unreadable("a key is negative"))?;
        Ok(Key::from_raw(raw).into())
    }

    pub(super) fn number(&mut self) -> Result<u64> {
        Ok(self.get::<i64>()?.cast_unsigned())
    }

    pub(super) fn shard(&mut self) -> Result<ShardId> {
        self.get().map(ShardId)
    }

    pub(super) fn blob(&mut self) -> Result<&'r [u8]> {
        self.at += 1;
        Ok(self.row.get_ref(self.at - 1)?.as_blob()?)
    }

    pub(super) fn text(&mut self) -> Result<Text> {
        self.at += 1;
        Ok(self.row.get_ref(self.at - 1)?.as_str()?.into())
    }

    pub(super) fn text_or_null(&mut self) -> Result<Option<Text>> {
        self.at += 1;
        Ok(self.row.get_ref(self.at - 1)?.as_str_or_null()?.map(Text::from))
    }

    pub(super) fn list(&mut self) -> Result<Vec<Text>> {
        let Some(json) = self.text_or_null()? else { return Ok(Vec::new()) };
        let texts: Vec<String> =
            serde_json::from_str(&json).map_err(|_| self.unreadable("a list is not JSON"))?;
        Ok(texts.into_iter().map(Text::from).collect())
    }

    fn cbor<T: for<'b> minicbor::Decode<'b, ()>>(&mut self) -> Result<T> {
        let bytes = self.blob()?;
        minicbor::decode(bytes).map_err(|error| self.unreadable(&error.to_string()))
    }

    /// The column that was taken last cannot be what we wrote.
    fn unreadable(&self, why: &str) -> Error {
        Error::FromSqlConversionFailure(self.at.saturating_sub(1), Type::Null, why.into())
    }
}

pub(super) const DEFINITION: &str = "SELECT definition, deployment, id, version, version_tag, \
     name, resource_name, message_starts, deployed_ms, deleted_ms";

/// Without `resource` and `elements`.
pub(super) fn definition(row: &Row) -> Result<DefinitionRow> {
    let mut fields = Fields::new(row);
    Ok(DefinitionRow {
        key: fields.key()?,
        deployment: fields.key()?,
        id: fields.text()?,
        version: fields.get()?,
        version_tag: fields.text_or_null()?,
        name: fields.text_or_null()?,
        resource_name: fields.text()?,
        resource: [].into(),
        elements: Vec::new(),
        message_starts: fields.list()?,
        deployed_ms: fields.get()?,
        deleted_ms: fields.get()?,
    })
}

pub(super) const MODEL_FILE: &str = "SELECT resource, elements";

/// The file of a definition and its elements.
pub(super) fn model_file(row: &Row) -> Result<(Arc<[u8]>, Vec<Text>)> {
    let mut fields = Fields::new(row);
    Ok((fields.blob()?.into(), fields.list()?))
}

pub(super) const INSTANCE: &str = "SELECT instance, definition, process_id, version, state, \
     business_id, tags, started_ms, ended_ms, incidents, parent, parent_element, root, \
     suspended_ms, suspended_why, canceling";

pub(super) fn instance(row: &Row) -> Result<InstanceRow> {
    let mut fields = Fields::new(row);
    Ok(InstanceRow {
        instance: fields.key()?,
        definition: fields.key()?,
        process_id: fields.text()?,
        version: fields.get()?,
        state: match fields.get()? {
            0 => InstanceState::Active,
            1 => InstanceState::Completed,
            2 => InstanceState::Terminated,
            3 => InstanceState::Suspended,
            other => return Err(fields.unreadable(&format!("there is no state {other}"))),
        },
        business_id: fields.text_or_null()?,
        tags: fields.list()?,
        started_ms: fields.get()?,
        ended_ms: fields.get()?,
        incidents: fields.get()?,
        parent: parent(&mut fields)?,
        suspended: suspended(&mut fields)?,
        canceling: fields.get()?,
    })
}

fn suspended(fields: &mut Fields) -> Result<Option<SuspendedRow>> {
    let (since_ms, reason): (Option<i64>, _) = (fields.get()?, fields.text_or_null()?);
    let reason = reason.unwrap_or_default();
    Ok(since_ms.map(|since_ms| SuspendedRow { since_ms, reason }))
}

/// All of it is there, or nothing.
fn parent(fields: &mut Fields) -> Result<Option<Parent>> {
    let parent: (Option<i64>, Option<i64>, Option<i64>) =
        (fields.get()?, fields.get()?, fields.get()?);
    let key = |stored: i64| u64::try_from(stored).map(Key::from_raw).ok();
    match parent {
        (None, None, None) => Ok(None),
        (Some(instance), Some(element), Some(root)) => {
            match (key(instance), key(element), key(root)) {
                (Some(instance), Some(element), Some(root)) => Ok(Some(Parent {
                    instance: instance.into(),
                    element: element.into(),
                    root: root.into(),
                })),
                _ => Err(fields.unreadable("a key is negative")),
            }
        }
        _ => Err(fields.unreadable("half a parent")),
    }
}

pub(super) const JOB: &str = "SELECT job, instance, definition, element_id, owner, job_type, \
     available_ms, state, retries, worker, error_message, error_code, listener";

pub(super) fn job(row: &Row) -> Result<JobRow> {
    let mut fields = Fields::new(row);
    Ok(JobRow {
        job: fields.key()?,
        instance: fields.key()?,
        definition: fields.key()?,
        element_id: fields.text()?,
        owner: fields.key()?,
        job_type: fields.text()?,
        available_ms: fields.get()?,
        state: match fields.get()? {
            0 => JobState::Created,
            1 => JobState::Leased,
            2 => JobState::Failed,
            3 => JobState::Exhausted,
            4 => JobState::ErrorThrown,
            other => return Err(fields.unreadable(&format!("there is no state {other}"))),
        },
        retries: fields.get()?,
        worker: fields.text()?,
        error_message: fields.text()?,
        error_code: fields.text()?,
        role: {
            let number = fields.get::<Option<i64>>()?;
            JobRole::from_number(number)
                .ok_or_else(|| fields.unreadable(&format!("there is no role {number:?}")))?
        },
    })
}

pub(super) fn timer(row: &Row) -> Result<TimerRow> {
    let mut fields = Fields::new(row);
    Ok(TimerRow { timer: fields.key()?, instance: fields.key()?, due_ms: fields.get()? })
}

pub(super) const TASK: &str = "SELECT task, instance, definition, process_id, element_id, owner, \
     assignee, candidate_groups, candidate_users, due_ms, follow_up_ms, priority, created_ms";

pub(super) fn task(row: &Row) -> Result<UserTaskRow> {
    let mut fields = Fields::new(row);
    Ok(UserTaskRow {
        task: fields.key()?,
        instance: fields.key()?,
        definition: fields.key()?,
        process_id: fields.text()?,
        element_id: fields.text()?,
        owner: fields.key()?,
        details: UserTaskDetails {
            assignee: fields.text_or_null()?,
            candidate_groups: fields.list()?,
            candidate_users: fields.list()?,
            due_ms: fields.get()?,
            follow_up_ms: fields.get()?,
            priority: fields.get()?,
        },
        created_ms: fields.get()?,
    })
}

pub(super) const INCIDENT: &str = "SELECT incident, instance, definition, process_id, element_id, \
     owner, job, kind_code, message, created_ms";

pub(super) fn incident(row: &Row) -> Result<IncidentRow> {
    let mut fields = Fields::new(row);
    Ok(IncidentRow {
        incident: fields.key()?,
        instance: fields.key()?,
        definition: fields.key()?,
        process_id: fields.text()?,
        element_id: fields.text()?,
        owner: fields.key()?,
        job: fields.get::<Option<i64>>()?.map(|job| Key::from_raw(job.cast_unsigned()).into()),
        kind: fields.cbor()?,
        message: fields.text()?,
        created_ms: fields.get()?,
    })
}

pub(super) fn subscription(row: &Row) -> Result<SubscriptionRow> {
    let mut fields = Fields::new(row);
    Ok(SubscriptionRow {
        subscription: fields.key()?,
        shard: fields.shard()?,
        name: fields.text()?,
        correlation_key: fields.text()?,
        instance: fields.key()?,
        process_id: fields.text()?,
        once: fields.get()?,
    })
}

pub(super) const MESSAGE: &str = "SELECT message, name, correlation_key, message_id, expires_ms, \
     kept_until_ms, variables, correlated_to";

pub(super) fn message(row: &Row) -> Result<MessageRow> {
    let mut fields = Fields::new(row);
    Ok(MessageRow {
        message: fields.key()?,
        name: fields.text()?,
        correlation_key: fields.text()?,
        message_id: fields.text()?,
        expires_ms: fields.get()?,
        kept_until_ms: fields.get()?,
        variables: fields.cbor()?,
        correlated_to: fields.list()?,
    })
}

pub(super) fn start_lock(row: &Row) -> Result<StartLockRow> {
    let mut fields = Fields::new(row);
    Ok(StartLockRow {
        shard: fields.shard()?,
        process_id: fields.text()?,
        name: fields.text()?,
        correlation_key: fields.text()?,
        instance: fields.key()?,
    })
}

pub(super) fn shard(row: &Row) -> Result<ShardRow> {
    let mut fields = Fields::new(row);
    Ok(ShardRow {
        shard: fields.shard()?,
        next_block: fields.number()?,
        next_mail: fields.number()?,
    })
}

pub(super) fn definition_timer(row: &Row) -> Result<DefinitionTimerRow> {
    let mut fields = Fields::new(row);
    Ok(DefinitionTimerRow {
        definition: fields.key()?,
        element: fields.get()?,
        due_ms: fields.get()?,
        repeats: fields.get()?,
    })
}

pub(super) fn queue_entry(row: &Row) -> Result<QueueEntry> {
    let mut fields = Fields::new(row);
    Ok(QueueEntry { available_ms: fields.get()?, job: fields.key()?, instance: fields.key()? })
}

pub(super) fn log(row: &Row) -> Result<LogRow> {
    let mut fields = Fields::new(row);
    let (instance, seq): (InstanceKey, _) = (fields.key()?, fields.number()?);
    let bytes = checksum::open([instance.0.raw(), seq], fields.blob()?).ok_or_else(|| {
        fields.unreadable(&format!("the checksum of log row {seq} of instance {instance} is wrong"))
    })?;
    Ok(LogRow { instance, seq, bytes: bytes.to_vec() })
}

pub(super) fn snapshot(row: &Row) -> Result<SnapshotRow> {
    let mut fields = Fields::new(row);
    let (instance, next_seq): (InstanceKey, _) = (fields.key()?, fields.number()?);
    let bytes = checksum::open([instance.0.raw(), next_seq], fields.blob()?).ok_or_else(|| {
        fields.unreadable(&format!("the checksum of the snapshot of instance {instance} is wrong"))
    })?;
    Ok(SnapshotRow { instance, next_seq, bytes: bytes.to_vec() })
}

pub(super) fn mail(row: &Row) -> Result<MailRow> {
    let mut fields = Fields::new(row);
    let (to, from, number) = (fields.shard()?, fields.shard()?, fields.number()?);
    let bytes = checksum::open(mail_key(to, from, number), fields.blob()?).ok_or_else(|| {
        let which = format!("mail {number} from shard {from} to shard {to}");
        fields.unreadable(&format!("the checksum of {which} is wrong"))
    })?;
    Ok(MailRow { to, from, number, bytes: bytes.to_vec() })
}
