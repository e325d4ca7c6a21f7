//! Which name may have been meant.

use std::fmt::Write as _;

/// "did you mean `x`?", or what there is, if that is little.
pub(crate) fn meant<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const LISTED_MAX: usize = 10;
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    let reach = (name.chars().count() / 3).clamp(1, 3);
    let near = known
        .iter()
        .map(|known| (distance(known, name), *known))
        .filter(|(distance, _)| *distance <= reach)
        .min();
    match near {
        Some((_, known)) => Some(format!("did you mean `{known}`?")),
        None if known.is_empty() || known.len() > LISTED_MAX => None,
        None => Some(format!("there are {}", listed(known))),
    }
}

/// Names in backticks with commas between, at most ten.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const LISTED_MAX: usize = 10;
    let mut text = String::new();
    let mut count = 0;
    for name in names {
        count += 1;
        if count <= LISTED_MAX {
            text.push_str(if count > 1 { ", `" } else { "`" });
            text.push_str(name);
            text.push('`');
        }
    }
    if count > LISTED_MAX {
        // Writing into a string cannot fail.
        let _ = write!(text, " and {} more", count - LISTED_MAX);
    }
    text
}

/// Changes of one character from `a` to `b`, not counting case (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    // A name this long is not misspelt, it is another one.
    const CHARS_MAX: usize = 60;
    let fold = |text: &str| -> Vec<char> {
        text.chars().take(CHARS_MAX).flat_map(char::to_lowercase).collect()
    };
    let (a, b) = (fold(a), fold(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
