//! Text that comes from elsewhere, made to fit.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// One line without anything that a terminal would obey: names and messages come from anywhere.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_bidi(c) { ' ' } else { c }).collect()
}

/// The same for text of several lines.
pub(crate) fn clean_lines(text: &str) -> String {
    text.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

/// Marks that change the direction of the text behind them.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// At most `columns` wide; what is cut ends in an ellipsis.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// Lines of at most `columns`, broken between words where that is possible.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(10);
    let mut lines = Vec::new();
    for paragraph in clean_lines(text).lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && width(&line) + 1 + width(word) > columns {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            for c in word.chars() {
                if width(&line) + c.width().unwrap_or(0) > columns {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(c);
            }
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_taken_out() {
        assert_eq!(clean("a\x1b[31mb\u{202e}c\nd"), "a [31mb c d");
        assert_eq!(clean_lines("a\x07\nb"), "a \nb");
    }

    #[test]
    fn long_text_is_cut_by_its_columns_not_its_bytes() {
        assert_eq!(cut("Prüfung", 7), "Prüfung");
        assert_eq!(cut("Prüfungen", 7), "Prüfun…");
        assert_eq!(cut("注文処理", 6), "注文…");
    }

    #[test]
    fn long_text_is_wrapped_between_words_and_inside_words_that_are_too_long() {
        assert_eq!(wrap("one two three", 10), ["one two", "three"]);
        assert_eq!(wrap("0123456789abc d", 10), ["0123456789", "abc d"]);
        assert_eq!(wrap("a\nb", 10), ["a", "b"]);
    }
}
