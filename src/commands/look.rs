//! What the commands that only read the state need of the config: none of its secrets.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::outcome::Failure;
use crate::catalog::Currency;
use crate::config::{Config, Emplifi};
use crate::state::Reader;
use crate::systems;
use crate::systems::events::Names;

/// Where the state is, and whose.
pub(super) struct Look {
    state: PathBuf,
    base_url: Option<String>,
    /// Whose events are mirrored; `None` = nobody's.
    pub(super) events: Option<Names>,
    /// Who is watched; `None` = nobody.
    pub(super) emplifi: Option<Emplifi>,
    /// How orders are shown; `None` = none are mirrored.
    pub(super) orders: Option<OrdersLook>,
    /// What there is to look at.
    pub(super) systems: Vec<Box<dyn systems::Look>>,
}

/// How orders are shown.
pub(super) struct OrdersLook {
    /// Of what has none.
    pub(super) currency: Option<Currency>,
}

impl Look {
    /// Reads a config file.
    pub(super) fn load(path: &Path) -> Result<Look, Failure> {
        let take = |config: &Config| Look {
            state: config.state.path.clone(),
            base_url: config.base_url().map(str::to_owned),
            events: config.lagerkoll.as_ref().map(Names::of),
            emplifi: config.emplifi.clone(),
            orders: config.orders.as_ref().map(|orders| OrdersLook { currency: orders.currency }),
            systems: systems::systems().iter().filter_map(|system| system.look(config)).collect(),
        };
        Ok(Config::without_secrets(path, take)?)
    }

    /// Opens the state, which has to be that of the config's NiceChat.
    pub(super) fn open(&self) -> Result<Reader, Failure> {
        let reader = Reader::open(&self.state)?;
        reader.check_base(self.base_url.as_deref())?;
        Ok(reader)
    }
}

/// Says something on stderr, beside a result that can't say it.
pub(super) fn note(words: &str) -> io::Result<()> {
    writeln!(io::stderr(), "shelfkeeper: {words}")
}
