//! Plays seeds and scripts, and says what was found.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::coverage::Coverage;
use crate::play::{Failure, play};
use crate::script::Script;
use crate::shrink::shrink;

thread_local! {
    /// What a thread's last panic said, and where.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps panics for the report instead of printing them: the engine catches some of them itself.
pub fn keep_panics() {
    std::panic::set_hook(Box::new(|info| {
        PANIC.with(|panic| *panic.borrow_mut() = info.to_string());
    }));
}

/// How a run ended.
pub(crate) struct Ran {
    pub(crate) failure: Option<Failure>,
    pub(crate) coverage: Coverage,
}

/// Plays a script.
pub(crate) fn run(script: &Script) -> Ran {
    let mut coverage = Coverage::default();
    let played = catch_unwind(AssertUnwindSafe(|| play(script, &mut coverage)));
    let failure = match played {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(failure),
        Err(_) => {
            let what = PANIC.with(|panic| panic.borrow().clone());
            Some(Failure { check: "panic", what, logs: String::new() })
        }
    };
    Ran { failure, coverage }
}

/// What a failure is reported with.
#[derive(Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// The check that found it.
    pub check: &'static str,
    /// What it found.
    pub what: String,
    /// The script, as short as it could be made; it can be played with `--script`.
    pub script: String,
    /// The logs of all instances.
    pub logs: String,
}

/// Plays what follows from a seed. A failure is shortened if that is asked for.
pub fn explore(seed: u64, shorten: bool, coverage: &mut Coverage) -> Option<Report> {
    let script = Script::of_seed(seed);
    let ran = run(&script);
    coverage.merge(&ran.coverage);
    let failure = ran.failure?;
    let (script, failure) = if shorten { shrink(script, failure) } else { (script, failure) };
    Some(report(&script, failure))
}

/// Plays a script as it was printed.
pub fn replay(text: &str) -> Result<Option<Report>, String> {
    let script = Script::parse(text)?;
    Ok(run(&script).failure.map(|failure| report(&script, failure)))
}

fn report(script: &Script, failure: Failure) -> Report {
    Report {
        seed: script.setting.seed,
        check: failure.check,
        what: failure.what,
        logs: failure.logs,
        script: script.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_run_each_time_and_holds() {
        for seed in 0..12 {
            let script = Script::of_seed(seed);
            let (first, second) = (run(&script), run(&script));
            assert_eq!(first.failure, None, "seed {seed}");
            assert_eq!(first.coverage, second.coverage, "seed {seed}");
        }
    }

    #[test]
    fn a_script_of_another_release_is_refused_with_its_line() {
        let script = Script::of_seed(1).to_string() + "7 no-such-step 1";
        assert!(replay(&script).unwrap_err().contains("no-such-step"));
    }
}
