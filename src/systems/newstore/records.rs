//! What was done at NewStore, as far as anybody has told us. The API doesn't say.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::phone::PhoneNumber;

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// By the stores' ids. A store that isn't here is open: nothing was done.
    pub stores: BTreeMap<String, Record>,
    /// `None` = nothing was done.
    pub retailer: Option<RetailerRecord>,
}

/// What became of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What.
    pub state: StoreState,
    /// Since when.
    pub since: Timestamp,
}

/// How a store stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreState {
    /// It was acknowledged to us, or a person has told us.
    Onboarded {
        /// `None` = nobody has told us which.
        number: Option<PhoneNumber>,
        /// Whether clienteling is on.
        is_enabled: bool,
    },
    /// It was sent, and nobody has told us what became of it.
    Doubt(Intent),
    /// It was in doubt, and NewStore refuses what was sent again: what became of the first request only a person can
    /// find out. It may well be refused because that one was done.
    Disputed(Intent),
    /// NewStore will not have it as it was declared then.
    Refused {
        /// How it was declared.
        declaration: String,
        /// NewStore's words.
        reason: String,
    },
    /// NewStore says that it is there already; a person has to find out with which number.
    There {
        /// What was sent.
        sent: PhoneNumber,
        /// NewStore's words.
        reason: String,
    },
}

/// What is sent, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// What is bought.
    pub number: PhoneNumber,
    /// Whether clienteling is to be on at once.
    pub enable: bool,
    /// What happened, where something is known to have happened.
    pub reason: Option<String>,
}

impl StoreState {
    /// The number that nobody else may have.
    pub fn number(&self) -> Option<&PhoneNumber> {
        match self {
            StoreState::Onboarded { number, .. } => number.as_ref(),
            StoreState::Doubt(intent) | StoreState::Disputed(intent) => Some(&intent.number),
            StoreState::There { sent, .. } => Some(sent),
            // Nothing was bought.
            StoreState::Refused { .. } => None,
        }
    }

    /// The number that it has or may have, as people are told. Which one a store has that is there already nobody says.
    pub fn known_number(&self) -> Option<&PhoneNumber> {
        match self {
            StoreState::There { .. } => None,
            state => state.number(),
        }
    }

    /// In a word, as programs are told.
    pub fn name(&self) -> &'static str {
        match self {
            StoreState::Onboarded { is_enabled: false, .. } => "onboarded",
            StoreState::Onboarded { is_enabled: true, .. } => "enabled",
            StoreState::Doubt(_) => "doubt",
            StoreState::Disputed(_) | StoreState::Refused { .. } | StoreState::There { .. } => "refused",
        }
    }

    /// Why it is so, where that isn't clear.
    pub fn reason(&self) -> Option<&str> {
        match self {
            StoreState::Onboarded { .. } => None,
            StoreState::Doubt(intent) | StoreState::Disputed(intent) => intent.reason.as_deref(),
            StoreState::Refused { reason, .. } | StoreState::There { reason, .. } => Some(reason),
        }
    }
}

/// What became of the retailer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetailerRecord {
    /// What.
    pub state: RetailerState,
    /// Since when.
    pub since: Timestamp,
}

/// How the retailer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetailerState {
    /// It was sent with this link, or with these in turn, and nobody has told us what became of it.
    Sent(Vec<String>),
    /// It has this link.
    Configured(String),
    /// NewStore says that it is set up; not by us, as far as we know.
    There,
    /// NewStore will not have it with this link.
    Refused {
        /// The link.
        link: String,
        /// NewStore's words.
        reason: String,
    },
}
