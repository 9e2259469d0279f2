//! Events whose time can be told, as a calendar (RFC 5545).

use icalendar::{Calendar, Component as _, Event as Entry, Property};
use jiff::Timestamp;

use super::words::{action, creator, recipients, trigger};
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

/// What a calendar has that has no entry: it must have something (RFC 5545, 3.6), and this means nothing.
const NO_ENTRY: &str = "BEGIN:VTIMEZONE\r\nTZID:UTC\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
                        TZOFFSETFROM:+0000\r\nTZOFFSETTO:+0000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

/// Makes a calendar of a store's events, as they were at this moment. The same events make the same entries, but for
/// that moment: they are known again by whoever reads the calendar twice.
pub fn event_calendar(store: &str, events: &[Event], mirrored_at: Timestamp) -> EventCalendar {
    let mut calendar = Calendar::new();
    calendar.properties.retain(|property| property.key() != "PRODID");
    calendar.append_property(("PRODID", "-//shelfkeeper//scheduled events//EN"));
    let name = format!("Lagerkoll {store}");
    // Of the two, only the older one is known to be a text that is to be escaped.
    calendar.append_property(("NAME", escaped(&name).as_str()));
    calendar.append_property(("X-WR-CALNAME", name.as_str()));
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
    let mut text = calendar.to_string();
    if calendar.is_empty() {
        text = text.replace("END:VCALENDAR", &format!("{NO_ENTRY}END:VCALENDAR"));
    }
    EventCalendar { text, not_understood, not_timed }
}

/// A text as a value (RFC 5545, 3.3.11).
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,")
}

fn entry(store: &str, event: &Event, when: &When, mirrored_at: Timestamp) -> Entry {
    let fields = event.fields();
    let begins = match when.start() {
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
        .summary(&action(fields).replace('\r', " "))
        .description(&described.join("\n").replace('\r', " "))
        // It is no appointment that anybody is busy with.
        .add_property("TRANSP", "TRANSPARENT");
    if let Some(rule) = when.rule() {
        entry.add_property("RRULE", rule);
    }
    entry.done()
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, Weekday};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// What a trigger may hold, good and bad.
    fn trigger() -> impl Strategy<Value = Value> {
        let date = "20(0[0-9]|2[5-7])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
        let time = "([01]?[0-9]|2[0-4]):[0-5][0-9](:[0-6][0-9])?";
        let moment = (date, time, prop::sample::select(vec!["", "Z", "+02:00", "[Europe/Stockholm]"]))
            .prop_map(|(date, time, zone)| format!("{date}T{time}{zone}"));
        let day = "(MON|tuesday|We|FR|sunday)(,(MON|SAT))?";
        let rule = "FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY|HOURLY)(;INTERVAL=[12])?(;BYDAY=(MO|2TU|-1FR|SA,SU))?\
                    (;BYMONTHDAY=(1|15|31))?(;COUNT=[1-9]|;UNTIL=20280101|;UNTIL=20280101T000000Z)?";
        let field = prop_oneof![
            moment.prop_map(|moment| ("at", json!(moment))),
            date.prop_map(|date| ("date", json!(date))),
            time.prop_map(|time| ("time", json!(time))),
            day.prop_map(|day| ("days", json!(day))),
            (1..=31).prop_map(|day| ("dayOfMonth", json!(day))),
            rule.prop_map(|rule| ("rrule", json!(rule))),
            "(daily|weekly|monthly|yearly|hourly|none)".prop_map(|word| ("repeat", json!(word))),
            date.prop_map(|date| ("until", json!(date))),
            Just(("zone", json!("UTC"))),
            any::<String>().prop_map(|text| ("note", json!(text))),
        ];
        let some = prop::collection::vec(field, 1..4);
        some.prop_map(|fields| {
            Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        })
    }

    /// Whether a day is one that a rule names.
    fn is_named(rule: &str, day: Date) -> bool {
        let part = |name: &str| {
            let value = rule.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
            value.map(|value| value.split(',').map(str::to_owned).collect::<Vec<_>>())
        };
        let names = [
            (Weekday::Monday, "MO"),
            (Weekday::Tuesday, "TU"),
            (Weekday::Wednesday, "WE"),
            (Weekday::Thursday, "TH"),
            (Weekday::Friday, "FR"),
            (Weekday::Saturday, "SA"),
            (Weekday::Sunday, "SU"),
        ];
        let name = names.iter().find(|(weekday, _)| *weekday == day.weekday()).map_or("", |(_, name)| name);
        let is_nth = |nth: &str| match nth {
            "" => true,
            "2" => (8..=14).contains(&day.day()),
            "-1" => day.day() > day.days_in_month() - 7,
            other => panic!("{other}"),
        };
        let by_day = part("BYDAY").is_none_or(|days| days.iter().any(|day| day.strip_suffix(name).is_some_and(is_nth)));
        by_day && part("BYMONTHDAY").is_none_or(|days| days.contains(&day.day().to_string()))
    }

    proptest! {
        #[test]
        fn every_entry_begins_on_one_of_its_times(triggers in prop::collection::vec(trigger(), 0..6), store in "[ -~]{0,90}") {
            let event = |(id, trigger): (usize, &Value)| {
                let subject = format!("{id}\r\n; a, b\\ {}", "é".repeat(60));
                let fields = json!({
                    "id": id, "triggerType": "TIME", "trigger": trigger, "actionType": "SEND_EMAIL",
                    "action": {"subject": subject},
                });
                Event::parse(fields).expect("an event")
            };
            let events: Vec<Event> = triggers.iter().enumerate().map(event).collect();
            let calendar = event_calendar(&store, &events, Timestamp::UNIX_EPOCH);
            prop_assert!(calendar.text.split_terminator("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])));
            let whole = calendar.text.replace("\r\n ", "");
            let values = |name: &str| -> Vec<String> {
                let value = |line: &str| Some(line.strip_prefix(name)?.trim_start_matches(";VALUE=DATE").strip_prefix(':')?.to_owned());
                whole.split("\r\n").filter_map(value).collect()
            };
            prop_assert_eq!(values("BEGIN").iter().filter(|name| *name == "VEVENT").count(), events.len() - calendar.not_understood.len());
            for entry in whole.split("BEGIN:VEVENT").skip(1) {
                let of = |name: &str| entry.split("\r\n").find(|line| line.starts_with(name)).and_then(|line| line.rsplit(':').next());
                let start = of("DTSTART").expect("a start");
                let day = Date::strptime("%Y%m%d", &start[..8]).expect("a day");
                let rule = of("RRULE").unwrap_or_default();
                prop_assert!(is_named(rule, day), "{start} {rule}");
                let until = rule.split("UNTIL=").nth(1).unwrap_or("9");
                prop_assert!(until >= &start[..8], "{start} {rule}");
            }
            let name = escaped(&format!("Lagerkoll {store}"));
            prop_assert!(values("X-WR-CALNAME").contains(&name) && values("NAME").contains(&name), "{whole}");
        }
    }
}
