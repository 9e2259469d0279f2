//! How things stand, for people and for programs.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::events::{mirror_json, mirror_text};
use super::output::{JsonList, PrintError};
use super::plan::{excluded, held_back, unproven};
use super::words::{count, number, shorten, span, strange_stock};
use crate::catalog::{Kind, Rejection};
use crate::pass::{Outcome, PassRow};
use crate::state::{FailedObject, Foreign, Import, MirrorState, Reader, StateError};
use crate::systems::catalog::{ImportReport, Report, Summary};
use crate::systems::events::Names;

/// Rows and objects that a person is shown.
const SHOWN: u64 = 20;
/// Passes that a person is shown.
const PASSES: u32 = 5;
/// Imports that a program is shown.
const IMPORTS: u32 = 20;
/// Imports that a person is shown.
const IMPORTS_SHOWN: usize = 3;

/// What is said when there is no state file: not that there was no pass, which nobody can know then.
pub fn no_state(reader: &Reader) -> Option<String> {
    let path = std::path::absolute(reader.path()).unwrap_or_else(|_| reader.path().to_owned());
    let path = path.display();
    (!reader.exists()).then(|| {
        format!(
            "There is no state at {path}: the first pass makes it. If there were passes, they kept it elsewhere: \
             see [state] path."
        )
    })
}

/// What `status` tells. The lists that may be longer than memory holds are read while they are printed.
pub struct Status<'r> {
    reader: &'r Reader,
    passes: Vec<PassRow>,
    categories: u64,
    products: u64,
    foreign: Foreign,
    pending: u64,
    rejected: u64,
    failed: u64,
    /// By store.
    refused_events: Vec<FailedObject>,
    mirror: Option<MirrorState>,
    imports: Vec<Import>,
}

impl<'r> Status<'r> {
    /// Reads it from the state. `events` names what of Lagerkoll is to be in it, if anything is.
    ///
    /// # Errors
    /// When that can't be read.
    pub fn read(reader: &'r Reader, events: Option<&Names>) -> Result<Status<'r>, StateError> {
        let mut refused_events = Vec::new();
        for store in events.iter().flat_map(|names| &names.stores) {
            let there = reader.refused_events(&store.key)?;
            refused_events
                .extend(there.into_iter().map(|event| FailedObject { store: Some(store.id.clone()), ..event }));
        }
        Ok(Status {
            reader,
            passes: reader.passes(PASSES)?,
            categories: reader.owned(Kind::Category)?,
            products: reader.owned(Kind::Product)?,
            foreign: reader.foreign()?.unwrap_or_default(),
            pending: reader.pending()?,
            rejected: reader.trouble()?.0,
            failed: reader.failed()? + refused_events.len() as u64,
            refused_events,
            imports: reader.imports(IMPORTS)?,
            mirror: events.map(|names| reader.mirror(&names.mirror)).transpose()?.flatten(),
        })
    }

    /// For programs, with at most so many rejected rows and failed objects each; `rejected_total` and `failed_total`
    /// tell how many there are where that is more.
    ///
    /// # Errors
    /// When it can't be read or printed.
    pub fn print_json(&self, most: u64, out: &mut impl Write) -> Result<(), PrintError> {
        let owned = json!({"categories": self.categories, "products": self.products});
        write!(out, "{{\"last_pass\":{},\"owned\":{owned}", json!(self.passes.first()))?;
        if self.foreign != Foreign::default() {
            write!(out, ",\"foreign\":{}", json!(self.foreign))?;
        }
        write!(out, ",\"pending\":{}", self.pending)?;
        total_if_cut(out, "rejected", self.rejected, most)?;
        write!(out, ",\"rejected\":")?;
        let mut list = JsonList::begin(out)?;
        self.reader.each_rejected(most, |row| Ok::<(), PrintError>(list.item(&row)?))?;
        list.end()?;
        total_if_cut(out, "failed", self.failed, most)?;
        write!(out, ",\"failed\":")?;
        let mut list = JsonList::begin(out)?;
        self.each_failed(most, |object| list.item(&object))?;
        list.end()?;
        let imports: Vec<Value> = self.imports.iter().map(import_json).collect();
        Ok(writeln!(out, ",\"imports\":{},\"events\":{}}}", json!(imports), mirror_json(self.mirror.as_ref()))?)
    }

    /// Objects that are not as wanted, at most so many, the events last.
    fn each_failed(&self, most: u64, mut each: impl FnMut(&FailedObject) -> io::Result<()>) -> Result<(), PrintError> {
        let mut left = most;
        self.reader.each_failed(most, |object| {
            left -= 1;
            Ok::<(), PrintError>(each(&object)?)
        })?;
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        Ok(self.refused_events.iter().take(left).try_for_each(each)?)
    }

    /// For people.
    ///
    /// # Errors
    /// When it can't be read or printed.
    pub fn print_text(&self, out: &mut impl Write) -> Result<(), PrintError> {
        if let Some(absence) = no_state(self.reader) {
            return Ok(writeln!(out, "{absence}")?);
        }
        if self.passes.is_empty() {
            match &self.mirror {
                Some(mirror) => mirror_text(mirror, out)?,
                None => writeln!(out, "No pass yet.")?,
            }
            return Ok(self.print_imports(out)?);
        }
        let products = count(self.products, "product", "products");
        writeln!(out, "Ours at NiceChat: {products}, {}.", count(self.categories, "category", "categories"))?;
        if let Some(told) = foreign(self.foreign) {
            writeln!(out, "{told}")?;
        }
        if self.pending > 0 {
            let changes = count(self.pending, "change", "changes");
            writeln!(out, "Pending: {changes} of the last plan, for the next pass.")?;
        }
        if let Some(mirror) = &self.mirror {
            mirror_text(mirror, out)?;
        }
        writeln!(out, "\nLast passes:")?;
        for pass in &self.passes {
            writeln!(out, "  {:.0}  {:<6}  {}", pass.finished, pass.kind.name(), line(pass, by_the_wall(pass)))?;
        }
        self.print_imports(out)?;
        list_title(out, "row of the feed is not taken", "rows of the feed are not taken", self.rejected)?;
        self.reader.each_rejected(SHOWN, |Rejection { line, id, field, reason, .. }| {
            let id = id.as_ref().map(|id| format!(", id {}", shorten(id))).unwrap_or_default();
            Ok::<(), PrintError>(writeln!(out, "  line {line}{id}: {field}: {reason}")?)
        })?;
        list_end(out, self.rejected)?;
        list_title(out, "object is not as wanted", "objects are not as wanted", self.failed)?;
        self.each_failed(SHOWN, |FailedObject { kind, id, store, reason, refused, .. }| {
            let what = if *refused { "refused" } else { "failed, to be tried again" };
            let place = store.as_ref().map(|store| format!(" in store {store}")).unwrap_or_default();
            writeln!(out, "  {kind} {id}{place}: {what}: {reason}")
        })?;
        Ok(list_end(out, self.failed)?)
    }

    fn print_imports(&self, out: &mut impl Write) -> io::Result<()> {
        if self.imports.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nLast imports:")?;
        self.imports.iter().take(IMPORTS_SHOWN).try_for_each(|import| writeln!(out, "  {}", import_line(import)))
    }
}

/// An import with what is wrong with it.
fn import_json(import: &Import) -> Value {
    let mut json = json!(import);
    if let (Value::Object(fields), Some(warning)) = (&mut json, import.shortfall()) {
        fields.insert("warning".to_owned(), json!(warning));
    }
    json
}

fn import_line(import: &Import) -> String {
    let mut text = format!("{:.0}  {}", import.updated.unwrap_or(import.pushed), import.state.name());
    if let Some(imported) = import.imported {
        text += &format!(", {} imported", count(imported, "element", "elements"));
    }
    if let Some(left) = import.left {
        text += &format!(", {} put right by the API", count(left, "object", "objects"));
    }
    for complaint in import.reason.iter().chain(&import.shortfall()) {
        text += &format!(": {complaint}");
    }
    text
}

/// What NiceChat has that isn't ours, in a line.
fn foreign(Foreign { categories, products }: Foreign) -> Option<String> {
    let parts = [(products, "product", "products"), (categories, "category", "categories")];
    let parts: Vec<String> =
        parts.into_iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| count(n, one, many)).collect();
    (!parts.is_empty()).then(|| {
        format!("Not ours at NiceChat: {}, left alone (nicechat.prune = \"all\" would delete them).", parts.join(", "))
    })
}

fn total_if_cut(out: &mut impl Write, name: &str, total: u64, most: u64) -> io::Result<()> {
    if total > most { write!(out, ",\"{name}_total\":{total}") } else { Ok(()) }
}

fn list_title(out: &mut impl Write, one: &str, many: &str, total: u64) -> io::Result<()> {
    if total == 0 { Ok(()) } else { writeln!(out, "\n{}:", count(total, one, many)) }
}

fn list_end(out: &mut impl Write, total: u64) -> io::Result<()> {
    if total > SHOWN { writeln!(out, "  … --format json has them all") } else { Ok(()) }
}

/// How long a pass took, as far as its row tells.
fn by_the_wall(pass: &PassRow) -> Duration {
    Duration::try_from(pass.finished.duration_since(pass.started)).unwrap_or_default()
}

/// What a pass came to, in a line.
fn line(pass: &PassRow, took: Duration) -> String {
    let mut parts = vec![pass.outcome.name().to_owned()];
    if pass.read > 0 {
        parts.push(format!("{} read", count(pass.read, "row", "rows")));
    }
    for (n, what) in [
        (pass.rejected, "not taken"),
        (pass.created, "created"),
        (pass.updated, "changed"),
        (pass.deleted, "deleted"),
        (pass.failed, "failed or refused"),
    ] {
        if n > 0 {
            parts.push(format!("{} {what}", number(n)));
        }
    }
    parts.push(count(pass.requests, "request", "requests"));
    let reason = pass.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} in {}{reason}", parts.join(", "), span(took))
}

/// What a pass came to, in one line and without the reason.
pub fn pass_headline(report: &Report) -> String {
    let row = PassRow { reason: None, ..report.row.clone() };
    format!("{}: {}", row.kind.name(), line(&row, report.took))
}

/// What a pass ends with: a line, and one for each thing that is not as it should be.
pub fn pass_summary(report: &Report) -> String {
    let outcome = &report.row.outcome;
    let mut text = pass_headline(report);
    if *outcome == Outcome::Refused {
        let reason = report.row.reason.as_deref().unwrap_or_default();
        let sent = if report.import.is_some() { "nothing was sent after the import" } else { "nothing was sent" };
        text += &format!("\nRefused by the guard, {sent}: {reason}. --force lets it through.");
    }
    match &report.import {
        Some(ImportReport { failure: Some(reason), .. }) => text += &format!("\nThe import failed: {reason}."),
        Some(ImportReport { shortfall: Some(shortfall), .. }) => text += &format!("\n{shortfall}."),
        _ => {}
    }
    text.extend(report.summary.as_ref().and_then(Summary::foreign).and_then(foreign).map(|told| format!("\n{told}")));
    if report.refused > 0 {
        let objects = count(report.refused, "object", "objects");
        text += &format!("\nNiceChat refuses {objects} as they are; `shelfkeeper status` says why.");
    }
    if let Some(missed) = report.summary.as_ref().map(|summary| summary.held_back).filter(|missed| *missed > 0) {
        text += &format!("\n{}", held_back(missed));
    }
    if let Some(unproven) = report.summary.as_ref().and_then(unproven) {
        text += &format!("\n{unproven}");
    }
    text.extend(report.summary.as_ref().and_then(excluded).map(|told| format!("\n{told}")));
    let strange = report.summary.as_ref().and_then(|summary| strange_stock(&summary.strange_stock));
    text.extend(strange.map(|told| format!("\n{told}")));
    if report.row.rejected > 0 {
        let rows = count(report.row.rejected, "row of the feed is", "rows of the feed are");
        text += &format!("\n{rows} not taken; `shelfkeeper status` says why.");
    }
    text
}
