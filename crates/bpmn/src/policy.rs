//! Policies of steps: how often and when they are tried again, how long they may take.
//!
//! In:  a policy as the model says it, an attempt, a seed.
//! Out: the delay before that attempt.
//! Absent: clocks, randomness, fractions: what platforms could differ in.

use base::Text;

use crate::graph::Value;

/// Most attempts after the first.
pub const RETRIES_MAX: u32 = 1_000;
/// Longest delay before an attempt, in milliseconds (365 days).
pub const RETRY_DELAY_MS_MAX: u64 = 365 * 24 * 3_600 * 1_000;
/// Largest factor from one delay to the next, in thousandths.
pub const FACTOR_MILLI_MAX: u32 = 100_000;
/// All of a delay may be jitter: a million millionths.
pub const JITTER_MILLIONTHS_MAX: u32 = 1_000_000;

/// `fermata:policy` of an activity.
#[derive(Debug, Default)]
pub struct Policy {
    /// How a failed attempt is followed by another.
    pub retry: Option<RetryPolicy>,
    /// How long the step as a whole may take, as a timer's duration.
    pub timeout: Option<Value>,
    /// How long a worker may have one attempt, in milliseconds.
    pub attempt_timeout_ms: Option<i64>,
    /// When it should be done: a date, or a duration from its beginning.
    pub due_date: Option<Value>,
    /// When somebody is to be reminded of it: a date, or a duration from its beginning.
    pub reminder: Option<Value>,
    /// How long it usually takes, as the model says it, and in milliseconds.
    pub expected_duration: Option<(Text, i64)>,
    /// Names the work to workers, instead of the job's key.
    pub idempotency_key: Option<Value>,
    /// The token goes on at once; what becomes of the work ends nothing else.
    pub side_effect: bool,
}

/// How a failed attempt is followed by another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RetryPolicy {
    /// Attempts after the first, at most `RETRIES_MAX`.
    pub retries: u32,
    /// Delay before the second attempt, in milliseconds.
    pub initial_delay_ms: u64,
    /// What each delay is multiplied by for the next, in thousandths; 1,000 or more.
    pub factor_milli: u32,
    /// No delay is longer, in milliseconds; at most [`RETRY_DELAY_MS_MAX`].
    pub maximum_delay_ms: u64,
    /// The part of a delay that is left to chance, in millionths.
    pub jitter_millionths: u32,
    /// Failures with these codes are not tried again.
    pub do_not_retry: Vec<Text>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries: 2,
            initial_delay_ms: 0,
            factor_milli: 1_000,
            maximum_delay_ms: RETRY_DELAY_MS_MAX,
            jitter_millionths: 0,
            do_not_retry: Vec::new(),
        }
    }
}

impl RetryPolicy {
    /// Attempts, with the first.
    pub fn attempts(&self) -> u32 {
        self.retries.min(RETRIES_MAX) + 1
    }

    /// Whether a failure with this message is final: it is one of the codes, or begins with one and
    /// a colon.
    pub fn is_final(&self, message: &str) -> bool {
        self.do_not_retry.iter().any(|code| {
            message
                .strip_prefix(&**code)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        })
    }
}

/// Delay in milliseconds before attempt `attempt` (the first retry is attempt 2), or `None` when the
/// policy allows no such attempt. Never above [`RetryPolicy::maximum_delay_ms`] and
/// [`RETRY_DELAY_MS_MAX`]; without jitter never below the delay before. Jitter takes a part of the
/// delay away, by `seed`. Integer arithmetic, so that every platform agrees.
pub fn retry_delay_ms(policy: &RetryPolicy, attempt: u32, seed: u64) -> Option<u64> {
    if attempt < 2 || attempt > policy.attempts() {
        return None;
    }
    let maximum = u128::from(policy.maximum_delay_ms.min(RETRY_DELAY_MS_MAX)) * 1_000_000;
    let factor = u128::from(policy.factor_milli.clamp(1_000, FACTOR_MILLI_MAX));
    // In millionths of a millisecond, so that small delays grow, too. What is below the maximum has
    // room for one more multiplication.
    let mut delay = (u128::from(policy.initial_delay_ms) * 1_000_000).min(maximum);
    for _ in 2..attempt {
        if delay == 0 || delay >= maximum || factor == 1_000 {
            break;
        }
        delay = (delay * factor / 1_000).min(maximum);
    }
    let delay = delay / 1_000_000;
    let jitter = u128::from(policy.jitter_millionths.min(JITTER_MILLIONTHS_MAX));
    let part = u128::from(mixed(seed) >> 32);
    let taken = (delay * jitter * part / 1_000_000) >> 32;
    u64::try_from(delay - taken).ok()
}

/// A seed whose bits all count, in all of its bits (the finalizer of splitmix64).
fn mixed(seed: u64) -> u64 {
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    seed ^ (seed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Policies and seeds of every size, the same in every run.
    fn policies() -> impl Iterator<Item = (RetryPolicy, u64)> {
        let mut state = 7_u64;
        let mut draw = move |below: u64| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            // Small numbers as often as large ones.
            let bits = mixed(state) % 64;
            (mixed(state ^ 0xABCD) >> bits) % below
        };
        (0..5_000).map(move |_| {
            let policy = RetryPolicy {
                retries: u32::try_from(draw(1_200)).unwrap(),
                initial_delay_ms: draw(u64::MAX),
                factor_milli: u32::try_from(draw(u64::from(u32::MAX))).unwrap(),
                maximum_delay_ms: draw(u64::MAX),
                jitter_millionths: u32::try_from(draw(2_000_000)).unwrap(),
                do_not_retry: Vec::new(),
            };
            (policy, draw(u64::MAX))
        })
    }

    #[test]
    fn no_delay_is_above_the_maximum_and_attempts_have_an_end() {
        for (policy, seed) in policies() {
            assert_eq!(retry_delay_ms(&policy, 0, seed), None);
            assert_eq!(retry_delay_ms(&policy, 1, seed), None, "the first is no retry");
            for attempt in 2..=policy.attempts() {
                let delay =
                    retry_delay_ms(&policy, attempt, seed).expect("an attempt that is left");
                assert!(delay <= policy.maximum_delay_ms.min(RETRY_DELAY_MS_MAX), "{policy:?}");
            }
            assert_eq!(retry_delay_ms(&policy, policy.attempts() + 1, seed), None);
            assert_eq!(retry_delay_ms(&policy, u32::MAX, seed), None);
        }
    }

    #[test]
    fn delays_without_jitter_never_shrink_and_jitter_only_takes_its_part_away() {
        for (policy, seed) in policies() {
            let plain = RetryPolicy { jitter_millionths: 0, ..policy.clone() };
            let mut before = 0;
            for attempt in 2..=policy.attempts().min(60) {
                let delay = retry_delay_ms(&plain, attempt, seed).unwrap();
                assert!(delay >= before, "{plain:?}, attempt {attempt}");
                assert_eq!(retry_delay_ms(&plain, attempt, !seed), Some(delay), "no chance in it");
                before = delay;
                let with = retry_delay_ms(&policy, attempt, seed).unwrap();
                let jitter = u128::from(policy.jitter_millionths.min(JITTER_MILLIONTHS_MAX));
                let least = u128::from(delay) - u128::from(delay) * jitter / 1_000_000;
                assert!(u128::from(with) >= least && with <= delay, "{policy:?}");
            }
        }
    }

    #[test]
    fn delays_are_what_the_model_says() {
        let policy = RetryPolicy {
            retries: 4,
            initial_delay_ms: 1_000,
            factor_milli: 2_500,
            maximum_delay_ms: 10_000,
            ..RetryPolicy::default()
        };
        let delays: Vec<_> = (2..=6).map(|attempt| retry_delay_ms(&policy, attempt, 1)).collect();
        assert_eq!(delays, [Some(1_000), Some(2_500), Some(6_250), Some(10_000), None]);
        let slow = RetryPolicy { retries: 9, initial_delay_ms: 1, factor_milli: 1_500, ..policy };
        assert_eq!(retry_delay_ms(&slow, 9, 1), Some(17), "1.5 to the 7th, not 1 for ever");
        let half = RetryPolicy { jitter_millionths: 500_000, ..slow };
        let spread: std::collections::BTreeSet<_> =
            (0..200).map(|seed| retry_delay_ms(&half, 10, seed).unwrap()).collect();
        assert!(spread.len() > 10 && spread.iter().all(|ms| (13..=25).contains(ms)), "{spread:?}");
    }

    #[test]
    fn a_code_ends_the_attempts_alone_or_before_a_colon() {
        let codes = vec!["CARD_STOLEN".into(), "GONE".into()];
        let policy = RetryPolicy { do_not_retry: codes, ..RetryPolicy::default() };
        for message in ["GONE", "GONE: since May", "CARD_STOLEN:"] {
            assert!(policy.is_final(message), "{message}");
        }
        for message in ["", "gone", "GONER", "it is GONE", "GONE since May"] {
            assert!(!policy.is_final(message), "{message}");
        }
    }
}
