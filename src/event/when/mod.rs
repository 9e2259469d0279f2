//! When a TIME trigger is due, as far as its fields say.
//!
//! Lagerkoll doesn't document what a trigger holds, so this reads what a person would read: names that
//! can only mean one thing, values that can only be read in one way. A field that isn't understood makes
//! the whole trigger one that is not: a wrong time is worse than none.

mod moment;
mod repeat;
mod value;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::Fields;
use moment::Moment;
use repeat::Repeat;
pub use value::Start;
use value::{number, set};

/// When a trigger is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    moment: Moment,
    start: Start,
    repeat: Option<Repeat>,
}

/// The fields of a trigger, as far as they have been read.
#[derive(Debug, Default)]
struct TriggerFields {
    moment: Option<Moment>,
    zone: Option<TimeZone>,
    hour: Option<i8>,
    minute: Option<i8>,
    repeat: Repeat,
    /// A repetition that was told whole.
    rule: Option<Repeat>,
    /// Whether it is repeated, where that was told.
    is_repeated: Option<bool>,
}

impl When {
    /// When an event with these fields is due; `None` = its trigger is no TIME.
    ///
    /// # Errors
    /// Why that is unknown, in words.
    pub fn of(event: &Fields) -> Option<Result<When, String>> {
        let is_time = event.get("triggerType").and_then(Value::as_str) == Some("TIME");
        let empty = Fields::new();
        let trigger = event.get("trigger").and_then(Value::as_object).unwrap_or(&empty);
        is_time.then(|| When::of_trigger(trigger))
    }

    fn of_trigger(trigger: &Fields) -> Result<When, String> {
        let mut fields = TriggerFields::default();
        for (name, value) in trigger {
            fields.read(name, value).map_err(|problem| format!("{name}: {problem}"))?;
        }
        fields.build()
    }

    /// The first time. What is repeated and begins on no day that is told, begins with the year 2000.
    pub fn start(&self) -> Start {
        self.start
    }

    /// How it is repeated, as RFC 5545 writes it in an `RRULE`; `None` = it isn't.
    pub fn rule(&self) -> Option<String> {
        self.repeat.as_ref().map(|repeat| repeat.rule(self.moment))
    }
}

impl std::fmt::Display for When {
    /// For people: `daily at 08:00`, `2026-03-01 08:00, weekly`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.moment, &self.repeat) {
            (Moment::Time(time), Some(repeat)) => write!(f, "{repeat} at {}", time.strftime("%H:%M")),
            (moment, None) => write!(f, "{moment}"),
            (moment, Some(repeat)) => write!(f, "{repeat} from {moment} on"),
        }
    }
}

impl TriggerFields {
    fn read(&mut self, name: &str, value: &Value) -> Result<(), String> {
        let is_said = match value {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            _ => true,
        };
        let plain = plain(name);
        if !is_said || IN_WORDS.contains(&plain.as_str()) || SERVICES_OWN.contains(&plain.as_str()) {
            return Ok(());
        }
        match plain.as_str() {
            "at" | "when" | "time" | "date" | "datetime" | "timestamp" | "start" | "starttime" | "startdate"
            | "startdatetime" | "startat" | "runat" | "sendat" | "executeat" | "triggerat" | "triggertime"
            | "triggerdate" | "scheduledat" | "scheduledtime" | "scheduleddate" | "firetime" | "timeofday" => {
                self.add_moment(Moment::read(value)?)
            }
            "hour" => set(&mut self.hour, number(value, 23)?),
            "minute" => set(&mut self.minute, number(value, 59)?),
            "second" => number(value, 0).map(drop),
            "zone" | "zoneid" | "tz" | "timezone" | "timezoneid" => set(&mut self.zone, moment::zone(value)?),
            "repeat" | "repeats" | "interval" | "frequency" | "freq" | "recurrence" | "every" | "period" => {
                let is_repeated = self.repeat.read_frequency(value)?;
                self.repeats(is_repeated)
            }
            "days" | "weekday" | "weekdays" | "dayofweek" | "daysofweek" => {
                self.repeat.read_weekdays(value)?;
                self.repeats(true)
            }
            "dayofmonth" | "daysofmonth" | "monthday" => {
                self.repeat.read_days_of_month(value)?;
                self.repeats(true)
            }
            "until" | "end" | "enddate" => self.repeat.read_end(value),
            "cron" | "cronexpression" => {
                let time = self.repeat.read_cron(value)?;
                self.repeats(true)?;
                self.add_moment(Moment::Time(time))
            }
            "rrule" | "recurrencerule" => {
                set(&mut self.rule, Repeat::of_rule(value)?)?;
                self.repeats(true)
            }
            "active" | "enabled" if *value == Value::Bool(true) => Ok(()),
            _ => Err("this could change the time, and is not understood".to_owned()),
        }
    }

    fn repeats(&mut self, is_repeated: bool) -> Result<(), String> {
        match self.is_repeated {
            Some(before) if before != is_repeated => Err("says otherwise than another field".to_owned()),
            _ => {
                self.is_repeated = Some(is_repeated);
                Ok(())
            }
        }
    }

    /// A day and a time of day are one moment together; anything else twice is too much.
    fn add_moment(&mut self, more: Moment) -> Result<(), String> {
        self.moment = Some(match (self.moment, more) {
            (None, more) => more,
            (Some(same), more) if same == more => same,
            (Some(Moment::Day(day)), Moment::Time(time)) | (Some(Moment::Time(time)), Moment::Day(day)) => {
                Moment::Local(day.to_datetime(time))
            }
            (Some(_), _) => return Err("a second time, beside another one".to_owned()),
        });
        Ok(())
    }

    fn build(mut self) -> Result<When, String> {
        match (self.hour, self.minute) {
            (Some(hour), minute) => {
                let time = Time::new(hour, minute.unwrap_or(0), 0, 0).map_err(|error| error.to_string())?;
                self.add_moment(Moment::Time(time))?;
            }
            (None, Some(_)) => return Err("a minute without an hour".to_owned()),
            (None, None) => {}
        }
        let moment = self.moment.ok_or("no time is told that could be understood")?;
        let repeat = self.repeat.or_rule(self.rule)?;
        // A time of day without a day is one of every day.
        let is_repeated = self.is_repeated.unwrap_or(matches!(moment, Moment::Time(_)));
        if !is_repeated && repeat.ends() {
            return Err("an end, but no repetition".to_owned());
        }
        let moment = match self.zone {
            None => moment,
            Some(zone) => moment.in_zone(&zone, is_repeated)?,
        };
        let repeat = is_repeated.then_some(repeat);
        let start = match (&repeat, moment) {
            (Some(repeat), moment) => repeat.start(moment)?,
            (None, Moment::At(at) | Moment::Utc(at)) => Start::At(at),
            (None, Moment::Local(local)) => Start::Local(local),
            (None, Moment::Day(day)) => Start::Day(day),
            (None, Moment::Time(_)) => return Err("a time of day that is not repeated, but no day".to_owned()),
        };
        Ok(When { moment, start, repeat })
    }
}

/// A name without its separators, in small letters.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// Whether a field of a trigger is one that the service keeps by itself: when it ran last, say.
pub(super) fn is_services_own(name: &str) -> bool {
    SERVICES_OWN.contains(&plain(name).as_str())
}

/// Fields in which people say what it is, and not when it is due. (Names as [`plain`] makes them.)
const IN_WORDS: [&str; 8] = ["name", "title", "label", "description", "comment", "comments", "note", "notes"];

/// Fields that the service keeps by itself, and that don't tell when it is due.
const SERVICES_OWN: [&str; 17] = [
    "created",
    "createdat",
    "createdby",
    "createdname",
    "updated",
    "updatedat",
    "updatedby",
    "modified",
    "modifiedat",
    "modifiedby",
    "lastrun",
    "lastrunat",
    "lastruntime",
    "lastexecuted",
    "lastexecutedat",
    "previousrun",
    "version",
];

#[cfg(test)]
mod tests;
