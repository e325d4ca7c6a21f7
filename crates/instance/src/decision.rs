//! A decision in progress: the state, the facts decided so far, and where new keys come from.

use std::cell::Cell;

use base::limits::LIVE_ELEMENTS_MAX;
use base::{
    ElementKey, Event, IncidentKey, IncidentKind, InstanceCreated, InstanceKey, JobKey, Key,
    MessageKey, ShardId, Stage, Text, Variables,
};

use crate::evolve::evolve;
use crate::state::Instance;

/// Hands out blocks of keys of one shard, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySource {
    shard: ShardId,
    next_block: u64,
}

impl KeySource {
    /// Continues where the shard's row says.
    pub fn new(shard: ShardId, next_block: u64) -> Self {
        Self { shard, next_block: next_block.max(1) }
    }

    /// The first key of a run of `blocks` fresh blocks.
    pub fn take(&mut self, blocks: u64) -> Key {
        let key = Key::of_block(self.shard, self.next_block);
        self.next_block += blocks;
        key
    }

    /// For the shard's row.
    pub fn next_block(&self) -> u64 {
        self.next_block
    }
}

/// What an element asks for that is not in the instance: another decision about it must follow,
/// before the batch that holds this one is cut.
#[derive(Clone, PartialEq, Debug)]
pub enum Ask {
    /// Evaluate a decision with the variables that `owner` sees.
    Evaluate {
        /// Who asks.
        owner: ElementKey,
        /// Id of the decision.
        decision_id: Text,
        /// For what is random in it, see [`Decision::draw_seed`].
        seed: u64,
    },
    /// Start an instance of a process with the variables that `owner` hands over.
    Call {
        /// Who asks.
        owner: ElementKey,
        /// Id of the process.
        process_id: Text,
    },
    /// Start an instance that compensates what completed in one that `owner` had called.
    Undo {
        /// Who asks.
        owner: ElementKey,
        /// The completed instance.
        called: InstanceKey,
    },
    /// An error that nothing in this instance catches: look in those that have called it.
    Throw {
        /// Where it was thrown.
        owner: ElementKey,
        /// Its code.
        code: Text,
        /// For people.
        message: Text,
        /// The job that reported it.
        job: Option<JobKey>,
        /// Set where it is caught.
        variables: Variables,
    },
    /// An escalation that nothing in this instance catches: look in those that have called it, then
    /// let the event go on.
    Escalate {
        /// The event that threw it.
        owner: ElementKey,
        /// Its code.
        code: Text,
        /// Which of the event's definitions it does next.
        next: u32,
    },
    /// See whether the instance that `owner` has called has completed unheard.
    LookAgain {
        /// Who asks.
        owner: ElementKey,
    },
    /// Correlate a message that was held for a subscription which is closed now again.
    GiveBack {
        /// Which.
        message: MessageKey,
        /// Its name.
        name: Text,
        /// Its correlation key.
        correlation_key: Text,
    },
    /// Broadcast a signal.
    Broadcast {
        /// Its name.
        signal: Text,
        /// Handed to each receiver.
        variables: Variables,
    },
}

/// Decides about one instance: [`Decision::emit`] is the only way to change it.
#[derive(Debug)]
pub struct Decision<'a> {
    state: &'a mut Instance,
    keys: &'a mut KeySource,
    now_ms: i64,
    events: Vec<Event>,
    asks: Vec<Ask>,
    steps: u32,
    elements_max: usize,
    /// Seeds that were drawn.
    drawn: Cell<u64>,
}

impl Instance {
    /// A new instance, and the event that made it.
    pub fn create(created: InstanceCreated, now_ms: i64) -> (Self, Event) {
        (Self::created(&created, now_ms), Event::InstanceCreated(Box::new(created)))
    }
}

impl<'a> Decision<'a> {
    /// Starts deciding at `now_ms` (milliseconds since 1970, from the input).
    pub fn new(state: &'a mut Instance, keys: &'a mut KeySource, now_ms: i64) -> Self {
        let (events, asks, drawn) = (Vec::new(), Vec::new(), Cell::new(0));
        let elements_max = LIVE_ELEMENTS_MAX;
        Self { state, keys, now_ms, events, asks, steps: 0, elements_max, drawn }
    }

    /// With another bound than [`LIVE_ELEMENTS_MAX`].
    #[must_use]
    pub fn with_elements_max(mut self, elements_max: usize) -> Self {
        self.elements_max = elements_max;
        self
    }

    /// The most that may live and be kept, if that many do: nothing more may begin.
    pub fn full(&self) -> Option<usize> {
        let count = self.state.elements().len() + self.state.kept_steps().len();
        (count >= self.elements_max).then_some(self.elements_max)
    }

    /// Goes on deciding about an input for which so many steps were taken already.
    #[must_use]
    pub fn after(mut self, steps: u32) -> Self {
        self.steps = steps;
        self
    }

    /// Counts a step; how many were taken for the input so far.
    pub fn step(&mut self) -> u32 {
        self.steps = self.steps.saturating_add(1);
        self.steps
    }

    /// How many steps were taken for the input so far.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// The state after everything that was emitted.
    pub fn state(&self) -> &Instance {
        self.state
    }

    /// The input's time, milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// A seed for what is random in an expression of `scope`: the same whenever this input meets
    /// this state, another for each expression, element and moment.
    pub fn draw_seed(&self, scope: ElementKey) -> u64 {
        self.drawn.set(self.drawn.get() + 1);
        let facts = [
            self.state.next_key.raw(),
            scope.0.raw(),
            self.now_ms.cast_unsigned(),
            self.events.len() as u64,
            self.drawn.get(),
        ];
        // Any mixing serves that lets no two of these cancel each other (here FNV-1a by words).
        facts.into_iter().fold(0xCBF2_9CE4_8422_2325, |hash: u64, fact| {
            (hash ^ fact).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23)
        })
    }

    /// Records a fact: folds it into the state now, so that what is decided next sees it, and keeps
    /// it for the log. Recovery calls the same `evolve`. Panics on a fact that contradicts the state.
    pub fn emit(&mut self, event: Event) {
        self.state.assert_possible(&event);
        evolve(self.state, &event, self.now_ms);
        self.events.push(event);
    }

    /// A fresh key of the instance; reserves further ones when its run is used up. Each run is
    /// longer than the one before, so that large instances own few runs.
    pub fn next_key(&mut self) -> Key {
        if self.state.next_key >= self.state.keys_end {
            let used = self.state.keys_end.raw() - self.state.next_key.block_start().raw();
            let blocks = (used / Key::LOCALS_PER_BLOCK + 1).next_power_of_two().clamp(4, 256);
            let first = self.keys.take(blocks);
            self.emit(Event::KeysReserved { first, count: blocks * Key::LOCALS_PER_BLOCK });
        }
        let key = self.state.next_key;
        self.state.next_key = key.offset(1);
        key
    }

    /// Raises an incident: the instance stops at `owner` until somebody acts.
    pub fn raise(
        &mut self,
        owner: ElementKey,
        kind: IncidentKind,
        stage: Stage,
        job: Option<JobKey>,
        message: impl Into<Text>,
    ) {
        let incident = IncidentKey(self.next_key());
        self.emit(Event::IncidentRaised {
            incident,
            owner,
            job,
            kind,
            stage,
            message: message.into(),
        });
    }

    /// Asks for what is not in the instance.
    pub fn ask(&mut self, ask: Ask) {
        self.asks.push(ask);
    }

    /// The facts and what is asked for, in order.
    pub fn finish(self) -> (Vec<Event>, Vec<Ask>) {
        (self.events, self.asks)
    }

    /// How many facts there are so far.
    pub fn events_len(&self) -> usize {
        self.events.len()
    }
}
