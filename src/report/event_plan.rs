//! The events' part of a plan.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::event_words::line;
use super::events::print_changes;
use super::words::{count, number};
use crate::systems::events::{Plan, Step};

/// How many events are to be added, replaced and removed. Nought without a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventTally {
    /// To add.
    pub create: u64,
    /// To replace.
    pub update: u64,
    /// To remove.
    pub delete: u64,
}

impl EventTally {
    /// Counts a plan's steps.
    pub fn of(plan: &Plan) -> EventTally {
        let mut tally = EventTally::default();
        for (_, step) in plan.steps() {
            match step {
                Step::Add(_) => tally.create += 1,
                Step::Replace { .. } => tally.update += 1,
                Step::Remove { .. } => tally.delete += 1,
            }
        }
        tally
    }

    /// All of them.
    pub fn all(self) -> u64 {
        self.create + self.update + self.delete
    }
}

/// Prints the events' part of a plan: a summary, then the changes by store. Nothing where only the mirror is
/// wanted.
///
/// # Errors
/// When it can't be printed.
pub fn event_plan_text(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    if let Some(left) = left_behind(&plan.left_behind) {
        writeln!(out, "\nNote: {left}.")?;
    }
    if plan.stores.is_empty() {
        return Ok(());
    }
    let tally = EventTally::of(plan);
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
    if let Some(reason) = plan.guard() {
        writeln!(out, "REFUSED by the guard: {reason}.\nNothing will be sent to Lagerkoll; --force lets it through.")?;
    }
    for store in plan.stores.iter().filter(|store| !store.steps.is_empty()) {
        writeln!(out, "\nEvents in store {} ({})", store.store, number(store.steps.len() as u64))?;
        store.steps.iter().try_for_each(|step| print(step, out))?;
    }
    Ok(())
}

/// Tells of events of ours in stores that the settings don't name any more; `None` = there are none.
pub fn left_behind(stores: &[(String, u64)]) -> Option<String> {
    let places: Vec<String> = stores.iter().map(|(store, n)| format!("{} in {store}", number(*n))).collect();
    (!places.is_empty()).then(|| {
        format!(
            "events that shelfkeeper made stay in stores that the config doesn't name any more ({}): remove them \
             there, or name the store again",
            places.join(", ")
        )
    })
}

fn print(step: &Step, out: &mut impl Write) -> io::Result<()> {
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
pub fn event_operations(plan: &Plan) -> impl Iterator<Item = Value> {
    plan.steps().map(|(store, step)| {
        let (op, id, fields) = match step {
            Step::Add(wanted) => ("create", wanted.key.clone(), json!(wanted.content)),
            Step::Replace { wanted, old } => ("update", old.id().to_string(), json!(wanted.content)),
            Step::Remove { old, .. } => ("delete", old.id().to_string(), json!({})),
        };
        json!({"op": op, "type": "event", "id": id, "store": store, "fields": fields})
    })
}
