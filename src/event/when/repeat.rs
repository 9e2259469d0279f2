//! How a time is repeated.

use std::fmt;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Time, Weekday, date};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::moment::Moment;
use super::value::{Start, number, set};

/// The first day of a repetition that names none.
const ANCHOR: Date = date(2000, 1, 1);
/// Days in which every day of the week, month and year occurs.
const MANY: i32 = 400;

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

/// Why a rule can't be combined with other fields.
const BESIDE: &str = "a rule of its own beside other words about repetition";

/// A repetition. One that says nothing is daily.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Repeat {
    frequency: Option<&'static str>,
    weekdays: Vec<Day>,
    days_of_month: Vec<i8>,
    end: Option<Moment>,
    /// What was told as a rule of RFC 5545.
    rule: Option<Rule>,
}

/// A day of the week; in a month the first, the second, the last (-1) of them, or each (0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Day {
    nth: i8,
    weekday: Weekday,
}

impl Day {
    fn each(weekday: Weekday) -> Day {
        Day { nth: 0, weekday }
    }

    fn is(self, day: Date) -> bool {
        let from_begin = (day.day() - 1) / 7 + 1;
        let from_end = -((day.days_in_month() - day.day()) / 7 + 1);
        day.weekday() == self.weekday && (self.nth == 0 || self.nth == from_begin || self.nth == from_end)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = DAYS.iter().find(|(of, ..)| *of == self.weekday).map_or("", |(_, short, _)| *short);
        if self.nth == 0 { f.write_str(short) } else { write!(f, "{}{short}", self.nth) }
    }
}

/// What only a rule of RFC 5545 (3.3.10) says, and how it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Rule {
    text: String,
    interval: Option<u32>,
    count: Option<u32>,
    week_start: Option<Weekday>,
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
        set(&mut self.frequency, *frequency)?;
        Ok(true)
    }

    /// Whether an end was told.
    pub(super) fn ends(&self) -> bool {
        self.end.is_some()
    }

    /// `MON`, `"mon,tuesday"`, `["MONDAY"]`. Numbers are not understood: weeks begin on different days.
    pub(super) fn read_weekdays(&mut self, value: &Value) -> Result<(), String> {
        let day = |part: String| weekday(&part).map(Day::each).ok_or_else(|| format!("{part} is no day of the week"));
        let days: Vec<Day> = parts(value).into_iter().map(day).collect::<Result<_, _>>()?;
        if days.is_empty() { Err("no day of the week".to_owned()) } else { self.set_weekdays(days) }
    }

    fn set_weekdays(&mut self, mut days: Vec<Day>) -> Result<(), String> {
        days.sort_by_key(|day| (day.nth, day.weekday.to_monday_zero_offset()));
        days.dedup();
        set_days(&mut self.weekdays, days)
    }

    pub(super) fn read_days_of_month(&mut self, value: &Value) -> Result<(), String> {
        let day = |part: String| match number(&Value::String(part), 31) {
            Ok(0) => Err("0 is no day of the month".to_owned()),
            day => day,
        };
        let mut days: Vec<i8> = parts(value).into_iter().map(day).collect::<Result<_, _>>()?;
        days.sort_unstable();
        days.dedup();
        if days.is_empty() { Err("no day of the month".to_owned()) } else { set_days(&mut self.days_of_month, days) }
    }

    pub(super) fn read_end(&mut self, value: &Value) -> Result<(), String> {
        match Moment::read(value)? {
            Moment::Time(_) => Err(format!("{value} is no day")),
            end => set(&mut self.end, end),
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
            self.set_weekdays(days.ok_or_else(unknown)?.concat().into_iter().map(Day::each).collect())?;
        }
        if any(day) && any(weekday) {
            set(&mut self.frequency, "DAILY")?;
        }
        Ok(time)
    }

    /// A rule of RFC 5545 (3.3.10), as far as it can be told which days it is for.
    pub(super) fn of_rule(value: &Value) -> Result<Repeat, String> {
        let unknown = || format!("{value} is no rule of RFC 5545 that is understood");
        let text = value.as_str().ok_or_else(unknown)?.trim();
        let text = text.strip_prefix("RRULE:").unwrap_or(text).to_ascii_uppercase();
        let (mut repeat, mut rule) = (Repeat::default(), Rule { text: text.clone(), ..Rule::default() });
        let mut names = Vec::new();
        for part in text.split(';') {
            let (name, value) = part.split_once('=').ok_or_else(unknown)?;
            if names.contains(&name) {
                return Err(unknown());
            }
            names.push(name);
            repeat.read_part(&mut rule, name, value).ok_or_else(unknown)?;
        }
        let ends_twice = rule.count.is_some() && repeat.end.is_some();
        if repeat.frequency.is_none() || ends_twice {
            return Err(unknown());
        }
        Ok(Repeat { rule: Some(rule), ..repeat })
    }

    /// The rule, where there is one: it says all of it, and nothing else may.
    pub(super) fn or_rule(self, rule: Option<Repeat>) -> Result<Repeat, String> {
        match rule {
            Some(_) if self != Repeat::default() => Err(BESIDE.to_owned()),
            rule => Ok(rule.unwrap_or(self)),
        }
    }

    fn read_part(&mut self, rule: &mut Rule, name: &str, value: &str) -> Option<()> {
        let counted = |most: u32| value.parse().ok().filter(|number| (1..=most).contains(number)).map(Some);
        match name {
            "FREQ" => self.frequency = Some(FREQUENCIES.iter().find(|(name, ..)| *name == value)?.0),
            "INTERVAL" => rule.interval = counted(9_999)?.filter(|interval| *interval != 1),
            "COUNT" => rule.count = counted(999_999)?,
            "WKST" => rule.week_start = Some(day_of_rule(value).filter(|day| day.nth == 0)?.weekday),
            "BYDAY" => self.set_weekdays(value.split(',').map(day_of_rule).collect::<Option<_>>()?).ok()?,
            "BYMONTHDAY" => self.read_days_of_month(&Value::from(value)).ok()?,
            "UNTIL" => self.end = Some(end_of_rule(value)?),
            _ => return None,
        }
        Some(())
    }

    /// The first time of something that begins then. Refuses what doesn't say when it comes again.
    pub(super) fn start(&self, moment: Moment) -> Result<Start, String> {
        self.check(moment)?;
        let (begins, is_utc) = match moment {
            Moment::Utc(at) => (at.to_zoned(TimeZone::UTC).datetime(), true),
            Moment::Local(local) => (local, false),
            Moment::Day(day) => (day.to_datetime(Time::midnight()), false),
            Moment::Time(time) => (ANCHOR.to_datetime(time), false),
            Moment::At(_) => return Err("it is repeated, but the clock that it goes by isn't told".to_owned()),
        };
        let start = self.first_from(begins).ok_or("it begins on a day that it is not for")?;
        let is_over = match self.end {
            None => false,
            Some(Moment::Day(end)) => end < start.date(),
            Some(Moment::Local(end)) => end < start,
            Some(Moment::At(end) | Moment::Utc(end)) => end.to_zoned(TimeZone::UTC).datetime() < start,
            Some(Moment::Time(_)) => true,
        };
        if is_over {
            return Err("it ends before it begins".to_owned());
        }
        Ok(match moment {
            Moment::Day(_) => Start::Day(start.date()),
            _ if is_utc => Start::At(start.to_zoned(TimeZone::UTC).map_err(|error| error.to_string())?.timestamp()),
            _ => Start::Local(start),
        })
    }

    /// The first of the days from this one on that it is for, at the same time. What is counted from its begin
    /// on, begins when it says.
    fn first_from(&self, begins: DateTime) -> Option<DateTime> {
        let is_counted = self.rule.as_ref().is_some_and(|rule| rule.interval.is_some() || rule.count.is_some());
        let days = if is_counted { 1 } else { MANY };
        let falls_on = |day: &DateTime| {
            let day = day.date();
            (self.weekdays.is_empty() || self.weekdays.iter().any(|of| of.is(day)))
                && (self.days_of_month.is_empty() || self.days_of_month.contains(&day.day()))
        };
        (0..days).filter_map(|ahead| begins.checked_add(ahead.days()).ok()).find(falls_on)
    }

    fn check(&self, moment: Moment) -> Result<(), String> {
        let has_days = !self.weekdays.is_empty() || !self.days_of_month.is_empty();
        if !self.weekdays.is_empty() && !self.days_of_month.is_empty() {
            return Err("both days of the week and days of the month".to_owned());
        }
        let frequency = self.frequency();
        let is_nth = self.weekdays.iter().any(|day| day.nth != 0);
        let fits = match (frequency, &self.rule) {
            _ if !has_days => true,
            ("DAILY", Some(_)) => !is_nth,
            ("MONTHLY", Some(_)) => true,
            _ => frequency == self.frequency_of_days() && !is_nth,
        };
        if !fits {
            return Err(format!("days of another kind than {} has", frequency.to_ascii_lowercase()));
        }
        if self.end.is_some() && self.until(moment).is_none() {
            return Err("it ends by another clock than it begins".to_owned());
        }
        let counts = self.rule.as_ref().is_some_and(|rule| rule.interval.is_some() || rule.count.is_some());
        let needs_a_day = matches!(frequency, "WEEKLY" | "MONTHLY" | "YEARLY") && !has_days;
        match moment {
            Moment::Time(_) if needs_a_day || counts => Err("a time of day, but not on which day".to_owned()),
            Moment::Time(_) if frequency == "HOURLY" => Err("both every hour and at a time of day".to_owned()),
            Moment::Day(_) if frequency == "HOURLY" => Err("every hour, but of a whole day".to_owned()),
            _ => Ok(()),
        }
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
            (Moment::Utc(_), Moment::At(end) | Moment::Utc(end)) => end.strftime("%Y%m%dT%H%M%SZ").to_string(),
            (Moment::Utc(_), Moment::Day(end)) => day(end, "T235959Z"),
            (Moment::Local(_) | Moment::Time(_), Moment::Local(end)) => end.strftime("%Y%m%dT%H%M%S").to_string(),
            (Moment::Local(_) | Moment::Time(_), Moment::Day(end)) => day(end, "T235959"),
            _ => return None,
        })
    }

    /// The value of an `RRULE` of something that begins so.
    pub(super) fn rule(&self, begins: Moment) -> String {
        let mut rule = format!("FREQ={}", self.frequency());
        let told = self.rule.as_ref();
        if let Some(interval) = told.and_then(|told| told.interval) {
            rule += &format!(";INTERVAL={interval}");
        }
        if !self.weekdays.is_empty() {
            rule += &format!(";BYDAY={}", listed(&self.weekdays, ","));
        }
        if !self.days_of_month.is_empty() {
            rule += &format!(";BYMONTHDAY={}", listed(&self.days_of_month, ","));
        }
        if let Some(week_start) = told.and_then(|told| told.week_start) {
            rule += &format!(";WKST={}", Day::each(week_start));
        }
        if let Some(count) = told.and_then(|told| told.count) {
            rule += &format!(";COUNT={count}");
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
            return write!(f, "by {}", rule.text);
        }
        if !self.weekdays.is_empty() {
            write!(f, "on {}", listed(&self.weekdays, ", "))?;
        } else if !self.days_of_month.is_empty() {
            write!(f, "on day {} of the month", listed(&self.days_of_month, ", "))?;
        } else {
            let words = FREQUENCIES.iter().find(|(name, ..)| *name == self.frequency());
            f.write_str(words.map_or("again", |(_, words, _)| words))?;
        }
        self.end.map_or(Ok(()), |end| write!(f, " until {end}"))
    }
}

/// Sets days that may be told twice only if they are the same.
fn set_days<T: PartialEq>(place: &mut Vec<T>, days: Vec<T>) -> Result<(), String> {
    let mut told = Some(std::mem::take(place)).filter(|told| !told.is_empty());
    set(&mut told, days)?;
    *place = told.unwrap_or_default();
    Ok(())
}

fn listed(items: &[impl ToString], separator: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator)
}

/// A day in a rule: `MO`, `+1MO`, `-1FR`.
fn day_of_rule(text: &str) -> Option<Day> {
    let (nth, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let (weekday, ..) = DAYS.iter().find(|(_, short, _)| *short == name)?;
    let nth = if nth.is_empty() { 0 } else { nth.parse().ok().filter(|nth| *nth != 0 && (-5..=5).contains(nth))? };
    Some(Day { nth, weekday: *weekday })
}

/// The `UNTIL` of a rule: a day, or a moment with or without a `Z`.
fn end_of_rule(text: &str) -> Option<Moment> {
    if text.len() == 8 {
        return Date::strptime("%Y%m%d", text).ok().map(Moment::Day);
    }
    let local = |text: &str| DateTime::strptime("%Y%m%dT%H%M%S", text).ok();
    match text.strip_suffix('Z') {
        Some(utc) => Some(Moment::Utc(local(utc)?.to_zoned(TimeZone::UTC).ok()?.timestamp())),
        None => local(text).map(Moment::Local),
    }
}

/// The parts of a list, or of a string with commas.
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
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    match (first.parse::<i8>(), last.parse::<i8>()) {
        // Sunday is 0 as well as 7, so that numbers are counted before they are days.
        (Ok(first), Ok(last)) if !has_seconds && first <= last && last <= 7 => {
            (first..=last).map(|number| Weekday::from_sunday_zero_offset(number % 7).ok()).collect()
        }
        (Err(_), Err(_)) => {
            let (mut at, last) = (weekday(first)?, weekday(last)?);
            let mut days = vec![at];
            while at != last {
                at = at.next();
                days.push(at);
            }
            Some(days)
        }
        _ => None,
    }
}
