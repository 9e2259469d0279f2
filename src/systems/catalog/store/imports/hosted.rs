//! The hosted feed, which we serve for an import: what the state holds, with what the feed has otherwise over it.

use std::collections::BTreeSet;

use rusqlite::params;

use crate::catalog::{Fields, Kind};
use crate::state::{Reader, StateError, Writer, json};
use crate::systems::catalog::store::columns::fields;

/// Where the reading of the hosted feed goes on. One kind after the other.
#[derive(Debug, Clone)]
pub enum HostedFrom {
    /// Behind this object that is as the state has it.
    Known(i64),
    /// Behind this id of those that the feed has otherwise.
    Changed(String),
}

/// Objects of the hosted feed, by id, and where the next ones begin (`None` = that was all).
pub type HostedPage = (Vec<(String, Fields)>, Option<HostedFrom>);

/// Reading the hosted feed.
pub trait ReadHostedFeed: AsRef<Reader> {
    /// Objects of the feed that is served for an import, at most `most` and possibly none.
    ///
    /// # Errors
    /// When the file can't be read.
    fn hosted(&self, kind: Kind, from: &HostedFrom, most: u32) -> Result<HostedPage, StateError> {
        self.as_ref().read(|connection| {
            let mut objects = Vec::new();
            let mut last = None;
            match from {
                HostedFrom::Known(object) => {
                    let sql = "SELECT object, id, acked FROM object WHERE kind = ?1 AND object > ?2 AND NOT EXISTS
                               (SELECT 1 FROM served WHERE served.kind = object.kind AND served.id = object.id)
                               ORDER BY object LIMIT ?3";
                    let mut statement = connection.prepare_cached(sql)?;
                    let mut rows = statement.query(params![kind, object, most])?;
                    while let Some(row) = rows.next()? {
                        last = Some(HostedFrom::Known(row.get(0)?));
                        objects.push((row.get(1)?, fields(row, 2)?));
                    }
                    // What the feed has otherwise comes after what it has as before.
                    Ok((objects, Some(last.unwrap_or_else(|| HostedFrom::Changed(String::new())))))
                }
                HostedFrom::Changed(id) => {
                    let sql = "SELECT id, fields FROM served WHERE kind = ?1 AND id > ?2 AND fields IS NOT NULL
                               ORDER BY id LIMIT ?3";
                    let mut statement = connection.prepare_cached(sql)?;
                    let mut rows = statement.query(params![kind, id, most])?;
                    while let Some(row) = rows.next()? {
                        let id: String = row.get(0)?;
                        last = Some(HostedFrom::Changed(id.clone()));
                        objects.push((id, fields(row, 1)?));
                    }
                    Ok((objects, last))
                }
            }
        })
    }

    /// The currencies of the hosted feed.
    ///
    /// # Errors
    /// When the file can't be read.
    fn hosted_currencies(&self) -> Result<Vec<String>, StateError> {
        let mut currencies = BTreeSet::new();
        for sql in [
            "SELECT acked FROM object WHERE kind = 1",
            "SELECT fields FROM served WHERE kind = 1 AND fields IS NOT NULL",
        ] {
            self.as_ref().read(|connection| {
                let mut statement = connection.prepare(sql)?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    let fields = fields(row, 0)?;
                    let currency = fields.get("currency").and_then(|currency| currency.as_str());
                    if let Some(new) = currency.filter(|currency| !currencies.contains(*currency)) {
                        currencies.insert(new.to_owned());
                    }
                }
                Ok(())
            })?;
        }
        Ok(currencies.into_iter().collect())
    }
}

impl ReadHostedFeed for Reader {}

/// Writing the hosted feed.
pub trait WriteHostedFeed: AsRef<Writer> {
    /// Writes objects of the feed that is to be served for an import, where it has them otherwise than
    /// the state (`None` = it doesn't have them). `first` = of a new feed.
    ///
    /// # Errors
    /// When it can't be written.
    fn serve(
        &self,
        objects: Vec<(Kind, String, Option<Fields>)>,
        first: bool,
    ) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run_lightly(move |transaction| {
            if first {
                transaction.execute("DELETE FROM served", [])?;
            }
            let sql = "INSERT OR REPLACE INTO served (kind, id, fields) VALUES (?1, ?2, ?3)";
            let mut statement = transaction.prepare_cached(sql)?;
            for (kind, id, fields) in objects {
                let fields = fields.as_ref().map(json).transpose()?;
                statement.execute(params![kind, id, fields])?;
            }
            Ok(())
        })
    }
}

impl WriteHostedFeed for Writer {}
