//! When a TIME trigger is due, as far as that can be told.
//!
//! Lagerkoll doesn't document what a trigger holds, so this reads what a person would read: names that
//! can only mean one thing, values that can only be read in one way. A field that could change the time
//! and isn't understood makes the whole trigger one that is not: a wrong time is worse than none.

mod moment;
mod repeat;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

use super::Fields;
use moment::Moment;
use repeat::Repeat;

/// When a trigger is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    moment: Moment,
    repeat: Option<Repeat>,
}

/// The first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A moment.
    At(Timestamp),
    /// A time by the clock on the wall, of a place that nobody told.
    Local(DateTime),
    /// A whole day.
    Day(Date),
}

/// What the fields of a trigger say, one by one.
#[derive(Debug, Default)]
struct Told {
    moment: Option<Moment>,
    zone: Option<TimeZone>,
    hour: Option<i8>,
    minute: Option<i8>,
    repeat: Repeat,
    is_repeated: bool,
}

impl When {
    /// When an event with these fields is due; `None` = its trigger is no TIME.
    ///
    /// # Errors
    /// Why that can't be told, in words.
    pub fn of(event: &Fields) -> Option<Result<When, String>> {
        let is_time = event.get("triggerType").and_then(Value::as_str) == Some("TIME");
        let empty = Fields::new();
        let trigger = event.get("trigger").and_then(Value::as_object).unwrap_or(&empty);
        is_time.then(|| When::of_trigger(trigger))
    }

    fn of_trigger(trigger: &Fields) -> Result<When, String> {
        let mut told = Told::default();
        for (name, value) in trigger {
            told.read(name, value).map_err(|problem| format!("{name}: {problem}"))?;
        }
        told.put_together()
    }

    /// The first time that is not before `today`, for times that begin on no day of their own.
    pub fn start(&self, today: Date) -> Start {
        match self.moment {
            Moment::At(at) => Start::At(at),
            Moment::Local(local) => Start::Local(local),
            Moment::Day(day) => Start::Day(day),
            Moment::Time(time) => {
                let days = (0..366).filter_map(|ahead| today.checked_add(ahead.days()).ok());
                let is_due = |day: &Date| self.repeat.as_ref().is_none_or(|repeat| repeat.falls_on(*day));
                Start::Local(days.into_iter().find(is_due).unwrap_or(today).to_datetime(time))
            }
        }
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

impl Told {
    fn read(&mut self, name: &str, value: &Value) -> Result<(), String> {
        let is_said = match value {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            _ => true,
        };
        if !is_said {
            return Ok(());
        }
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        match plain.to_ascii_lowercase().as_str() {
            "at" | "when" | "time" | "date" | "datetime" | "timestamp" | "start" | "starttime" | "startdate"
            | "startdatetime" | "startat" | "runat" | "sendat" | "executeat" | "triggerat" | "triggertime"
            | "triggerdate" | "scheduledat" | "scheduledtime" | "scheduleddate" | "next" | "nextrun" | "nexttime"
            | "firetime" | "timeofday" => self.add_moment(Moment::read(value)?),
            "hour" | "hours" => number(value, 23).map(|hour| self.hour = Some(hour)),
            "minute" | "minutes" => number(value, 59).map(|minute| self.minute = Some(minute)),
            "second" | "seconds" => number(value, 0).map(drop),
            "zone" | "zoneid" | "tz" | "timezone" | "timezoneid" => {
                self.zone = Some(moment::zone(value)?);
                Ok(())
            }
            "repeat" | "repeats" | "interval" | "frequency" | "freq" | "recurrence" | "every" | "period" => {
                let is_repeated = self.repeat.read_frequency(value)?;
                self.is_repeated |= is_repeated;
                Ok(())
            }
            "days" | "weekday" | "weekdays" | "dayofweek" | "daysofweek" => {
                self.is_repeated = true;
                self.repeat.read_weekdays(value)
            }
            "dayofmonth" | "daysofmonth" | "monthday" => {
                self.is_repeated = true;
                self.repeat.read_days_of_month(value)
            }
            "until" | "end" | "enddate" => self.repeat.read_end(value),
            "cron" | "cronexpression" => {
                self.is_repeated = true;
                let time = self.repeat.read_cron(value)?;
                self.add_moment(Moment::Time(time))
            }
            "rrule" | "recurrencerule" => {
                self.is_repeated = true;
                self.repeat.read_rule(value)
            }
            _ if is_about_time(name) => Err("this could change the time, and is not understood".to_owned()),
            _ => Ok(()),
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

    fn put_together(mut self) -> Result<When, String> {
        match (self.hour, self.minute) {
            (Some(hour), minute) => {
                let time = Time::new(hour, minute.unwrap_or(0), 0, 0).map_err(|error| error.to_string())?;
                self.add_moment(Moment::Time(time))?;
            }
            (None, Some(_)) => return Err("a minute without an hour".to_owned()),
            (None, None) => {}
        }
        let moment = self.moment.ok_or("no time is told that could be understood")?;
        if matches!(moment, Moment::Time(_)) && !self.is_repeated {
            // A time of day without a day is one of every day.
            self.is_repeated = true;
        }
        let repeat = self.is_repeated.then_some(self.repeat);
        let moment = match self.zone {
            None => moment,
            Some(zone) => moment.in_zone(&zone, repeat.is_some())?,
        };
        if let Some(repeat) = &repeat {
            repeat.check(moment)?;
        }
        Ok(When { moment, repeat })
    }
}

/// A whole number from nought on, with or without quotes.
fn number(value: &Value, most: i8) -> Result<i8, String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let number = text.trim().parse().ok().filter(|number| (0..=most).contains(number));
    number.ok_or_else(|| format!("{value} is not a number from 0 to {most}"))
}

/// Whether a name speaks of time, by the words that it is made of. What was, or is only told, does not count.
fn is_about_time(name: &str) -> bool {
    const ABOUT: [&str; 27] = [
        "at", "time", "times", "date", "dates", "day", "days", "week", "weeks", "weekly", "month", "months", "year",
        "years", "hour", "hours", "minute", "minutes", "interval", "every", "repeat", "cron", "period", "until",
        "offset", "delay", "zone",
    ];
    const HARMLESS: [&str; 8] = ["last", "previous", "created", "updated", "modified", "changed", "elapsed", "format"];
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    has(&ABOUT) && !has(&HARMLESS)
}

/// `startEveryDay` and `start_every_day` as three words.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let begins = !c.is_alphanumeric() || (c.is_uppercase() && was_lower);
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests;
