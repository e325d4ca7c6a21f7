//! Regular expressions: those of `XPath` (as DMN 1.5, table 76 asks), run in bounded time.

use std::fmt::Write as _;

use fancy_regex::{Regex, RegexBuilder};

/// Most steps of one search where a pattern needs to try again (a reference to a group).
const BACKTRACK_STEPS_MAX: usize = 100_000;
/// Largest compiled pattern, in bytes.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// Longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 4_096;

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(pub Regex);

impl Pattern {
    /// Compiles. `flags`: `s` lets `.` match line ends, `m` lets `^` and `$` match at them, `i`
    /// ignores case, `x` ignores white space in the pattern, `q` takes it literally.
    pub fn new(pattern: &str, flags: &str) -> Result<Self, String> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(format!("expects a pattern of at most {PATTERN_BYTES_MAX} bytes"));
        }
        if let Some(unknown) = flags.chars().find(|flag| !"smixq".contains(*flag)) {
            return Err(format!("knows the flags s, m, i, x and q, but got `{unknown}`"));
        }
        let has = |flag| flags.contains(flag);
        let mut text = String::with_capacity(pattern.len() + 8);
        let inline: String = flags.chars().filter(|flag| "smi".contains(*flag)).collect();
        if !inline.is_empty() {
            // Writing into a string cannot fail.
            let _ = write!(text, "(?{inline})");
        }
        if has('q') {
            text.push_str(&fancy_regex::escape(pattern));
        } else {
            translate(pattern, has('x'), &mut text)?;
        }
        let built = RegexBuilder::new(&text)
            .backtrack_limit(BACKTRACK_STEPS_MAX)
            .delegate_size_limit(COMPILED_BYTES_MAX)
            .build();
        built.map(Self).map_err(|error| {
            format!(
                "cannot read the regular expression `{pattern}`: {}",
                first_line(&error.to_string())
            )
        })
    }
}

fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or(text)
}

/// The syntax of `XPath` to the library's.
fn translate(pattern: &str, extended: bool, out: &mut String) -> Result<(), String> {
    let mut chars = pattern.chars().peekable();
    // Depth of brackets: more than one inside of a subtraction.
    let mut classes = 0_u32;
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(chars.next(), classes > 0, out)?,
            '[' if classes > 0 => {
                if !out.ends_with('-') {
                    return Err("expects `[` inside of brackets to be written `\\[`".into());
                }
                // `[a-z-[aeiou]]` is a subtraction.
                out.push('-');
                out.push('[');
                classes += 1;
            }
            '[' => {
                out.push('[');
                classes += 1;
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                if chars.peek() == Some(&']') {
                    return Err("finds empty brackets in the regular expression".into());
                }
            }
            ']' if classes > 0 => {
                out.push(']');
                classes -= 1;
            }
            '(' if classes == 0 && chars.peek() == Some(&'?') => {
                out.push('(');
                chars.next();
                if chars.peek() != Some(&':') {
                    return Err("knows no groups with `(?` but `(?:`".into());
                }
                out.push('?');
            }
            '&' | '~' if classes > 0 => {
                out.push('\\');
                out.push(c);
            }
            '#' => out.push_str("\\#"),
            c if extended && classes == 0 && c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    Ok(())
}

fn escape(letter: Option<char>, in_class: bool, out: &mut String) -> Result<(), String> {
    let Some(letter) = letter else {
        return Err("finds a lone `\\` at the end of the regular expression".into());
    };
    let (open, close) = if in_class { ("", "") } else { ("[", "]") };
    match letter {
        // Characters that names in XML begin with, and go on with.
        'i' => write_class(out, open, r"\p{L}_:", close),
        'c' => write_class(out, open, r"\p{L}\p{M}\p{Nd}_:.\-·", close),
        'I' | 'C' if in_class => {
            return Err(format!("knows `\\{letter}` only outside of brackets"));
        }
        'I' => out.push_str(r"[^\p{L}_:]"),
        'C' => out.push_str(r"[^\p{L}\p{M}\p{Nd}_:.\-·]"),
        'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'n' | 'r' | 't' | 'p' | 'P' | '1'..='9' => {
            out.push('\\');
            out.push(letter);
        }
        '$' | '(' | ')' | '*' | '+' | '-' | '.' | '?' | '[' | '\\' | ']' | '^' | '{' | '|'
        | '}' | '/' | '"' | '\'' | '#' | '&' | '~' | ' ' => {
            if letter == '/' || letter == '"' || letter == '\'' {
                out.push(letter);
            } else {
                out.push('\\');
                out.push(letter);
            }
        }
        other => return Err(format!("knows no escape `\\{other}` in regular expressions")),
    }
    Ok(())
}

fn write_class(out: &mut String, open: &str, class: &str, close: &str) {
    out.push_str(open);
    out.push_str(class);
    out.push_str(close);
}
