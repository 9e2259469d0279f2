//! How the stores stand, as far as anybody has told us.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::clock::Clock;
use crate::config::{DeclaredStore, NewStore, Schedule};
use crate::pass::{self, Headline, PassRow};
use crate::phone::PhoneNumber;
use crate::report::{JsonObject, PrintError};
use crate::state::{Reader, StateError};
use crate::systems::look::{Copied, EachFailed, Look, Standing};
use crate::systems::newstore::plan::declaration;
use crate::systems::newstore::records::{Known, Record, RetailerState, StoreState};
use crate::systems::newstore::store::{LedgerError, back_up, known};
use crate::text::fold;

/// What a retailer is called that needs nothing more.
const CONFIGURED: &str = "configured";

/// What can be looked at; `None` = these settings have no such stores.
pub(in crate::systems::newstore) struct NewStoreLook(pub(in crate::systems::newstore) Option<NewStore>);

impl Look for NewStoreLook {
    fn job(&self) -> (&'static str, String) {
        ("newstore", String::new())
    }

    fn schedule(&self) -> Option<&Schedule> {
        None
    }

    fn back_up(&self, copy: &Path) -> anyhow::Result<Option<Copied>> {
        let copied = self.0.as_ref().map(|settings| back_up(settings, copy)).transpose();
        copied.map(Option::flatten).map_err(|error| match error {
            LedgerError::Other(error) => error.into(),
            error => error.into(),
        })
    }

    /// A file that can't be read is told, and keeps nothing else from being shown.
    fn standing<'r>(&self, _: &'r Reader) -> Result<Box<dyn Standing + 'r>, StateError> {
        let stands = self.0.as_ref().map(|settings| match known(settings) {
            Ok(known) => Stands { stores: stores(settings, &known), retailer: retailer(settings, &known), error: None },
            Err(error) => Stands { error: Some(error.to_string()), ..Stands::default() },
        });
        Ok(Box::new(NewStoreStanding(stands)))
    }
}

#[derive(Default)]
struct Stands {
    stores: Vec<StoreRow>,
    /// `None` = it is left alone.
    retailer: Option<RetailerStands>,
    /// Why nothing is known.
    error: Option<String>,
}

/// How the retailer stands.
struct RetailerStands {
    /// In a word, as of a store.
    state: &'static str,
    /// In words.
    told: String,
}

/// A store, as programs are told.
#[derive(Serialize)]
struct StoreRow {
    id: String,
    state: &'static str,
    phone_number: Option<PhoneNumber>,
    since: Option<Timestamp>,
    reason: Option<String>,
}

/// Those that are declared, in their order; then those that aren't any more.
fn stores(settings: &NewStore, known: &Known) -> Vec<StoreRow> {
    let row = |id: &str, name: Option<&'static str>, record: &Record| StoreRow {
        id: id.to_owned(),
        state: name.unwrap_or(record.state.name()),
        phone_number: record.state.known_number().cloned(),
        since: Some(record.since),
        reason: record.state.reason().map(str::to_owned),
    };
    // What was refused is another declaration's, once that has changed.
    let is_of = |record: &Record, store: &DeclaredStore| match &record.state {
        StoreState::Refused { declaration: refused, .. } => *refused == declaration(store),
        _ => true,
    };
    let declared = settings.stores.iter().map(|store| match known.stores.get(&store.id) {
        Some(record) if is_of(record, store) => row(&store.id, None, record),
        _ => {
            let (id, phone_number) = (store.id.clone(), store.wanted.number().cloned());
            StoreRow { id, state: "open", phone_number, since: None, reason: None }
        }
    });
    let is_declared = |id: &String| settings.stores.iter().any(|store| store.id == *id);
    let gone = known.stores.iter().filter(|(id, _)| !is_declared(id)).filter_map(|(id, record)| match record.state {
        StoreState::Onboarded { .. } => Some(row(id, Some("left"), record)),
        StoreState::Doubt(_) | StoreState::Disputed(_) => Some(row(id, None, record)),
        StoreState::Refused { .. } | StoreState::There { .. } => None,
    });
    declared.chain(gone).collect()
}

fn retailer(settings: &NewStore, known: &Known) -> Option<RetailerStands> {
    let (state, told) = match known.retailer.as_ref().map(|record| &record.state) {
        None if settings.ecom_link.is_none() => return None,
        None => ("open", "open".to_owned()),
        Some(RetailerState::Sent(links)) => {
            let links = links.join(", then ");
            // One that is left alone is in no plan, and nothing would end its doubt.
            let state = if settings.ecom_link.is_some() { "doubt" } else { "open" };
            (state, format!("open; {links} was sent, and nobody knows what became of it"))
        }
        Some(RetailerState::Configured(link)) => (CONFIGURED, format!("configured with {link}")),
        Some(RetailerState::There) => (CONFIGURED, "configured already, not by us, as far as we know".to_owned()),
        Some(RetailerState::Refused { link, reason }) => {
            // Another link is sent.
            let state = if settings.ecom_link.as_ref() == Some(link) { "refused" } else { "open" };
            (state, format!("{link} is refused: {reason}"))
        }
    };
    Some(RetailerStands { state, told })
}

struct NewStoreStanding(Option<Stands>);

impl NewStoreStanding {
    /// How many stand so, the retailer among them.
    fn count(&self, state: &str) -> usize {
        let stores = self.0.iter().flat_map(|stands| &stands.stores).map(|store| store.state);
        let retailer = self.0.iter().filter_map(|stands| stands.retailer.as_ref()).map(|retailer| retailer.state);
        stores.chain(retailer).filter(|stands| *stands == state).count()
    }
}

impl Standing for NewStoreStanding {
    fn headline(&self, _: &[PassRow], _: &Clock) -> Headline {
        let told = |state, text: String| Headline { state, text, since: None };
        let [doubts, refused, configured] = ["doubt", "refused", CONFIGURED].map(|state| self.count(state));
        match &self.0 {
            Some(Stands { error: Some(error), .. }) => told(pass::Standing::Behind, format!("Behind: {error}.")),
            Some(_) if doubts > 0 => {
                let text = format!("Behind: NewStore, {doubts} in doubt; see `shelfkeeper newstore`.");
                told(pass::Standing::Behind, text)
            }
            Some(_) if refused > 0 => {
                told(pass::Standing::Rows, format!("Equal but for {refused} that NewStore refuses."))
            }
            Some(stands) if configured > 0 || stands.stores.iter().any(|store| store.since.is_some()) => {
                told(pass::Standing::Equal, "Equal: what was sent to NewStore was acknowledged.".to_owned())
            }
            _ => told(pass::Standing::None, "No pass yet.".to_owned()),
        }
    }

    fn pass_line(&self, _: &PassRow) -> String {
        String::new()
    }

    fn print_json(&self, _: u64, out: &mut JsonObject<'_>) -> Result<(), PrintError> {
        match &self.0 {
            None => out.field("newstore", &Value::Null)?,
            Some(Stands { error: Some(error), .. }) => {
                out.field("newstore", &Value::Null)?;
                out.field("newstore_error", error)?;
            }
            Some(stands) => out.field("newstore", &stands.stores)?,
        }
        Ok(())
    }

    fn print_summary(&self, out: &mut dyn Write) -> Result<(), PrintError> {
        let Some(Stands { stores, retailer, error }) = &self.0 else { return Ok(()) };
        let mut line = |text: String| writeln!(out, "{}", fold(&text, 4));
        error.iter().try_for_each(|error| line(format!("NewStore: {error}.")))?;
        retailer.iter().try_for_each(|retailer| line(format!("NewStore retailer: {}.", retailer.told)))?;
        for StoreRow { id, state, phone_number, since, reason } in stores {
            let number = phone_number.as_ref().map(|number| format!(", {number}")).unwrap_or_default();
            let since = since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            line(format!("NewStore store {id}: {state}{number}{since}{reason}"))?;
        }
        Ok(())
    }

    fn print_details(&self, _: &mut dyn Write) -> Result<(), PrintError> {
        Ok(())
    }

    fn needs_state(&self) -> bool {
        false
    }

    fn failed(&self) -> u64 {
        0
    }

    fn each_failed(&self, _: u64, _: EachFailed<'_>) -> Result<(), PrintError> {
        Ok(())
    }
}
