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
            let stripped = if has('x') { without_blanks(pattern) } else { pattern.to_owned() };
            translate(&stripped, &mut text)?;
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

/// The flag `x`: without white space, but in brackets (`XPath` Functions 3.1, 5.6.2).
fn without_blanks(pattern: &str) -> String {
    let mut depth = 0_i32;
    let mut escaped = false;
    let kept = pattern.chars().filter(|c| {
        if depth == 0 && matches!(c, '\t' | '\n' | '\r' | ' ') {
            return false;
        }
        match c {
            '[' if !escaped => depth += 1,
            ']' if !escaped => depth = (depth - 1).max(0),
            _ => {}
        }
        escaped = *c == '\\' && !escaped;
        true
    });
    kept.collect()
}

/// The syntax of `XPath` to the library's.
fn translate(pattern: &str, out: &mut String) -> Result<(), String> {
    let mut chars = pattern.chars().peekable();
    // Depth of brackets: more than one inside of a subtraction.
    let mut classes = 0_u32;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(letter @ ('p' | 'P')) => category(letter, &mut chars, out)?,
                letter => escape(letter, classes > 0, out)?,
            },
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
        'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'n' | 'r' | 't' | '1'..='9' => {
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

/// `\p{Lu}` as it is; `\p{IsGreek}` as the range of the block.
fn category(
    letter: char,
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) -> Result<(), String> {
    let unfit = || format!("expects `\\{letter}` to be followed by a category such as {{Lu}}");
    if chars.next() != Some('{') {
        return Err(unfit());
    }
    let name: String = chars.by_ref().take_while(|c| *c != '}').collect();
    let Some(block) = name.strip_prefix("Is") else {
        let known = (1..=2).contains(&name.len()) && name.bytes().all(|c| c.is_ascii_alphabetic());
        if !known {
            return Err(unfit());
        }
        // Writing into a string cannot fail.
        let _ = write!(out, "\\{letter}{{{name}}}");
        return Ok(());
    };
    let found = BLOCKS.iter().find(|(known, ..)| *known == block);
    let Some((_, first, last)) = found else {
        return Err(format!("knows no block of characters `Is{block}`"));
    };
    let not = if letter == 'P' { "^" } else { "" };
    let _ = write!(out, "[{not}\\x{{{first:X}}}-\\x{{{last:X}}}]");
    Ok(())
}

/// Blocks of Unicode by the names that XML Schema gives them (part 2, appendix F).
const BLOCKS: [(&str, u32, u32); 44] = [
    ("BasicLatin", 0x0000, 0x007F),
    ("Latin-1Supplement", 0x0080, 0x00FF),
    ("LatinExtended-A", 0x0100, 0x017F),
    ("LatinExtended-B", 0x0180, 0x024F),
    ("IPAExtensions", 0x0250, 0x02AF),
    ("SpacingModifierLetters", 0x02B0, 0x02FF),
    ("CombiningDiacriticalMarks", 0x0300, 0x036F),
    ("Greek", 0x0370, 0x03FF),
    ("GreekandCoptic", 0x0370, 0x03FF),
    ("Cyrillic", 0x0400, 0x04FF),
    ("Armenian", 0x0530, 0x058F),
    ("Hebrew", 0x0590, 0x05FF),
    ("Arabic", 0x0600, 0x06FF),
    ("Syriac", 0x0700, 0x074F),
    ("Thaana", 0x0780, 0x07BF),
    ("Devanagari", 0x0900, 0x097F),
    ("Bengali", 0x0980, 0x09FF),
    ("Gurmukhi", 0x0A00, 0x0A7F),
    ("Gujarati", 0x0A80, 0x0AFF),
    ("Oriya", 0x0B00, 0x0B7F),
    ("Tamil", 0x0B80, 0x0BFF),
    ("Telugu", 0x0C00, 0x0C7F),
    ("Kannada", 0x0C80, 0x0CFF),
    ("Malayalam", 0x0D00, 0x0D7F),
    ("Sinhala", 0x0D80, 0x0DFF),
    ("Thai", 0x0E00, 0x0E7F),
    ("Lao", 0x0E80, 0x0EFF),
    ("Tibetan", 0x0F00, 0x0FFF),
    ("Georgian", 0x10A0, 0x10FF),
    ("HangulJamo", 0x1100, 0x11FF),
    ("LatinExtendedAdditional", 0x1E00, 0x1EFF),
    ("GreekExtended", 0x1F00, 0x1FFF),
    ("GeneralPunctuation", 0x2000, 0x206F),
    ("CurrencySymbols", 0x20A0, 0x20CF),
    ("LetterlikeSymbols", 0x2100, 0x214F),
    ("NumberForms", 0x2150, 0x218F),
    ("Arrows", 0x2190, 0x21FF),
    ("MathematicalOperators", 0x2200, 0x22FF),
    ("BoxDrawing", 0x2500, 0x257F),
    ("GeometricShapes", 0x25A0, 0x25FF),
    ("Hiragana", 0x3040, 0x309F),
    ("Katakana", 0x30A0, 0x30FF),
    ("CJKUnifiedIdeographs", 0x4E00, 0x9FFF),
    ("HangulSyllables", 0xAC00, 0xD7A3),
];
