//! In which hours of a week somebody was there.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::watches::WatchSpans;
use crate::systems::availability::timeline::{HOURS, by_hour};

/// The days of a week.
pub(super) const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Prints them for programs, an entry an hour.
///
/// # Errors
/// When that fails.
pub fn hours_json(all: &[WatchSpans], now: Timestamp, zone: &TimeZone, out: &mut dyn Write) -> io::Result<()> {
    let mut entries: Vec<Value> = Vec::new();
    for (watch, spans) in all {
        for (weekday, hours) in (1..).zip(by_hour(spans, now, zone)) {
            entries.extend((0..).zip(hours).map(|(hour, part): (u8, _)| {
                let (available, watched) = (part.available(), part.watched());
                json!({
                    "watch": watch, "weekday": weekday, "hour": hour, "available": available, "watched": watched,
                })
            }));
        }
    }
    serde_json::to_writer(&mut *out, &entries)?;
    writeln!(out)
}

/// Prints them for people, in per cent of what is known.
///
/// # Errors
/// When that fails.
pub fn hours_text(all: &[WatchSpans], now: Timestamp, zone: &TimeZone, out: &mut dyn Write) -> io::Result<()> {
    for (number, (watch, spans)) in all.iter().enumerate() {
        let between = if number > 0 { "\n" } else { "" };
        let zone_name = zone.iana_name().unwrap_or("UTC");
        writeln!(out, "{between}{watch}: somebody there, in per cent of what is known ({zone_name})")?;
        writeln!(out, "hour {}", DAYS.map(|day| format!("{day:>6}")).concat())?;
        let week = by_hour(spans, now, zone);
        for hour in 0..HOURS {
            let cells = week.iter().filter_map(|day| day.get(hour)).map(|part| {
                part.available().map_or_else(|| "     -".to_owned(), |part| format!("{:>6.0}", part * 100.0))
            });
            writeln!(out, "{hour:>4} {}", cells.collect::<String>())?;
        }
    }
    if all.is_empty() {
        writeln!(out, "Nothing is remembered yet.")?;
    }
    Ok(())
}
