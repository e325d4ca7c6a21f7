//! What the passing of time causes: due timers, jobs that are available again, old messages.

use base::{DefinitionTimerRow, Op};
use bpmn::{Trigger, timer};

use crate::create::{Begin, Start};
use crate::queue::PAGE;
use crate::shard::{Shard, Work};

/// Timers that fire in one batch; the next follows at once.
pub(crate) const TIMERS_PER_TICK_MAX: usize = 256;
/// How often messages are looked through for those whose time is over, in milliseconds.
const SWEEP_EVERY_MS: i64 = 60_000;

impl Shard {
    /// When the host is to submit [`Input::Tick`](crate::Input::Tick), in milliseconds since
    /// 1970. In the past: now.
    pub fn wake_ms(&self) -> i64 {
        let queues =
            self.queues.values().filter_map(|queue| queue.next_after(self.last_tick_ms)).min();
        let starts = self.start_timers.keys().next().map(|(due_ms, _, _)| *due_ms);
        let next = [self.timers.first(), queues, starts]
            .into_iter()
            .flatten()
            .fold(self.next_sweep_ms, i64::min);
        // By its own time, which does not go back with the host's clock.
        if next <= self.now_ms { i64::MIN } else { next }
    }

    pub(crate) fn tick(&mut self) {
        let now_ms = self.now_ms;
        let due: Vec<_> = self
            .queues
            .iter()
            .filter(|(_, queue)| queue.became_due(self.last_tick_ms, now_ms))
            .map(|(job_type, _)| job_type.clone())
            .collect();
        for job_type in due {
            self.type_ready(&job_type);
        }
        self.last_tick_ms = now_ms;
        let mut works = Vec::new();
        let due: Vec<_> = self.timers.due(now_ms).take(TIMERS_PER_TICK_MAX).collect();
        for (due_ms, timer, instance) in due {
            self.timers.remove(due_ms, timer);
            works.push(Work::Timer(timer, instance));
        }
        while let Some((key, _)) = self.start_timers.first_key_value()
            && key.0 <= now_ms
            && works.len() < TIMERS_PER_TICK_MAX * 2
            && let Some((_, row)) = self.start_timers.pop_first()
        {
            works.push(Work::StartTimer(row));
        }
        self.push_work(works);
        self.sweep();
    }

    fn sweep(&mut self) {
        let Some(rows) = self.read.old_messages.take() else { return };
        let full = rows.len() >= PAGE as usize;
        self.next_sweep_ms = if full { self.now_ms } else { self.now_ms + SWEEP_EVERY_MS };
        for row in rows {
            if let Some(slot) = self.slots.peek(&(row.name, row.correlation_key)) {
                slot.messages.remove(&row.message);
            }
            self.ops.push(Op::DeleteMessage(row.message));
        }
    }

    /// Starts an instance by the timer of a start event and sets the next one.
    pub(crate) fn start_by_timer(&mut self, row: &DefinitionTimerRow) {
        let gone = Op::DeleteDefinitionTimer { definition: row.definition, element: row.element };
        if self.catalog.head(row.definition).is_some_and(|head| head.deleted_ms.is_some()) {
            self.ops.push(gone);
            return;
        }
        let Some(definition) = self.catalog.compiled(row.definition).cloned() else {
            // Kept in the store for a release that can use the definition.
            return;
        };
        let timer = definition.process.starts().find_map(|(element, trigger)| match trigger {
            Trigger::Timer(timer) if element == row.element => Some(timer),
            _ => None,
        });
        let Some(spec) = timer else {
            self.ops.push(gone);
            return;
        };
        let start = Start {
            definition: row.definition,
            begin: Begin::Start(row.element),
            variables: base::Variables::new(),
            business_id: None,
            tags: Vec::new(),
            message: None,
            parent: None,
            end_after: Vec::new(),
        };
        if let Err(rejection) = self.start(start) {
            self.effects.notes.push(format!(
                "the timer of `{}` could not start an instance: {rejection}",
                &*definition.row.id
            ));
        }
        match timer::start_next(spec, row.due_ms, self.now_ms, row.repeats) {
            Ok(Some(next)) => self.set_start_timer(DefinitionTimerRow {
                due_ms: next.due_ms,
                repeats: next.repeats,
                ..row.clone()
            }),
            Ok(None) => self.ops.push(gone),
            Err(why) => {
                self.effects.notes.push(format!(
                    "the timer of `{}` has no next time: {why}",
                    &*definition.row.id
                ));
                self.ops.push(gone);
            }
        }
    }

    pub(crate) fn set_start_timer(&mut self, row: DefinitionTimerRow) {
        self.ops.push(Op::PutDefinitionTimer(row.clone()));
        self.start_timers.insert((row.due_ms, row.definition, row.element), row);
    }
}
