//! Rejected rows, for whoever has to mend them in the shop.

use std::io::{self, Write};

use crate::catalog::{Faults, Rejection};
use crate::text::{count, fold, number, one_line, shorten};

/// Duplicates of which both lines are told.
const DUPLICATES: usize = 10;

/// Rejected rows: the first ones by themselves, and all that only have an earlier row's id in one line.
#[derive(Debug)]
pub struct RejectedRows {
    most: usize,
    rows: Vec<String>,
    others: u64,
    duplicates: Vec<String>,
    further_duplicates: u64,
}

impl RejectedRows {
    /// None so far; at most so many are told each by itself.
    pub fn new(most: usize) -> RejectedRows {
        RejectedRows { most, rows: Vec::new(), others: 0, duplicates: Vec::new(), further_duplicates: 0 }
    }

    /// One more.
    pub fn add(&mut self, rejection: &Rejection) {
        let Rejection { line, id, field, reason, first, .. } = rejection;
        if rejection.is_duplicate() && self.duplicates.len() < DUPLICATES {
            let id = id.as_deref().map(|id| format!(" (id {})", one_line(&shorten(id)))).unwrap_or_default();
            let first = first.map_or_else(|| "an earlier line".to_owned(), |first| format!("line {first}"));
            self.duplicates.push(format!("line {line} as {first}{id}"));
        } else if rejection.is_duplicate() {
            self.further_duplicates += 1;
        } else if self.rows.len() < self.most {
            let id = id.as_deref().map(|id| format!(", id {}", one_line(&shorten(id)))).unwrap_or_default();
            self.rows.push(format!("  line {line}{id}: {field}: {}", one_line(reason)));
        } else {
            self.others += 1;
        }
    }

    /// Prints them below what they come to.
    ///
    /// # Errors
    /// When it can't be printed.
    pub fn print(&self, faults: &Faults, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        let title = format!("{} rejected: {faults}:", count(faults.rows(), "row", "rows"));
        writeln!(out, "{}", fold(&title, 2))?;
        self.rows.iter().try_for_each(|row| writeln!(out, "{}", fold(row, 4)))?;
        if self.others > 0 {
            writeln!(out, "  … and {} more: --format json has them all", number(self.others))?;
        }
        if !self.duplicates.is_empty() {
            let more = Some(self.further_duplicates).filter(|n| *n > 0);
            let more = more.map(|n| format!(", and {} more", number(n))).unwrap_or_default();
            let line = format!("  same id, of which the first row counts: {}{more}", self.duplicates.join(", "));
            writeln!(out, "{}", fold(&line, 4))?;
        }
        Ok(())
    }
}
