//! When a job runs.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::DateTime;
use croner::parser::{CronParser, Seconds};
use jiff::Timestamp;
use tokio_cron_scheduler::Job;

use super::units::{self, SECOND};

/// The intervals that make sense: below a second the scheduler can't keep up, a year is a mistake.
const INTERVALS: RangeInclusive<Duration> = SECOND..=Duration::from_secs(365 * 24 * 3600);

/// A pass that began so much before it was due is the one that was due: a clock was set a little meanwhile.
const TOO_EARLY: Duration = Duration::from_secs(1);

const EXPECTED: &str = "expected an interval such as \"every 15m\", or a cron line of six fields such as \
                        \"0 */15 * * * *\" (second, minute, hour, day of the month, month, day of the week; UTC)";

/// When a job runs, as the settings say it. Prints as it is written in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Again and again, this long after each other; at least a second.
    Every(Duration),
    /// At the moments of a cron line of six fields, the first of them seconds. Times are UTC.
    Cron(String),
}

impl Schedule {
    /// Reads `every 15m`, or a cron line.
    ///
    /// # Errors
    /// When it is neither, or a cron line whose moment never comes; the text says what would be right.
    pub fn parse(text: &str) -> Result<Schedule, String> {
        let text = text.trim();
        match text.split_once(char::is_whitespace) {
            Some(("every", interval)) => units::duration(interval, &INTERVALS).map(Schedule::Every),
            _ => cron(text),
        }
    }

    /// When a job that ran at `start` has been due so many times since; `None` = never. 0 times counts as once.
    pub fn due_after(&self, start: Timestamp, times: u32) -> Option<Timestamp> {
        match self {
            Schedule::Every(interval) => start.checked_add(interval.checked_mul(times.max(1))?).ok(),
            Schedule::Cron(line) => {
                // As the scheduler itself reads it.
                let parser = CronParser::builder().seconds(Seconds::Required).dom_and_dow(true).build();
                let start = DateTime::from_timestamp_micros(start.as_microsecond())?;
                let moment = parser.parse(line).ok()?.iter_after(start).nth(times.saturating_sub(1) as usize)?;
                Timestamp::from_second(moment.timestamp()).ok()
            }
        }
    }

    /// When the pass behind one that began then is due. `delay` = how much later than scheduled the daemon makes it.
    pub fn due_behind(&self, started: Timestamp, delay: Duration) -> Option<Timestamp> {
        match self {
            // Each is that late, which adds nothing between two of them. (Behind a daemon's first pass, which is not,
            // the next one comes so much later than this.)
            Schedule::Every(_) => self.due_after(started, 1),
            Schedule::Cron(_) => {
                let scheduled = started.checked_sub(delay.saturating_sub(TOO_EARLY)).ok()?;
                self.due_after(scheduled, 1)?.checked_add(delay).ok()
            }
        }
    }
}

impl Schedule {
    /// As a person says it: a cron line for every day tells its time.
    pub fn words(&self) -> String {
        let Schedule::Cron(line) = self else { return self.to_string() };
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u8>().ok());
        match (number(0), number(1), number(2), fields.get(3..)) {
            (Some(second), Some(minute), Some(hour), Some(["*", "*", "*"])) => {
                format!("daily at {hour:02}:{minute:02}:{second:02} UTC")
            }
            _ => format!("{line} (UTC)"),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Schedule::Every(interval) => write!(f, "every {}", units::show(*interval)),
            Schedule::Cron(line) => f.write_str(line),
        }
    }
}

/// Checks a cron line with the scheduler itself, so that what passes here also runs.
fn cron(line: &str) -> Result<Schedule, String> {
    match line.split_whitespace().count() {
        6 => {}
        5 => return Err(format!("a cron line begins with the seconds here; to run at second 0 write \"0 {line}\"")),
        _ => return Err(EXPECTED.to_owned()),
    }
    let next = Job::new(line, |_, _| {}).and_then(|mut job| job.job_data()).map(|data| data.next_tick);
    match next {
        Ok(0) => Err("this moment never comes; is there such a day in that month?".to_owned()),
        Ok(_) => Ok(Schedule::Cron(line.to_owned())),
        Err(_) => Err(EXPECTED.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_and_cron_lines_print_as_written() {
        for text in ["every 90s", "every 15m", "every 2h", "0 */15 * * * *", "0 0 3 * * *", "30 0 4 1,15 * MON-FRI"] {
            assert_eq!(Schedule::parse(text).map(|schedule| schedule.to_string()).as_deref(), Ok(text));
        }
        assert_eq!(Schedule::parse("  every  1h30m "), Ok(Schedule::Every(Duration::from_secs(5400))));
    }

    #[test]
    fn in_words() {
        for (text, words) in [
            ("every 15m", "every 15m"),
            ("5 4 3 * * *", "daily at 03:04:05 UTC"),
            ("0 */15 * * * *", "0 */15 * * * * (UTC)"),
            ("0 0 3 * * MON", "0 0 3 * * MON (UTC)"),
        ] {
            assert_eq!(Schedule::parse(text).map(|schedule| schedule.words()).as_deref(), Ok(words));
        }
    }

    #[test]
    fn when_it_has_been_due_so_often() {
        let due = |text: &str, start: &str, times| {
            let schedule = Schedule::parse(text).expect(text);
            schedule.due_after(start.parse().expect(start), times).map(|moment| moment.to_string())
        };
        for (text, start, times, expected) in [
            ("every 15m", "2026-01-01T00:00:00.5Z", 3, "2026-01-01T00:45:00.5Z"),
            ("0 0 3 * * *", "2026-01-01T02:59:59.9Z", 1, "2026-01-01T03:00:00Z"),
            ("0 0 3 * * *", "2026-01-01T03:00:00Z", 1, "2026-01-02T03:00:00Z"),
            ("0 0 3 * * *", "2026-01-01T03:00:00.5Z", 3, "2026-01-04T03:00:00Z"),
            ("0 0 9,17 * * MON-FRI", "2026-01-02T16:00:00Z", 3, "2026-01-05T17:00:00Z"),
            ("0 0 0 29 2 *", "2026-01-01T00:00:00Z", 2, "2032-02-29T00:00:00Z"),
            // With both days given, both count: a Friday the 13th.
            ("0 0 0 13 * FRI", "2026-01-01T00:00:00Z", 1, "2026-02-13T00:00:00Z"),
        ] {
            assert_eq!(due(text, start, times).as_deref(), Some(expected), "{text} {start}");
        }
        assert_eq!(due("every 8760h", "9999-12-01T00:00:00Z", 3), None);
    }

    #[test]
    fn a_delay_belongs_to_the_moment_of_a_cron_line() {
        let late = Duration::from_secs(50 * 60);
        for (schedule, delay, started, due) in [
            ("0 0 3 * * *", late, "2026-01-02T02:59:00Z", "2026-01-02T03:50:00Z"),
            // Somebody asked for it between the moment of the line and the pass of the daemon.
            ("0 0 3 * * *", late, "2026-01-02T03:20:00Z", "2026-01-02T03:50:00Z"),
            ("0 0 3 * * *", late, "2026-01-02T03:49:59.5Z", "2026-01-03T03:50:00Z"),
            ("0 0 3 * * *", late, "2026-01-02T03:50:00Z", "2026-01-03T03:50:00Z"),
            ("0 0 3 * * *", late, "2026-01-02T03:50:00.2Z", "2026-01-03T03:50:00Z"),
            ("0 0 3 * * *", Duration::ZERO, "2026-01-02T03:00:00.1Z", "2026-01-03T03:00:00Z"),
            ("0 0 3 * * *", Duration::ZERO, "2026-01-02T02:59:59.5Z", "2026-01-02T03:00:00Z"),
            ("every 2h", late, "2026-01-02T03:20:00Z", "2026-01-02T05:20:00Z"),
        ] {
            let read = Schedule::parse(schedule).expect(schedule);
            let behind = read.due_behind(started.parse().expect(started), delay);
            assert_eq!(behind.map(|due| due.to_string()).as_deref(), Some(due), "{schedule} {started}");
        }
    }

    #[test]
    fn anything_else_says_what_is_expected() {
        let error = |text| Schedule::parse(text).expect_err(text);
        assert!(error("*/15 * * * *").contains("write \"0 */15 * * * *\""));
        assert!(error("0 0 0 30 2 *").contains("never comes"));
        for text in
            ["", "15m", "hourly", "@daily", "0 61 * * * *", "a b c d e f", "0 0 3 * * * 2030", "Every 5m", "every"]
        {
            assert!(error(text).contains("six fields"), "{text:?}: {}", error(text));
        }
        for text in ["every 500ms", "every 0s", "every 9000h"] {
            assert_eq!(error(text), "expected a time from 1s to 8760h", "{text:?}");
        }
        assert!(error("every soon").contains("such as"));
    }
}
