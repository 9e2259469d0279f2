//! How the orders stand in the state.

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::held::held_back;
use super::listings::OrdersListing;
use super::page::shown;
use super::pass::{disagrees, line};
use crate::approval::word;
use crate::clock::Clock;
use crate::config::{Orders, Schedule};
use crate::pass::{Facts, Headline, PassRow, ReadPasses as _, Standing as State};
use crate::report::{JsonObject, PrintError};
use crate::state::{Reader, StateError};
use crate::systems::listing::Listing;
use crate::systems::look::{EachFailed, FailedObject, HeldBack, Look, Standing};
use crate::systems::orders::store::{Aside, Counts, ReadOrders as _};
use crate::systems::orders::{JOB, Products, subject};
use crate::text::{count, number};
use crate::view::Shown;

/// What a headline says of a listing that counts otherwise than its pages have, or doesn't count.
const CONTRADICTED: &str = "what vanished, as the count of NiceChat's list of orders doesn't prove its pages";

/// What can be looked at of the orders.
pub(in crate::systems::orders) struct OrdersLook {
    /// `None` = these settings have none.
    pub(in crate::systems::orders) settings: Option<Orders>,
    /// What our snapshot says of a product.
    pub(in crate::systems::orders) products: Products,
    /// How this program is called by hand for this shop.
    pub(in crate::systems::orders) program: String,
}

impl Look for OrdersLook {
    fn job(&self) -> (&'static str, String) {
        // What is about nobody has no passes.
        (JOB, self.settings.as_ref().map_or_else(|| "none".to_owned(), subject))
    }

    fn schedule(&self) -> Option<&Schedule> {
        self.settings.as_ref().map(|settings| &settings.schedule)
    }

    fn standing<'r>(&self, reader: &'r Reader) -> Result<Box<dyn Standing + 'r>, StateError> {
        let Some(settings) = &self.settings else { return Ok(Box::new(OrdersStanding::default())) };
        Ok(Box::new(OrdersStanding {
            schedule: Some(settings.schedule.clone()),
            program: self.program.clone(),
            counts: Some(reader.order_counts()?),
            read_at: reader.orders_read_at()?,
            aside: reader.orders_aside()?,
            held: reader.held_orders()?,
            is_contradicted: reader.must_read_whole()?,
            last: reader.passes(JOB, &subject(settings), 1)?.into_iter().next(),
        }))
    }

    fn held_back(&self, reader: &Reader) -> Result<Option<HeldBack>, StateError> {
        let is_approved = |held: &HeldBack| word(reader.path(), JOB).is_some_and(|approved| approved == held.digest);
        let held = reader.held_orders()?.and_then(|held| held_back(&held));
        Ok(held.map(|held| HeldBack { is_approved: is_approved(&held), ..held }))
    }

    fn shown(&self, reader: &Reader) -> Result<Shown, PrintError> {
        Ok(if self.settings.is_some() { shown(reader)? } else { Shown::default() })
    }

    fn listings(&self) -> Vec<Box<dyn Listing>> {
        let listing = |settings: &Orders| OrdersListing { products: self.products, currency: settings.currency };
        let listing = self.settings.as_ref().map(listing);
        listing.into_iter().map(|listing| Box::new(listing) as Box<dyn Listing>).collect()
    }
}

#[derive(Default)]
struct OrdersStanding {
    schedule: Option<Schedule>,
    program: String,
    /// `None` = these settings have none.
    counts: Option<Counts>,
    read_at: Option<Timestamp>,
    aside: Vec<Aside>,
    held: Option<Value>,
    /// Whether NiceChat's list of orders counts otherwise than its pages have, or doesn't count, so that nobody knows what vanished.
    is_contradicted: bool,
    last: Option<PassRow>,
}

impl OrdersStanding {
    /// Why the last pass was not a good one, or can't have found out everything.
    fn trouble(&self) -> Option<String> {
        let last = self.last.as_ref().filter(|last| !last.outcome.is_good()).and_then(|last| last.reason.clone());
        last.or_else(|| self.contradiction())
    }

    fn contradiction(&self) -> Option<String> {
        self.is_contradicted.then(|| disagrees("its count doesn't prove its pages"))
    }
}

impl Standing for OrdersStanding {
    fn headline(&self, passes: &[PassRow], clock: &Clock) -> Headline {
        let schedule = self.schedule.as_ref();
        let refused = Some(self.failed()).filter(|refused| *refused > 0);
        let refused = refused.map(|refused| count(refused, "order", "orders")).unwrap_or_default();
        let equal = "the mirror has NiceChat's orders";
        let headline = Headline::of(Facts { equal, passes, schedule, rejected: 0, refused: &refused, clock });
        let text = match headline.state {
            State::Equal if self.is_contradicted => format!("Equal but for {CONTRADICTED}."),
            State::Rows if self.is_contradicted => {
                format!("{}, and {CONTRADICTED}.", headline.text.trim_end_matches('.'))
            }
            _ => return headline,
        };
        Headline { state: State::Rows, text, ..headline }
    }

    fn pass_line(&self, pass: &PassRow) -> String {
        let took = pass.finished.at.duration_since(pass.started).try_into().unwrap_or_default();
        let reason = pass.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{}{reason}", line(pass, took))
    }

    fn print_json(&self, _most: u64, out: &mut JsonObject<'_>) -> Result<(), PrintError> {
        let orders =
            self.counts.map(|counts| json!({"count": counts.held, "read_at": self.read_at, "trouble": self.trouble()}));
        Ok(out.field("orders", &orders)?)
    }

    fn print_summary(&self, out: &mut dyn Write) -> Result<(), PrintError> {
        let Some(counts) = self.counts else { return Ok(()) };
        let read = self.read_at.map_or_else(|| "never read yet".to_owned(), |at| format!("last read {at:.0}"));
        let old = if counts.old > 0 { format!(" (and {} too old to hold)", number(counts.old)) } else { String::new() };
        writeln!(out, "Orders: {} mirrored{old}, {read}.", number(counts.held))?;
        if let Some(contradiction) = self.contradiction() {
            writeln!(out, "{contradiction}.")?;
        }
        if let Some(held) = &self.held {
            let (risk, digest) = (&held["held"][0], held["digest"].as_str().unwrap_or_default());
            writeln!(
                out,
                "HELD by the guard ({digest}): {} of {} orders are not listed any more.",
                risk["count"], risk["of"]
            )?;
            writeln!(out, "To let them go: {} approve {digest}", self.program)?;
        }
        Ok(())
    }

    fn print_details(&self, out: &mut dyn Write) -> Result<(), PrintError> {
        if self.aside.is_empty() {
            return Ok(());
        }
        let all = self.aside.iter().map(|aside| aside.times).sum();
        let told = count(all, "entry of NiceChat's list of orders is", "entries of NiceChat's list of orders are");
        Ok(writeln!(out, "\n{told} set aside; the others went on.")?)
    }

    fn held(&self) -> Option<Value> {
        self.held.clone()
    }

    fn failed(&self) -> u64 {
        self.aside.len() as u64
    }

    fn each_failed(&self, most: u64, each: EachFailed<'_>) -> Result<(), PrintError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        self.aside.iter().take(most).try_for_each(|aside| {
            // It has no id of its own that could be told.
            let id = format!("?{}", hex::encode(&aside.hash[..4]));
            let (reason, since) = (aside.why.clone(), Some(aside.since));
            each(&FailedObject { kind: "order", id, store: None, reason, refused: true, since })
        })
    }
}
