//! Reading how watches stand and stood.

use jiff::{SignedDuration, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Row, params};

use super::{Kept, LAPSED, Written};
use crate::clock::{Moment, boot_id};
use crate::state::{AVAILABILITY_SINCE, Reader, StateError};
use crate::systems::availability::hysteresis::{Known, State};
use crate::systems::availability::timeline::Span;

/// Longer than anything that was read counts.
const LONG: SignedDuration = SignedDuration::from_hours(24 * 365);

/// Reading how watches stand and stood.
pub(crate) trait ReadAvailability: AsRef<Reader> {
    /// Every watch that there ever was, by the clocks as they are `now`.
    ///
    /// # Errors
    /// When the file can't be read.
    fn watches(&self, now: Moment) -> Result<Vec<Kept>, StateError> {
        let reader = self.as_ref();
        if reader.version() < AVAILABILITY_SINCE {
            return Ok(Vec::new());
        }
        let (boot, lapsed) = (boot_id(), reader.get(&LAPSED)?.unwrap_or_default());
        let sql = "SELECT watch, question, began, available, since, checked, checked_up, boot, contrary, until, trouble
                   FROM watch ORDER BY watch";
        reader.all(sql, [], |row| {
            let kept = kept(row, now, boot.as_deref())?;
            Ok(Kept { is_lapsed: lapsed.contains(&kept.watch), ..kept })
        })
    }

    /// What was known of a watch and is over, the earliest first, as far as it ended after a moment.
    ///
    /// # Errors
    /// When the file can't be read.
    fn spans(&self, watch: &str, after: Timestamp) -> Result<Vec<Span>, StateError> {
        let reader = self.as_ref();
        if reader.version() < AVAILABILITY_SINCE {
            return Ok(Vec::new());
        }
        let sql = "SELECT available, began, ended FROM watch_span WHERE watch = ?1 AND ended > ?2 ORDER BY began, span";
        reader.all(sql, params![watch, after.as_millisecond()], |row| {
            let state = if row.get(0)? { State::Available } else { State::NotAvailable };
            Ok(Span { state, from: time(row, 1)?, to: Some(time(row, 2)?) })
        })
    }
}

impl ReadAvailability for Reader {}

fn kept(row: &Row<'_>, now: Moment, boot: Option<&str>) -> rusqlite::Result<Kept> {
    let known = match row.get::<_, Option<bool>>(3)? {
        None => None,
        Some(is_available) => {
            let up = SignedDuration::from_millis(row.get(6)?);
            let written = Written { wall: time(row, 5)?, up, boot: row.get(7)? };
            let (since, contrary) = (time(row, 4)?, row.get(8)?);
            // When it was, nobody can tell where it is still to come by a clock that was or is wrong: long ago.
            let long_ago = Moment { wall: written.wall, up: now.up.saturating_sub(LONG) };
            let last = written.on_this_clock(now, boot).unwrap_or(long_ago);
            Some(Known { is_available, since, last, contrary })
        }
    };
    let until = row.get::<_, Option<i64>>(9)?.map(|_| time(row, 9)).transpose()?;
    let (watch, question, began) = (row.get(0)?, row.get(1)?, time(row, 2)?);
    Ok(Kept { watch, question, began, known, until, trouble: row.get(10)?, is_lapsed: false })
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(row.get(column)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error)))
}
