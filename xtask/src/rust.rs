//! Just enough Rust to measure it: text without comments and literals, and its functions.

/// A function with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    /// Of the word `fn`, counted from 1.
    pub line: usize,
    /// From the word `fn` to the closing brace.
    pub lines: usize,
}

/// The text with comments, strings and characters blanked out; places and lines stay.
pub fn mask(text: &str) -> String {
    let source: Vec<char> = text.chars().collect();
    let mut out = source.clone();
    let mut at = 0;
    while at < source.len() {
        let end = literal_end(&source, at);
        for place in at..end {
            if source[place] != '\n' {
                out[place] = ' ';
            }
        }
        at = end.max(at + 1);
    }
    out.into_iter().collect()
}

/// Where the comment or literal that starts here ends; `at` when none starts here.
fn literal_end(source: &[char], at: usize) -> usize {
    let next = source.get(at + 1).copied();
    match source[at] {
        '/' if next == Some('/') => find(source, at, |c| c == '\n'),
        '/' if next == Some('*') => block_comment_end(source, at),
        '"' => string_end(source, at),
        'r' if !follows_word(source, at) => raw_string_end(source, at).unwrap_or(at),
        'b' | 'c' if next == Some('r') && !follows_word(source, at) => {
            raw_string_end(source, at + 1).unwrap_or(at)
        }
        '\'' if next == Some('\\') => find(source, at + 3, |c| c == '\'') + 1,
        '\'' if source.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
    .min(source.len())
}

fn find(source: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    (from..source.len()).find(|place| wanted(source[*place])).unwrap_or(source.len())
}

fn follows_word(source: &[char], at: usize) -> bool {
    at > 0 && is_word(source[at - 1])
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn block_comment_end(source: &[char], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut place = at;
    while place + 1 < source.len() {
        match (source[place], source[place + 1]) {
            ('/', '*') => {
                depth += 1;
                place += 2;
            }
            ('*', '/') => {
                depth -= 1;
                place += 2;
                if depth == 0 {
                    return place;
                }
            }
            _ => place += 1,
        }
    }
    source.len()
}

fn string_end(source: &[char], at: usize) -> usize {
    let mut place = at + 1;
    while place < source.len() {
        match source[place] {
            '\\' => place += 2,
            '"' => return place + 1,
            _ => place += 1,
        }
    }
    source.len()
}

/// `r"..."`, `r#"..."#`; `None` for a raw identifier or a plain word.
fn raw_string_end(source: &[char], at: usize) -> Option<usize> {
    let quote = find(source, at + 1, |c| c != '#');
    if source.get(quote) != Some(&'"') {
        return None;
    }
    let hashes = quote - at - 1;
    let closes = |place: usize| {
        source[place] == '"' && (1..=hashes).all(|n| source.get(place + n) == Some(&'#'))
    };
    let end = (quote + 1..source.len()).find(|place| closes(*place))?;
    Some(end + hashes + 1)
}

/// Every function with a body, in order; nested ones too.
pub fn functions(masked: &str) -> Vec<Function> {
    let source: Vec<char> = masked.chars().collect();
    let mut found = Vec::new();
    let mut line = 1;
    for at in 0..source.len() {
        if source[at] == '\n' {
            line += 1;
        }
        let Some((name, after)) = function_name(&source, at) else { continue };
        let Some(end) = body_end(&source, after) else { continue };
        let lines = 1 + source[at..end].iter().filter(|c| **c == '\n').count();
        found.push(Function { name, line, lines });
    }
    found
}

fn function_name(source: &[char], at: usize) -> Option<(String, usize)> {
    let is_fn = source[at..].starts_with(&['f', 'n', ' ']) && !follows_word(source, at);
    if !is_fn {
        return None;
    }
    let end = find(source, at + 3, |c| !is_word(c));
    let name: String = source[at + 3..end].iter().collect();
    (!name.is_empty()).then_some((name, end))
}

/// Past the closing brace; `None` for a declaration without a body.
fn body_end(source: &[char], from: usize) -> Option<usize> {
    let (mut brackets, mut braces) = (0_i32, 0_i32);
    for (place, c) in source.iter().enumerate().skip(from) {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            ';' if brackets == 0 && braces == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces <= 0 {
                    return Some(place + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masking_keeps_lines_and_drops_what_is_not_code() {
        let text = "a // {\n\"}\\\" {\" r#\"\" { \"# '{' '\\'' /* { /* */ } */ b\"{\" 'x: loop {}";
        let masked = mask(text);
        assert_eq!(masked.lines().count(), 2);
        assert_eq!(masked.matches('{').count(), 1, "{masked}");
        assert_eq!(masked.matches('}').count(), 1, "{masked}");
        assert!(masked.contains("'x: loop"));
    }

    #[test]
    fn functions_are_measured_from_fn_to_closing_brace() {
        let text = "trait T {\n    fn declared(a: [u8; 3]);\n}\n\nfn outer() {\n    fn inner() {}\n    \
                    let s = \"}\";\n}\ntype P = fn (u8);\n";
        let found = functions(&mask(text));
        let expected = [("outer", 5, 4), ("inner", 6, 1)].map(|(name, line, lines)| Function {
            name: name.to_owned(),
            line,
            lines,
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn raw_identifiers_do_not_start_a_string() {
        assert_eq!(mask("let r#type = for_r;"), "let r#type = for_r;");
    }
}
