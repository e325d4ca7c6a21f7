//! Writing rows: one function a table.

use base::{
    DefinitionRow, InstanceRow, InstanceState, JobRow, Key, LogRow, MessageRow, Op, ShardId,
    ShardRow, Text, UserTaskRow,
};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use super::changes::Changes;
use super::checksum::seal;
use super::decisions;
use super::delete;
use super::write::{Names, Repeated, Tables};
use crate::Fault;
use crate::columns::{instance_state_number, job_state_number};

pub(super) fn write(tables: &Tables, changes: &Changes, names: &mut Names) -> Result<(), Fault> {
    for (row, batches) in changes.shards.values() {
        shard(tables, row, *batches)?;
    }
    let mut sealed = Vec::new();
    appends(tables, changes, &mut sealed)?;
    snapshots(tables, changes, &mut sealed)?;
    instances(tables, changes, names)?;
    jobs(tables, changes, names)?;
    timers(tables, changes)?;
    for (key, row) in &changes.tasks {
        match row {
            Some(row) => task(tables, row)?,
            None => tables.run("DELETE FROM tasks WHERE task = ?", [sql(key.0)])?,
        }
    }
    incidents(tables, changes)?;
    subscriptions(tables, changes)?;
    for (key, row) in &changes.messages {
        match row {
            Some(row) => message(tables, row)?,
            None => tables.run("DELETE FROM messages WHERE message = ?", [sql(key.0)])?,
        }
    }
    start_locks(tables, changes)?;
    mail(tables, changes, &mut sealed)?;
    changes.others.iter().try_for_each(|op| other(tables, op))
}

/// The stored form of a key.
pub(super) fn sql(key: Key) -> i64 {
    key.raw().cast_signed()
}

/// A list as JSON; nothing if it is empty.
fn list(texts: &[Text]) -> Option<String> {
    let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
    // Writing texts as JSON cannot fail.
    (!texts.is_empty()).then(|| serde_json::to_string(&texts).unwrap_or_default())
}

fn shard(tables: &Tables, row: &ShardRow, batches: u64) -> Result<(), Fault> {
    tables.run(
        "INSERT INTO shards (shard, next_block, next_mail, batches) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET next_block = ?2, next_mail = ?3, batches = batches + ?4",
        params![
            row.shard.0,
            row.next_block.cast_signed(),
            row.next_mail.cast_signed(),
            batches.cast_signed()
        ],
    )
}

fn appends(tables: &Tables, changes: &Changes, sealed: &mut Vec<u8>) -> Result<(), Fault> {
    let fault = |error| tables.place.fault(&error);
    let mut insert = tables
        .connection
        .prepare_cached("INSERT INTO log (instance, seq, bytes) VALUES (?, ?, ?)")
        .map_err(fault)?;
    for LogRow { instance, seq, bytes } in &changes.appends {
        seal([instance.0.raw(), *seq], bytes, sealed);
        let params = params![sql(instance.0), seq.cast_signed(), &**sealed];
        insert.execute(params).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => {
                tables.place.failed(format!("instance {instance} has a log row {seq} already"))
            }
            Some(_) | None => fault(error),
        })?;
    }
    Ok(())
}

fn snapshots(tables: &Tables, changes: &Changes, sealed: &mut Vec<u8>) -> Result<(), Fault> {
    for row in changes.snapshots.values() {
        seal([row.instance.0.raw(), row.next_seq], &row.bytes, sealed);
        tables.run(
            "INSERT OR REPLACE INTO snapshots (instance, next_seq, bytes) VALUES (?, ?, ?)",
            params![sql(row.instance.0), row.next_seq.cast_signed(), &**sealed],
        )?;
    }
    Ok(())
}

fn model(tables: &Tables, row: &InstanceRow, names: &mut Names) -> Result<i64, Fault> {
    let identity = (row.definition, row.process_id.clone(), row.version);
    if let Some(model) = names.models.get(&identity) {
        return Ok(*model);
    }
    let params = params![sql(row.definition.0), &*row.process_id, row.version];
    let model = number(
        tables.connection,
        "SELECT model FROM models WHERE definition = ? AND process_id = ? AND version = ?",
        "INSERT INTO models (definition, process_id, version) VALUES (?, ?, ?)",
        params,
    )
    .map_err(|error| tables.place.fault(&error))?;
    names.models.insert(identity, model);
    Ok(model)
}

fn queue(tables: &Tables, row: &JobRow, names: &mut Names) -> Result<i64, Fault> {
    let identity = (row.job.0.shard(), row.job_type.clone());
    if let Some(queue) = names.queues.get(&identity) {
        return Ok(*queue);
    }
    let queue = number(
        tables.connection,
        "SELECT queue FROM queues WHERE shard = ? AND job_type = ?",
        "INSERT INTO queues (shard, job_type) VALUES (?, ?)",
        params![identity.0.0, &*row.job_type],
    )
    .map_err(|error| tables.place.fault(&error))?;
    names.queues.insert(identity, queue);
    Ok(queue)
}

/// The number of a name, which is new if it has none.
fn number(
    connection: &Connection,
    select: &str,
    insert: &str,
    params: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<i64> {
    let mut select = connection.prepare_cached(select)?;
    let found = select.query_row(params, |row| row.get(0)).optional()?;
    if let Some(number) = found {
        return Ok(number);
    }
    connection.prepare_cached(insert)?.execute(params)?;
    Ok(connection.last_insert_rowid())
}

fn instances(tables: &Tables, changes: &Changes, names: &mut Names) -> Result<(), Fault> {
    // What mostly changes is in one index alone; replacing a row writes all of them.
    let mut turn = Repeated::new(
        tables,
        "UPDATE instances SET state = ?3, ended_ms = ?7, incidents = ?8, canceling = ?14
         WHERE instance = ?1 AND model = ?2 AND business_id IS ?4 AND tags IS ?5
             AND started_ms = ?6 AND parent IS ?9 AND parent_element IS ?10 AND root IS ?11
             AND suspended_ms IS ?12 AND suspended_why IS ?13",
    );
    let mut put = Repeated::new(
        tables,
        "INSERT OR REPLACE INTO instances
             (instance, model, state, business_id, tags, started_ms, ended_ms, incidents,
              parent, parent_element, root, suspended_ms, suspended_why, canceling)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    );
    for row in changes.instances.values() {
        let (key, model, tags) = (sql(row.instance.0), model(tables, row, names)?, list(&row.tags));
        let params = params![
            key,
            model,
            instance_state_number(row.state),
            row.business_id.as_deref(),
            tags,
            row.started_ms,
            row.ended_ms,
            row.incidents,
            row.parent.map(|parent| sql(parent.instance.0)),
            row.parent.map(|parent| sql(parent.element.0)),
            row.parent.map(|parent| sql(parent.root.0)),
            row.suspended.as_ref().map(|suspended| suspended.since_ms),
            row.suspended.as_ref().map(|suspended| &*suspended.reason),
            row.canceling,
        ];
        let is_new = row.state == InstanceState::Active && row.incidents == 0;
        if is_new || turn.run(params)? == 0 {
            put.run(params)?;
        }
    }
    Ok(())
}

fn jobs(tables: &Tables, changes: &Changes, names: &mut Names) -> Result<(), Fault> {
    let mut delete = Repeated::new(tables, "DELETE FROM jobs WHERE job = ?");
    let mut put = Repeated::new(
        tables,
        // Jobs are updated often (leases): in place is cheaper than replacing.
        "INSERT INTO jobs
             (job, instance, definition, element_id, owner, queue, available_ms, state, retries,
              worker, error_message, error_code, listener)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (job) DO UPDATE SET
             instance = ?2, definition = ?3, element_id = ?4, owner = ?5, queue = ?6,
             available_ms = ?7, state = ?8, retries = ?9, worker = ?10, error_message = ?11,
             error_code = ?12, listener = ?13",
    );
    for (key, row) in &changes.jobs {
        let Some(row) = row else {
            delete.run([sql(key.0)])?;
            continue;
        };
        let queue = queue(tables, row, names)?;
        put.run(params![
            sql(row.job.0),
            sql(row.instance.0),
            sql(row.definition.0),
            &*row.element_id,
            sql(row.owner.0),
            queue,
            row.available_ms,
            job_state_number(row.state),
            row.retries,
            &*row.worker,
            &*row.error_message,
            &*row.error_code,
            row.role.number(),
        ])?;
    }
    Ok(())
}

fn timers(tables: &Tables, changes: &Changes) -> Result<(), Fault> {
    for (key, row) in &changes.timers {
        match row {
            Some(row) => tables.run(
                "INSERT OR REPLACE INTO timers (timer, instance, due_ms) VALUES (?, ?, ?)",
                params![sql(row.timer.0), sql(row.instance.0), row.due_ms],
            )?,
            None => tables.run("DELETE FROM timers WHERE timer = ?", [sql(key.0)])?,
        }
    }
    Ok(())
}

fn task(tables: &Tables, row: &UserTaskRow) -> Result<(), Fault> {
    tables.run(
        "INSERT OR REPLACE INTO tasks
             (task, instance, definition, process_id, element_id, owner, assignee,
              candidate_groups, candidate_users, due_ms, follow_up_ms, priority, created_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            sql(row.task.0),
            sql(row.instance.0),
            sql(row.definition.0),
            &*row.process_id,
            &*row.element_id,
            sql(row.owner.0),
            row.details.assignee.as_deref(),
            list(&row.details.candidate_groups),
            list(&row.details.candidate_users),
            row.details.due_ms,
            row.details.follow_up_ms,
            row.details.priority,
            row.created_ms,
        ],
    )
}

fn incidents(tables: &Tables, changes: &Changes) -> Result<(), Fault> {
    for (key, row) in &changes.incidents {
        let Some(row) = row else {
            tables.run("DELETE FROM incidents WHERE incident = ?", [sql(key.0)])?;
            continue;
        };
        tables.run(
            "INSERT OR REPLACE INTO incidents
                 (incident, instance, definition, process_id, element_id, owner, job, kind,
                  kind_code, message, created_ms)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                sql(row.incident.0),
                sql(row.instance.0),
                sql(row.definition.0),
                &*row.process_id,
                &*row.element_id,
                sql(row.owner.0),
                row.job.map(|job| sql(job.0)),
                row.kind.name(),
                // Writing into a `Vec` cannot fail.
                minicbor::to_vec(row.kind).unwrap_or_default(),
                &*row.message,
                row.created_ms,
            ],
        )?;
    }
    Ok(())
}

fn subscriptions(tables: &Tables, changes: &Changes) -> Result<(), Fault> {
    for (key, row) in &changes.subscriptions {
        let Some(row) = row else {
            tables.run("DELETE FROM subscriptions WHERE subscription = ?", [sql(key.0)])?;
            continue;
        };
        tables.run(
            "INSERT OR REPLACE INTO subscriptions
                 (subscription, shard, name, correlation_key, instance, process_id, once)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                sql(row.subscription.0),
                row.shard.0,
                &*row.name,
                &*row.correlation_key,
                sql(row.instance.0),
                &*row.process_id,
                row.once,
            ],
        )?;
    }
    Ok(())
}

fn message(tables: &Tables, row: &MessageRow) -> Result<(), Fault> {
    tables.run(
        "INSERT OR REPLACE INTO messages
             (message, name, correlation_key, message_id, expires_ms, kept_until_ms, variables,
              correlated_to)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            sql(row.message.0),
            &*row.name,
            &*row.correlation_key,
            &*row.message_id,
            row.expires_ms,
            row.kept_until_ms,
            minicbor::to_vec(&row.variables).unwrap_or_default(),
            list(&row.correlated_to),
        ],
    )
}

fn start_locks(tables: &Tables, changes: &Changes) -> Result<(), Fault> {
    for ((shard, name, correlation_key, process_id), row) in &changes.start_locks {
        match row {
            Some(row) => tables.run(
                "INSERT OR REPLACE INTO start_locks
                     (shard, name, correlation_key, process_id, instance) VALUES (?, ?, ?, ?, ?)",
                params![shard.0, name, correlation_key, process_id, sql(row.instance.0)],
            )?,
            None => tables.run(
                "DELETE FROM start_locks
                 WHERE shard = ? AND name = ? AND correlation_key = ? AND process_id = ?",
                params![shard.0, name, correlation_key, process_id],
            )?,
        }
    }
    Ok(())
}

fn mail(tables: &Tables, changes: &Changes, sealed: &mut Vec<u8>) -> Result<(), Fault> {
    for ((to, from, number), row) in &changes.mail {
        match row {
            Some(row) => {
                seal(mail_key(*to, *from, *number), &row.bytes, sealed);
                tables.run(
                    "INSERT OR REPLACE INTO mail (receiver, sender, number, bytes)
                     VALUES (?, ?, ?, ?)",
                    params![to.0, from.0, number.cast_signed(), &**sealed],
                )?;
            }
            None => tables.run(
                "DELETE FROM mail WHERE receiver = ? AND sender = ? AND number = ?",
                params![to.0, from.0, number.cast_signed()],
            )?,
        }
    }
    Ok(())
}

/// What the checksum of mail covers beside its content.
pub(super) fn mail_key(to: ShardId, from: ShardId, number: u64) -> [u64; 2] {
    [u64::from(to.0) << 16 | u64::from(from.0), number]
}

fn other(tables: &Tables, op: &Op) -> Result<(), Fault> {
    match op {
        Op::PutKeyRange(range) => tables.run(
            "INSERT OR REPLACE INTO key_ranges (first, after, instance) VALUES (?, ?, ?)",
            params![sql(range.first), sql(range.end), sql(range.instance.0)],
        ),
        Op::DeleteInstance(key) => delete::instance(tables, *key),
        Op::PutDefinition(row) => definition(tables, row),
        Op::PutDecisionGraph(row) => decisions::put(tables, row),
        Op::RetireDefinition { definition, at_ms } => tables.run(
            "UPDATE definitions SET deleted_ms = ?2 WHERE definition = ?1",
            params![sql(definition.0), at_ms],
        ),
        Op::RetireDecisionGraph { graph, at_ms } => tables.run(
            "UPDATE decision_graphs SET deleted_ms = ?2 WHERE graph = ?1",
            params![sql(graph.0), at_ms],
        ),
        Op::PutDefinitionTimer(row) => tables.run(
            "INSERT OR REPLACE INTO definition_timers (definition, element, due_ms, repeats)
             VALUES (?, ?, ?, ?)",
            params![sql(row.definition.0), row.element, row.due_ms, row.repeats],
        ),
        Op::DeleteDefinitionTimers(key) => {
            tables.run("DELETE FROM definition_timers WHERE definition = ?", [sql(key.0)])
        }
        Op::DeleteDefinitionTimer { definition, element } => tables.run(
            "DELETE FROM definition_timers WHERE definition = ? AND element = ?",
            params![sql(definition.0), element],
        ),
        Op::Append(_)
        | Op::PutInstance(_)
        | Op::PutJob(_)
        | Op::DeleteJob(_)
        | Op::PutTimer(_)
        | Op::DeleteTimer(_)
        | Op::PutUserTask(_)
        | Op::DeleteUserTask(_)
        | Op::PutIncident(_)
        | Op::DeleteIncident(_)
        | Op::PutSubscription(_)
        | Op::DeleteSubscription(_)
        | Op::PutMessage(_)
        | Op::DeleteMessage(_)
        | Op::PutStartLock(_)
        | Op::DeleteStartLock { .. }
        | Op::PutSnapshot(_)
        | Op::PutMail(_)
        | Op::DeleteMail { .. } => unreachable!("changes keep these by key"),
    }
}

fn definition(tables: &Tables, row: &DefinitionRow) -> Result<(), Fault> {
    tables.run(
        "INSERT OR REPLACE INTO definitions
             (definition, deployment, id, version, version_tag, name, resource_name,
              message_starts, deployed_ms, deleted_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            sql(row.key.0),
            sql(row.deployment.0),
            &*row.id,
            row.version,
            row.version_tag.as_deref(),
            row.name.as_deref(),
            &*row.resource_name,
            list(&row.message_starts),
            row.deployed_ms,
            row.deleted_ms,
        ],
    )?;
    tables.run(
        "INSERT OR REPLACE INTO resources (definition, resource, elements) VALUES (?, ?, ?)",
        params![sql(row.key.0), &*row.resource, list(&row.elements)],
    )
}
