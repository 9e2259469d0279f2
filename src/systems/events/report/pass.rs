//! What a pass over the events came to, and how its mirror stands.

use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::pass::{self, Exit, Notice, PassRow, Sample, Trouble};
use crate::report::{paused_line, requests};
use crate::systems::events::Held;
use crate::systems::events::close::Report;
use crate::systems::events::error::MirrorError;
use crate::systems::events::store::MirrorState;
use crate::text::{count, number};

/// What passes over events are called.
pub(crate) const LABEL: &str = "events";

/// The report of a pass, as every job has it.
pub(crate) fn report(report: Report) -> pass::Report {
    let Report { row, took, errors, guard, left_behind } = report;
    let headline = format!("{LABEL}: {}", line(&row, took));
    let summary = summary(&headline, &row, guard.as_ref());
    let exit = Exit::of(row.outcome);
    let failed = errors.into_iter().map(|error| match error {
        MirrorError::Interrupted => Trouble::Interrupted(error.into()),
        _ => Trouble::Failed { subject: error.subject(), error: error.into() },
    });
    let paused = row.is_paused().then(|| Trouble::Paused(row.reason.clone().unwrap_or_default()));
    let guard = guard.filter(|_| paused.is_none());
    let held = guard.map(|held| Trouble::Held(format!("refused by the guard: {}", held.words())));
    let troubles = failed.chain(paused).chain(held).collect();
    let notices = left_behind_words(&left_behind).map(Notice::News).into_iter().collect();
    let samples = vec![Sample::of("lagerkoll_requests", row.requests)];
    pass::Report { label: LABEL, row, took, headline, summary, troubles, notices, exit, samples }
}

/// A line, and one for each thing that is not as it should be.
fn summary(headline: &str, row: &PassRow, guard: Option<&Held>) -> String {
    let mut text = headline.to_owned();
    if let Some(held) = guard.filter(|_| !row.is_paused()) {
        text += &format!("\nRefused by the guard, nothing was sent to Lagerkoll: {}.", held.words());
    }
    if row.is_paused() {
        text += &paused_line(row);
    }
    let refused = row.figure("refused");
    if refused > 0 {
        text += &format!("\nLagerkoll refuses {}; `shelfkeeper status` says why.", count(refused, "event", "events"));
    }
    text
}

/// What a pass came to.
pub(super) fn line(pass: &PassRow, took: Duration) -> String {
    let mut parts = vec![pass.outcome.name().to_owned()];
    parts.extend(pass.figures.find("listed").map(|listed| format!("{} listed", number(listed))));
    for (name, what) in [
        ("added", "new"),
        ("changed", "changed"),
        ("removed", "gone"),
        ("created", "added by us"),
        ("replaced", "replaced by us"),
        ("deleted", "removed by us"),
        ("failed", "failed"),
        ("refused", "refused"),
    ] {
        let n = pass.figure(name);
        if n > 0 {
            parts.push(format!("{} {what}", number(n)));
        }
    }
    parts.push(requests(pass.requests, took));
    parts.join(", ")
}

/// Tells of events of ours in stores that the settings don't name any more; `None` = there are none.
pub(super) fn left_behind_words(stores: &[(String, u64)]) -> Option<String> {
    let places: Vec<String> = stores.iter().map(|(store, n)| format!("{} in {store}", number(*n))).collect();
    (!places.is_empty()).then(|| {
        format!(
            "events that shelfkeeper made stay in stores that the config doesn't name any more ({}): remove them \
             there, or name the store again",
            places.join(", ")
        )
    })
}

/// The mirror's share of `status`, for programs; null while nothing was mirrored.
pub(super) fn mirror_json(mirror: Option<&MirrorState>) -> Value {
    let mirrored = |mirror: &MirrorState| Some(json!({"count": mirror.count, "mirrored_at": mirror.mirrored_at?}));
    mirror.and_then(mirrored).unwrap_or(Value::Null)
}

/// The mirror's share of `status`, for people.
///
/// # Errors
/// When it can't be printed.
pub(super) fn mirror_text(mirror: &MirrorState, out: &mut dyn Write) -> io::Result<()> {
    let when = |at: Option<Timestamp>| at.map_or_else(|| "never yet".to_owned(), |at| format!("last {at:.0}"));
    writeln!(out, "Events: {} mirrored, {}.", number(mirror.count), when(mirror.mirrored_at))
}
