//! What a round came to, and how the hooks stand.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::{Value, json};

use super::round::Round;
use crate::clock::{Clock, Stamp};
use crate::config::Schedule;
use crate::outbox::{ReadOutbox as _, Tally, Told};
use crate::pass::{self, Exit, Figures, Headline, Notice, Outcome, PassKind, PassRow, Sample, Trouble};
use crate::report::{JsonObject, PrintError};
use crate::state::{Reader, StateError};
use crate::systems::look::{Look, Standing};
use crate::text::{count, fold, number, span};
use crate::view::{Block, Cell, Column, Rank, Section, Shown, Table};

/// What rounds are called.
pub(super) const LABEL: &str = "hooks";
/// So many events are told one by one.
const TOLD: usize = 5;
/// What is counted.
pub(super) const DELIVERIES: &str = "hook_deliveries";
/// What becomes of a delivery.
pub(super) const OUTCOMES: [&str; 3] = ["taken", "failed", "given_up"];

/// The report of a round, as every job has it. One with nothing to tell has no summary.
pub(super) fn report(round: Round, kind: PassKind) -> pass::Report {
    let Round { started, took, deliveries, given_up, unsent, failures, forgotten, pending, paused, error } = round;
    let mut samples: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    deliveries.iter().for_each(|(hook, outcome)| *samples.entry((hook, outcome)).or_default() += 1);
    unsent.iter().for_each(|hook| *samples.entry((hook, "given_up")).or_default() += 1);
    let samples =
        samples.iter().map(|((hook, outcome), by)| Sample::labelled(DELIVERIES, format!("{hook} {outcome}"), *by));
    let samples = samples.collect();
    let of = |wanted: &str| deliveries.iter().filter(|(_, outcome)| *outcome == wanted).count() as u64;
    let lost = of("given_up") + unsent.len() as u64;
    let figures = [("taken", of("taken")), ("failed", of("failed")), ("given_up", lost), ("pending", pending)];
    let outcome = match (&error, &paused) {
        (Some(_), _) => Outcome::Failed,
        (None, Some(_)) => Outcome::Held,
        (None, None) if !given_up.is_empty() => Outcome::Partial,
        (None, None) if deliveries.is_empty() => Outcome::Unchanged,
        (None, None) => Outcome::Ok,
    };
    let reason = error.as_ref().map(ToString::to_string).or(paused.clone());
    let row = PassRow {
        started,
        finished: Stamp::exact(),
        kind,
        outcome,
        figures: figures.into_iter().collect::<Figures>(),
        requests: deliveries.len() as u64,
        reason,
    };
    let told = |n: u64, what: &str| (n > 0).then(|| format!("{} {what}", number(n)));
    let parts =
        [told(of("taken"), "taken"), told(of("failed"), "failed"), told(lost, "given up"), told(pending, "waiting")];
    let parts: Vec<String> = [outcome.name().to_owned()].into_iter().chain(parts.into_iter().flatten()).collect();
    let is_silent = outcome == Outcome::Unchanged;
    // The same from round to round: it is told to the service manager.
    let headline = match (is_silent, pending) {
        (true, 0) => format!("{LABEL}: nothing waits"),
        (true, _) => format!("{LABEL}: {}", parts[1..].join(", ")),
        (false, _) => format!("{LABEL}: {} in {}", parts.join(", "), span(took)),
    };
    let given_up = few(given_up, "events");
    let failures = few(failures, "events");
    let lines = failures.iter().map(|told| format!("\n{told}; it is tried again"));
    let summary = if is_silent { String::new() } else { headline.clone() + &lines.collect::<String>() };
    let forgotten = forgotten.into_iter().map(|(hook, events)| {
        let events = count(events, "event that waited for it is", "events that waited for it are");
        format!("the config has no hook {hook} any more: {events} forgotten")
    });
    let given_up = given_up.into_iter().map(|told| format!("given up: {told}"));
    let failing = (!failures.is_empty()).then(|| format!("{}; it is tried again", failures.join("; ")));
    let mut notices: Vec<Notice> = forgotten.chain(given_up).map(Notice::News).collect();
    if !deliveries.is_empty() {
        notices.push(Notice::State { topic: "hooks", text: failing });
    }
    let failed = error.map(|error| Trouble::Failed { subject: "the disk", error: error.into() });
    let troubles = failed.into_iter().chain(paused.map(Trouble::Paused)).collect();
    pass::Report { label: LABEL, row, took, headline, summary, troubles, notices, exit: Exit::of(outcome), samples }
}

/// The first of what is told, and how many more there are: a hook that is away for days has thousands.
fn few(mut told: Vec<String>, what: &str) -> Vec<String> {
    let more = told.len().saturating_sub(TOLD);
    told.truncate(TOLD);
    told.extend((more > 0).then(|| format!("{} more {what}", number(more as u64))));
    told
}

/// What can be looked at of the hooks: their names.
pub(super) struct HooksLook(pub(super) Vec<String>);

impl Look for HooksLook {
    fn job(&self) -> (&'static str, String) {
        // They leave no rows.
        (LABEL, "none".to_owned())
    }

    fn schedule(&self) -> Option<&Schedule> {
        None
    }

    fn standing<'r>(&self, reader: &'r Reader) -> Result<Box<dyn Standing + 'r>, StateError> {
        let tally = |name: &String| Ok((name.clone(), reader.hook_tally(name)?));
        Ok(Box::new(HooksStanding(self.0.iter().map(tally).collect::<Result<_, StateError>>()?)))
    }

    fn shown(&self, reader: &Reader) -> Result<Shown, PrintError> {
        if self.0.is_empty() {
            return Ok(Shown::default());
        }
        let columns = [Column::text("hook"), Column::number("waiting"), Column::text("oldest since")];
        let more = [Column::number("given up"), Column::text("last trouble"), Column::text("told last of")];
        let mut table = Table::new("Who is told, and what waits for them", &[columns.as_slice(), &more].concat());
        for name in &self.0 {
            let Tally { pending, oldest, failed, last_error, last_told } = reader.hook_tally(name)?;
            let last_told = last_told.map(|Told { kind, at }| format!("{kind}, {at:.0}"));
            let oldest = oldest.map_or(Cell::Nothing, |oldest| Cell::Time(oldest.at));
            let cells = vec![Cell::Text(name.clone()), Cell::Number(pending), oldest, Cell::Number(failed)];
            table.row(cells.into_iter().chain([Cell::text(last_error), Cell::text(last_told)]).collect());
        }
        let section = Section::new("hooks", "Who is told", Rank::Aside).with(Block::Table(table));
        Ok(Shown { figures: Vec::new(), sections: vec![section] })
    }
}

struct HooksStanding(Vec<(String, Tally)>);

impl Standing for HooksStanding {
    fn headline(&self, _passes: &[PassRow], _clock: &Clock) -> Headline {
        Headline { state: pass::Standing::None, text: "No pass yet.".to_owned(), since: None }
    }

    fn pass_line(&self, _pass: &PassRow) -> String {
        String::new()
    }

    fn print_json(&self, _most: u64, out: &mut JsonObject<'_>) -> Result<(), PrintError> {
        let hooks: Vec<Value> = self
            .0
            .iter()
            .map(|(name, tally)| {
                let Tally { pending, oldest, failed, last_error, last_told: _ } = tally;
                let oldest = oldest.as_ref().map(|oldest| oldest.at);
                json!({"name": name, "pending": pending, "oldest": oldest, "failed": failed, "last_error": last_error})
            })
            .collect();
        Ok(out.field("hooks", &hooks)?)
    }

    fn print_summary(&self, out: &mut dyn Write) -> Result<(), PrintError> {
        for (name, Tally { pending, oldest, failed, last_error, last_told }) in &self.0 {
            let since =
                oldest.as_ref().map(|oldest| format!(", the oldest since {:.0}", oldest.at)).unwrap_or_default();
            let failed = if *failed > 0 { format!("; {} given up", number(*failed)) } else { String::new() };
            let error = last_error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
            let told = last_told.as_ref().map(|Told { kind, at }| format!("; told last of {kind}, {at:.0}"));
            let (told, pending) = (told.unwrap_or_default(), number(*pending));
            writeln!(out, "{}", fold(&format!("Hook {name}: {pending} waiting{since}{failed}{error}{told}."), 2))?;
        }
        Ok(())
    }
}
