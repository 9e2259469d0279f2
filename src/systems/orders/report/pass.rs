//! What a pass over the orders came to.

use std::time::Duration;

use tracing::Level;

use crate::pass::{self, Exit, Notice, PassRow, Sample, Trouble};
use crate::report::paused_line;
use crate::systems::orders::close::Report;
use crate::systems::orders::error::OrdersError;
use crate::systems::orders::findings::Findings;
use crate::text::{count, number, span};

/// What passes over orders are called.
pub(in crate::systems::orders) const LABEL: &str = "orders";

/// Fields that can't be read, and names, that are told.
const TOLD: usize = 20;

/// The report of a pass, as every job has it.
pub(in crate::systems::orders) fn report(report: Report) -> pass::Report {
    let Report { row, took, findings } = report;
    let headline = format!("{LABEL}: {}", line(&row, took));
    let summary = summary(&headline, &row, &findings);
    let (notices, samples) = (notices(&findings), samples(&findings));
    let exit = Exit::of(row.outcome);
    let Findings { error, held, paused, .. } = findings;
    let failed = error.map(|error| match error {
        OrdersError::Interrupted => Trouble::Interrupted(error.into()),
        _ => Trouble::Failed { subject: error.subject(), error: error.into() },
    });
    let held = held.map(|held| Trouble::Held(format!("held by the guard: {}", held.words())));
    let troubles = failed.into_iter().chain(paused.map(Trouble::Paused)).chain(held).collect();
    pass::Report { label: LABEL, row, took, headline, summary, troubles, notices, exit, samples }
}

fn samples(findings: &Findings) -> Vec<Sample> {
    let traffic = &findings.traffic;
    let answered = traffic.answered.iter().map(|(status, count)| (status.to_string(), *count));
    let requests = answered.chain([("none".to_owned(), traffic.unanswered())]).filter(|(_, count)| *count > 0);
    let requests = requests.map(|(status, count)| Sample::labelled("nicechat_requests", status, count));
    // What was there at the first read is no news.
    let new = if findings.is_first { 0 } else { findings.new };
    let retries = Sample::of("nicechat_retries", traffic.retries);
    requests.chain([retries, Sample::of("orders_new", new)]).collect()
}

fn notices(findings: &Findings) -> Vec<Notice> {
    let Findings { is_first, is_at_end, counts, unreadable, names, disagreement, .. } = findings;
    let first = counts.filter(|_| *is_first && *is_at_end).map(|counts| {
        let there = count(counts.held, "order was", "orders were");
        Notice::News(format!("{there} there at the first read; what comes from now on is new"))
    });
    let doubted = unannounced(findings).map(|orders| {
        Notice::News(format!("the state may not be the one that was written last: {orders} not announced"))
    });
    let unreadable = some(unreadable.iter().map(|(id, field)| format!("{field} of order {id}")))
        .map(|fields| Notice::News(format!("fields of orders that can't be read, and are left out: {fields}")));
    let names = some(names.iter().cloned()).map(|names| {
        Notice::News(format!("orders have fields that shelfkeeper doesn't know and doesn't keep: {names}"))
    });
    let disagreement = Notice::State { topic: "the count of orders", text: disagreement.as_deref().map(disagrees) };
    // A pass that read nothing says nothing of either.
    let told = counts.map(|counts| [disagreement, aside(counts.aside)]);
    [first, doubted, unreadable, names].into_iter().flatten().chain(told.into_iter().flatten()).collect()
}

fn aside(now: u64) -> Notice {
    Notice::Figure {
        name: "set_aside",
        now,
        words: |now, _| match now {
            0 => (Level::INFO, "nothing of NiceChat's list of orders is set aside any more".to_owned()),
            now => (
                Level::WARN,
                format!(
                    "{} set aside: `shelfkeeper status` says why",
                    count(now, "entry of the orders is", "entries of the orders are")
                ),
            ),
        },
    }
}

/// What hooks may have been told of before, of a state that is no more; `None` = nothing.
fn unannounced(findings: &Findings) -> Option<String> {
    let Findings { new, gone, .. } = *findings;
    let orders = match (new, gone) {
        (0, 0) => return None,
        (new, 0) => count(new, "order that is new to it is", "orders that are new to it are"),
        (0, gone) => count(gone, "order that is gone is", "orders that are gone are"),
        (new, gone) => {
            let new = count(new, "order that is new to it", "orders that are new to it");
            format!("{new} and {} are", count(gone, "that is gone", "that are gone"))
        }
    };
    findings.is_doubted.then_some(orders)
}

/// How a listing is otherwise than it says, and what follows.
pub(super) fn disagrees(how: &str) -> String {
    format!("NiceChat's list of orders is not as it says: {how}; what vanished can't be told, the next pass reads all")
}

/// The first of some words; `None` = there are none.
fn some(words: impl Iterator<Item = String>) -> Option<String> {
    let all: Vec<String> = words.collect();
    let more = all.len().saturating_sub(TOLD);
    let more = if more > 0 { format!(" and {} more", number(more as u64)) } else { String::new() };
    let first = all.iter().take(TOLD).cloned().collect::<Vec<_>>().join(", ");
    (!all.is_empty()).then(|| first + &more)
}

/// A line, and one for each thing that is not as it should be.
fn summary(headline: &str, row: &PassRow, findings: &Findings) -> String {
    let mut text = headline.to_owned();
    if let Some(held) = &findings.held {
        text += &format!("\nHeld by the guard: {}.", held.words());
    }
    if row.is_paused() {
        text += &paused_line(row);
    }
    if let Some(how) = &findings.disagreement {
        text += &format!("\n{}.", disagrees(how));
    }
    let aside = row.figure("set_aside");
    if aside > 0 {
        text += &format!("\nSet aside: {}; `shelfkeeper status` says why.", count(aside, "order", "orders"));
    }
    text
}

/// What a pass came to.
pub(super) fn line(pass: &PassRow, took: Duration) -> String {
    let mut parts = vec![pass.outcome.name().to_owned()];
    parts.extend(pass.figures.find("seen").map(|seen| format!("{} seen", number(seen))));
    for (name, what) in [
        ("new", "new"),
        ("changed", "changed"),
        ("gone", "gone"),
        ("erased", "with persons erased"),
        ("set_aside", "set aside"),
    ] {
        let n = pass.figure(name);
        if n > 0 {
            parts.push(format!("{} {what}", number(n)));
        }
    }
    parts.push(count(pass.requests, "request", "requests"));
    format!("{} in {}", parts.join(", "), span(took))
}
