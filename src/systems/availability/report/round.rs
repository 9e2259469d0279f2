//! What a round came to.

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

use crate::clock::Stamp;
use crate::pass::{Exit, Figures, Notice, Outcome, PassKind, PassRow, Report, Sample, Trouble};
use crate::remote::{ConnectError, Traffic};
use crate::state::StateError;
use crate::systems::availability::memory::Change;
use crate::systems::availability::round::Findings;
use crate::text::{count, number, span};

/// What a round is called.
const LABEL: &str = "availability";

/// Why a round doesn't do what it is for.
#[derive(Debug, Error)]
pub(in crate::systems::availability) enum Failure {
    /// It was told to stop.
    #[error("interrupted")]
    Interrupted,
    /// Nothing can be sent.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// What it came to can't be kept.
    #[error(transparent)]
    State(#[from] StateError),
}

/// A round that has ended.
pub(in crate::systems::availability) struct Ended {
    pub(in crate::systems::availability) kind: PassKind,
    pub(in crate::systems::availability) started: Timestamp,
    pub(in crate::systems::availability) took: Duration,
    pub(in crate::systems::availability) watches: u64,
    pub(in crate::systems::availability) findings: Findings,
    pub(in crate::systems::availability) failure: Option<Failure>,
    pub(in crate::systems::availability) changes: Vec<Change>,
    pub(in crate::systems::availability) traffic: Traffic,
}

/// A round as every job's pass.
pub(in crate::systems::availability) fn row(ended: &Ended) -> PassRow {
    let trouble = trouble(ended);
    let Ended { kind, started, watches, findings, changes, traffic, .. } = ended;
    let outcome = match findings.read {
        _ if trouble.is_some() => Outcome::Failed,
        read if read < *watches => Outcome::Partial,
        _ => Outcome::Ok,
    };
    let reason = trouble.map(|trouble| match trouble {
        Trouble::Failed { error, .. } | Trouble::Interrupted(error) => error.to_string(),
        Trouble::Held(words) | Trouble::Paused(words) => words,
    });
    let figures = [("watches", *watches), ("with_reading", findings.read), ("changed", changes.len() as u64)];
    PassRow {
        started: *started,
        finished: Stamp::exact(),
        kind: *kind,
        outcome,
        figures: figures.into_iter().collect::<Figures>(),
        requests: traffic.requests,
        reason,
    }
}

/// The report of a round, as every job has it.
pub(in crate::systems::availability) fn report(ended: Ended) -> Report {
    let row = row(&ended);
    let troubles: Vec<Trouble> = trouble(&ended).into_iter().collect();
    let Ended { took, findings, changes, traffic, .. } = ended;
    let exit = Exit::of(row.outcome);
    let headline = headline(&row, &changes, took);
    let mut summary = headline.clone();
    if findings.refused_key.is_none() {
        findings.lacking.iter().for_each(|(watch, why)| summary += &format!("\nNo reading of {watch}: {why}."));
    }
    let aside = (!findings.aside.is_empty()).then(|| format!("Emplifi: {}", findings.aside.join("; ")));
    let notices = vec![Notice::State { topic: "set aside", text: aside }];
    let samples = samples(&traffic).collect();
    Report { label: LABEL, row, took, headline, summary, troubles, notices, exit, samples }
}

/// What keeps it from being a good one: no reading at all, or a key that is no good.
fn trouble(ended: &Ended) -> Option<Trouble> {
    let Ended { watches, findings, failure, .. } = ended;
    let failed = |subject, error| Some(Trouble::Failed { subject, error });
    match failure {
        Some(Failure::Interrupted) => return Some(Trouble::Interrupted(anyhow::anyhow!("interrupted"))),
        Some(Failure::State(error)) => return failed("the state", anyhow::anyhow!("{error}")),
        Some(Failure::Connect(error)) => return failed("Emplifi", anyhow::anyhow!("{error}")),
        None => {}
    }
    if let Some(why) = &findings.refused_key {
        return failed("the key", anyhow::anyhow!("{why}"));
    }
    let (watch, why) = findings.lacking.first().filter(|_| findings.read == 0 && *watches > 0)?;
    failed("Emplifi", anyhow::anyhow!("no watch had a reading ({watch}: {why})"))
}

fn headline(row: &PassRow, changes: &[Change], took: Duration) -> String {
    let changes: String =
        changes.iter().map(|change| format!(", {} is {}", change.watch, words(change.state.name()))).collect();
    let (read, watches) = (number(row.figure("with_reading")), count(row.figure("watches"), "watch", "watches"));
    let requests = count(row.requests, "request", "requests");
    format!("{LABEL}: {}{changes}, {read} of {watches} read, {requests} in {}", row.outcome.name(), span(took))
}

/// A state as people say it.
pub(super) fn words(state: &str) -> String {
    state.replace('_', " ")
}

fn samples(traffic: &Traffic) -> impl Iterator<Item = Sample> {
    let answered = traffic.answered.iter().map(|(status, count)| (status.to_string(), *count));
    let unanswered = traffic.unanswered();
    let none = (unanswered > 0).then(|| ("none".to_owned(), unanswered));
    answered.chain(none).map(|(status, count)| Sample::labelled("emplifi_requests", status, count))
}
