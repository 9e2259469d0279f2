//! Events whose time can be told, as a calendar (RFC 5545).

use icalendar::{Calendar, Component as _, Event as Entry, Property};
use jiff::Timestamp;

use super::event_words::{action, creator, recipients, trigger};
use crate::event::{Event, Start, When};

/// A calendar, and what is not in it.
pub struct EventCalendar {
    /// The whole file.
    pub text: String,
    /// Events with a TIME trigger whose time can't be told: the id, and why.
    pub not_understood: Vec<(i64, String)>,
    /// How many events have another trigger.
    pub not_timed: u64,
}

/// Makes a calendar of a store's events, as of this moment. The same events make the same calendar: entries are
/// known again by whoever reads it twice.
pub fn event_calendar(store: &str, events: &[Event], mirrored_at: Timestamp) -> EventCalendar {
    let mut calendar = Calendar::new();
    calendar.properties.retain(|property| property.key() != "PRODID");
    calendar.append_property(("PRODID", "-//shelfkeeper//scheduled events//EN"));
    calendar.name(&format!("Lagerkoll {store}"));
    let (mut not_understood, mut not_timed) = (Vec::new(), 0);
    for event in events {
        match When::of(event.fields()) {
            None => not_timed += 1,
            Some(Err(why)) => not_understood.push((event.id(), why)),
            Some(Ok(when)) => {
                calendar.push(entry(store, event, &when, mirrored_at));
            }
        }
    }
    EventCalendar { text: calendar.to_string(), not_understood, not_timed }
}

fn entry(store: &str, event: &Event, when: &When, mirrored_at: Timestamp) -> Entry {
    let fields = event.fields();
    let today = mirrored_at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let begins = match when.start(today) {
        Start::At(at) => Property::new("DTSTART", at.strftime("%Y%m%dT%H%M%SZ").to_string()),
        Start::Local(local) => Property::new("DTSTART", local.strftime("%Y%m%dT%H%M%S").to_string()),
        Start::Day(day) => {
            Property::new("DTSTART", day.strftime("%Y%m%d").to_string()).add_parameter("VALUE", "DATE").done()
        }
    };
    let described = [
        ("When", trigger(fields)),
        ("What", action(fields)),
        ("To", recipients(fields)),
        ("Created by", creator(event)),
        ("Event", event.id().to_string()),
    ];
    let described = described.iter().filter(|(_, text)| !text.is_empty());
    let described: Vec<String> = described.map(|(name, text)| format!("{name}: {text}")).collect();
    let mut entry = Entry::new();
    entry
        .uid(&format!("{}.{store}@lagerkoll", event.id()))
        .add_property("DTSTAMP", mirrored_at.strftime("%Y%m%dT%H%M%SZ").to_string())
        .append_property(begins)
        .summary(&action(fields))
        .description(&described.join("\n"))
        // It is no appointment that anybody is busy with.
        .add_property("TRANSP", "TRANSPARENT");
    if let Some(rule) = when.rule() {
        entry.add_property("RRULE", rule);
    }
    entry.done()
}
