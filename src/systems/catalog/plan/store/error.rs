//! What can go wrong with the temporary file.

use serde::Serialize;
use thiserror::Error;

/// The temporary file can't be written or read.
#[derive(Debug, Error)]
#[error("the plan's temporary file: {0}; is there room where TMPDIR or SQLITE_TMPDIR points?")]
pub struct PlanStoreError(#[from] pub(super) rusqlite::Error);

pub(super) fn json(value: &impl Serialize) -> Result<String, PlanStoreError> {
    let unwritable = |error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    serde_json::to_string(value).map_err(|error| PlanStoreError(unwritable(error)))
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, PlanStoreError> {
    let broken = |error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error));
    serde_json::from_str(text).map_err(|error| PlanStoreError(broken(error)))
}

/// A file beside the database can't be written or read.
pub(super) fn failed(error: std::io::Error) -> PlanStoreError {
    PlanStoreError(rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
