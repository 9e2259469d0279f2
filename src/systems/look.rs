//! What a system shows of the state to those who only look: none of it needs a secret.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::clock::Clock;
use crate::config::Schedule;
use crate::pass::{Headline, PassRow};
use crate::report::{JsonObject, PrintError};
use crate::state::{Reader, StateError};
use crate::systems::listing::Listing;
use crate::view::{Block, Section, Shown};

/// What of a system can be looked at with certain settings.
pub trait Look: Send + Sync {
    /// How its job is known in the state: by its name, and what it is about.
    fn job(&self) -> (&'static str, String);

    /// When its job is due; `None` = it has none.
    fn schedule(&self) -> Option<&Schedule>;

    /// How much later than that the daemon makes a pass.
    fn delay(&self) -> Duration {
        Duration::ZERO
    }

    /// Reads how it stands.
    ///
    /// # Errors
    /// When the state can't be read.
    fn standing<'r>(&self, reader: &'r Reader) -> Result<Box<dyn Standing + 'r>, StateError>;

    /// Copies what is not in the state, but in a file of the system's own beside it, to a new file beside the state's
    /// copy; `None` = there is none.
    ///
    /// # Errors
    /// When it can't be copied.
    fn back_up(&self, _copy: &Path) -> anyhow::Result<Option<Copied>> {
        Ok(None)
    }

    /// What its guard holds until somebody gives their word.
    ///
    /// # Errors
    /// When the state can't be read.
    fn held_back(&self, _reader: &Reader) -> Result<Option<HeldBack>, StateError> {
        Ok(None)
    }

    /// What the first page shows of it.
    ///
    /// # Errors
    /// When the state can't be read.
    fn shown(&self, _reader: &Reader) -> Result<Shown, PrintError> {
        Ok(Shown::default())
    }

    /// Its tables that have a page of their own.
    fn listings(&self) -> Vec<Box<dyn Listing>> {
        Vec::new()
    }

    /// What it knows of a product; `None` = it knows of none.
    ///
    /// # Errors
    /// When the state can't be read.
    fn product(&self, _reader: &Reader, _id: &str) -> Result<Option<ProductPage>, PrintError> {
        Ok(None)
    }
}

/// One product's way.
#[derive(Debug, Clone)]
pub struct ProductPage {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: Option<String>,
    /// Whether anything is known of it.
    pub is_known: bool,
    /// For people.
    pub sections: Vec<Section>,
    /// For programs.
    pub json: Value,
}

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Where it is.
    pub path: PathBuf,
    /// Its length in bytes.
    pub length: u64,
}

/// What a guard holds, for whoever is asked for their word.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldBack {
    /// Whose guard it is, as the word says it.
    pub held_by: &'static str,
    /// Of all of it.
    pub digest: String,
    /// All of it, at length.
    pub text: String,
    /// As a page shows it.
    pub blocks: Vec<Block>,
    /// How many objects, each counted once.
    pub objects: u64,
    /// Whether somebody has given their word, and the next pass lets it through.
    pub is_approved: bool,
}

/// An object that is not as wanted, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedObject {
    /// Of the object.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Of the object.
    pub id: String,
    /// Where it is, if its system has several such places.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// Why, in words.
    pub reason: String,
    /// Whether the service refuses it for good (until it changes, or a resync).
    pub refused: bool,
    /// Since when, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// Told of an object that is not as wanted.
pub type EachFailed<'a> = &'a mut dyn FnMut(&FailedObject) -> Result<(), PrintError>;

/// How a system stands. Lists that may be longer than memory holds are read while they are printed.
pub trait Standing {
    /// In a sentence. `passes` = the last ones, the latest first.
    fn headline(&self, passes: &[PassRow], clock: &Clock) -> Headline;

    /// A pass of its job in a line, without its time.
    fn pass_line(&self, pass: &PassRow) -> String;

    /// Its part of what programs are told, with lists of at most so many.
    ///
    /// # Errors
    /// When it can't be read or printed.
    fn print_json(&self, most: u64, out: &mut JsonObject<'_>) -> Result<(), PrintError>;

    /// What people are told in a few lines.
    ///
    /// # Errors
    /// When it can't be printed.
    fn print_summary(&self, out: &mut dyn Write) -> Result<(), PrintError>;

    /// What people are told at length.
    ///
    /// # Errors
    /// When it can't be read or printed.
    fn print_details(&self, _out: &mut dyn Write) -> Result<(), PrintError> {
        Ok(())
    }

    /// Whether all that it has to say is in the state file, so that there is nothing to be said without one.
    fn needs_state(&self) -> bool {
        true
    }

    /// What its guard holds, as programs are told: a digest, and the risks.
    fn held(&self) -> Option<Value> {
        None
    }

    /// How many objects are not as wanted.
    fn failed(&self) -> u64 {
        0
    }

    /// Gives the first of them.
    ///
    /// # Errors
    /// When they can't be read, or `each` fails.
    fn each_failed(&self, _most: u64, _each: EachFailed<'_>) -> Result<(), PrintError> {
        Ok(())
    }
}
