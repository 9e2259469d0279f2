//! How a time comes again.

use std::fmt;

use jiff::civil::{Date, Time, Weekday};
use serde_json::Value;

use super::moment::Moment;
use super::number;

const DAYS: [(Weekday, &str, &str); 7] = [
    (Weekday::Monday, "MO", "monday"),
    (Weekday::Tuesday, "TU", "tuesday"),
    (Weekday::Wednesday, "WE", "wednesday"),
    (Weekday::Thursday, "TH", "thursday"),
    (Weekday::Friday, "FR", "friday"),
    (Weekday::Saturday, "SA", "saturday"),
    (Weekday::Sunday, "SU", "sunday"),
];

/// The frequencies of RFC 5545 that a word says, and the words.
const FREQUENCIES: [(&str, &str, [&str; 3]); 5] = [
    ("HOURLY", "every hour", ["hourly", "hour", "hours"]),
    ("DAILY", "daily", ["daily", "day", "days"]),
    ("WEEKLY", "weekly", ["weekly", "week", "weeks"]),
    ("MONTHLY", "monthly", ["monthly", "month", "months"]),
    ("YEARLY", "yearly", ["yearly", "year", "annually"]),
];

/// A repetition. One that says nothing is daily.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Repeat {
    frequency: Option<&'static str>,
    weekdays: Vec<Weekday>,
    days_of_month: Vec<i8>,
    end: Option<Moment>,
    /// A rule of RFC 5545, which says all of this by itself.
    rule: Option<String>,
}

impl Repeat {
    /// `daily`, `WEEK`, `true`; gives whether it is repeated at all.
    pub(super) fn read_frequency(&mut self, value: &Value) -> Result<bool, String> {
        let unknown = || format!("{value} is no repetition that is understood");
        let word = match value {
            Value::Bool(false) => return Ok(false),
            Value::String(word) => word.trim().to_ascii_lowercase(),
            _ => return Err(unknown()),
        };
        if matches!(word.as_str(), "none" | "never" | "once" | "no" | "false") {
            return Ok(false);
        }
        let (frequency, ..) =
            FREQUENCIES.iter().find(|(.., words)| words.contains(&word.as_str())).ok_or_else(unknown)?;
        self.frequency = Some(frequency);
        Ok(true)
    }

    /// `MON`, `"mon,tuesday"`, `["MONDAY"]`. Numbers are not understood: weeks begin on different days.
    pub(super) fn read_weekdays(&mut self, value: &Value) -> Result<(), String> {
        for part in parts(value) {
            self.weekdays.push(weekday(&part).ok_or_else(|| format!("{part} is no day of the week"))?);
        }
        let place = |day: &Weekday| day.to_monday_zero_offset();
        self.weekdays.sort_by_key(place);
        self.weekdays.dedup();
        if self.weekdays.is_empty() { Err("no day of the week".to_owned()) } else { Ok(()) }
    }

    pub(super) fn read_days_of_month(&mut self, value: &Value) -> Result<(), String> {
        for part in parts(value) {
            let day = number(&Value::String(part.clone()), 31)?;
            self.days_of_month.extend(Some(day).filter(|day| *day > 0));
        }
        self.days_of_month.sort_unstable();
        self.days_of_month.dedup();
        if self.days_of_month.is_empty() { Err("no day of the month".to_owned()) } else { Ok(()) }
    }

    pub(super) fn read_end(&mut self, value: &Value) -> Result<(), String> {
        match Moment::read(value)? {
            Moment::Time(_) => Err(format!("{value} is no day")),
            end => {
                self.end = Some(end);
                Ok(())
            }
        }
    }

    /// A cron line that is due once a day at most: `0 8 * * MON-FRI`, with or without seconds before it.
    pub(super) fn read_cron(&mut self, value: &Value) -> Result<Time, String> {
        let unknown = || format!("{value} is no cron line that is understood");
        let fields: Vec<&str> = value.as_str().ok_or_else(unknown)?.split_whitespace().collect();
        let (fields, has_seconds) = match fields.as_slice() {
            [minute, hour, day, month, weekday] => ([*minute, *hour, *day, *month, *weekday], false),
            ["0", minute, hour, day, month, weekday] => ([*minute, *hour, *day, *month, *weekday], true),
            _ => return Err(unknown()),
        };
        let [minute, hour, day, month, weekday] = fields;
        let any = |field: &str| matches!(field, "*" | "?");
        if !any(month) || !(any(day) || any(weekday)) {
            return Err(unknown());
        }
        let number = |text: &str| text.parse().map_err(|_| unknown());
        let time = Time::new(number(hour)?, number(minute)?, 0, 0).map_err(|_| unknown())?;
        if !any(day) {
            self.read_days_of_month(&Value::from(day)).map_err(|_| unknown())?;
        }
        if !any(weekday) {
            let days = weekday.split(',').map(|part| cron_weekdays(part, has_seconds)).collect::<Option<Vec<_>>>();
            for day in days.ok_or_else(unknown)?.concat() {
                self.weekdays.push(day);
            }
            self.weekdays.sort_by_key(|day| day.to_monday_zero_offset());
            self.weekdays.dedup();
        }
        Ok(time)
    }

    /// A rule of RFC 5545 (3.3.10), as it is: whoever reads the calendar understands it.
    pub(super) fn read_rule(&mut self, value: &Value) -> Result<(), String> {
        let unknown = || format!("{value} is no rule of RFC 5545");
        let rule = value.as_str().ok_or_else(unknown)?.trim();
        let rule = rule.strip_prefix("RRULE:").unwrap_or(rule).to_ascii_uppercase();
        let is_part = |part: &str| {
            part.split_once('=').is_some_and(|(name, value)| {
                let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ',' | '-' | '+');
                !name.is_empty() && !value.is_empty() && name.chars().chain(value.chars()).all(is_plain)
            })
        };
        let has_frequency =
            FREQUENCIES.iter().any(|(name, ..)| rule.split(';').any(|part| part == format!("FREQ={name}")));
        if !has_frequency || !rule.split(';').all(is_part) {
            return Err(unknown());
        }
        self.rule = Some(rule);
        Ok(())
    }

    /// Refuses what doesn't say when it comes again.
    pub(super) fn check(&self, moment: Moment) -> Result<(), String> {
        let has_days = !self.weekdays.is_empty() || !self.days_of_month.is_empty();
        if self.rule.is_some() && (self.frequency.is_some() || has_days || self.end.is_some()) {
            return Err("a rule of its own beside other words about repetition".to_owned());
        }
        if !self.weekdays.is_empty() && !self.days_of_month.is_empty() {
            return Err("both days of the week and days of the month".to_owned());
        }
        let frequency = self.frequency();
        if has_days && frequency != self.frequency_of_days() {
            return Err(format!("days of another kind than {} has", frequency.to_ascii_lowercase()));
        }
        if self.end.is_some() && self.until(moment).is_none() {
            return Err("it ends by another clock than it begins".to_owned());
        }
        let needs_a_day = matches!(frequency, "WEEKLY" | "MONTHLY" | "YEARLY") || self.rule.is_some();
        if matches!(moment, Moment::Time(_)) && needs_a_day && !has_days {
            return Err("a time of day, but not on which day".to_owned());
        }
        Ok(())
    }

    /// Whether a day is one of those that it is for.
    pub(super) fn falls_on(&self, day: Date) -> bool {
        (self.weekdays.is_empty() || self.weekdays.contains(&day.weekday()))
            && (self.days_of_month.is_empty() || self.days_of_month.contains(&day.day()))
    }

    fn frequency_of_days(&self) -> &'static str {
        if self.days_of_month.is_empty() { "WEEKLY" } else { "MONTHLY" }
    }

    fn frequency(&self) -> &'static str {
        match self.frequency {
            Some(frequency) => frequency,
            None if !self.weekdays.is_empty() || !self.days_of_month.is_empty() => self.frequency_of_days(),
            None => "DAILY",
        }
    }

    /// The end, as a rule says it for something that begins so (RFC 5545, 3.3.10: by the same clock).
    fn until(&self, begins: Moment) -> Option<String> {
        let day = |day: Date, clock: &str| day.strftime(&format!("%Y%m%d{clock}")).to_string();
        Some(match (begins, self.end?) {
            (Moment::Day(_), Moment::Day(end)) => day(end, ""),
            (Moment::Day(_), Moment::Local(end)) => day(end.date(), ""),
            (Moment::At(_), Moment::At(end)) => end.strftime("%Y%m%dT%H%M%SZ").to_string(),
            (Moment::At(_), Moment::Day(end)) => day(end, "T235959Z"),
            (Moment::Local(_) | Moment::Time(_), Moment::Local(end)) => end.strftime("%Y%m%dT%H%M%S").to_string(),
            (Moment::Local(_) | Moment::Time(_), Moment::Day(end)) => day(end, "T235959"),
            _ => return None,
        })
    }

    /// The value of an `RRULE` of something that begins so.
    pub(super) fn rule(&self, begins: Moment) -> String {
        if let Some(rule) = &self.rule {
            return rule.clone();
        }
        let mut rule = format!("FREQ={}", self.frequency());
        let short = |day: &Weekday| DAYS.iter().find(|(of, ..)| of == day).map_or("", |(_, short, _)| *short);
        if !self.weekdays.is_empty() {
            rule += &format!(";BYDAY={}", self.weekdays.iter().map(short).collect::<Vec<_>>().join(","));
        }
        if !self.days_of_month.is_empty() {
            let days: Vec<String> = self.days_of_month.iter().map(ToString::to_string).collect();
            rule += &format!(";BYMONTHDAY={}", days.join(","));
        }
        if let Some(until) = self.until(begins) {
            rule += &format!(";UNTIL={until}");
        }
        rule
    }
}

impl fmt::Display for Repeat {
    /// For people: `daily`, `on MO, TU`, `on day 1 of the month`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rule) = &self.rule {
            return write!(f, "by {rule}");
        }
        let short = |day: &Weekday| DAYS.iter().find(|(of, ..)| of == day).map_or("", |(_, short, _)| *short);
        if !self.weekdays.is_empty() {
            write!(f, "on {}", self.weekdays.iter().map(short).collect::<Vec<_>>().join(", "))?;
        } else if !self.days_of_month.is_empty() {
            let days: Vec<String> = self.days_of_month.iter().map(ToString::to_string).collect();
            write!(f, "on day {} of the month", days.join(", "))?;
        } else {
            let words = FREQUENCIES.iter().find(|(name, ..)| *name == self.frequency());
            f.write_str(words.map_or("again", |(_, words, _)| words))?;
        }
        self.end.map_or(Ok(()), |end| write!(f, " until {end}"))
    }
}

/// The parts of a list, or of a text with commas.
fn parts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let split = |text: String| text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
    let parts = match value {
        Value::Array(items) => items.iter().flat_map(|item| split(text(item))).collect(),
        other => split(text(other)),
    };
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

/// A day by its whole name, or the first two or three letters of it.
fn weekday(text: &str) -> Option<Weekday> {
    let text = text.to_ascii_lowercase();
    let is_it = |name: &str| name == text || (matches!(text.len(), 2 | 3) && name.starts_with(&text));
    DAYS.iter().find(|(.., name)| is_it(name)).map(|(day, ..)| *day)
}

/// One part of a cron line's last field: `MON`, `MON-FRI`, `1-5`. With seconds before them, lines count days
/// from Sunday = 1 or from Sunday = 0, so that numbers there are not understood.
fn cron_weekdays(part: &str, has_seconds: bool) -> Option<Vec<Weekday>> {
    let day = |text: &str| match text.parse::<i8>() {
        Ok(number) if !has_seconds => {
            Weekday::from_sunday_zero_offset(number % 7).ok().filter(|_| (0..=7).contains(&number))
        }
        Ok(_) => None,
        Err(_) => weekday(text),
    };
    let Some((first, last)) = part.split_once('-') else { return day(part).map(|day| vec![day]) };
    let (mut at, last) = (day(first)?, day(last)?);
    let mut days = vec![at];
    while at != last {
        at = at.next();
        days.push(at);
    }
    Some(days)
}
