//! What a run has exercised, counted by name, so that a generator cannot silently rot.

use std::collections::BTreeMap;

/// Counts by group and name: `element SERVICE_TASK`, `step complete`, `check leases`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage(BTreeMap<(&'static str, &'static str), u64>);

impl Coverage {
    pub(crate) fn count(&mut self, group: &'static str, name: &'static str) {
        self.add(group, name, 1);
    }

    pub(crate) fn add(&mut self, group: &'static str, name: &'static str, times: u64) {
        *self.0.entry((group, name)).or_default() += times;
    }

    /// Adds what another run has exercised.
    pub fn merge(&mut self, other: &Self) {
        for ((group, name), times) in &other.0 {
            self.add(group, name, *times);
        }
    }

    /// What there is and was never exercised.
    pub fn never(&self) -> Vec<String> {
        everything()
            .into_iter()
            .filter(|known| self.0.get(known).is_none_or(|times| *times == 0))
            .map(|(group, name)| format!("{group} {name}"))
            .collect()
    }
}

/// Everything that must be exercised.
fn everything() -> Vec<(&'static str, &'static str)> {
    let elements = crate::model::ELEMENTS.iter().map(|name| ("element", *name));
    let steps = crate::script::Step::NAMES.iter().map(|name| ("step", *name));
    let faults = crate::disk::Strike::ALL.iter().map(|strike| ("fault", strike.name()));
    let checks = crate::check::NAMES.iter().map(|name| ("check", *name));
    let happened = crate::check::happened::NAMES.iter().map(|name| ("happened", *name));
    elements.chain(steps).chain(faults).chain(checks).chain(happened).collect()
}

impl std::fmt::Display for Coverage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut group = "";
        for ((of, name), times) in &self.0 {
            if *of != group {
                writeln!(f, "{of}")?;
                group = of;
            }
            writeln!(f, "  {times:>10}  {name}")?;
        }
        Ok(())
    }
}
