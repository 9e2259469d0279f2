//! What every step of a pass may use.

use jiff::{SignedDuration, Timestamp};

use super::Products;
use super::persons::kept_words;
use super::store::PersonalRules;
use crate::config;
use crate::outbox::Subscriber;
use crate::pass::{Ask, Audience};
use crate::pause::Pause;
use crate::state::{self, StateError};

/// What every step of a pass may use.
pub(super) struct Tools<'a> {
    pub(super) settings: &'a config::Orders,
    pub(super) state: &'a state::Writer,
    pub(super) products: Products,
    pub(super) ask: Ask,
    pub(super) started: Timestamp,
    /// Whether nobody else compares the state with what NiceChat lists.
    pub(super) is_alone: bool,
    /// Who is told of what happens.
    pub(super) subscribers: &'a [Subscriber],
    /// Who is told of passes.
    pub(super) audience: &'a Audience,
}

impl Tools<'_> {
    /// Why nothing may be sent now, if somebody has stopped the sending for a while.
    pub(super) fn paused(&self) -> Option<String> {
        Pause::in_force(self.state.path()).map(|pause| pause.words())
    }

    /// The state as it is now.
    pub(super) fn read(&self) -> Result<state::Reader, StateError> {
        state::Reader::open(self.state.path())
    }

    /// What may be kept of persons, and of orders.
    pub(super) fn rules(&self) -> PersonalRules {
        let settings = self.settings;
        let days = SignedDuration::from_hours(24 * i64::from(settings.days));
        PersonalRules {
            keep: kept_words(settings.keep),
            days: settings.personal_days,
            emails: settings.match_email,
            oldest: self.started.checked_sub(days).unwrap_or(Timestamp::MIN),
        }
    }
}
