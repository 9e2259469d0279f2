//! The passes of a day as a strip: a bar a pass, or where there are too many, a bar for some minutes with the worst of it.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::text::shown;
use super::times::time;
use crate::pass::{Outcome, PassRow, Streak, streaks};
use crate::text::{count, number};

/// What a strip shows.
const SPAN: SignedDuration = SignedDuration::from_hours(24);
/// Bars that can be told apart; more passes share one.
const BARS: usize = 288;
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 40.0;
/// Passes that are told in words below.
const TOLD: usize = 12;

/// What a pass came to, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Came {
    Quiet,
    Changed,
    Rows,
    Paused,
    Held,
    Failed,
}

const ALL: [Came; 6] = [Came::Changed, Came::Quiet, Came::Rows, Came::Held, Came::Paused, Came::Failed];

impl Came {
    fn of(pass: &PassRow) -> Came {
        match pass.outcome {
            Outcome::Failed => Came::Failed,
            Outcome::Held if pass.is_paused() => Came::Paused,
            Outcome::Held => Came::Held,
            Outcome::Partial => Came::Rows,
            Outcome::Ok if pass.has_changed() => Came::Changed,
            Outcome::Ok | Outcome::Unchanged => Came::Quiet,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Came::Quiet => "nothing to change",
            Came::Changed => "changed something",
            Came::Rows => "with rows not taken",
            Came::Paused => "paused",
            Came::Held => "held by the guard",
            Came::Failed => "failed",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Came::Quiet => "quiet",
            Came::Changed => "changed",
            Came::Rows => "rows",
            Came::Paused => "paused",
            Came::Held => "held",
            Came::Failed => "failed",
        }
    }

    /// Also whoever sees no colours can tell them apart.
    fn height(self) -> f64 {
        match self {
            Came::Quiet | Came::Paused => HEIGHT * 0.35,
            Came::Changed => HEIGHT * 0.65,
            Came::Rows => HEIGHT * 0.8,
            Came::Held | Came::Failed => HEIGHT,
        }
    }
}

/// A bar: where it is, what it came to, and in words.
struct Bar {
    at: f64,
    came: Came,
    told: String,
}

/// The passes of a job in the last day; nothing where there were none. `passes` = the latest first, `line` = one in words.
pub(super) fn strip(
    label: &str,
    passes: &[PassRow],
    now: Timestamp,
    line: &dyn Fn(&PassRow) -> String,
) -> Option<Markup> {
    let since = now.checked_sub(SPAN).unwrap_or(Timestamp::MIN);
    let recent: Vec<&PassRow> = passes.iter().take_while(|pass| pass.finished.at >= since).collect();
    if recent.is_empty() {
        return None;
    }
    let bars = if recent.len() > BARS { folded(&recent, since) } else { each(&recent, since, line) };
    let step = WIDTH / bars.len().max(96) as f64;
    let width = (step * 0.72).clamp(2.0, 8.0);
    let places = side_by_side(&bars, width, step);
    let counts: Vec<(Came, usize)> = ALL
        .iter()
        .map(|came| (*came, recent.iter().filter(|pass| Came::of(pass) == *came).count()))
        .filter(|(_, n)| *n > 0)
        .collect();
    let told: Vec<String> = counts.iter().map(|(came, n)| format!("{} {}", number(*n as u64), came.words())).collect();
    let told = format!("{label}: {} in 24 hours: {}", count(recent.len() as u64, "pass", "passes"), told.join(", "));
    Some(html! {
        figure.strip {
            figcaption { b { (label) } " " (count(recent.len() as u64, "pass", "passes")) }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(told) {
                @for (Bar { came, told, .. }, x) in bars.iter().zip(places) {
                    rect class=(came.class()) x=(format!("{x:.1}"))
                        y=(format!("{:.1}", HEIGHT - came.height())) width=(format!("{width:.1}"))
                        height=(format!("{:.1}", came.height())) { title { (told) } }
                }
            }
            div.axis.even aria-hidden="true" {
                @for hours in [24_i64, 18, 12, 6, 0] { span { (clock(now, hours)) } }
            }
            ul.legend { @for (came, n) in &counts {
                li { i class=(came.class()) {} (number(*n as u64)) " " (came.words()) } } }
            (in_words(&recent, now, line))
        }
    })
}

fn clock(now: Timestamp, hours: i64) -> String {
    let at = now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(now);
    if hours == 0 { "now".to_owned() } else { at.strftime("%H:%M").to_string() }
}

fn place(at: Timestamp, since: Timestamp) -> f64 {
    (at.duration_since(since).as_secs_f64() / SPAN.as_secs_f64()).clamp(0.0, 1.0)
}

/// Where the bars begin: at their time, and where that is taken, beside the one before, so that each is seen.
fn side_by_side(bars: &[Bar], width: f64, step: f64) -> Vec<f64> {
    let mut free = 0.0_f64;
    let mut places: Vec<f64> = Vec::with_capacity(bars.len());
    for Bar { at, .. } in bars {
        let place = (at * (WIDTH - width)).max(free);
        places.push(place);
        free = place + step;
    }
    // Those of the last minutes would stand beyond the end: they move the ones before them to the left.
    let mut last = WIDTH - width;
    for place in places.iter_mut().rev() {
        *place = place.min(last);
        last = *place - step;
    }
    places
}

fn each(passes: &[&PassRow], since: Timestamp, line: &dyn Fn(&PassRow) -> String) -> Vec<Bar> {
    let bar = |pass: &&PassRow| {
        let told = format!("{}: {}", pass.finished.at.strftime("%H:%M"), shown(&line(pass)));
        Bar { at: place(pass.finished.at, since), came: Came::of(pass), told }
    };
    passes.iter().rev().map(bar).collect()
}

fn folded(passes: &[&PassRow], since: Timestamp) -> Vec<Bar> {
    let mut slots: Vec<Vec<Came>> = vec![Vec::new(); BARS];
    for pass in passes {
        let at = (place(pass.finished.at, since) * BARS as f64) as usize;
        if let Some(slot) = slots.get_mut(at.min(BARS - 1)) {
            slot.push(Came::of(pass));
        }
    }
    let step = SPAN.as_secs() / BARS as i64;
    let bar = |(at, slot): (usize, &Vec<Came>)| {
        let came = *slot.iter().max()?;
        let begin = since.checked_add(SignedDuration::from_secs(step * at as i64)).ok()?;
        let worst = slot.iter().filter(|other| **other == came).count();
        let passes = count(slot.len() as u64, "pass", "passes");
        let told = format!("from {}: {passes}, {worst} {}", begin.strftime("%H:%M"), came.words());
        Some(Bar { at: at as f64 / (BARS - 1) as f64, came, told })
    };
    slots.iter().enumerate().filter_map(bar).collect()
}

/// The last passes; what came again and again in one line.
fn in_words(passes: &[&PassRow], now: Timestamp, line: &dyn Fn(&PassRow) -> String) -> Markup {
    html! {
        details { summary { "in words" }
            ol.passes { @for Streak { latest, first, times } in streaks(passes.iter().copied(), TOLD) { li {
                (time(latest.finished.at, now)) " " (shown(&line(latest)))
                @if times > 1 { " (" (number(times)) " times since " (time(first.finished.at, now)) ")" }
            } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Stamp;
    use crate::pass::{Figures, PassKind};

    fn pass(second: i64, outcome: Outcome) -> PassRow {
        let at = Timestamp::from_second(1_767_225_600 - second).expect("a time");
        let (kind, figures) = (PassKind::Sync, Figures::default());
        PassRow { started: at, finished: Stamp::by_wall(at), kind, outcome, figures, requests: 0, reason: None }
    }

    #[test]
    fn thousands_are_folded_and_the_worst_is_seen() {
        let now = Timestamp::from_second(1_767_225_600).expect("a time");
        let outcome = |n: i64| if n == 4_000 { Outcome::Failed } else { Outcome::Unchanged };
        let passes: Vec<PassRow> = (0..10_000).map(|n| pass(n * 10, outcome(n))).collect();
        let strip = strip("sync", &passes, now, &|_| String::new()).expect("a strip").into_string();
        assert_eq!(strip.matches("<rect").count(), BARS);
        assert_eq!(strip.matches("<rect class=\"failed\"").count(), 1, "{strip}");
        assert!(strip.contains("8\u{202f}640 nothing to change, 1 failed"), "{strip}");
    }

    /// Where the bars begin, and how wide they are.
    fn places(strip: &str) -> (Vec<f64>, f64) {
        let value = |rect: &str, name: &str| {
            let from = rect.split_once(&format!(" {name}=\"")).expect(name).1;
            from.split('"').next().expect(name).parse::<f64>().expect(name)
        };
        let rects: Vec<&str> = strip.split("<rect").skip(1).collect();
        (rects.iter().map(|rect| value(rect, "x")).collect(), value(rects[0], "width"))
    }

    #[test]
    fn no_bar_covers_another() {
        let now = Timestamp::from_second(1_767_225_600).expect("a time");
        for (passes, apart) in [(5, 1), (96, 10), (BARS as i64, 7), (BARS as i64, 300), (20, 60)] {
            for before in [0, 40_000] {
                let passes: Vec<PassRow> = (0..passes).map(|n| pass(before + n * apart, Outcome::Ok)).collect();
                let passes: Vec<PassRow> = passes.into_iter().filter(|pass| pass.finished.at >= now - SPAN).collect();
                let strip = strip("sync", &passes, now, &|_| String::new()).expect("a strip").into_string();
                let (places, width) = places(&strip);
                assert_eq!(places.len(), passes.len());
                assert!(places.windows(2).all(|two| two[1] - two[0] >= width - 0.11), "{width}: {places:?}");
                let is_within = |x: &f64| (-0.1..=WIDTH - width + 0.1).contains(x);
                assert!(places.iter().all(is_within), "{width}: {places:?}");
            }
        }
    }

    #[test]
    fn a_bar_a_pass_and_none_of_earlier_days() {
        let now = Timestamp::from_second(1_767_225_600).expect("a time");
        let passes = [pass(60, Outcome::Ok), pass(960, Outcome::Held), pass(90_000, Outcome::Failed)];
        let told = strip("sync", &passes, now, &|_| "<b>".to_owned()).expect("a strip").into_string();
        assert_eq!(
            (told.matches("<rect").count(), told.contains("<b>2"), told.contains("&lt;b&gt;")),
            (2, false, true)
        );
        assert!(strip("sync", &passes[2..], now, &|_| String::new()).is_none());
    }
}
