//! What a pass over the catalog came to.

use std::time::Duration;

use tracing::Level;

use super::plan::{excluded, gone, held_back, misspelt, unproven, waiting};
use crate::pass::{self, Exit, Notice, Outcome, PassRow, Sample, Trouble};
use crate::report::{paused_line, requests, strange_stock};
use crate::systems::catalog::apply::Stop;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::pass::report::{ImportReport, Report};
use crate::systems::catalog::plan::summary::Summary;
use crate::systems::catalog::store::{Foreign, ImportState};
use crate::text::{count, number};

/// The report of a pass, as every job has it.
pub(crate) fn report(report: Report) -> pass::Report {
    let headline = headline(&report);
    let summary = summary(&report, &headline);
    let exit = exit(&report);
    let notices = report.summary.as_ref().map(|summary| notices(summary, &report.row)).unwrap_or_default();
    let samples = samples(&report);
    let Report { row, error, took, .. } = report;
    let trouble = match error {
        Some(error @ (PassError::Interrupted | PassError::Stopped(Stop::Interrupted))) => {
            Some(Trouble::Interrupted(error.into()))
        }
        Some(error) => Some(Trouble::Failed { subject: error.subject(), error: error.into() }),
        None if row.is_paused() => Some(Trouble::Paused(row.reason.clone().unwrap_or_default())),
        None if row.outcome == Outcome::Held => {
            let reason = row.reason.as_deref().unwrap_or_default();
            Some(Trouble::Held(format!("held by the guard: {reason}")))
        }
        None => None,
    };
    let troubles = trouble.into_iter().collect();
    pass::Report { label: row.kind.name(), row, took, headline, summary, troubles, notices, exit, samples }
}

/// The exit code of a pass.
fn exit(report: &Report) -> Exit {
    let standing = report.refused.all() + report.row.figure("rejected");
    match (&report.error, Exit::of(report.row.outcome)) {
        (Some(error), _) if error.is_config() => Exit::Config,
        (Some(_), _) => Exit::Failed,
        (None, Exit::Done) if standing > 0 => Exit::Partial,
        (None, exit) => exit,
    }
}

/// What is told when it is otherwise than before. Of a feed that was not read to its end nobody knows how many rows
/// are wrong; one that was not read again has the columns and words that it had.
fn notices(summary: &Summary, row: &PassRow) -> Vec<Notice> {
    let mut notices = vec![
        Notice::Figure { name: "rejected", now: row.figure("rejected"), words: rows_words },
        Notice::State { topic: "unproven", text: unproven(summary) },
    ];
    let is_unread = row.outcome == Outcome::Unchanged || row.is_paused() && row.figure("read") == 0;
    if !is_unread {
        notices.push(Notice::State { topic: "columns", text: gone(summary) });
        notices.push(Notice::State { topic: "availability", text: strange_stock(&summary.strange_stock) });
    }
    notices
}

fn rows_words(now: u64, before: u64) -> (Level, String) {
    let before = number(before);
    match now {
        0 => (Level::INFO, format!("no row of the feed is rejected any more ({before} before)")),
        1 => (Level::WARN, format!("1 row of the feed rejected ({before} before): `status` has them")),
        _ => {
            let now = number(now);
            (Level::WARN, format!("{now} rows of the feed rejected ({before} before): `status` has them"))
        }
    }
}

fn samples(report: &Report) -> Vec<Sample> {
    let objects = ["created", "updated", "deleted", "failed"]
        .map(|name| Sample::labelled("objects", name, report.row.figure(name)));
    let traffic = &report.traffic;
    let answered = traffic.answered.iter().map(|(status, count)| (status.to_string(), *count));
    let requests = answered.chain([("none".to_owned(), traffic.unanswered())]).filter(|(_, count)| *count > 0);
    let requests = requests.map(|(status, count)| Sample::labelled("nicechat_requests", status, count));
    let import = report.import.as_ref().map(|import| {
        let state = if import.failure.is_some() { ImportState::Failed } else { ImportState::Success };
        Sample::labelled("imports", state.name(), 1)
    });
    let retries = Sample::of("nicechat_retries", traffic.retries);
    objects.into_iter().chain(requests).chain(import).chain([retries]).collect()
}

/// What NiceChat has that isn't ours, in a line.
pub(super) fn foreign(Foreign { categories, products }: Foreign) -> Option<String> {
    let parts = [(products, "product", "products"), (categories, "category", "categories")];
    let parts: Vec<String> =
        parts.into_iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| count(n, one, many)).collect();
    (!parts.is_empty()).then(|| {
        format!("Not ours at NiceChat: {}, left alone (nicechat.prune = \"all\" would delete them).", parts.join(", "))
    })
}

/// What a pass came to, in a line.
pub(super) fn line(pass: &PassRow, took: Duration) -> String {
    let mut parts = vec![pass.outcome.name().to_owned()];
    if pass.figure("read") > 0 {
        parts.push(format!("{} read", count(pass.figure("read"), "row", "rows")));
    }
    for (name, what) in [
        ("rejected", "rejected"),
        ("created", "created"),
        ("updated", "changed"),
        ("deleted", "deleted"),
        ("failed", "failed or refused"),
    ] {
        let n = pass.figure(name);
        if n > 0 {
            parts.push(format!("{} {what}", number(n)));
        }
    }
    parts.push(requests(pass.requests, took));
    let reason = pass.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{}{reason}", parts.join(", "))
}

/// What a pass came to, in one line and without the reason; unless nothing went wrong that would tell it.
fn headline(report: &Report) -> String {
    let mut row = report.row.clone();
    row.reason = row.reason.filter(|_| row.outcome == Outcome::Partial);
    format!("{}: {}", row.kind.name(), line(&row, report.took))
}

/// A line, and one for each thing that is not as it should be.
fn summary(report: &Report, headline: &str) -> String {
    let outcome = &report.row.outcome;
    let mut text = headline.to_owned();
    if report.row.is_paused() {
        text += &paused_line(&report.row);
    } else if *outcome == Outcome::Held {
        let reason = report.row.reason.as_deref().unwrap_or_default();
        text += &format!("\nHeld by the guard: {reason}. `shelfkeeper approve` shows it; --force lets it through.");
    }
    match &report.import {
        Some(ImportReport { failure: Some(reason), .. }) => text += &format!("\nThe import failed: {reason}."),
        Some(ImportReport { shortfall: Some(shortfall), .. }) => text += &format!("\n{shortfall}."),
        _ => {}
    }
    text.extend(report.summary.as_ref().and_then(Summary::foreign).and_then(foreign).map(|told| format!("\n{told}")));
    if report.refused.all() > 0 {
        text += &format!("\nNiceChat refuses {}; `shelfkeeper status` says why.", report.refused);
    }
    if let Some(missed) = report.summary.as_ref().map(|summary| summary.held_back).filter(|missed| *missed > 0) {
        text += &format!("\n{}", held_back(missed));
    }
    text.extend(report.summary.as_ref().and_then(waiting).map(|told| format!("\n{told}")));
    if let Some(unproven) = report.summary.as_ref().and_then(unproven) {
        text += &format!("\n{unproven}");
    }
    text.extend(report.summary.as_ref().and_then(excluded).map(|told| format!("\n{told}")));
    text.extend(report.summary.as_ref().and_then(gone).map(|told| format!("\n{told}")));
    text.extend(report.summary.as_ref().and_then(misspelt).map(|told| format!("\n{told}")));
    let strange = report.summary.as_ref().and_then(|summary| strange_stock(&summary.strange_stock));
    text.extend(strange.map(|told| format!("\n{told}")));
    let rejected = report.row.figure("rejected");
    if rejected > 0 {
        let faults = report.summary.as_ref().map(|summary| &summary.faults);
        let faults = faults.map(|faults| format!(": {faults}")).unwrap_or_default();
        text += &format!("\n{} rejected{faults}; `shelfkeeper status` says why.", count(rejected, "row", "rows"));
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::clock::Stamp;
    use crate::pass::PassKind;

    fn row(outcome: Outcome, read: u64, reason: Option<&str>) -> PassRow {
        PassRow {
            started: Timestamp::UNIX_EPOCH,
            finished: Stamp::by_wall(Timestamp::UNIX_EPOCH),
            kind: PassKind::Sync,
            outcome,
            figures: [("read", read), ("rejected", 1)].into_iter().collect(),
            requests: 0,
            reason: reason.map(str::to_owned),
        }
    }

    #[test]
    fn a_feed_that_was_not_read_again_takes_nothing_back() {
        let topics = |row: &PassRow| {
            let topic = |notice: Notice| match notice {
                Notice::State { topic, .. } => Some(topic),
                Notice::News(_) | Notice::Figure { .. } => None,
            };
            notices(&Summary::default(), row).into_iter().filter_map(topic).collect::<Vec<_>>()
        };
        for unread in [row(Outcome::Unchanged, 0, None), row(Outcome::Held, 0, Some("paused"))] {
            assert_eq!(topics(&unread), ["unproven"], "{unread:?}");
        }
        for read in [row(Outcome::Partial, 3, None), row(Outcome::Held, 3, Some("paused"))] {
            assert_eq!(topics(&read), ["unproven", "columns", "availability"], "{read:?}");
        }
    }
}
