//! Plays seeds of the simulation, one a core at a time, until one fails.
//!
//! `--seeds N` plays N of them from `--from` (0), `--hours H` as many as time allows from a place
//! of their own each time. A failure is shortened, but with `--quick`. `--seed S` plays one and `--script FILE` what an earlier run has printed.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fermata_sim::{Coverage, Report, explore, keep_panics, replay};

const USAGE: &str = "usage: sim (--seeds N [--from S] | --hours H) [--threads N] [--quick] | --seed S | --script FILE";

fn main() -> ExitCode {
    keep_panics();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let number = |name: &str| value(name).and_then(|text| text.parse::<u64>().ok());
    let quick = arguments.iter().any(|argument| argument == "--quick");
    if let Some(file) = value("--script") {
        return play_script(&file);
    }
    if let Some(seed) = number("--seed") {
        return match explore(seed, !quick, &mut Coverage::default()) {
            Some(report) => failed(&report),
            None => passed(&format!("seed {seed} holds")),
        };
    }
    let threads = number("--threads").and_then(|threads| usize::try_from(threads).ok());
    let threads =
        threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    let hours = value("--hours").and_then(|text| text.parse::<f64>().ok());
    let plan = match (number("--seeds"), hours) {
        (Some(seeds), _) => {
            Plan { from: number("--from").unwrap_or(0), seeds, time: None, threads }
        }
        (None, Some(hours)) => {
            let from = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let time = Some(Duration::from_secs_f64(hours * 3600.0));
            Plan { from: from.as_secs() << 24, seeds: u64::MAX, time, threads }
        }
        (None, None) => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    plan.play(quick)
}

fn play_script(file: &str) -> ExitCode {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return passed_not(&format!("{file} cannot be read: {error}")),
    };
    match replay(&text) {
        Ok(None) => passed("the script holds"),
        Ok(Some(report)) => failed(&report),
        Err(why) => passed_not(&why),
    }
}

fn passed(what: &str) -> ExitCode {
    println!("sim: {what}");
    ExitCode::SUCCESS
}

fn passed_not(what: &str) -> ExitCode {
    eprintln!("sim: {what}");
    ExitCode::from(2)
}

fn failed(report: &Report) -> ExitCode {
    let file = std::env::temp_dir().join(format!("fermata-sim-{}.txt", report.seed));
    println!("sim: seed {} fails, found by `{}`: {}", report.seed, report.check, report.what);
    println!("--- the script, shortened\n{}---", report.script);
    println!("again: cargo run -p fermata-sim --bin sim -- --seed {}", report.seed);
    let logs = file.with_extension("log");
    if std::fs::write(&logs, &report.logs).is_ok() {
        println!("logs:  {}", logs.display());
    }
    if std::fs::write(&file, &report.script).is_ok() {
        println!("       cargo run -p fermata-sim --bin sim -- --script {}", file.display());
    }
    ExitCode::FAILURE
}

/// What is to be played.
struct Plan {
    from: u64,
    seeds: u64,
    time: Option<Duration>,
    threads: usize,
}

impl Plan {
    fn play(&self, quick: bool) -> ExitCode {
        let begin = Instant::now();
        let next = AtomicU64::new(0);
        let stop = AtomicBool::new(false);
        let coverage = Mutex::new(Coverage::default());
        let found: Mutex<Option<Report>> = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| {
                    let mut mine = Coverage::default();
                    while !stop.load(Ordering::Relaxed) {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let late = self.time.is_some_and(|time| begin.elapsed() > time);
                        if number >= self.seeds || late {
                            break;
                        }
                        if let Some(report) = explore(self.from + number, !quick, &mut mine) {
                            stop.store(true, Ordering::Relaxed);
                            found
                                .lock()
                                .unwrap_or_else(PoisonError::into_inner)
                                .get_or_insert(report);
                        }
                    }
                    coverage.lock().unwrap_or_else(PoisonError::into_inner).merge(&mine);
                });
            }
        });
        let played = next.load(Ordering::Relaxed).min(self.seeds);
        let seconds = begin.elapsed().as_secs_f64();
        let coverage = coverage.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(report) = found.into_inner().unwrap_or_else(PoisonError::into_inner) {
            println!("sim: after {played} seeds");
            return failed(&report);
        }
        print!("{coverage}");
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = played as f64 / seconds;
        println!("sim: {played} seeds from {} hold, {seconds:.0} s, {rate:.1} a second", self.from);
        let never = coverage.never();
        if played >= 500 && !never.is_empty() {
            println!("sim: never exercised: {}", never.join(", "));
            return ExitCode::FAILURE;
        }
        ExitCode::SUCCESS
    }
}
