//! The pattern of [`crate::Test::Like`], matched the same way in every store.

/// Whether the whole text matches: `*` is any text, `?` one character, `\` takes the next one as
/// it is (at the end of the pattern it is itself). Case counts.
///
/// Never more than `pattern.len() * text.len()` steps: after a mismatch only the last `*` is tried
/// again, since an earlier one could not do better.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    // Where to go on after the last `*`, and the text that it has not swallowed yet.
    let mut retry: Option<(&str, &str)> = None;
    loop {
        match head(pattern) {
            Some((Head::Any, rest)) => {
                pattern = rest;
                retry = Some((rest, text));
                continue;
            }
            Some((head, rest)) => {
                if let Some(text_rest) = head.takes(text) {
                    (pattern, text) = (rest, text_rest);
                    continue;
                }
            }
            None if text.is_empty() => return true,
            None => {}
        }
        let Some((after, unswallowed)) = retry else { return false };
        let mut chars = unswallowed.chars();
        if chars.next().is_none() {
            return false;
        }
        (pattern, text) = (after, chars.as_str());
        retry = Some((after, chars.as_str()));
    }
}

#[derive(Clone, Copy)]
enum Head {
    Any,
    One,
    Char(char),
}

impl Head {
    /// The text after the character that this head takes, if it takes it.
    fn takes(self, text: &str) -> Option<&str> {
        let mut chars = text.chars();
        let found = chars.next()?;
        let taken = match self {
            Self::Any => false,
            Self::One => true,
            Self::Char(expected) => expected == found,
        };
        taken.then_some(chars.as_str())
    }
}

fn head(pattern: &str) -> Option<(Head, &str)> {
    let mut chars = pattern.chars();
    let head = match chars.next()? {
        '*' => Head::Any,
        '?' => Head::One,
        '\\' => Head::Char(chars.next().unwrap_or('\\')),
        char => Head::Char(char),
    };
    Some((head, chars.as_str()))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_matches_the_whole_text() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "order"),
            ("or*", "order"),
            ("*er", "order"),
            ("*rd*", "order"),
            ("o?d?r", "order"),
            ("**r", "order"),
            ("*ab*abc", "xabababc"),
            ("?", "ü"),
            (r"a\*b", "a*b"),
            (r"\?", "?"),
            (r"\\", r"\"),
            (r"a\", r"a\"),
            (r"\x", "x"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("?", ""),
            ("order", "Order"),
            ("order", "orders"),
            ("rd", "order"),
            (r"a\*b", "axb"),
            (r"\?", "x"),
            ("*a*b", "ba"),
            ("??", "a"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_do_not_explode() {
        let (pattern, text) = ("*a".repeat(1_000) + "b", "a".repeat(5_000));
        assert!(!matches(&pattern, &text));
    }
}
