//! Values of a trigger's fields.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::Value;

/// The first time; one of a repetition is itself one of its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A moment.
    At(Timestamp),
    /// A time by the clock on the wall, of a place that nobody told.
    Local(DateTime),
    /// A whole day.
    Day(Date),
}

/// Sets a value that may be given twice only if it is the same.
pub(super) fn set<T: PartialEq>(place: &mut Option<T>, value: T) -> Result<(), String> {
    match place {
        Some(before) if *before != value => Err("says otherwise than another field".to_owned()),
        _ => {
            *place = Some(value);
            Ok(())
        }
    }
}

/// A whole number from zero on, with or without quotes.
pub(super) fn number(value: &Value, most: i8) -> Result<i8, String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let number = text.trim().parse().ok().filter(|number| (0..=most).contains(number));
    number.ok_or_else(|| format!("{value} is not a number from 0 to {most}"))
}
