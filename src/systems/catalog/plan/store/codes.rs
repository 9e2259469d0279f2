//! How stages and urgencies are written: as numbers, by which the database brings operations into their order.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::systems::catalog::plan::operation::{Stage, Urgency};

impl ToSql for Stage {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self as i64).into())
    }
}

impl FromSql for Stage {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Stage> {
        of(value, &Stage::ALL)
    }
}

impl ToSql for Urgency {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self as i64).into())
    }
}

impl FromSql for Urgency {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Urgency> {
        of(value, &Urgency::ALL)
    }
}

/// The one that has this place among all.
fn of<T: Copy>(value: ValueRef<'_>, all: &[T]) -> FromSqlResult<T> {
    let code = value.as_i64()?;
    let found = usize::try_from(code).ok().and_then(|at| all.get(at));
    found.copied().ok_or(FromSqlError::OutOfRange(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_as_it_was_written() {
        for (at, stage) in (0..).zip(Stage::ALL) {
            assert_eq!((stage as i64, Stage::column_result(ValueRef::Integer(at))), (at, Ok(stage)));
        }
        for (at, urgency) in (0..).zip(Urgency::ALL) {
            assert_eq!((urgency as i64, Urgency::column_result(ValueRef::Integer(at))), (at, Ok(urgency)));
        }
        assert!(Stage::column_result(ValueRef::Integer(-1)).is_err());
    }
}
