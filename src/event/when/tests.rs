//! Triggers, and what they are understood as.

use serde_json::json;

use super::*;

fn when(trigger: Value) -> Result<When, String> {
    When::of(&event("TIME", trigger)).expect("a TIME trigger")
}

fn event(trigger_type: &str, trigger: Value) -> Fields {
    let Value::Object(fields) = json!({"triggerType": trigger_type, "trigger": trigger}) else { panic!("an object") };
    fields
}

/// The first time and the rule.
fn told(trigger: Value) -> String {
    let when = match when(trigger) {
        Ok(when) => when,
        Err(problem) => return format!("not understood: {problem}"),
    };
    let start = match when.start() {
        Start::At(at) => at.to_string(),
        Start::Local(local) => local.to_string(),
        Start::Day(day) => day.to_string(),
    };
    when.rule().map_or_else(|| start.clone(), |rule| format!("{start} {rule}"))
}

#[test]
fn once() {
    for (trigger, expected) in [
        (json!({"time": "2026-05-01T08:00:00Z"}), "2026-05-01T08:00:00Z"),
        (json!({"at": "2026-05-01T08:00:00.000+02:00"}), "2026-05-01T06:00:00Z"),
        (json!({"at": "2026-05-01T08:00+02:00[Europe/Stockholm]"}), "2026-05-01T06:00:00Z"),
        (json!({"when": 1_777_622_400_000_i64}), "2026-05-01T08:00:00Z"),
        (json!({"timestamp": 1_777_622_400}), "2026-05-01T08:00:00Z"),
        (json!({"date_time": "2026-05-01 08:00"}), "2026-05-01T08:00:00"),
        (json!({"date": "2026-05-01"}), "2026-05-01"),
        (json!({"date": "2026-05-01", "time": "8:00"}), "2026-05-01T08:00:00"),
        (json!({"date": "2026-05-01", "hour": 8, "minute": "30", "second": 0}), "2026-05-01T08:30:00"),
        (json!({"date": "2026-05-01", "time": "08:00", "timeZone": "Europe/Stockholm"}), "2026-05-01T06:00:00Z"),
        (json!({"date": "2026-05-01", "time": "08:00", "zone": "-03:00"}), "2026-05-01T11:00:00Z"),
        (json!({"at": "2026-05-01T08:00:00Z", "repeat": "NONE", "until": null, "note": "x"}), "2026-05-01T08:00:00Z"),
        (json!({"at": "2026-05-01T08:00:00Z", "lastRunTime": "x", "createdBy": 1}), "2026-05-01T08:00:00Z"),
    ] {
        assert_eq!(told(trigger.clone()), expected, "{trigger}");
    }
}

#[test]
fn again_and_again() {
    for (trigger, expected) in [
        (json!({"time": "08:00"}), "2000-01-01T08:00:00 FREQ=DAILY"),
        (json!({"hour": 7}), "2000-01-01T07:00:00 FREQ=DAILY"),
        (json!({"time": "08:00", "days": ["TUE", "monday"]}), "2000-01-03T08:00:00 FREQ=WEEKLY;BYDAY=MO,TU"),
        (json!({"time": "08:00", "weekday": "Fr", "frequency": "weekly"}), "2000-01-07T08:00:00 FREQ=WEEKLY;BYDAY=FR"),
        (json!({"time": "08:00", "dayOfMonth": 15}), "2000-01-15T08:00:00 FREQ=MONTHLY;BYMONTHDAY=15"),
        (json!({"at": "2026-05-01T08:00:00Z", "repeat": "WEEK"}), "2026-05-01T08:00:00Z FREQ=WEEKLY"),
        (json!({"date": "2026-05-01", "every": "year"}), "2026-05-01 FREQ=YEARLY"),
        (
            json!({"start": "2026-05-01T08:00", "every": "hour", "end": "2026-05-02"}),
            "2026-05-01T08:00:00 FREQ=HOURLY;UNTIL=20260502T235959",
        ),
        (json!({"date": "2026-05-01", "every": "day", "until": "2026-06-01"}), "2026-05-01 FREQ=DAILY;UNTIL=20260601"),
        (
            json!({"at": "2026-05-01T08:00:00Z", "every": "day", "until": "2026-06-01"}),
            "2026-05-01T08:00:00Z FREQ=DAILY;UNTIL=20260601T235959Z",
        ),
        (json!({"cron": "30 8 * * 1-5"}), "2000-01-03T08:30:00 FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        (json!({"cron": "0 8 * * 0-7"}), "2000-01-01T08:00:00 FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"),
        (json!({"cron": "0 8 * * 5-7"}), "2000-01-01T08:00:00 FREQ=WEEKLY;BYDAY=FR,SA,SU"),
        (json!({"cron": "0 8 * * FRI-SUN,0,7"}), "2000-01-01T08:00:00 FREQ=WEEKLY;BYDAY=FR,SA,SU"),
        (json!({"cron": "0 30 8 ? * SAT,SUN"}), "2000-01-01T08:30:00 FREQ=WEEKLY;BYDAY=SA,SU"),
        (json!({"cronExpression": "0 6 1,15 * *"}), "2000-01-01T06:00:00 FREQ=MONTHLY;BYMONTHDAY=1,15"),
        (json!({"cron": "0 6 * * *"}), "2000-01-01T06:00:00 FREQ=DAILY"),
        (json!({"start": "2026-05-01", "rrule": "RRULE:FREQ=MONTHLY;BYDAY=+1MO"}), "2026-05-04 FREQ=MONTHLY;BYDAY=1MO"),
        (json!({"at": "2026-05-01T08:00", "tz": "UTC", "freq": "daily"}), "2026-05-01T08:00:00Z FREQ=DAILY"),
        // The first time is one of the days that it is for.
        (json!({"at": "2026-05-01T08:00Z", "days": "MON"}), "2026-05-04T08:00:00Z FREQ=WEEKLY;BYDAY=MO"),
        (json!({"date": "2026-05-01", "rrule": "FREQ=WEEKLY;BYDAY=WE"}), "2026-05-06 FREQ=WEEKLY;BYDAY=WE"),
        (json!({"date": "2026-05-01", "rrule": "FREQ=MONTHLY;BYDAY=-1FR"}), "2026-05-29 FREQ=MONTHLY;BYDAY=-1FR"),
        (
            json!({"at": "2026-05-01T08:00", "rrule": "FREQ=DAILY;INTERVAL=3;COUNT=5"}),
            "2026-05-01T08:00:00 FREQ=DAILY;INTERVAL=3;COUNT=5",
        ),
        (
            json!({"at": "2026-05-01T08:00Z", "rrule": "FREQ=WEEKLY;WKST=SU;UNTIL=20270101T000000Z", "active": true}),
            "2026-05-01T08:00:00Z FREQ=WEEKLY;WKST=SU;UNTIL=20270101T000000Z",
        ),
    ] {
        assert_eq!(told(trigger.clone()), expected, "{trigger}");
    }
}

#[test]
fn what_is_not_understood_says_why() {
    for (trigger, expected) in [
        (json!({}), "no time is told"),
        (json!({"foo": "08:00"}), "foo: this could change the time"),
        (json!({"time": "noon"}), "time: \"noon\" is not a time"),
        (json!({"time": "25:00"}), "is not a time"),
        (json!({"time": 800}), "800 is not a time"),
        (json!({"at": "2026-05-01T08:00[Mars/North]"}), "is not a time"),
        (json!({"at": "01/02/2026"}), "is not a time"),
        (json!({"time": "08:00", "everyNDays": 3}), "everyNDays: this could change the time"),
        (json!({"time": "08:00", "delay_minutes": 3}), "could change the time"),
        (json!({"time": "08:00", "days": [1]}), "days: 1 is no day of the week"),
        (json!({"time": "08:00", "interval": 3}), "interval: 3 is no repetition"),
        (json!({"time": "08:00", "repeat": true}), "true is no repetition"),
        (json!({"time": "08:00", "repeat": "weekly"}), "not on which day"),
        (json!({"time": "08:00", "repeat": "yearly", "dayOfMonth": 1}), "days of another kind"),
        (json!({"time": "08:00", "days": "MON", "dayOfMonth": 1}), "both days of the week and"),
        (json!({"at": "2026-05-01T08:00Z", "time": "08:00"}), "a second time"),
        (json!({"time": "08:00", "until": "2026-06-01T00:00:00Z"}), "ends by another clock"),
        (json!({"minute": 5}), "a minute without an hour"),
        (json!({"time": "08:00", "active": false}), "active: this could change the time"),
        (json!({"time": "08:00", "occurrences": 3}), "occurrences: this could change the time"),
        (json!({"time": "08:00", "validFrom": "2027-01-01"}), "validFrom: this could change the time"),
        (json!({"time": "08:00", "pm": true}), "pm: this could change the time"),
        (json!({"hours": 8}), "hours: this could change the time"),
        (json!({"hour": 8, "HOUR": 9}), "says otherwise"),
        (json!({"time": "08:00", "nextRun": "2026-12-01"}), "nextRun: this could change the time"),
        (json!({"time": "08:00", "repeat": "none"}), "not repeated, but no day"),
        (json!({"at": "2026-05-01T08:00", "repeat": "none", "days": "MON"}), "says otherwise"),
        (json!({"at": "2026-05-01T08:00", "until": "2026-06-01"}), "an end, but no repetition"),
        (json!({"at": "2026-05-01T08:00", "every": "day", "until": "2026-04-01"}), "ends before it begins"),
        (json!({"at": "2026-05-01T08:00+02:00", "repeat": "daily"}), "the clock that it goes by isn't told"),
        (json!({"at": "2026-05-01T08:00Z", "repeat": "daily", "tz": "+02:00"}), "told by UTC, and beside a time zone"),
        (json!({"date": "2026-05-01", "every": "hour"}), "of a whole day"),
        (json!({"time": "08:00", "every": "hour"}), "both every hour and"),
        (json!({"at": "2026-03-29T02:30[Europe/Stockholm]"}), "is not a time"),
        (json!({"at": "2026-10-25T02:30", "tz": "Europe/Stockholm"}), "ambiguous"),
        (json!({"at": "2026-05-01T23:59:60Z"}), "is not a time"),
        (json!({"date": "2026-05-01", "rrule": "FREQ=DAILY;FOO=BAR"}), "no rule of RFC 5545"),
        (json!({"date": "2026-05-01", "rrule": "FREQ=DAILY;FREQ=DAILY"}), "no rule of RFC 5545"),
        (json!({"date": "2026-05-01", "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"}), "on a day that it is not for"),
        (json!({"date": "2026-05-01", "rrule": "FREQ=WEEKLY;BYDAY=2MO"}), "days of another kind"),
        (json!({"date": "2026-05-01", "rrule": "FREQ=DAILY", "days": "MON"}), "beside other words"),
        (json!({"date": "2026-05-01", "freq": "daily", "rrule": "FREQ=DAILY"}), "beside other words"),
        (json!({"hour": 24}), "hour: 24 is not a number from 0 to 23"),
        (json!({"time": "08:00", "zone": "Europe/Stockholm"}), "time zone whose clocks change"),
        (json!({"time": "08:00", "zone": "Mars/North"}), "no time zone that is known"),
        (json!({"cron": "*/5 * * * *"}), "no cron line that is understood"),
        (json!({"cron": "0 0 8 ? * 2"}), "no cron line that is understood"),
        (json!({"cron": "0 8 1 * MON"}), "no cron line that is understood"),
        (json!({"date": "2026-05-01", "rrule": "FREQ=SOMETIMES"}), "no rule of RFC 5545"),
        (json!({"date": "2026-05-01", "rrule": "FREQ=DAILY\r\nX:Y"}), "no rule of RFC 5545"),
    ] {
        let told = told(trigger.clone());
        assert!(told.starts_with("not understood: ") && told.contains(expected), "{trigger}: {told}");
    }
    assert_eq!(When::of(&event("EVENT", json!({"time": "08:00"}))), None);
}

#[test]
fn what_says_two_things_or_no_day_is_not_understood() {
    for (trigger, expected) in [
        // Names come in the order of the alphabet, so that some stand before the rule and some behind it.
        (json!({"time": "08:00", "rrule": "FREQ=WEEKLY;BYDAY=MO", "weekdays": ["TU"]}), "beside other words"),
        (json!({"at": "2026-05-01T08:00", "rrule": "FREQ=DAILY;COUNT=5", "until": "2026-06-01"}), "beside other words"),
        (json!({"date": "2026-05-01", "end": "2026-06-01", "rrule": "FREQ=DAILY"}), "beside other words"),
        (json!({"cron": "0 6 * * *", "rrule": "FREQ=WEEKLY;BYDAY=MO"}), "beside other words"),
        (json!({"date": "2026-05-01", "recurrenceRule": "FREQ=DAILY", "rrule": "FREQ=WEEKLY"}), "says otherwise"),
        (json!({"cron": "0 6 * * *", "days": "MON"}), "days of another kind"),
        (json!({"cron": "0 6 * * MON", "days": "TUE"}), "says otherwise"),
        (json!({"time": "08:00", "days": "MON", "weekday": "TUE"}), "says otherwise"),
        (json!({"time": "08:00", "dayOfMonth": [0, 15]}), "0 is no day of the month"),
        (json!({"date": "2026-05-15", "rrule": "FREQ=MONTHLY;BYMONTHDAY=0,15"}), "no rule of RFC 5545"),
        (json!({"cron": "0 8 0,15 * *"}), "no cron line that is understood"),
        (json!({"cron": "0 8 * * 5-1"}), "no cron line that is understood"),
        (json!({"cron": "0 8 * * 1-8"}), "no cron line that is understood"),
        (json!({"cron": "0 8 * * SUN-7"}), "no cron line that is understood"),
    ] {
        let told = told(trigger.clone());
        assert!(told.starts_with("not understood: ") && told.contains(expected), "{trigger}: {told}");
    }
    let twice = json!({"time": "08:00", "days": ["TUE", "MON"], "weekdays": "monday,TU"});
    assert_eq!(told(twice), "2000-01-03T08:00:00 FREQ=WEEKLY;BYDAY=MO,TU");
}

#[test]
fn in_words() {
    let words = |trigger| when(trigger).map(|when| when.to_string());
    for (trigger, expected) in [
        (json!({"time": "08:00"}), "daily at 08:00"),
        (json!({"time": "08:00", "days": "MON,WED"}), "on MO, WE at 08:00"),
        (json!({"time": "08:00", "dayOfMonth": [1, 15]}), "on day 1, 15 of the month at 08:00"),
        (json!({"at": "2026-05-01T08:00:00Z"}), "2026-05-01T08:00:00Z"),
        (
            json!({"at": "2026-05-01T08:00", "repeat": "monthly", "until": "2027-01-01"}),
            "monthly until 2027-01-01 from 2026-05-01 08:00 on",
        ),
    ] {
        assert_eq!(words(trigger).as_deref(), Ok(expected));
    }
}
