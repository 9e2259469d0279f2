//! The feed that we serve for an import: what the state holds, with what the feed has otherwise over it.

use std::collections::BTreeSet;

use rusqlite::params;

use crate::catalog::{Fields, Kind};
use crate::state::StateError;
use crate::state::reader::{Reader, code, fields};
use crate::state::writer::Writer;

/// Where the reading of the served feed goes on. One kind after the other.
#[derive(Debug, Clone)]
pub enum ServedFrom {
    /// Behind this object that is as the state has it.
    Known(i64),
    /// Behind this id of those that the feed has otherwise.
    Changed(String),
}

/// Objects of the served feed, by id, and where the next ones begin (`None` = that was all).
pub type Served = (Vec<(String, Fields)>, Option<ServedFrom>);

impl Reader {
    /// Objects of the feed that is served for an import, at most `most` and possibly none.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn served(&self, kind: Kind, from: &ServedFrom, most: u32) -> Result<Served, StateError> {
        let run = || -> rusqlite::Result<Served> {
            let mut objects = Vec::new();
            let mut last = None;
            match from {
                ServedFrom::Known(object) => {
                    let sql = "SELECT object, id, acked FROM object WHERE kind = ?1 AND object > ?2 AND NOT EXISTS
                               (SELECT 1 FROM served WHERE served.kind = object.kind AND served.id = object.id)
                               ORDER BY object LIMIT ?3";
                    let mut statement = self.connection.prepare_cached(sql)?;
                    let mut rows = statement.query(params![code(kind), object, most])?;
                    while let Some(row) = rows.next()? {
                        last = Some(ServedFrom::Known(row.get(0)?));
                        objects.push((row.get(1)?, fields(row, 2)?));
                    }
                    // What the feed has otherwise comes after what it has as before.
                    Ok((objects, Some(last.unwrap_or_else(|| ServedFrom::Changed(String::new())))))
                }
                ServedFrom::Changed(id) => {
                    let sql = "SELECT id, fields FROM served WHERE kind = ?1 AND id > ?2 AND fields IS NOT NULL
                               ORDER BY id LIMIT ?3";
                    let mut statement = self.connection.prepare_cached(sql)?;
                    let mut rows = statement.query(params![code(kind), id, most])?;
                    while let Some(row) = rows.next()? {
                        let id: String = row.get(0)?;
                        last = Some(ServedFrom::Changed(id.clone()));
                        objects.push((id, fields(row, 1)?));
                    }
                    Ok((objects, last))
                }
            }
        };
        run().map_err(|error| self.fail(error))
    }

    /// The currencies of the served feed.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn served_currencies(&self) -> Result<Vec<String>, StateError> {
        let mut currencies = BTreeSet::new();
        for sql in [
            "SELECT acked FROM object WHERE kind = 1",
            "SELECT fields FROM served WHERE kind = 1 AND fields IS NOT NULL",
        ] {
            let mut run = || -> rusqlite::Result<()> {
                let mut statement = self.connection.prepare(sql)?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    let fields = fields(row, 0)?;
                    let currency = fields.get("currency").and_then(|currency| currency.as_str());
                    if let Some(new) = currency.filter(|currency| !currencies.contains(*currency)) {
                        currencies.insert(new.to_owned());
                    }
                }
                Ok(())
            };
            run().map_err(|error| self.fail(error))?;
        }
        Ok(currencies.into_iter().collect())
    }
}

impl Writer {
    /// Writes objects of the feed that is to be served for an import, where it has them otherwise than
    /// the state (`None` = it doesn't have them). `first` = of a new feed.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn serve(&self, objects: Vec<(Kind, String, Option<Fields>)>, first: bool) -> Result<(), StateError> {
        self.run_lightly(move |transaction| {
            if first {
                transaction.execute("DELETE FROM served", [])?;
            }
            let sql = "INSERT OR REPLACE INTO served (kind, id, fields) VALUES (?1, ?2, ?3)";
            let mut statement = transaction.prepare_cached(sql)?;
            for (kind, id, fields) in objects {
                let fields = fields.map(|fields| serde_json::to_string(&fields).unwrap_or_default());
                statement.execute(params![code(kind), id, fields])?;
            }
            Ok(())
        })
        .await
    }
}
