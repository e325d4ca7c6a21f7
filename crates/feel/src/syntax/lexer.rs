//! Text to tokens, one at a time: where a name ends depends on the names that are known
//! (DMN 1.5, 10.3.1.2), so the parser asks.

use std::borrow::Cow;

use super::ast::Span;
use crate::Diagnostic;

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Token<'a> {
    Number(&'a str),
    String(Cow<'a, str>),
    /// `@"..."`
    At(Cow<'a, str>),
    /// The first word of a name, or a keyword.
    Word(&'a str),
    /// A name in backticks: never a keyword.
    Quoted(&'a str),
    Symbol(&'static str),
    End,
}

const SYMBOLS: &[&str] = &[
    "**", "!=", "<=", ">=", "..", "->", "(", ")", "[", "]", "{", "}", ",", ":", ".", "+", "-", "*",
    "/", "=", "<", ">", "?",
];

/// A character that a name may begin with (DMN 1.5, grammar rule 28), and `$`.
pub(crate) fn is_name_start(c: char) -> bool {
    c.is_alphabetic()
        || matches!(c, '_' | '$')
        || (!c.is_ascii()
            && matches!(c,
                '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
                | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
                | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
                | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
            && !is_blank(c))
}

/// A character that a name may go on with (rule 29).
pub(crate) fn is_name_part(c: char) -> bool {
    is_name_start(c)
        || c.is_alphanumeric()
        || matches!(c, '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// White space (rules 61 and 62).
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{180E}' | '\u{200B}' | '\u{FEFF}')
}

/// The token at `at` or behind the white space and comments there, and its bytes.
pub(crate) fn next(source: &str, at: usize) -> Result<(Token<'_>, Span), Diagnostic> {
    let at = skip_blank(source, at)?;
    let Some(c) = source[at..].chars().next() else { return Ok((Token::End, span(at, at))) };
    let (token, end) = match c {
        '"' => {
            let (text, end) = string(source, at)?;
            (Token::String(text), end)
        }
        '@' if source[at + 1..].starts_with('"') => {
            let (text, end) = string(source, at + 1)?;
            (Token::At(text), end)
        }
        '`' => quoted(source, at)?,
        c if c.is_ascii_digit() || (c == '.' && digit_at(source, at + 1)) => number(source, at),
        c if is_name_start(c) => {
            let end = source[at..].find(|c| !is_name_part(c)).map_or(source.len(), |n| at + n);
            (Token::Word(&source[at..end]), end)
        }
        _ => match SYMBOLS.iter().find(|symbol| source[at..].starts_with(**symbol)) {
            Some(symbol) => (Token::Symbol(symbol), at + symbol.len()),
            None => return Err(unknown(at, c)),
        },
    };
    Ok((token, span(at, end)))
}

fn span(start: usize, end: usize) -> Span {
    // A source is at most `SOURCE_BYTES_MAX` long.
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { start: narrow(start), end: narrow(end) }
}

fn unknown(at: usize, c: char) -> Diagnostic {
    let help = match c {
        '\'' | '\u{2018}' | '\u{2019}' | '\u{201C}' | '\u{201D}' => {
            Some("write strings in double quotes: \"text\"")
        }
        '&' => Some("write `and`; texts are joined with `+`"),
        '|' => Some("write `or`"),
        '!' => Some("write `not(...)`, or `!=`"),
        '%' => Some("write `modulo(dividend, divisor)`"),
        ';' => Some("an expression is one value: join several in a context {a: 1, b: 2}"),
        _ => None,
    };
    Diagnostic {
        span: at..at + c.len_utf8(),
        message: format!("expected an expression, but found the character `{c}`"),
        help: help.map(Into::into),
    }
}

fn digit_at(source: &str, at: usize) -> bool {
    source.as_bytes().get(at).is_some_and(u8::is_ascii_digit)
}

fn skip_blank(source: &str, mut at: usize) -> Result<usize, Diagnostic> {
    loop {
        let rest = &source[at..];
        if let Some(comment) = rest.strip_prefix("/*") {
            let Some(end) = comment.find("*/") else {
                return Err(Diagnostic {
                    span: at..at + 2,
                    message: "the comment does not end".into(),
                    help: Some("close it with */".into()),
                });
            };
            at += end + 4;
        } else if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else {
            let blank = rest.len() - rest.trim_start_matches(is_blank).len();
            if blank == 0 {
                return Ok(at);
            }
            at += blank;
        }
    }
}

fn number(source: &str, start: usize) -> (Token<'_>, usize) {
    let mut end = start;
    while digit_at(source, end) {
        end += 1;
    }
    if source[end..].starts_with('.') && digit_at(source, end + 1) {
        end += 1;
        while digit_at(source, end) {
            end += 1;
        }
    }
    let exponent = source[end..]
        .strip_prefix(['e', 'E'])
        .map(|rest| rest.len() - rest.trim_start_matches(['+', '-']).len());
    if let Some(sign) = exponent
        && sign <= 1
        && digit_at(source, end + 1 + sign)
    {
        end += 1 + sign;
        while digit_at(source, end) {
            end += 1;
        }
    }
    (Token::Number(&source[start..end]), end)
}

fn quoted(source: &str, start: usize) -> Result<(Token<'_>, usize), Diagnostic> {
    match source[start + 1..].find('`') {
        Some(length) if length > 0 => {
            Ok((Token::Quoted(&source[start + 1..start + 1 + length]), start + length + 2))
        }
        Some(_) | None => Err(Diagnostic {
            span: start..start + 1,
            message: "the name in backticks does not end, or is empty".into(),
            help: Some("close it with a second backtick: `first name`".into()),
        }),
    }
}

fn string(source: &str, start: usize) -> Result<(Cow<'_, str>, usize), Diagnostic> {
    let body = start + 1;
    let Some(stop) = source[body..].find(['"', '\\']) else { return Err(unended(source, start)) };
    if source.as_bytes()[body + stop] == b'"' {
        return Ok((Cow::Borrowed(&source[body..body + stop]), body + stop + 1));
    }
    let mut text = String::from(&source[body..body + stop]);
    let mut at = body + stop;
    while let Some(c) = source[at..].chars().next() {
        match c {
            '"' => return Ok((Cow::Owned(text), at + 1)),
            '\\' => at = escape(source, at, &mut text)?,
            c => {
                text.push(c);
                at += c.len_utf8();
            }
        }
    }
    Err(unended(source, start))
}

fn unended(source: &str, start: usize) -> Diagnostic {
    Diagnostic {
        span: start..source.len(),
        message: "the string does not end".into(),
        help: Some("close it with a double quote".into()),
    }
}

/// The escape at `at`; gives where the text goes on. Two escapes of UTF-16 surrogates are one
/// character. What is no escape is kept as it is: a regular expression may hold any.
fn escape(source: &str, at: usize, text: &mut String) -> Result<usize, Diagnostic> {
    let Some(letter) = source[at + 1..].chars().next() else { return Ok(source.len()) };
    let length = match letter {
        'u' => 4,
        'U' => 6,
        'n' | 't' | 'r' | '"' | '\\' | '\'' => {
            text.push(match letter {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            });
            return Ok(at + 2);
        }
        other => {
            text.push('\\');
            text.push(other);
            return Ok(at + 1 + other.len_utf8());
        }
    };
    let code = |at: usize, length: usize| {
        let hex = source.get(at..at + length)?;
        hex.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
        u32::from_str_radix(hex, 16).ok()
    };
    let end = at + 2 + length;
    let first = code(at + 2, length);
    if let Some(high @ 0xD800..=0xDBFF) = first
        && source[end..].starts_with("\\u")
        && let Some(low @ 0xDC00..=0xDFFF) = code(end + 2, 4)
        && let Some(c) = char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    {
        text.push(c);
        return Ok(end + 6);
    }
    match first.and_then(char::from_u32) {
        Some(c) => {
            text.push(c);
            Ok(end)
        }
        None => Err(Diagnostic {
            span: at..(at + 2),
            message: format!(
                "expected {length} hexadecimal digits of a character after `\\{letter}`"
            ),
            help: Some("write a backslash itself as \\\\".into()),
        }),
    }
}
