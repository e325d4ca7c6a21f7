//! Text to tokens with spans.

use std::ops::Range;

use crate::Diagnostic;

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Token {
    Number(String),
    String(String),
    /// `@"..."`
    At(String),
    Name(String),
    /// A backtick name: never a keyword.
    Quoted(String),
    Symbol(&'static str),
    End,
}

const SYMBOLS: &[&str] = &[
    "**", "!=", "<=", ">=", "..", "->", "(", ")", "[", "]", "{", "}", ",", ":", ".", "+", "-", "*",
    "/", "=", "<", ">", "?",
];

pub(crate) fn lex(source: &str) -> Result<Vec<(Token, Range<usize>)>, Diagnostic> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at = skip_blank(source, at)?;
        let Some(c) = source[at..].chars().next() else {
            tokens.push((Token::End, at..at));
            return Ok(tokens);
        };
        let (token, end) = match c {
            '"' => string(source, at)?,
            '@' if source[at + 1..].starts_with('"') => match string(source, at + 1)? {
                (Token::String(text), end) => (Token::At(text), end),
                other => other,
            },
            '`' => quoted(source, at)?,
            c if c.is_ascii_digit() || (c == '.' && digit_at(source, at + 1)) => number(source, at),
            c if is_name_start(c) => {
                let end = source[at..].find(|c| !is_name_part(c)).map_or(source.len(), |n| at + n);
                (Token::Name(source[at..end].into()), end)
            }
            _ => {
                if let Some(symbol) =
                    SYMBOLS.iter().find(|symbol| source[at..].starts_with(**symbol))
                {
                    (Token::Symbol(symbol), at + symbol.len())
                } else {
                    let help = (c == '\'').then(|| "write strings in double quotes".to_owned());
                    return Err(Diagnostic {
                        span: at..at + c.len_utf8(),
                        message: format!("expected an expression, but found the character `{c}`"),
                        help,
                    });
                }
            }
        };
        tokens.push((token, at..end));
        at = end;
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
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
            let blank = rest.len() - rest.trim_start().len();
            if blank == 0 {
                return Ok(at);
            }
            at += blank;
        }
    }
}

fn number(source: &str, start: usize) -> (Token, usize) {
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
    (Token::Number(source[start..end].into()), end)
}

fn quoted(source: &str, start: usize) -> Result<(Token, usize), Diagnostic> {
    match source[start + 1..].find('`') {
        Some(length) if length > 0 => {
            Ok((Token::Quoted(source[start + 1..start + 1 + length].into()), start + length + 2))
        }
        _ => Err(Diagnostic {
            span: start..start + 1,
            message: "the name in backticks does not end, or is empty".into(),
            help: None,
        }),
    }
}

fn string(source: &str, start: usize) -> Result<(Token, usize), Diagnostic> {
    let mut text = String::new();
    let mut chars = source[start + 1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Token::String(text), start + 1 + at + 1)),
            '\\' => {
                let (_, escape) = chars.next().unwrap_or((0, ' '));
                match escape {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'u' | 'U' => {
                        let length = if escape == 'u' { 4 } else { 6 };
                        let from = start + 1 + at + 2;
                        let hex = source.get(from..from + length);
                        let Some(c) = hex
                            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
                            .and_then(char::from_u32)
                        else {
                            return Err(Diagnostic {
                                span: from..from,
                                message: format!(
                                    "expected {length} hexadecimal digits of a character"
                                ),
                                help: None,
                            });
                        };
                        text.push(c);
                        chars.nth(length - 1);
                    }
                    '"' | '\\' | '\'' | '/' => text.push(escape),
                    other => {
                        // A regular expression may hold any escape: kept as it is.
                        text.push('\\');
                        text.push(other);
                    }
                }
            }
            c => text.push(c),
        }
    }
    Err(Diagnostic {
        span: start..source.len(),
        message: "the string does not end".into(),
        help: Some("close it with a double quote".into()),
    })
}
