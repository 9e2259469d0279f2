//! What a pass came to.

use std::time::Duration;

use serde_json::{Map, Value};
use tracing::Level;

use super::exit::Exit;
use super::meter::Sample;
use super::row::PassRow;
use crate::config::Caller;

/// What a pass came to, whatever its job was.
#[derive(Debug)]
pub struct Report {
    /// What a pass of this kind is called: `sync`, `resync`, `events`.
    pub label: &'static str,
    /// Its row. Most jobs leave it in the state; what is done all the time leaves none.
    pub row: PassRow,
    /// How long it took, whatever the wall clock did meanwhile.
    pub took: Duration,
    /// What it came to in one line, without the reason.
    pub headline: String,
    /// The same with a line for each thing that is not as it should be.
    pub summary: String,
    /// What went wrong, the worst first.
    pub troubles: Vec<Trouble>,
    /// What is told only when it is otherwise than in the pass before.
    pub notices: Vec<Notice>,
    /// The code that a program ends with that made this pass alone.
    pub exit: Exit,
    /// What is to be counted.
    pub samples: Vec<Sample>,
}

impl Report {
    /// As programs read it: the row, whose it is, and why it is not a plain success.
    ///
    /// # Errors
    /// None that can be met.
    pub fn json(&self, job: &str) -> serde_json::Result<Value> {
        let mut report = Map::new();
        report.insert("job".to_owned(), job.into());
        if let Value::Object(row) = serde_json::to_value(&self.row)? {
            report.extend(row);
        }
        let told = || Some(self.summary.lines().skip(1).collect::<Vec<_>>().join(" ")).filter(|told| !told.is_empty());
        let why = self.row.reason.clone().or_else(told);
        report.insert("why".to_owned(), why.into());
        report.insert("exit".to_owned(), (self.exit as u8).into());
        Ok(Value::Object(report))
    }

    /// With the commands in it as they are to be typed for the shop.
    #[must_use]
    pub fn typed(mut self, caller: &Caller) -> Report {
        let news = self.notices.iter_mut().filter_map(|notice| match notice {
            Notice::News(text) | Notice::State { text: Some(text), .. } => Some(text),
            Notice::State { text: None, .. } | Notice::Figure { .. } => None,
        });
        let waits = self.troubles.iter_mut().filter_map(|trouble| match trouble {
            Trouble::Held(text) | Trouble::Paused(text) => Some(text),
            Trouble::Interrupted(_) | Trouble::Failed { .. } => None,
        });
        for text in news.chain(waits).chain([&mut self.headline, &mut self.summary]) {
            *text = caller.typed(text);
        }
        self
    }

    /// Whether somebody asked it to stop.
    pub fn is_interrupted(&self) -> bool {
        self.troubles.iter().any(|trouble| matches!(trouble, Trouble::Interrupted(_)))
    }

    /// Whether it sent nothing because somebody had stopped the sending for a while.
    pub fn is_paused(&self) -> bool {
        self.troubles.iter().any(|trouble| matches!(trouble, Trouble::Paused(_)))
    }
}

/// What keeps a pass from being a good one.
#[derive(Debug)]
pub enum Trouble {
    /// Somebody asked it to stop.
    Interrupted(anyhow::Error),
    /// It was not carried out, or not all of it.
    Failed {
        /// Because of whom: the same from pass to pass, while the words change.
        subject: &'static str,
        /// Why.
        error: anyhow::Error,
    },
    /// The guard holds something back.
    Held(String),
    /// Somebody has stopped the sending for a while.
    Paused(String),
}

impl Trouble {
    /// The error that a pass which was the only one ends with.
    pub fn into_error(self) -> Option<anyhow::Error> {
        match self {
            Trouble::Interrupted(error) | Trouble::Failed { error, .. } => Some(error),
            Trouble::Held(_) | Trouble::Paused(_) => None,
        }
    }
}

/// Something that operators should know of once.
#[derive(Debug)]
pub enum Notice {
    /// It is told in each pass that has it.
    News(String),
    /// It is told when the pass before did not have it, or had it otherwise. `None` = this pass doesn't have it.
    State {
        /// What it is about.
        topic: &'static str,
        /// What is so.
        text: Option<String>,
    },
    /// A figure of the pass, told when it is another one than in the pass before.
    Figure {
        /// Its name in the row.
        name: &'static str,
        /// How many.
        now: u64,
        /// What is said of now and before, and how loudly.
        words: fn(u64, u64) -> (Level, String),
    },
}
