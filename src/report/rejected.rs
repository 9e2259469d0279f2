//! Rejected rows in a few lines: what is wrong with how many, and the first of them.

use std::io::{self, Write};

use crate::catalog::{FaultCounts, Rejection};
use crate::text::{number, shorten, wrap};

/// Duplicates that are told one by one; more are one line.
const DUPLICATES: u64 = 3;

/// Collects what is told of rejected rows.
#[derive(Debug, Default)]
pub struct RejectedRows {
    counts: FaultCounts,
    /// The first ones that are no duplicates.
    rows: Vec<Rejection>,
    most: usize,
    others: u64,
    /// The first duplicates.
    duplicates: Vec<Rejection>,
    duplicate_count: u64,
}

impl RejectedRows {
    /// None so far, of which so many will be shown.
    pub fn showing(most: usize) -> RejectedRows {
        RejectedRows { most, ..RejectedRows::default() }
    }

    /// One more.
    pub fn add(&mut self, rejection: Rejection) {
        self.counts.add(&rejection);
        if rejection.is_duplicate() {
            self.duplicate_count += 1;
            if self.duplicate_count <= DUPLICATES {
                self.duplicates.push(rejection);
            }
        } else {
            self.others += 1;
            if self.rows.len() < self.most {
                self.rows.push(rejection);
            }
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.others + self.duplicate_count
    }

    /// Prints them; `all` = what has the rest.
    ///
    /// # Errors
    /// When they can't be printed.
    pub fn print(&self, all: &str, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        write!(out, "{}", wrap(&format!("{}:", self.counts.words()), ""))?;
        let is_one_by_one = self.duplicate_count <= DUPLICATES;
        let mut rows: Vec<&Rejection> = self.rows.iter().collect();
        rows.extend(self.duplicates.iter().filter(|_| is_one_by_one));
        rows.sort_by_key(|rejection| rejection.line);
        for Rejection { line, id, field, reason, .. } in rows {
            let id = id.as_ref().map(|id| format!(", id {}", shorten(id))).unwrap_or_default();
            writeln!(out, "  line {line}{id}: {field}: {reason}")?;
        }
        if !is_one_by_one {
            let lines: Vec<String> = self.duplicates.iter().map(as_line).collect();
            let count = number(self.duplicate_count);
            write!(out, "{}", wrap(&format!("{count} duplicate ids: {}, …", lines.join(", ")), "  "))?;
        }
        if self.others > self.rows.len() as u64 {
            writeln!(out, "  … {all} has them all")?;
        }
        Ok(())
    }
}

/// A duplicate and the line of the row that has its id.
fn as_line(Rejection { line, first, .. }: &Rejection) -> String {
    first.map_or_else(|| format!("line {line}"), |first| format!("line {line} as line {first}"))
}
