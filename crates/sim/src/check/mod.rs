//! What must hold: between the log, the rows, the clients' record, and time.
//!
//! In:  a run at rest.
//! Out: the first thing that is wrong, with the name of the check that found it.
//! Absent: the engine's own fold where the log is judged: `past` reads the events for itself, so
//! that an event that folds wrongly cannot hide.

mod ad_hoc;
mod bindings;
mod calls;
mod changes;
mod drain;
pub(crate) mod facts;
mod flows;
pub(crate) mod happened;
mod past;
mod past_canceled;
mod past_compare;
mod past_scopes;
mod places;
mod rows;
mod slots;
mod undone;
mod wishes;

use crate::play::{Failure, Play};
use facts::Facts;

/// All checks, for coverage: each counts what it has looked at.
pub(crate) const NAMES: &[&str] = &[
    "log",
    "fold",
    "snapshot",
    "flows",
    "calls",
    "rows",
    "indexes",
    "keys",
    "timers",
    "leases",
    "messages",
    "waiting",
    "slots",
    "business ids",
    "start timers",
    "requests",
    "streams",
    "mail",
    "awaits",
    "progress",
    "eviction",
    "held",
    "migrated",
    "deleted",
    "ad-hoc",
    "compensation",
    "bindings",
];

/// A check looks and counts, or says what is wrong.
type Checked = Result<(), Failure>;

impl Play {
    /// Lets everything come to rest and checks it.
    pub(crate) fn check(&mut self) -> Checked {
        // What is to go wrong may do so now, but not while it is looked at.
        self.settle()?;
        let facts = Facts::gather(self)?;
        for past in &facts.instances {
            self.count_happened(past);
        }
        self.check_pasts(&facts)?;
        self.check_calls(&facts)?;
        self.check_bindings(&facts)?;
        self.check_rows(&facts)?;
        self.check_indexes(&facts)?;
        self.check_slots(&facts)?;
        self.check_start_timers(&facts)?;
        self.check_business_ids(&facts)?;
        self.check_wishes(&facts)?;
        self.check_deleted(&facts)?;
        self.check_streams()?;
        if self.setting.evict && !facts.instances.is_empty() {
            let live = facts.instances.iter().filter(|past| past.live()).count();
            if live > self.machine.instances_in_memory() {
                self.coverage.count("check", "eviction");
            }
        }
        Ok(())
    }
}
