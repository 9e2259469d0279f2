//! The events' part of a plan.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::listing::print_changes;
use super::pass::left_behind_words;
use super::words::line;
use crate::pass::{Counts, EachOperation, Failure, Planned};
use crate::systems::events::{Plan, Step};
use crate::text::{count, number};

/// A plan of the events among those of other systems.
pub(crate) struct PlannedEvents(pub(crate) Plan);

impl Planned for PlannedEvents {
    fn print(&self, program: &str, out: &mut dyn Write) -> io::Result<()> {
        text(&self.0, program, out)
    }

    fn each_operation(&self, each: EachOperation<'_>) -> io::Result<()> {
        operations(&self.0).try_for_each(|operation| each(&operation))
    }

    fn counts(&self) -> Counts {
        tally(&self.0)
    }

    fn changes(&self) -> u64 {
        self.0.steps().count() as u64
    }

    fn guard(&self) -> Option<Value> {
        self.0.held().map(|held| {
            let mut told = held.json();
            told["reason"] = held.words().into();
            told
        })
    }

    fn fields(&self) -> Map<String, Value> {
        let errors: Vec<String> = self.0.errors.iter().map(ToString::to_string).collect();
        let errors = (!errors.is_empty()).then(|| ("errors".to_owned(), json!(errors)));
        errors.into_iter().collect()
    }

    fn failures(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.0.errors).into_iter().map(Failure::new).collect()
    }
}

fn tally(plan: &Plan) -> Counts {
    let mut tally = Counts::default();
    for (_, step) in plan.steps() {
        match step {
            Step::Add(_) => tally.create += 1,
            Step::Replace { .. } => tally.update += 1,
            Step::Remove { .. } => tally.delete += 1,
        }
    }
    tally
}

/// Prints the events' part of a plan: a summary, then the changes by store. Nothing where only the mirror is
/// wanted.
///
/// # Errors
/// When it can't be printed.
fn text(plan: &Plan, program: &str, out: &mut dyn Write) -> io::Result<()> {
    if let Some(left) = left_behind_words(&plan.left_behind) {
        writeln!(out, "\nNote: {left}.")?;
    }
    if plan.stores.is_empty() {
        return Ok(());
    }
    let tally = tally(plan);
    let parts = [(tally.create, "to add"), (tally.update, "to replace"), (tally.delete, "to remove")];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", number(*n))).collect();
    let summary = if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") };
    let set_aside: usize = plan.stores.iter().map(|store| store.set_aside).sum();
    let aside = match set_aside {
        0 => String::new(),
        n => format!(" Set aside: {}; `status` says why.", count(n as u64, "event", "events")),
    };
    writeln!(out, "\nEvents at Lagerkoll: {summary}.{aside}")?;
    if let Some(held) = plan.held() {
        writeln!(out, "REFUSED by the guard: {}.\nNothing will be sent to Lagerkoll.", held.words())?;
        writeln!(out, "To let exactly this through, once a pass holds it: {program} approve {}", held.digest)?;
    }
    for store in plan.stores.iter().filter(|store| !store.steps.is_empty()) {
        writeln!(out, "\nEvents in store {} ({})", store.store, number(store.steps.len() as u64))?;
        store.steps.iter().try_for_each(|step| print(step, out))?;
    }
    Ok(())
}

fn print(step: &Step, out: &mut dyn Write) -> io::Result<()> {
    match step {
        Step::Add(wanted) => writeln!(out, "  + {}  {}", wanted.key, line(wanted.content.fields())),
        Step::Remove { old, .. } => writeln!(out, "  - {}  {}", old.id(), line(old.fields())),
        Step::Replace { wanted, old } => {
            writeln!(out, "  ~ {}  {}  {}", old.id(), wanted.key, line(wanted.content.fields()))?;
            print_changes(old.content().fields(), wanted.content.fields(), out)
        }
    }
}

/// The operations as `plan --format json` prints them. A new event's id is what it is for: a declared
/// event's name, or the id of the event that it is a copy of.
fn operations(plan: &Plan) -> impl Iterator<Item = Value> {
    plan.steps().map(|(store, step)| {
        let (op, id, fields) = match step {
            Step::Add(wanted) => ("create", wanted.key.clone(), json!(wanted.content)),
            Step::Replace { wanted, old } => ("update", old.id().to_string(), json!(wanted.content)),
            Step::Remove { old, .. } => ("delete", old.id().to_string(), json!({})),
        };
        json!({"op": op, "type": "event", "id": id, "store": store, "fields": fields})
    })
}
