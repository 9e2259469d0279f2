//! Moments on a page: short for the eye, whole for whoever asks. All are UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::text::distance;

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
