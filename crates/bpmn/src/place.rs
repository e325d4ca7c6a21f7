//! Where something stands in its file: lines and columns of bytes.
//!
//! In:  a text, once; bytes of it.
//! Out: places, each for the cost of a few lines of text, however large the file is.

/// A place in a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Place {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// Places of a text. Some are noted, the others are counted from these.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    text: &'a str,
    noted: Vec<(usize, Place)>,
}

/// Bytes from one noted place to the next.
const STEP_BYTES: usize = 1024;

impl<'a> Places<'a> {
    pub fn of(text: &'a str) -> Self {
        let mut noted = Vec::with_capacity(text.len() / STEP_BYTES + 1);
        let mut place = Place { line: 1, column: 1 };
        for (at, char) in text.char_indices() {
            if at >= noted.len() * STEP_BYTES {
                noted.push((at, place));
            }
            place = place.after(char);
        }
        Self { text, noted }
    }

    /// The place of a byte; that of the character which it is a part of.
    pub fn at(&self, byte: usize) -> Place {
        let next = self.noted.partition_point(|(noted, _)| *noted <= byte);
        let Some((from, place)) = next.checked_sub(1).and_then(|last| self.noted.get(last)) else {
            return Place { line: 1, column: 1 };
        };
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        self.text[*from..byte].chars().fold(*place, Place::after)
    }
}

impl Place {
    fn after(self, char: char) -> Self {
        if char == '\n' {
            Self { line: self.line + 1, column: 1 }
        } else {
            Self { line: self.line, column: self.column + 1 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_the_place_that_counting_from_the_start_gives() {
        let text = format!("a\nü{}\n\n€{}é", "b".repeat(3000), "\nline".repeat(900));
        let places = Places::of(&text);
        let mut wanted = Place { line: 1, column: 1 };
        for (at, char) in text.char_indices() {
            for byte in at..at + char.len_utf8() {
                assert_eq!(places.at(byte), wanted, "byte {byte}");
            }
            wanted = wanted.after(char);
        }
        assert_eq!(places.at(text.len()), wanted);
        assert_eq!(places.at(usize::MAX), wanted);
        assert_eq!(Places::of("").at(7), Place { line: 1, column: 1 });
    }
}
