//! What happens in a run: the world it happens in, and the steps, as data that can be printed,
//! read back and made shorter.
//!
//! Steps name things by their position among those that there are ("the third job that a worker
//! holds"), so that a script still means something when other steps are taken out of it. Each has
//! a salt of its own from which everything that chance decides during it is drawn.

use std::fmt;

use crate::rng::Rng;

/// The kinds of steps: name, weight, and what each of its numbers is below.
macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident $text:literal $weight:literal ($($field:ident $end:literal),*);)*) => {
        /// One step. Numbers are taken modulo what there is.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Step { $($(#[$doc])* $name { $($field: u64),* }),* }

        impl Step {
            /// All names, for coverage.
            pub(crate) const NAMES: &[&str] = &[$($text),*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name { .. } => $text),* }
            }

            fn random(rng: &mut Rng) -> Self {
                let all = 0 $(+ $weight)*;
                let mut at = rng.below(all);
                $(
                    if at < $weight {
                        return Self::$name { $($field: rng.below($end)),* };
                    }
                    at -= $weight;
                )*
                let _ = at;
                unreachable!("the weights add up")
            }

            fn numbers(self) -> Vec<u64> {
                match self { $(Self::$name { $($field),* } => vec![$($field),*]),* }
            }

            fn parse(name: &str, numbers: &[u64]) -> Option<Self> {
                match name {
                    $($text => {
                        let mut numbers = numbers.iter().copied();
                        $(let $field = numbers.next()?;)*
                        numbers.next().is_none().then_some(Self::$name { $($field),* })
                    })*
                    _ => None,
                }
            }
        }
    };
}

steps! {
    /// Deploys a text of a process.
    Deploy "deploy" 3 (process 4, variant 3);
    /// Starts an instance.
    Create "create" 12 (process 4, key 4, n 4, b 4);
    /// Starts one under a business id, which may have to be free; two clients may try at once.
    CreateNamed "create-named" 4 (process 4, name 3, unique 3, rival 2);
    /// Starts one and waits for its end.
    CreateAwait "create-await" 2 (process 4, key 4);
    /// Publishes a message that somebody may wait for.
    Publish "publish" 9 (name 3, key 4, ttl 5, id 3);
    /// Publishes a message that may start an instance.
    PublishStart "publish-start" 6 (name 4, key 5, ttl 5);
    /// Publishes one that must be taken at once.
    PublishAwait "publish-await" 2 (name 7, key 5);
    /// Starts what begins when variables are so, by conditions of one version or of all.
    EvaluateConditions "evaluate-conditions" 2 (of 8, with 8);
    /// Broadcasts the signal that some wait for, or that which starts some.
    Broadcast "broadcast" 3 (starts 3);
    /// A message for somebody who is cancelled before it gets there, while others wait for it too.
    Snatch "snatch" 3 (of 8, turns 4);
    /// A client that got no answer to a publication (or did) sends it again.
    Republish "republish" 3 (of 8);
    /// A worker asks for jobs.
    Activate "activate" 14 (job_type 3, most 4, lease 4);
    /// A worker opens a stream.
    OpenStream "open-stream" 2 (job_type 3, credit 3, lease 4);
    /// It can take more.
    Credit "credit" 2 (stream 4, shard 4, jobs 3);
    /// It is gone.
    CloseStream "close-stream" 1 (stream 4);
    /// A worker answers: with which variables.
    Complete "complete" 22 (held 8, with 8);
    /// It answers once more, or after its answer was lost.
    CompleteAgain "complete-again" 3 (of 8);
    /// Somebody answers for a job that they were never given.
    CompleteForeign "complete-foreign" 2 (job 16, missing 4);
    /// An attempt fails.
    Fail "fail" 4 (held 8, retries 3, backoff 4);
    /// A worker reports an error of the business.
    Throw "throw" 3 (held 8, code 3);
    /// A lease is extended or given back, or attempts are set.
    Update "update" 4 (held 8, what 4);
    /// A person is done.
    CompleteTask "complete-task" 6 (task 8, with 8);
    /// Somebody changes a task.
    UpdateTask "update-task" 3 (task 8, what 5);
    /// Somebody resolves an incident, mending the variables or not.
    Resolve "resolve" 4 (incident 8, mend 3);
    /// Somebody activates elements of an ad-hoc sub-process.
    ActivateElements "activate-elements" 4 (owner 8, element 4, with 8, replace 4);
    /// Somebody begins an element, ends what lives, or moves it.
    Modify "modify" 5 (instance 16, element 32, what 4);
    /// An instance goes on by another version: the same elements under other names and numbers.
    Migrate "migrate" 4 (instance 16, renamed 2);
    /// Nothing goes on in an instance; a worker that has a job of it goes on nevertheless.
    Suspend "suspend" 6 (instance 16, held 2);
    /// It goes on; or is stopped again before what was held has had its turn.
    Resume "resume" 7 (instance 16, anew 4);
    /// Nothing of an ended instance is to be left.
    DeleteInstance "delete-instance" 4 (instance 16);
    /// Nothing more is to be started of a version.
    DeleteDefinition "delete-definition" 1 (definition 8);
    /// Somebody sets variables.
    SetVariables "set-variables" 3 (instance 16, with 8, local 2);
    /// Somebody ends an instance.
    Cancel "cancel" 2 (instance 16);
    /// Time passes; the host may sleep through it.
    Advance "advance" 14 (time 8, sleeps 3);
    /// The host's clock is set back.
    ClockBack "clock-back" 1 (time 8);
    /// Threads run a while.
    Run "run" 6 (actions 12);
    /// Threads run until nothing is left to be done.
    Settle "settle" 3 ();
    /// What is to go wrong with one of the next commits.
    Arm "arm" 7 (strike 8, after 3);
    /// The server is gone at once, and starts again.
    Crash "crash" 3 ();
    /// Threads run until nothing is left, then everything is checked.
    Check "check" 3 ();
}

/// A step and its salt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    pub(crate) salt: u64,
    pub(crate) step: Step,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.salt, self.step.name())?;
        self.step.numbers().iter().try_for_each(|number| write!(f, " {number}"))
    }
}

/// The world of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Setting {
    /// Of models, threads and everything else that chance decides.
    pub(crate) seed: u64,
    pub(crate) shards: u16,
    /// The real store in a directory, else that in memory.
    pub(crate) sqlite: bool,
    /// Nothing stays in memory that is not in use.
    pub(crate) evict: bool,
    /// Of ten commits that a shard might do itself, how many it does.
    pub(crate) here: u64,
    /// Of ten turns, how many the writer may get: a slow disk gets few.
    pub(crate) disk: u64,
    /// Fragments of a model at most.
    pub(crate) fragments: u64,
}

/// A setting and its steps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Script {
    pub(crate) setting: Setting,
    pub(crate) lines: Vec<Line>,
}

impl Script {
    /// Everything follows from the seed.
    pub(crate) fn of_seed(seed: u64) -> Self {
        let mut rng = Rng::of(seed, 1);
        let setting = Setting {
            seed,
            shards: *rng.pick(&[1, 1, 2, 3, 4]),
            sqlite: rng.chance(1, 8),
            evict: rng.chance(1, 3),
            here: *rng.pick(&[0, 5, 10]),
            disk: *rng.pick(&[1, 4, 8]),
            fragments: 2 + rng.below(7),
        };
        let steps = 40 + rng.below(100);
        let mut lines: Vec<Line> = (0..2)
            .map(|process| Line { salt: process, step: Step::Deploy { process, variant: 0 } })
            .collect();
        lines.extend((2..steps).map(|salt| Line { salt, step: Step::random(&mut rng) }));
        // Some checks look away once a clock was set back, so most worlds have honest ones.
        if !rng.chance(1, 4) {
            lines.retain(|line| !matches!(line.step, Step::ClockBack { .. }));
        }
        Self { setting, lines }
    }

    /// Reads what was printed.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut lines =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let head = lines.next().ok_or("expected a script, but it is empty")?;
        let setting = parse_setting(head)?;
        let line = |line: &str| {
            let wrong = || format!("expected a line like `7 complete 0 3`, but found `{line}`");
            let mut words = line.split_whitespace();
            let salt = words.next().and_then(|word| word.parse().ok()).ok_or_else(wrong)?;
            let name = words.next().ok_or_else(wrong)?;
            let numbers: Result<Vec<u64>, _> = words.map(str::parse).collect();
            let step = Step::parse(name, &numbers.map_err(|_| wrong())?).ok_or_else(wrong)?;
            Ok::<_, String>(Line { salt, step })
        };
        Ok(Self { setting, lines: lines.map(line).collect::<Result<_, _>>()? })
    }
}

fn parse_setting(head: &str) -> Result<Setting, String> {
    let number = |name: &str| {
        head.split_whitespace()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok())
            .ok_or_else(|| format!("expected `{name}=NUMBER` in the first line, `{head}`"))
    };
    Ok(Setting {
        seed: number("seed")?,
        shards: u16::try_from(number("shards")?.clamp(1, 64)).unwrap_or(1),
        sqlite: number("sqlite")? != 0,
        evict: number("evict")? != 0,
        here: number("here")?,
        disk: number("disk")?,
        fragments: number("fragments")?,
    })
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, shards, sqlite, evict, here, disk, fragments } = self;
        write!(
            f,
            "seed={seed} shards={shards} sqlite={} evict={} here={here} disk={disk} \
             fragments={fragments}",
            u8::from(*sqlite),
            u8::from(*evict)
        )
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.setting)?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read_back_as_it_was_printed() {
        for seed in 0..50 {
            let script = Script::of_seed(seed);
            assert_eq!(Script::parse(&script.to_string()).unwrap(), script);
        }
        assert!(Script::parse("seed=1").unwrap_err().contains("shards=NUMBER"));
    }
}
