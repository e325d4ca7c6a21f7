//! Every live thing has its row, every row its live thing.

use base::{InstanceKey, InstanceRow, InstanceState, ShardId};
use instance::{Instance, Status};
use store::{Page, Query};

use crate::World;

impl World {
    /// Compares the store's rows with the states that the logs fold to. Panics where they differ.
    pub fn verify(&mut self) {
        let everything = Page { from: 0, limit: u32::MAX };
        let shards = store::Store::shards(self.store());
        let query = Query { page: everything, ..Query::default() };
        let instances = self.reader().find_instances(&query).expect("the store reads").rows;
        let (mut jobs, mut timers, mut tasks, mut incidents) = (0, 0, 0, 0);
        for row in &instances {
            let state = self.history(row.instance).state;
            self.verify_snapshot(row.instance, &state);
            verify_summary(row, &state);
            self.verify_calls(&state);
            if state.status() != Status::Active {
                continue;
            }
            jobs += state.jobs().len();
            timers += if state.is_suspended() { 0 } else { state.timers().len() };
            tasks += state.user_tasks().len();
            incidents += state.incidents().len();
            self.verify_things(row, &state);
        }
        let query = Query { page: everything, ..Query::default() };
        assert_eq!(self.reader().find_jobs(&query).expect("reads").rows.len(), jobs, "job rows");
        let query = Query { page: everything, ..Query::default() };
        assert_eq!(self.reader().find_tasks(&query).expect("reads").rows.len(), tasks, "task rows");
        let query = Query { page: everything, ..Query::default() };
        let found = self.reader().find_incidents(&query).expect("reads").rows.len();
        assert_eq!(found, incidents, "incident rows");
        let timer_rows: usize = (0..shards)
            .map(|shard| self.reader().timers(ShardId(shard), None, u32::MAX).expect("reads").len())
            .sum();
        assert_eq!(timer_rows, timers, "timer rows");
        for shard in 0..shards {
            let mail = self.reader().mail(ShardId(shard)).expect("reads");
            assert_eq!(mail, [], "mail that nobody took");
        }
    }

    /// The fold from the snapshot is the fold from the start.
    fn verify_snapshot(&mut self, instance: InstanceKey, state: &Instance) {
        let stored = self.reader().state(instance).expect("reads").expect("a log");
        let snapshot = stored
            .snapshot
            .map(|row| Instance::from_bytes(&row.bytes, instance).expect("a snapshot"));
        let records: Vec<_> = stored
            .log
            .iter()
            .map(|row| base::Record::from_bytes(&row.bytes, instance).expect("a record"))
            .collect();
        let folded = Instance::replay(snapshot, &records).expect("a state");
        assert_eq!(&folded, state, "the fold from the snapshot of {instance}");
    }

    /// A called instance lives exactly as long as its caller waits for it.
    fn verify_calls(&mut self, state: &Instance) {
        for (owner, called) in state.calls() {
            let child = self.history(*called).state;
            assert_eq!(child.status(), Status::Active, "{called}, for which {owner} waits");
            assert_eq!(child.header().parent.map(|parent| parent.element), Some(*owner));
        }
        let Some(parent) = state.header().parent else { return };
        let above = self.history(parent.instance).state;
        let waits = above.calls().get(&parent.element) == Some(&state.key())
            || above.awaited_call(parent.element) == Some(state.key());
        assert_eq!(waits, state.status() == Status::Active, "who waits for {}", state.key());
        assert_eq!(parent.root, above.root_instance());
    }

    fn verify_things(&mut self, row: &InstanceRow, state: &Instance) {
        let query = of_instance(store::JobColumn::Instance, row.instance);
        for job in self.reader().find_jobs(&query).expect("reads").rows {
            let live = &state.jobs()[&job.job];
            assert_eq!(
                (available_ms(state, live), live.state, live.retries, &live.worker, &live.job_type),
                (job.available_ms, job.state, job.retries, &job.worker, &job.job_type),
                "the row of job {}",
                job.job
            );
        }
        let timers = self.reader().timers(row.instance.0.shard(), None, u32::MAX).expect("reads");
        for (timer, live) in state.timers().iter().filter(|_| !state.is_suspended()) {
            let found = timers.iter().find(|row| row.timer == *timer).expect("a timer row");
            assert_eq!((found.due_ms, found.instance), (live.due_ms, row.instance));
        }
        let query = of_instance(store::TaskColumn::Instance, row.instance);
        for task in self.reader().find_tasks(&query).expect("reads").rows {
            assert_eq!(state.user_tasks()[&task.task].details, task.details, "the row of a task");
        }
        for (subscription, open) in state.subscriptions() {
            let shards = store::Store::shards(self.store());
            let shard = ShardId::of_message(&open.name, &open.correlation_key, shards);
            let slot = self.reader().slot(shard, &open.name, &open.correlation_key);
            let slot = slot.expect("reads");
            let found = slot.subscriptions.iter().any(|row| row.subscription == *subscription);
            assert!(found, "the row of subscription {subscription}");
        }
    }
}

/// What the row of a live job says: nobody gets it while inputs are held.
fn available_ms(state: &Instance, live: &instance::Job) -> i64 {
    if state.holds_inputs() { i64::MAX } else { live.available_ms }
}

fn of_instance<C>(column: C, instance: InstanceKey) -> Query<C> {
    let test = store::Test::Is(store::Value::Number(instance.0.as_i64()));
    let page = Page { from: 0, limit: u32::MAX };
    Query { conditions: vec![store::Condition { column, test }], page, ..Query::default() }
}

fn verify_summary(row: &InstanceRow, state: &Instance) {
    let expected = match state.status() {
        Status::Active if state.is_suspended() => InstanceState::Suspended,
        Status::Active => InstanceState::Active,
        Status::Completed => InstanceState::Completed,
        Status::Terminated => InstanceState::Terminated,
    };
    assert_eq!(row.state, expected, "the row of {}", row.instance);
    let since = state.suspension().filter(|_| state.is_suspended()).map(|at| at.since_ms);
    assert_eq!(row.suspended.as_ref().map(|at| at.since_ms), since, "the row of {}", row.instance);
    assert_eq!(row.parent, state.header().parent, "the row of {}", row.instance);
    assert_eq!(row.ended_ms, state.ended_ms(), "the row of {}", row.instance);
    assert_eq!(row.incidents as usize, state.incidents().len(), "the row of {}", row.instance);
}
