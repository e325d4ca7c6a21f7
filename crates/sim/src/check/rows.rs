//! Every live thing has its row, every row its live thing; and the rows are found by every index.

use std::collections::BTreeMap;

use base::{InstanceKey, JobRow, ShardId, TimerKey};
use store::Reader;

use super::Checked;
use super::facts::{Facts, Past, state_of};
use crate::model::JOB_TYPES;
use crate::play::{Play, everything, wrong};

impl Play {
    pub(super) fn check_rows(&mut self, facts: &Facts) -> Checked {
        let mut reader = self.reader();
        let read = |fault: store::Fault| wrong("rows")(fault.to_string());
        for past in &facts.instances {
            Self::check_summary(past)?;
        }
        let jobs = reader.find_jobs(&everything()).map_err(read)?.rows;
        let live = facts.instances.iter().filter(|past| past.live());
        let (mut of_jobs, mut of_tasks, mut of_incidents) = (0, 0, 0);
        for past in live {
            of_jobs += past.state.jobs().len();
            of_tasks += past.state.user_tasks().len();
            of_incidents += past.state.incidents().len();
        }
        for row in &jobs {
            Self::check_job(facts, row)?;
        }
        let tasks = reader.find_tasks(&everything()).map_err(read)?.rows;
        for row in &tasks {
            let live =
                facts.past(row.instance).and_then(|past| past.state.user_tasks().get(&row.task));
            let same = live.is_some_and(|live| {
                live.owner == row.owner
                    && live.details == row.details
                    && live.created_ms == row.created_ms
            });
            if !same {
                return Err(wrong("rows")(format!("the task row {row:?} is of {live:?}")));
            }
        }
        let incidents = reader.find_incidents(&everything()).map_err(read)?.rows;
        for row in &incidents {
            let past = facts.past(row.instance);
            let live = past.and_then(|past| past.state.incidents().get(&row.incident));
            let same = live.is_some_and(|live| {
                (live.owner, live.job, live.kind, &live.message, live.created_ms)
                    == (row.owner, row.job, row.kind, &row.message, row.created_ms)
            });
            if !same {
                return Err(wrong("rows")(format!("the incident row {row:?} is of {live:?}")));
            }
        }
        for (what, rows, live) in [
            ("jobs", jobs.len(), of_jobs),
            ("user tasks", tasks.len(), of_tasks),
            ("incidents", incidents.len(), of_incidents),
        ] {
            if rows != live {
                return Err(wrong("rows")(format!("{live} {what} live, {rows} have a row")));
            }
        }
        self.coverage.add("check", "rows", (jobs.len() + tasks.len() + incidents.len()) as u64);
        self.check_timers(&mut *reader, facts)?;
        self.check_mail(&mut *reader)
    }

    fn check_summary(past: &Past) -> Checked {
        let (row, state) = (&past.row, &past.state);
        let header = state.header();
        // Waits for listeners alone, each at a task of its own or in an instance that it has called.
        let waited_for = state.jobs().len() + state.awaited_calls().count();
        let canceling = (state.ends_soon() && past.live()).then_some(waited_for);
        let same = row.state == state_of(state)
            && row.canceling.map(|tasks| tasks as usize) == canceling
            && row.ended_ms == state.ended_ms()
            && row.incidents as usize == state.incidents().len()
            && row.definition == header.definition
            && row.process_id == header.process_id
            && row.version == header.version
            && row.business_id == header.business_id
            && row.started_ms == header.started_ms;
        if same { Ok(()) } else { Err(wrong("rows")(format!("the row {row:?} is of {state:?}"))) }
    }

    fn check_job(facts: &Facts, row: &JobRow) -> Checked {
        let live = facts.past(row.instance).and_then(|past| past.state.jobs().get(&row.job));
        let held = facts.past(row.instance).is_some_and(|past| past.state.holds_inputs());
        let same = live.is_some_and(|live| {
            let available_ms = if held { i64::MAX } else { live.available_ms };
            (live.owner, available_ms, live.state, live.retries)
                == (row.owner, row.available_ms, row.state, row.retries)
                && live.role() == row.role
                && (&live.worker, &live.job_type) == (&row.worker, &row.job_type)
                && (&live.error_message, &live.error_code) == (&row.error_message, &row.error_code)
        });
        if same {
            Ok(())
        } else {
            Err(wrong("rows")(format!("the job row {row:?} is of {live:?}")))
        }
    }

    /// Each live timer has its row and none is overdue: the shards are at rest.
    fn check_timers(&mut self, reader: &mut dyn Reader, facts: &Facts) -> Checked {
        let mut rows: BTreeMap<TimerKey, (InstanceKey, i64)> = BTreeMap::new();
        for shard in 0..self.setting.shards {
            let timers = reader.timers(ShardId(shard), None, u32::MAX);
            let timers = timers.map_err(|fault| wrong("rows")(fault.to_string()))?;
            if !timers.is_sorted_by_key(|row| (row.due_ms, row.timer)) {
                return Err(wrong("indexes")("timers are out of order".into()));
            }
            rows.extend(timers.iter().map(|row| (row.timer, (row.instance, row.due_ms))));
        }
        for past in &facts.instances {
            if past.state.is_suspended() {
                continue;
            }
            for (timer, live) in past.state.timers() {
                let instance = past.row.instance;
                if rows.remove(timer) != Some((instance, live.due_ms)) {
                    return Err(wrong("rows")(format!("timer {timer} of {instance} has no row")));
                }
                if live.due_ms <= self.machine.now_ms {
                    let what = format!(
                        "timer {timer} of {instance} was due at {}, it is {}",
                        live.due_ms, self.machine.now_ms
                    );
                    return Err(wrong("timers")(what));
                }
            }
        }
        if let Some((timer, of)) = rows.first_key_value() {
            return Err(wrong("rows")(format!("the row of timer {timer} is of nothing: {of:?}")));
        }
        Ok(())
    }

    fn check_mail(&mut self, reader: &mut dyn Reader) -> Checked {
        for shard in 0..self.setting.shards {
            self.coverage.count("check", "mail");
            let mail = reader.mail(ShardId(shard));
            let mail = mail.map_err(|fault| wrong("rows")(fault.to_string()))?;
            if let Some(row) = mail.first() {
                return Err(wrong("mail")(format!("at rest, nobody has taken {row:?}")));
            }
        }
        Ok(())
    }

    /// What lives is found by its key, its type, its business id.
    pub(super) fn check_indexes(&mut self, facts: &Facts) -> Checked {
        let mut reader = self.reader();
        let read = |fault: store::Fault| wrong("indexes")(fault.to_string());
        let mut queued = 0;
        for shard in 0..self.setting.shards {
            for job_type in JOB_TYPES {
                let queue = reader.queue(ShardId(shard), job_type, None, u32::MAX).map_err(read)?;
                if !queue.is_sorted_by_key(|entry| (entry.available_ms, entry.job)) {
                    return Err(wrong("indexes")(format!(
                        "the queue of {job_type} is out of order"
                    )));
                }
                for entry in queue.iter().filter(|entry| entry.available_ms < i64::MAX) {
                    let past = facts.past(entry.instance);
                    let live = past.and_then(|past| past.state.jobs().get(&entry.job));
                    if live.is_none_or(|live| live.available_ms != entry.available_ms) {
                        return Err(wrong("indexes")(format!("{entry:?} is of {live:?}")));
                    }
                    queued += 1;
                }
            }
        }
        let live = facts.instances.iter().filter(|past| !past.state.holds_inputs());
        let live = live.flat_map(|past| past.state.jobs().values());
        let waiting = live.filter(|job| job.available_ms < i64::MAX).count();
        if queued != waiting {
            return Err(wrong("indexes")(format!("{waiting} jobs wait, {queued} are in queues")));
        }
        self.coverage.add("check", "indexes", queued as u64);
        for past in &facts.instances {
            let state = &past.state;
            let keys = state
                .elements()
                .keys()
                .map(|key| key.0)
                .chain(state.jobs().keys().map(|key| key.0))
                .chain(state.incidents().keys().map(|key| key.0))
                .chain(state.user_tasks().keys().map(|key| key.0));
            for key in keys.filter(|_| past.live()) {
                let owner = reader.owner(key).map_err(read)?;
                if owner != Some(past.row.instance) {
                    let what = format!("{key} is of {}, found at {owner:?}", past.row.instance);
                    return Err(wrong("indexes")(what));
                }
            }
        }
        Ok(())
    }
}
