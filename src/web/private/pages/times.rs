//! Moments on a page: short for the eye, whole for whoever asks. All are UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// A moment.
pub(super) fn time(at: Timestamp, now: Timestamp) -> Markup {
    let (then, today) = (at.to_zoned(TimeZone::UTC), now.to_zoned(TimeZone::UTC));
    let short = if then.date() == today.date() {
        at.strftime("%H:%M")
    } else if then.year() == today.year() {
        at.strftime("%b %-d %H:%M")
    } else {
        at.strftime("%Y-%m-%d %H:%M")
    };
    let whole = format!("{at:.0}");
    html! { time datetime=(whole) title=(whole) { (short.to_string()) } }
}

/// How far away a moment is, and when that is.
pub(super) fn away(at: Timestamp, now: Timestamp) -> Markup {
    html! { b { (distance(at, now)) } " (" (time(at, now)) ")" }
}

fn distance(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs();
    let minutes = seconds.unsigned_abs() / 60;
    let words = match minutes {
        0 if seconds < 0 => return "within a minute".to_owned(),
        0 => return "just now".to_owned(),
        1 => "a minute".to_owned(),
        2..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    };
    if seconds < 0 { format!("in {words}") } else { format!("{words} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_as_people_say_them() {
        let now = Timestamp::from_second(1_767_225_600).expect("a time");
        let told = |seconds: i64| distance(Timestamp::from_second(1_767_225_600 + seconds).expect("a time"), now);
        for (seconds, words) in [
            (0, "just now"),
            (-59, "just now"),
            (-60, "a minute ago"),
            (-180, "3 minutes ago"),
            (30, "within a minute"),
            (720, "in 12 minutes"),
            (-86_400, "24 hours ago"),
            (-864_000, "10 days ago"),
        ] {
            assert_eq!(told(seconds), words);
        }
    }
}
