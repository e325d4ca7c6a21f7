//! Columns that line up and fit.

use anstyle::Style;

use super::{DIM, PLAIN, clean, cut, styled, width};

/// Spaces between two columns.
const GAP: usize = 2;

/// One column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    title: &'static str,
    /// Least width that it is cut to; `None` is never cut.
    min: Option<usize>,
    right: bool,
}

impl Column {
    /// What must be readable as a whole: a key, a state, a time.
    pub(crate) const fn whole(title: &'static str) -> Self {
        Self { title, min: None, right: false }
    }

    /// A number.
    pub(crate) const fn number(title: &'static str) -> Self {
        Self { title, min: None, right: true }
    }

    /// What may be cut, down to `min` columns.
    pub(crate) const fn text(title: &'static str, min: usize) -> Self {
        Self { title, min: Some(min), right: false }
    }
}

/// One value and its look.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: clean(text), style: PLAIN }
    }

    pub(crate) fn styled(text: &str, style: Style) -> Self {
        Self { text: clean(text), style }
    }
}

/// Rows under headings.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    indent: usize,
    headings: bool,
}

impl Table {
    pub(crate) fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), indent: 0, headings: true }
    }

    /// A part of a page: set in by two columns; without headings where no column has a title.
    pub(crate) fn part(columns: &[Column]) -> Self {
        let headings = columns.iter().any(|column| !column.title.is_empty());
        Self { indent: 2, headings, ..Self::new(columns) }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table in at most `room` columns, as far as its columns can be cut.
    pub(crate) fn text(&self, room: usize) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let widths = self.widths(room.saturating_sub(self.indent));
        let mut out = String::new();
        if self.headings {
            let titles: Vec<Cell> =
                self.columns.iter().map(|column| Cell::styled(column.title, DIM)).collect();
            self.push(&mut out, &titles, &widths);
        }
        for row in &self.rows {
            self.push(&mut out, row, &widths);
        }
        out
    }

    fn push(&self, out: &mut String, row: &[Cell], widths: &[usize]) {
        let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or(0);
        out.push_str(&" ".repeat(self.indent));
        for (at, cell) in row.iter().enumerate().take(last + 1) {
            let text = cut(&cell.text, widths[at]);
            let space = " ".repeat(widths[at] - width(&text).min(widths[at]));
            let shown = if text.is_empty() { text } else { styled(cell.style, &text) };
            if self.columns[at].right {
                out.push_str(&space);
                out.push_str(&shown);
            } else {
                out.push_str(&shown);
                if at < last {
                    out.push_str(&space);
                }
            }
            if at < last {
                out.push_str(&" ".repeat(GAP));
            }
        }
        out.push('\n');
    }

    /// The widest value of each column; then the widest of those that may be cut gives way first.
    fn widths(&self, room: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let title = if self.headings { width(column.title) } else { 0 };
                let cells = self.rows.iter().filter_map(|row| row.get(at));
                cells.map(|cell| width(&cell.text)).max().unwrap_or(0).max(title)
            })
            .collect();
        let gaps = GAP * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > room {
            let widest = widths
                .iter()
                .enumerate()
                .filter(|(at, width)| self.columns[*at].min.is_some_and(|min| **width > min));
            let Some((at, _)) = widest.max_by_key(|(_, width)| **width) else { break };
            widths[at] -= 1;
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(table: &Table, room: usize) -> String {
        anstream::adapter::strip_str(&table.text(room)).to_string()
    }

    #[test]
    fn columns_line_up_and_the_last_has_no_trailing_space() {
        let mut table =
            Table::new(&[Column::whole("KEY"), Column::number("N"), Column::text("NAME", 4)]);
        table.row([Cell::new("1"), Cell::new("12"), Cell::new("short")]);
        table.row([Cell::new("256"), Cell::new("3"), Cell::new("")]);
        assert_eq!(plain(&table, 80), "KEY   N  NAME\n1    12  short\n256   3\n");
    }

    #[test]
    fn the_widest_column_that_may_be_cut_gives_way() {
        let mut table =
            Table::new(&[Column::whole("KEY"), Column::text("NAME", 4), Column::text("ID", 4)]);
        table.row([Cell::new("123456"), Cell::new("a rather long name"), Cell::new("short")]);
        let text = plain(&table, 30);
        assert!(text.lines().all(|line| width(line) <= 30), "{text}");
        assert!(text.contains("a rather long…   short"), "{text}");
    }
}
