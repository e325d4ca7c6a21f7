//! Instants as distances: what a person asks is how long ago.

use jiff::Timestamp;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// An ISO 8601 instant as a distance from `now`; the text itself where it is none.
pub(super) fn distance(text: &str, now: Timestamp) -> String {
    let Ok(instant) = text.parse::<Timestamp>() else { return super::clean(text) };
    let ms = now.as_millisecond() - instant.as_millisecond();
    // Clocks of two machines differ a little.
    if ms.abs() < SECOND {
        return "just now".into();
    }
    let amount = rough(ms.abs());
    if ms > 0 { format!("{amount} ago") } else { format!("in {amount}") }
}

/// How long from one instant to another; `None` where one is missing.
pub(super) fn took(from: Option<&str>, to: Option<&str>) -> Option<String> {
    let from: Timestamp = from?.parse().ok()?;
    let to: Timestamp = to?.parse().ok()?;
    let ms = to.as_millisecond() - from.as_millisecond();
    Some(match ms {
        ms if ms < SECOND => format!("{ms} ms"),
        ms if ms < 10 * SECOND => format!("{}.{} s", ms / SECOND, ms % SECOND / 100),
        ms => rough(ms),
    })
}

/// In the largest unit of which there are at least two, to the nearest.
fn rough(ms: i64) -> String {
    let nearest = |unit: i64| (ms + unit / 2) / unit;
    match ms {
        ms if ms < 2 * MINUTE => format!("{} s", ms / SECOND),
        ms if ms < 2 * HOUR => format!("{} min", nearest(MINUTE)),
        ms if ms < 2 * DAY => format!("{} h", nearest(HOUR)),
        _ => format!("{} days", nearest(DAY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_shown_as_distances() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for (text, shown) in [
            ("2026-03-01T12:00:00.900Z", "just now"),
            ("2026-03-01T11:59:15+00:00", "45 s ago"),
            ("2026-03-01T11:57:00.000Z", "3 min ago"),
            ("2026-02-28T11:00:00Z", "25 h ago"),
            ("2026-01-01T18:00:00Z", "59 days ago"),
            ("2026-03-01T15:59:58Z", "in 4 h"),
            ("tomorrow\u{1b}", "tomorrow "),
        ] {
            assert_eq!(distance(text, now), shown, "{text}");
        }
    }

    #[test]
    fn spans_are_exact_where_they_are_short() {
        let from = Some("2026-03-01T12:00:00Z");
        for (to, shown) in [
            ("2026-03-01T12:00:00.012Z", "12 ms"),
            ("2026-03-01T12:00:01.290Z", "1.2 s"),
            ("2026-03-01T12:01:30Z", "90 s"),
        ] {
            assert_eq!(took(from, Some(to)).as_deref(), Some(shown));
        }
        assert_eq!(took(from, None), None);
    }
}
