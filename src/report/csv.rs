//! CSV that a spreadsheet opens as it is.

use std::io::{self, Write};

/// A byte order mark: without it some spreadsheets take UTF-8 for something else.
const BOM: &str = "\u{feff}";

/// A table that is printed as it comes.
pub(crate) struct Csv<'w> {
    out: &'w mut dyn Write,
}

impl<'w> Csv<'w> {
    /// Begins with the names of the columns.
    pub(crate) fn begin(out: &'w mut dyn Write, columns: &[&str]) -> io::Result<Csv<'w>> {
        write!(out, "{BOM}")?;
        let mut csv = Csv { out };
        csv.row(columns)?;
        Ok(csv)
    }

    /// As RFC 4180 has it, for programs: no mark before it. Cells are given as they are written, see [`Csv::text`].
    pub(crate) fn plain(out: &'w mut dyn Write, columns: &[&str]) -> io::Result<Csv<'w>> {
        let mut csv = Csv { out };
        csv.row(columns)?;
        Ok(csv)
    }

    /// A cell of text, safe from being computed.
    pub(crate) fn text(text: &str) -> String {
        cell(text)
    }

    /// A row of cells that are texts as [`Csv::text`] writes them, or numbers.
    pub(crate) fn cells(&mut self, cells: &[String]) -> io::Result<()> {
        write!(self.out, "{}\r\n", cells.join(","))
    }

    pub(crate) fn row(&mut self, cells: &[impl AsRef<str>]) -> io::Result<()> {
        let cells: Vec<String> = cells.iter().map(|text| cell(text.as_ref())).collect();
        write!(self.out, "{}\r\n", cells.join(","))
    }
}

/// A cell that is never computed: a text that a spreadsheet would take for a formula begins with an apostrophe.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let safe = if is_formula { format!("'{text}") } else { text.to_owned() };
    if safe.contains(['"', ',', ';', '\n', '\r', '\t']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_texts() {
        for (text, expected) in [
            ("Lamp", "Lamp"),
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-5", "'-5"),
            ("@a", "'@a"),
            ("\ta", "\"'\ta\""),
            ("a,b", "\"a,b\""),
            ("say \"a\"", "\"say \"\"a\"\"\""),
            ("=A1,\"x\"", "\"'=A1,\"\"x\"\"\""),
            ("a\nb", "\"a\nb\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
        let mut out = Vec::new();
        let mut csv = Csv::begin(&mut out, &["id", "title"]).expect("printed");
        csv.row(&["1", "Лампа"]).expect("printed");
        assert_eq!(String::from_utf8(out).expect("text"), "\u{feff}id,title\r\n1,Лампа\r\n");
    }
}
