//! What people see: lines that fit the terminal, colours where there is one, times as distances.
//!
//! In:  values as the server gave them.
//! Out: text on standard output, in one write.
//! Absent: JSON for programs (see `context`), words of errors (see `failure`).

mod table;
mod text;
mod time;

use std::fmt::Write as _;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;

pub(crate) use table::{Cell, Column, Table};
pub(crate) use text::{clean, clean_lines, cut, width, wrap};

use crate::failure::Failure;

/// Columns where nothing says how many there are: what every terminal has.
const WIDTH_DEFAULT: usize = 80;
/// Below this, tables cannot be cut any further.
const WIDTH_MIN: usize = 40;

/// Headings, and what matters less than the rest.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Names.
pub(crate) const BOLD: Style = Style::new().bold();
/// What went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What is under way.
pub(crate) const LIVE: Style = AnsiColor::Cyan.on_default();
/// What needs somebody.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// Nothing of the above.
pub(crate) const PLAIN: Style = Style::new();

/// A page that is being written.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Columns that lines may take.
    pub(crate) width: usize,
    now: Timestamp,
    text: String,
}

impl Screen {
    /// As wide as the terminal, or as `COLUMNS` says, or 80 columns.
    pub(crate) fn new() -> Self {
        let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let width = asked.or_else(terminal).unwrap_or(WIDTH_DEFAULT).max(WIDTH_MIN);
        Self { width, now: Timestamp::now(), text: String::new() }
    }

    /// One more line; what is too long for it is cut.
    pub(crate) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A line in one style.
    pub(crate) fn styled(&mut self, style: Style, line: &str) {
        let line = styled(style, line);
        self.line(&line);
    }

    /// A table; nothing for one without rows.
    pub(crate) fn table(&mut self, table: &Table) {
        let text = table.text(self.width);
        self.text.push_str(&text);
    }

    /// An instant as a distance from now; the text itself where it is no instant.
    pub(crate) fn when(&self, instant: Option<&str>) -> String {
        instant.map_or_else(String::new, |text| time::distance(text, self.now))
    }

    /// How long from one instant to another.
    pub(crate) fn took(from: Option<&str>, to: Option<&str>) -> String {
        time::took(from, to).unwrap_or_default()
    }

    /// Milliseconds from one instant to another, or to now.
    pub(crate) fn elapsed_ms(&self, from: Option<&str>, to: Option<&str>) -> Option<i64> {
        let from: Timestamp = from?.parse().ok()?;
        let to = match to {
            Some(to) => to.parse().ok()?,
            None => self.now,
        };
        Some(to.as_millisecond() - from.as_millisecond())
    }

    /// Shows the page. A reader that went away (`| head`) is no failure.
    pub(crate) fn show(self) -> Result<(), Failure> {
        put(&self.text)
    }
}

/// Writes to standard output; colours are left out unless it is a terminal that wants them.
pub(crate) fn put(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::wrong_call(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Text between the codes of a style.
pub(crate) fn styled(style: Style, text: &str) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(out, "{style}{text}{style:#}");
    out
}

/// How a state of an instance, an element or a task looks.
pub(crate) fn state_style(state: &str) -> Style {
    match state {
        "ACTIVE" | "CREATED" => LIVE,
        "COMPLETED" => GOOD,
        "TERMINATED" | "CANCELED" => DIM,
        _ => PLAIN,
    }
}

/// A name of an enumeration as a person writes it: `SERVICE_TASK` is `service task`.
pub(crate) fn spoken(name: &str) -> String {
    clean(name).to_lowercase().replace('_', " ")
}

/// "1 instance", "2 instances", "1,234 instances".
pub(crate) fn count(number: u64, what: &str) -> String {
    format!("{} {what}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// A number with commas.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(count(1, "job"), "1 job");
        assert_eq!(count(1_234_567, "job"), "1,234,567 jobs");
        assert_eq!(thousands(999), "999");
    }
}
