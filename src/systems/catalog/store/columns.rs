//! How the catalogue's own types are written in columns.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use super::packed::Packed;
use crate::catalog::{Digest, Fields, Kind};
use crate::state::json;

impl ToSql for Kind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Kind::Category => 0_i64,
            Kind::Product => 1,
        }
        .into())
    }
}

impl FromSql for Kind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Kind> {
        Ok(if value.as_i64()? == 0 { Kind::Category } else { Kind::Product })
    }
}

pub(super) fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    row.get::<_, [u8; 16]>(column).map(Digest::from_be_bytes)
}

pub(super) fn fields(row: &Row<'_>, column: usize) -> rusqlite::Result<Fields> {
    Ok(row.get::<_, Option<Packed>>(column)?.map(|Packed(fields)| fields).unwrap_or_default())
}

/// A column of fields that most objects have none of.
pub(super) fn text_unless_empty(fields: &Fields) -> rusqlite::Result<Option<String>> {
    (!fields.is_empty()).then(|| json(fields)).transpose()
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<String>>(column)?.and_then(|text| text.parse().ok()))
}
