//! `tests/conformance.txt`: what was reached.
//!
//! A line `passed N`, then a line `CASE: REASON` for every case that is known to fail; `#` begins a
//! remark, blank lines do not count.

use super::Outcomes;

/// What is not as the file says: a case that fails and is not listed, one that is listed and passes
/// or is not there, fewer passes than were reached, more than it says.
pub fn complaints(list: &str, outcomes: &Outcomes) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut reached = None;
    let mut known = Vec::new();
    for line in
        list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(number) = line.strip_prefix("passed ") {
            reached = number.trim().parse::<usize>().ok();
        } else {
            match line.split_once(": ") {
                Some((case, reason)) if !reason.trim().is_empty() => known.push(case),
                _ => complaints.push(format!("`{line}`: expected `CASE: REASON`")),
            }
        }
    }
    for (case, outcome) in outcomes {
        match (outcome, known.contains(&case.as_str())) {
            (Ok(()), true) => {
                complaints.push(format!("{case} passes: take it off tests/conformance.txt"));
            }
            (Err(why), false) => complaints.push(format!("{case} fails: {why}")),
            (Ok(()), false) | (Err(_), true) => {}
        }
    }
    let passed = outcomes.values().filter(|outcome| outcome.is_ok()).count();
    match reached {
        None => complaints.push("expected a line `passed N` in tests/conformance.txt".into()),
        Some(reached) if passed < reached => {
            complaints.push(format!("{passed} cases pass, but {reached} were reached before"));
        }
        Some(_) => {}
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(list: &str, outcomes: &[(&str, bool)]) -> Vec<String> {
        let outcome = |passes: bool| if passes { Ok(()) } else { Err("wrong".to_owned()) };
        let outcomes = outcomes.iter().map(|(name, passes)| ((*name).into(), outcome(*passes)));
        complaints(list, &outcomes.collect())
    }

    #[test]
    fn what_the_file_says_passes() {
        let list = "# reached\npassed 1\n\na/b#2: the kit is wrong: see the standard\n";
        assert_eq!(judged(list, &[("a/b#1", true), ("a/b#2", false)]), Vec::<String>::new());
    }

    #[test]
    fn fewer_passes_unlisted_failures_and_stale_lines_fail() {
        assert_eq!(judged("passed 2", &[("a", true)]).len(), 1);
        assert_eq!(judged("passed 0", &[("a", false)]), ["a fails: wrong"]);
        assert_eq!(judged("passed 0\na: why", &[("a", true)]).len(), 1);
        assert_eq!(judged("passed 0\na", &[("b", true)]).len(), 1);
        assert_eq!(judged("", &[]).len(), 1);
    }
}
