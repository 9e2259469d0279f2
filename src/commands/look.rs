//! What the commands that only read the state need of the config: none of its secrets.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::outcome::Failure;
use crate::config::{Caller, Config};
use crate::state::Reader;
use crate::systems;

/// Where the state is, and whose.
pub(super) struct Look {
    state: PathBuf,
    base_url: Option<String>,
    /// How the shop's commands and its daemon are called.
    pub(super) caller: Caller,
    /// What there is to look at.
    pub(super) systems: Vec<Box<dyn systems::Look>>,
}

impl Look {
    /// Reads a config file.
    pub(super) fn load(path: &Path) -> Result<Look, Failure> {
        Look::with(path, |_| ()).map(|(look, ())| look)
    }

    /// The same with what `take` takes from the settings, of which secrets may be blank.
    pub(super) fn with<T>(path: &Path, take: impl FnOnce(&Config) -> T) -> Result<(Look, T), Failure> {
        let look = |config: &Config| Look {
            state: config.state.path.clone(),
            caller: config.caller(),
            base_url: config.base_url().map(str::to_owned),
            systems: systems::systems().iter().filter_map(|system| system.look(config)).collect(),
        };
        Ok(Config::without_secrets(path, |config| (look(config), take(config)))?)
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
