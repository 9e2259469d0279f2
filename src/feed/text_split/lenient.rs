//! Cells of a line whose quotes don't follow the rules: `"Pan 12\" steel"`, `"Pan 12" steel"`.
//!
//! A cell that begins with a quote ends at the quote that a delimiter or the line's end follows.

use crate::feed::bounds::MAX_CELLS;

/// What quotes inside of a cell may be written with, besides two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::feed) enum Escape {
    /// `\"` is a quote of the text, whatever follows it.
    Backslash,
    /// A backslash is a letter.
    None,
}

/// The cells of a line.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Their text, one behind the other, and where each ends.
    pub(super) bytes: Vec<u8>,
    pub(super) ends: Vec<usize>,
    /// Whether each quoted cell is closed, and no bare quote stands at its border: with one there it can't
    /// be told where the cell ends.
    pub(super) is_clean: bool,
}

/// Splits a line, given without its end.
pub(super) fn split(line: &[u8], delimiter: u8, escape: Escape) -> Line {
    let mut cells = Line { is_clean: true, ..Line::default() };
    let mut rest = line;
    loop {
        rest = match rest.strip_prefix(b"\"") {
            Some(inside) => cells.quoted(inside, delimiter, escape),
            None => {
                let end = memchr::memchr(delimiter, rest).unwrap_or(rest.len());
                cells.bytes.extend_from_slice(&rest[..end]);
                &rest[end..]
            }
        };
        cells.ends.push(cells.bytes.len());
        if cells.ends.len() > MAX_CELLS {
            cells.is_clean = false;
            return cells;
        }
        match rest.split_first() {
            Some((_, behind)) => rest = behind,
            None => return cells,
        }
    }
}

impl Line {
    /// Takes in a cell from behind its opening quote; gives what follows its closing one.
    fn quoted<'l>(&mut self, inside: &'l [u8], delimiter: u8, escape: Escape) -> &'l [u8] {
        let start = self.bytes.len();
        let mut at = 0;
        while let Some(byte) = inside.get(at) {
            let next = inside.get(at + 1);
            match byte {
                b'\\' if escape == Escape::Backslash && next == Some(&b'"') => {
                    self.bytes.push(b'"');
                    at += 2;
                }
                b'"' if next == Some(&b'"') => {
                    self.bytes.push(b'"');
                    at += 2;
                }
                b'"' if next.is_none_or(|next| *next == delimiter) => return &inside[at + 1..],
                b'"' => {
                    let is_last = inside[at + 1..]
                        .strip_prefix(b"\"")
                        .is_some_and(|rest| rest.first().is_none_or(|next| *next == delimiter));
                    self.is_clean &= self.bytes.len() > start && !is_last;
                    self.bytes.push(b'"');
                    at += 1;
                }
                byte => {
                    self.bytes.push(*byte);
                    at += 1;
                }
            }
        }
        self.is_clean = false;
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(line: &str, escape: Escape) -> (Vec<String>, bool) {
        let Line { bytes, ends, is_clean } = split(line.as_bytes(), b',', escape);
        let starts = [0].into_iter().chain(ends.iter().copied());
        let texts = starts.zip(&ends).map(|(start, end)| String::from_utf8_lossy(&bytes[start..*end]).into_owned());
        (texts.collect(), is_clean)
    }

    #[test]
    fn quotes_inside_of_cells() {
        let expected = |texts: &[&str]| (texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), true);
        assert_eq!(cells(r#""1","Pan 12\" steel",5"#, Escape::Backslash), expected(&["1", "Pan 12\" steel", "5"]));
        assert_eq!(cells(r#""1","Pan 12" steel",5"#, Escape::None), expected(&["1", "Pan 12\" steel", "5"]));
        assert_eq!(cells(r#""1","C:\dir\",5,"""#, Escape::None), expected(&["1", "C:\\dir\\", "5", ""]));
        assert_eq!(cells(r#"1,"a ""b"" c, d""#, Escape::None), expected(&["1", "a \"b\" c, d"]));
        assert_eq!(cells("", Escape::None), expected(&[""]));
    }

    #[test]
    fn what_cannot_be_made_out() {
        for line in [r#""1","Pan,5"#, r#""1",""Pan,5"#, r#""1"#] {
            assert!(!cells(line, Escape::None).1, "{line}");
        }
    }
}
