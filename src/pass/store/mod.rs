//! The rows that passes leave, a list for each job and what it is about.

mod told;

use jiff::Timestamp;
use rusqlite::{Transaction, params};

pub use told::tell;
pub(super) use told::{ReadTold, ToldBetween, WriteTold};

use super::row::{Kept, PassEntry, PassRow};
use crate::state::{JOBS_SINCE, Reader, StateError, json};

/// How many passes of a job are remembered.
const KEPT: i64 = 10_000;
/// How many are recent where they aren't told apart by their time.
const RECENT: u32 = 500;

/// Reading about passes.
pub trait ReadPasses: AsRef<Reader> {
    /// The last passes of a job over a subject, the latest first.
    ///
    /// # Errors
    /// When the file can't be read.
    fn passes(&self, job: &str, subject: &str, most: u32) -> Result<Vec<PassRow>, StateError> {
        let reader = self.as_ref();
        let text = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
        let rows = if reader.version() >= JOBS_SINCE {
            let sql = "SELECT row FROM pass WHERE job = ?1 AND subject = ?2 ORDER BY pass DESC LIMIT ?3";
            reader.all(sql, params![job, subject, most], text)?
        } else if subject.is_empty() {
            reader.all("SELECT row FROM pass ORDER BY pass DESC LIMIT ?1", [most], text)?
        } else {
            // What older formats have of other jobs is not worth another way of reading it.
            Vec::new()
        };
        Ok(rows.iter().filter_map(|row| serde_json::from_str(row).ok()).collect())
    }

    /// The last passes of whatever job, the latest first.
    ///
    /// # Errors
    /// When the file can't be read.
    fn latest(&self, most: u32) -> Result<Vec<PassRow>, StateError> {
        let sql = "SELECT row FROM pass ORDER BY pass DESC LIMIT ?1";
        let rows = self.as_ref().all(sql, [most], |row| row.get::<_, String>(0))?;
        Ok(rows.iter().filter_map(|row| serde_json::from_str(row).ok()).collect())
    }

    /// The same of those of a job that ended at this time or later.
    ///
    /// # Errors
    /// When the file can't be read.
    fn passes_since(&self, job: &str, subject: &str, since: Timestamp) -> Result<Vec<PassRow>, StateError> {
        let reader = self.as_ref();
        if reader.version() < JOBS_SINCE {
            return self.passes(job, subject, RECENT);
        }
        reader.read(|connection| {
            let sql = "SELECT row FROM pass WHERE job = ?1 AND subject = ?2 ORDER BY pass DESC";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![job, subject])?;
            let mut passes: Vec<PassRow> = Vec::new();
            while let Some(row) = rows.next()? {
                let Ok(pass) = serde_json::from_str::<PassRow>(row.get_ref(0)?.as_str()?) else { continue };
                if pass.finished.at < since {
                    break;
                }
                passes.push(pass);
            }
            Ok(passes)
        })
    }
}

impl ReadPasses for Reader {}

/// Adds a pass, and tells what is to be told of it.
///
/// # Errors
/// When it can't be written.
pub fn record(transaction: &Transaction<'_>, entry: &PassEntry) -> rusqlite::Result<()> {
    let PassEntry { job, subject, row, .. } = entry;
    let sql = "INSERT INTO pass (job, subject, row) VALUES (?1, ?2, ?3)";
    transaction.prepare_cached(sql)?.execute(params![job, subject, json(&Kept(row))?])?;
    let sql = "DELETE FROM pass WHERE job = ?1 AND subject = ?2 AND pass <= (
                   SELECT pass FROM pass WHERE job = ?1 AND subject = ?2 ORDER BY pass DESC LIMIT 1 OFFSET ?3)";
    transaction.prepare_cached(sql)?.execute(params![job, subject, KEPT])?;
    told::tell(transaction, entry)
}
