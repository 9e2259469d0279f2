//! How the catalog stands in the state.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::imports::import_line;
use super::listings::{HistoryListing, RejectedListing};
use super::page::{held_blocks, shown};
use super::pass::{foreign, line};
use super::plan::held_text;
use super::product::product_page;
use super::unproven::{but_for, line as unproven_line};
use crate::approval::{CATALOG, word};
use crate::catalog::{Faults, Kind};
use crate::clock::Clock;
use crate::config::Schedule;
use crate::pass::ReadPasses as _;
use crate::pass::{Facts, Headline, PassRow, Standing as State};
use crate::pause::Pause;
use crate::report::{JsonObject, PrintError, RejectedRows};
use crate::state::{Reader, StateError, is_in_use};
use crate::systems::catalog::apply::Stop;
use crate::systems::catalog::explain::{ExplainedBy, explain_soon};
use crate::systems::catalog::pass::close::JOB;
use crate::systems::catalog::plan::verdict::Held;
use crate::systems::catalog::store;
use crate::systems::catalog::store::ReadFeed as _;
use crate::systems::catalog::store::ReadGuard as _;
use crate::systems::catalog::store::ReadImports as _;
use crate::systems::catalog::store::ReadObjects as _;
use crate::systems::catalog::store::ReadPlan as _;
use crate::systems::catalog::store::ReadTroubles as _;
use crate::systems::catalog::store::{Foreign, Import, RefusedCount, Unproven, Waiting};
use crate::systems::listing::Listing;
use crate::systems::look::{EachFailed, FailedObject, HeldBack, Look, ProductPage, Standing};
use crate::text::{count, fold};
use crate::view::Shown;

/// Rows that a person is shown.
const SHOWN: usize = 20;
/// Rows among which these are looked for.
const LOOKED_AT: u64 = 10_000;
/// Imports that a program is shown.
const IMPORTS: u32 = 20;
/// Imports that a person is shown.
const IMPORTS_SHOWN: usize = 3;
/// Examples of what is held that a person is shown.
const HELD_SHOWN: usize = 3;

/// What can be looked at.
pub(crate) struct CatalogLook {
    /// `None` = these settings have no catalog, but the state may.
    pub(crate) schedule: Option<Schedule>,
    /// How much later than that passes begin.
    pub(crate) delay: Duration,
    /// The feed is shown to others, and nothing goes to NiceChat.
    pub(crate) is_alone: bool,
    /// By which a product is explained; `None` = these settings have no feed.
    pub(crate) by: Option<ExplainedBy>,
    /// How this program is called by hand for this shop.
    pub(crate) program: String,
}

impl Look for CatalogLook {
    fn job(&self) -> (&'static str, String) {
        (JOB, String::new())
    }

    fn schedule(&self) -> Option<&Schedule> {
        self.schedule.as_ref()
    }

    fn delay(&self) -> Duration {
        self.delay
    }

    fn standing<'r>(&self, reader: &'r Reader) -> Result<Box<dyn Standing + 'r>, StateError> {
        let (faults, refused) = reader.trouble()?;
        Ok(Box::new(CatalogStanding {
            schedule: self.schedule.clone(),
            program: self.program.clone(),
            is_alone: self.is_alone,
            reader,
            last: reader.passes(JOB, "", 1)?.into_iter().next(),
            foreign: reader.foreign()?.unwrap_or_default(),
            waiting: reader.waiting()?,
            unproven: reader.unproven()?,
            faults,
            refused,
            failed: reader.failed()?,
            held: reader.held()?,
            imports: reader.imports(IMPORTS)?,
            is_paused: Pause::read(reader.path()).is_ok_and(|pause| pause.is_some()),
            is_in_use: is_in_use(reader.path()) == Some(true),
            doubt: if self.is_alone { None } else { reader.doubt()? },
        }))
    }

    fn held_back(&self, reader: &Reader) -> Result<Option<HeldBack>, StateError> {
        let held = reader.held()?.and_then(|held| serde_json::from_value::<Held>(held).ok());
        let is_approved = |held: &Held| word(reader.path(), CATALOG).is_some_and(|approved| approved == held.digest);
        Ok(held.map(|held| HeldBack {
            held_by: CATALOG,
            text: held_text(&held, usize::MAX),
            blocks: held_blocks(&held),
            objects: held.objects(),
            is_approved: is_approved(&held),
            digest: held.digest,
        }))
    }

    fn shown(&self, reader: &Reader) -> Result<Shown, PrintError> {
        let is_there = self.schedule.is_some() || reader.owned(Kind::Product)? > 0;
        Ok(if is_there { shown(reader, self.is_alone)? } else { Shown::default() })
    }

    fn listings(&self) -> Vec<Box<dyn Listing>> {
        vec![Box::new(HistoryListing), Box::new(RejectedListing)]
    }

    fn product(&self, reader: &Reader, id: &str) -> Result<Option<ProductPage>, PrintError> {
        Ok(Some(product_page(&explain_soon(self.by.as_ref(), reader, id)?, reader, &self.program)?))
    }
}

struct CatalogStanding<'r> {
    schedule: Option<Schedule>,
    program: String,
    is_alone: bool,
    reader: &'r Reader,
    last: Option<PassRow>,
    foreign: Foreign,
    waiting: Waiting,
    unproven: Option<Unproven>,
    faults: Faults,
    refused: RefusedCount,
    failed: u64,
    held: Option<Value>,
    imports: Vec<Import>,
    is_paused: bool,
    /// Whether a process works with the state.
    is_in_use: bool,
    /// Why the file may be another one than that which was written last.
    doubt: Option<String>,
}

impl Standing for CatalogStanding<'_> {
    fn headline(&self, passes: &[PassRow], clock: &Clock) -> Headline {
        let headline = Headline::of(Facts {
            equal: if self.is_alone {
                "what is shown is what the feed says"
            } else {
                "NiceChat has what the feed says"
            },
            passes,
            schedule: self.schedule.as_ref(),
            rejected: self.faults.rows(),
            refused: &self.refused.to_string(),
            clock,
        });
        if self.schedule.is_none()
            && let Some(last) = passes.first()
        {
            let text = format!("The settings have no feed any more; its last pass ended {:.0}.", last.finished.at);
            return Headline { state: State::None, text, since: Some(last.finished.at) };
        }
        let is_well = matches!(headline.state, State::Equal | State::Rows | State::None);
        // A pause says itself why something waits.
        let is_paused = passes.first().is_some_and(PassRow::is_paused) || self.is_paused;
        // A pass may take longer than three intervals.
        let may_be_at_work = headline.state == State::Stopped && self.is_in_use;
        let is_unfinished = self.waiting.all > 0 || may_be_at_work && self.is_importing();
        if is_unfinished && (is_well || may_be_at_work) && !is_paused {
            return self.unfinished(passes);
        }
        match &self.unproven {
            Some(unproven) => but_for(unproven, headline),
            None => headline,
        }
    }

    fn pass_line(&self, pass: &PassRow) -> String {
        // How long it took, as far as its row tells.
        line(pass, Duration::try_from(pass.finished.at.duration_since(pass.started)).unwrap_or_default())
    }

    fn print_json(&self, most: u64, out: &mut JsonObject<'_>) -> Result<(), PrintError> {
        out.field("last_pass", &self.last)?;
        let [categories, products] = self.owned()?;
        out.field("owned", &json!({"categories": categories, "products": products}))?;
        if self.foreign != Foreign::default() {
            out.field("foreign", &self.foreign)?;
        }
        out.field("pending", &self.waiting.all)?;
        out.field("pending_urgent", &self.waiting.urgent)?;
        if let Some(Unproven { objects, is_last_row_left, because }) = &self.unproven {
            let unproven = json!({"objects": objects, "last_row": is_last_row_left, "because": because});
            out.field("unproven", &unproven)?;
        }
        if self.faults.rows() > most {
            out.field("rejected_total", &self.faults.rows())?;
        }
        let mut list = out.list("rejected")?;
        self.reader.each_rejected(most, |row| Ok::<(), PrintError>(list.item(&row)?))?;
        list.end()?;
        Ok(out.field("imports", &self.imports.iter().map(import_json).collect::<Vec<_>>())?)
    }

    fn print_summary(&self, out: &mut dyn Write) -> Result<(), PrintError> {
        if self.last.is_none() {
            return Ok(());
        }
        if let Some(why) = &self.doubt {
            let told = format!(
                "This state file {why}: what it says may be old, and the next pass reads NiceChat's listing first."
            );
            writeln!(out, "{}", fold(&told, 2))?;
        }
        let [categories, products] = self.owned()?;
        if !self.is_alone || products > 0 {
            let products = count(products, "product", "products");
            writeln!(out, "Ours at NiceChat: {products}, {}.", count(categories, "category", "categories"))?;
        }
        if let Some(told) = foreign(self.foreign) {
            writeln!(out, "{told}")?;
        }
        if let Some(held) = self.held.clone().and_then(|held| serde_json::from_value::<Held>(held).ok()) {
            write!(out, "{}", held_text(&held, HELD_SHOWN))?;
            if word(self.reader.path(), CATALOG).is_some_and(|approved| approved == held.digest) {
                writeln!(out, "Approved: the next pass lets it through.")?;
            } else {
                writeln!(out, "To let it through: {} approve {}", self.program, held.digest)?;
            }
        }
        if self.waiting.all > 0 {
            let Waiting { all, urgent } = self.waiting;
            let (changes, rest) = (count(all, "change", "changes"), all - urgent);
            writeln!(
                out,
                "Pending: {changes} of the last plan ({urgent} urgent, {rest} others), for this pass or the next."
            )?;
        }
        if let Some(unproven) = &self.unproven {
            writeln!(out, "{}", fold(&unproven_line(unproven), 2))?;
        }
        Ok(())
    }

    fn print_details(&self, out: &mut dyn Write) -> Result<(), PrintError> {
        self.print_imports(out)?;
        if self.faults.rows() == 0 {
            return Ok(());
        }
        let mut rejected = RejectedRows::new(SHOWN);
        self.reader.each_rejected(LOOKED_AT, |row| {
            rejected.add(&row);
            Ok::<(), PrintError>(())
        })?;
        writeln!(out)?;
        Ok(rejected.print(&self.faults, out)?)
    }

    fn held(&self) -> Option<Value> {
        self.held.clone()
    }

    fn failed(&self) -> u64 {
        self.failed
    }

    fn each_failed(&self, most: u64, each: EachFailed<'_>) -> Result<(), PrintError> {
        self.reader.each_failed(most, |object| {
            let store::FailedObject { kind, id, reason, refused, since } = object;
            each(&FailedObject { kind: kind.name(), id, store: None, reason, refused, since })
        })
    }
}

impl CatalogStanding<'_> {
    /// Categories and products of ours: counted where they are told, since of a million that takes a while.
    fn owned(&self) -> Result<[u64; 2], StateError> {
        Ok([self.reader.owned(Kind::Category)?, self.reader.owned(Kind::Product)?])
    }

    fn is_importing(&self) -> bool {
        self.imports.iter().any(|import| import.state.is_open())
    }

    /// A pass that has begun to send leaves its row when it ends: until then the last row tells of an earlier feed.
    fn unfinished(&self, passes: &[PassRow]) -> Headline {
        let since = passes.iter().find(|pass| pass.outcome.is_good()).map(|pass| pass.finished.at);
        let moment = since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
        let changes = count(self.waiting.all, "change", "changes");
        let is_overtaken = |pass: &PassRow| pass.reason.as_deref() == Some(&*Stop::Overtaken.to_string());
        let text = if passes.first().is_some_and(is_overtaken) {
            format!("Behind{moment}: a newer feed came; {changes} are still to send, the urgent first.")
        } else if self.waiting.all == 0 {
            format!("Behind{moment}: an import is under way.")
        } else {
            format!("Behind{moment}: a pass that is under way, or was cut off, has {changes} still to send.")
        };
        Headline { state: State::Behind, text, since }
    }

    fn print_imports(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.imports.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nLast imports:")?;
        self.imports
            .iter()
            .take(IMPORTS_SHOWN)
            .try_for_each(|import| writeln!(out, "{}", fold(&format!("  {}", import_line(import)), 4)))
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
