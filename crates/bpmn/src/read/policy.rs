//! `fermata:policy` of an activity.
//!
//! In:  the extensions of a node.
//! Out: its policy; findings for what is unknown, impossible, or stands in the wrong place.
//! Absent: what a policy does (see `run::policy`), and its arithmetic (see `policy`).

use base::Text;
use base::limits::LEASE_MS_MAX;
use roxmltree::Node as Xml;

use super::FERMATA;
use super::builder::{Builder, Draft};
use super::wiring::is_activity;
use crate::ad_hoc::AdHoc;
use crate::graph::{JobSpec, Kind, Node, Timer, Value};
use crate::policy::{
    FACTOR_MILLI_MAX, JITTER_MILLIONTHS_MAX, Policy, RETRIES_MAX, RETRY_DELAY_MS_MAX, RetryPolicy,
};
use crate::timer;

/// How often, and after how long.
const RETRY: &[&str] =
    &["retries", "initialDelay", "factor", "maximumDelay", "jitter", "doNotRetry"];
/// What only a job can have.
const OF_JOBS: &[&str] = &["attemptTimeout", "idempotencyKey", "sideEffect"];
const OTHERS: &[&str] = &["timeout", "dueDate", "reminder", "expectedDuration"];
const HELP: &str = "docs/reference/policies.md lists what a policy may have";

impl<'a> Builder<'a> {
    /// The policy of a node; attempts that it says are written into the node's job.
    pub fn policy(&mut self, extensions: &[Xml<'a, 'a>], node: &mut Node) {
        let is_ours = |it: &&Xml<'a, 'a>| it.has_tag_name((FERMATA, "policy"));
        let mut policies = extensions.iter().copied().filter(|it| is_ours(&it));
        let Some(source) = policies.next() else { return };
        if let Some(second) = policies.next() {
            self.error(second, "B125", "the activity has two policies", "keep one");
        }
        if !is_activity(node) {
            let message = "a policy stands on a task, a sub-process or a call activity";
            self.error(source, "B127", message, "remove it, or put it on the activity");
            return;
        }
        self.known_attributes(source, node);
        let policy = Policy {
            retry: self.retry(source, node),
            timeout: self.duration_value(source, "timeout"),
            attempt_timeout_ms: self.attempt_timeout(source),
            due_date: self.moment(source, "dueDate"),
            reminder: self.moment(source, "reminder"),
            expected_duration: self.expected(source),
            idempotency_key: self.filled(source, "idempotencyKey"),
            side_effect: self.truth(source, "sideEffect"),
        };
        if let (Some(retry), Some(job)) = (&policy.retry, job_of(&mut node.kind)) {
            job.retries = Value::Fixed(retry.attempts().to_string().into());
        }
        if policy.side_effect && (node.marker.is_some() || !node.outputs.is_empty()) {
            self.error(
                source,
                "B128",
                "nobody waits for a side effect: it has no output mappings and does not repeat",
                "remove them, or remove sideEffect",
            );
        }
        node.policy = Some(Box::new(policy));
    }

    fn known_attributes(&mut self, source: Xml<'a, 'a>, node: &Node) {
        for attribute in source.attributes() {
            let name = attribute.name();
            let of_jobs = RETRY.contains(&name) || OF_JOBS.contains(&name);
            if !of_jobs && !OTHERS.contains(&name) {
                let message = format!("a policy has no attribute \"{name}\"");
                self.error(source, "B125", message, HELP);
            } else if of_jobs && !has_job(&node.kind, name) {
                let message = format!("\"{name}\" is of a job, and no worker does this activity");
                self.error(source, "B127", message, "remove it, or put it on a task with a job");
            }
        }
        if source.attributes().len() == 0 {
            self.error(source, "B125", "the policy says nothing", HELP);
        }
    }

    fn retry(&mut self, source: Xml<'a, 'a>, node: &Node) -> Option<RetryPolicy> {
        if !RETRY.iter().any(|name| source.has_attribute(*name)) {
            return None;
        }
        let known = match &node.kind {
            Kind::Job(job) | Kind::AdHoc(AdHoc { job: Some(job), .. }) => match &job.retries {
                Value::Fixed(attempts) => {
                    attempts.parse().ok().filter(|attempts: &u32| *attempts > 0)
                }
                Value::Feel(_) => None,
            },
            _ => Some(1),
        };
        let unless = known.map(|attempts| u64::from(attempts - 1));
        if unless.is_none() && !source.has_attribute("retries") {
            let message = "the policy does not say how many retries there are, nor does the task";
            self.error(source, "B126", message, "add retries=\"...\"");
        }
        let retries = self.whole(source, "retries", u64::from(RETRIES_MAX));
        let factor = self.decimal(source, "factor", 3, (1_000, u64::from(FACTOR_MILLI_MAX)));
        let jitter = self.decimal(source, "jitter", 6, (0, u64::from(JITTER_MILLIONTHS_MAX)));
        let longest = i64::try_from(RETRY_DELAY_MS_MAX).unwrap_or(i64::MAX);
        let initial = self.fixed_duration(source, "initialDelay", (0, longest));
        let maximum = self.fixed_duration(source, "maximumDelay", (0, longest));
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let codes = source.attribute("doNotRetry").unwrap_or_default().split(',');
        let codes: Vec<Text> =
            codes.map(str::trim).filter(|it| !it.is_empty()).map(Text::from).collect();
        if source.has_attribute("doNotRetry") && codes.is_empty() {
            let message = "expected codes in doNotRetry, but found none";
            self.error(source, "B126", message, "name codes, separated by commas, or remove it");
        }
        let unless_said = RetryPolicy::default();
        let policy = RetryPolicy {
            retries: narrow(retries.or(unless).unwrap_or_default()),
            initial_delay_ms: initial.map_or(0, i64::unsigned_abs),
            factor_milli: factor.map_or(unless_said.factor_milli, narrow),
            maximum_delay_ms: maximum.map_or(RETRY_DELAY_MS_MAX, i64::unsigned_abs),
            jitter_millionths: jitter.map_or(0, narrow),
            do_not_retry: codes,
        };
        if policy.maximum_delay_ms < policy.initial_delay_ms {
            let message = "the maximumDelay is shorter than the initialDelay";
            self.error(source, "B126", message, "make it longer");
        }
        Some(policy)
    }

    fn attempt_timeout(&mut self, source: Xml<'a, 'a>) -> Option<i64> {
        self.fixed_duration(source, "attemptTimeout", (1, LEASE_MS_MAX))
    }

    fn expected(&mut self, source: Xml<'a, 'a>) -> Option<(Text, i64)> {
        let ms = self.fixed_duration(source, "expectedDuration", (0, LEASE_MS_MAX))?;
        Some((source.attribute("expectedDuration")?.trim().into(), ms))
    }

    /// An attribute that is not empty, if it is there.
    fn filled(&mut self, source: Xml<'a, 'a>, name: &str) -> Option<Value> {
        let before = self.errors();
        let value = self.value_attribute(source, name);
        if value.is_none() && source.has_attribute(name) && before == self.errors() {
            self.error(source, "B126", format!("{name} is empty"), "say it, or remove it");
        }
        value
    }

    /// A duration, fixed or FEEL.
    fn duration_value(&mut self, source: Xml<'a, 'a>, name: &str) -> Option<Value> {
        let timer = Timer::Duration(self.filled(source, name)?);
        if let Err(message) = timer::check(&timer) {
            self.impossible(source, name, &message);
        }
        match timer {
            Timer::Duration(value) | Timer::Date(value) | Timer::Cycle(value) => Some(value),
        }
    }

    /// A date or a duration, fixed or FEEL.
    fn moment(&mut self, source: Xml<'a, 'a>, name: &str) -> Option<Value> {
        let value = self.filled(source, name)?;
        if let Value::Fixed(text) = &value
            && let Err(message) = timer::moment(text, 0)
        {
            self.impossible(source, name, &message);
        }
        Some(value)
    }

    /// A duration that no variable changes, in milliseconds.
    fn fixed_duration(
        &mut self,
        source: Xml<'a, 'a>,
        name: &str,
        bounds: (i64, i64),
    ) -> Option<i64> {
        let text = source.attribute(name)?;
        match timer::after(text, 0) {
            Ok(ms) if (bounds.0..=bounds.1).contains(&ms) => Some(ms),
            Ok(ms) => {
                let (least, most) = bounds;
                let message = format!("expected {least} to {most} ms, but `{text}` is {ms}");
                self.impossible(source, name, &message);
                None
            }
            Err(message) => {
                self.impossible(source, name, &message);
                None
            }
        }
    }

    fn whole(&mut self, source: Xml<'a, 'a>, name: &str, most: u64) -> Option<u64> {
        self.decimal(source, name, 0, (0, most))
    }

    /// A number with at most so many digits behind the point, times ten to the power of that.
    fn decimal(
        &mut self,
        source: Xml<'a, 'a>,
        name: &str,
        digits: u32,
        bounds: (u64, u64),
    ) -> Option<u64> {
        let text = source.attribute(name)?.trim();
        let found = scaled(text, digits).filter(|number| (bounds.0..=bounds.1).contains(number));
        if found.is_none() {
            let one = 10_u64.pow(digits);
            let (least, most) = (bounds.0 / one, bounds.1 / one);
            let kind = if digits == 0 {
                "a whole number".into()
            } else {
                format!("a number with at most {digits} digits behind the point")
            };
            let message = format!("expected {kind} from {least} to {most}, but found `{text}`");
            self.impossible(source, name, &message);
        }
        found
    }

    fn truth(&mut self, source: Xml<'a, 'a>, name: &str) -> bool {
        match source.attribute(name) {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                let message = format!("expected `true` or `false`, but found `{other}`");
                self.impossible(source, name, &message);
                false
            }
        }
    }

    fn impossible(&mut self, source: Xml<'a, 'a>, name: &str, message: &str) {
        let at =
            source.attribute_node(name).map_or(source.range().start, |it| it.range_value().start);
        let message = format!("{name}: {message}");
        self.finding_at(source, at, base::Severity::Error, "B126", message, HELP);
    }

    /// Policies where nothing reads extensions: on a flow, for example.
    pub fn stray_policies(&mut self) {
        let executable = |it: &Xml<'a, 'a>| {
            it.ancestors().any(|around| around.attribute("isExecutable") == Some("true"))
        };
        let policy = |it: &Xml<'a, 'a>| it.has_tag_name((FERMATA, "policy")) && executable(it);
        let all = self.document.descendants().filter(policy);
        let strays: Vec<Xml<'a, 'a>> =
            all.filter(|it| !self.policies.contains(&it.range().start)).collect();
        for stray in strays {
            self.stray_policy(stray);
        }
    }

    pub fn stray_policy(&mut self, stray: Xml<'a, 'a>) {
        let message = "a policy stands in the extensionElements of an activity";
        self.error(stray, "B127", message, "move it there, or remove it");
    }

    /// What can be seen only when everything is connected.
    pub fn check_policies(&mut self, draft: &Draft<'a>) {
        for (number, node) in draft.nodes.iter().enumerate() {
            let Some(policy) = &node.policy else { continue };
            let guarded = !node.boundaries.is_empty()
                || node.compensation.is_handler
                || node.listens(base::ListenerEvent::End);
            if policy.side_effect && guarded {
                self.error(
                    draft.sources[number],
                    "B128",
                    "a side effect has no boundary events and end listeners, and undoes nothing: its token \
                     is gone",
                    "remove them, or remove sideEffect",
                );
            }
        }
    }
}

/// The job that is tried again.
fn job_of(kind: &mut Kind) -> Option<&mut JobSpec> {
    match kind {
        Kind::Job(job) => Some(job),
        Kind::AdHoc(ad_hoc) => ad_hoc.job.as_mut(),
        _ => None,
    }
}

/// Whether a worker does what has this attribute. An ad-hoc sub-process has one job after the other:
/// they have no key in common, and none of them is beside it.
fn has_job(kind: &Kind, attribute: &str) -> bool {
    match kind {
        Kind::Job(_) => true,
        Kind::AdHoc(ad_hoc) => {
            ad_hoc.job.is_some() && !matches!(attribute, "idempotencyKey" | "sideEffect")
        }
        _ => false,
    }
}

/// A decimal number times ten to the power of `digits`, exactly.
fn scaled(text: &str, digits: u32) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = part.len() <= digits as usize && !whole.is_empty() && !text.ends_with('.');
    if !fits || !plain(whole) || !plain(part) {
        return None;
    }
    let missing = digits - u32::try_from(part.len()).ok()?;
    let part: u64 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let whole: u64 = whole.parse().ok()?;
    whole.checked_mul(10_u64.pow(digits))?.checked_add(part.checked_mul(10_u64.pow(missing))?)
}
