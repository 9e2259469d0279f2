//! Settings: a TOML file, the environment and systemd's credentials, made into values that are right.
//!
//! `document` reads the file and knows every setting's line, one file a section (`source`, `state`,
//! `nicechat`, `lagerkoll`, `http`) gives the settings their meaning, `secret` finds what must not stand in the open.

mod document;
mod environment;
mod error;
mod find;
mod http;
mod import;
mod lagerkoll;
mod location;
mod names;
mod nicechat;
mod schedule;
mod secret;
mod source;
mod spread;
mod state;
mod unit;
mod units;
mod warnings;

use std::path::{Path, PathBuf};

use document::Document;
use environment::Environment;

use crate::files;

pub use error::ConfigError;
pub use http::{Http, PublicUrl};
pub use lagerkoll::{Account, AccountCredentials, DeclaredEvent, Lagerkoll, Scope};
pub use location::{Location, is_loopback};
pub use nicechat::{NiceChat, Prune, Strategy, VanishedCategory};
pub use schedule::Schedule;
pub use source::{Credentials, Source};
pub use spread::{Place, Splay};
pub use state::State;

/// More than any config has, in bytes: what is longer is another file.
const LARGEST: u64 = 16 << 20;

/// Everything that can be set, checked and with defaults filled in. Relative paths in it begin at
/// the current directory, wherever the file lies.
#[derive(Debug, Clone)]
pub struct Config {
    /// The feed.
    pub source: Source,
    /// The state file.
    pub state: State,
    /// The shop at NiceChat.
    pub nicechat: NiceChat,
    /// The scheduled events at Lagerkoll; `None` = they are not mirrored.
    pub lagerkoll: Option<Lagerkoll>,
    /// Our own listener; `None` = there is none.
    pub http: Option<Http>,
}

impl Config {
    /// The file to load: `explicit`, `$SHELFKEEPER_CONFIG`, `config/shelfkeeper.toml` or
    /// `/etc/shelfkeeper/shelfkeeper.toml`.
    ///
    /// # Errors
    /// When the file that was named isn't there, or none was and there is none.
    pub fn find(explicit: Option<&Path>) -> Result<PathBuf, ConfigError> {
        find::find(explicit, &Environment::process(), &find::PLACES.map(Path::new))
    }

    /// Reads a file and everything that it refers to.
    ///
    /// # Errors
    /// When it can't be read, or anything in it is not right; a secret's file included.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        Config::load_in(path, &Environment::process())
    }

    /// Reads a file like [`Config::load`], but not what it refers to. Secrets may be blank in what `take` sees, which
    /// takes from it what is none: so whoever only looks at the state needs no right to read them.
    ///
    /// # Errors
    /// When the file can't be read, or anything in it is not right.
    pub fn without_secrets<T>(path: &Path, take: impl FnOnce(&Config) -> T) -> Result<T, ConfigError> {
        Config::load_in(path, &Environment::process().without_secrets()).map(|config| take(&config))
    }

    fn load_in(path: &Path, environment: &Environment) -> Result<Config, ConfigError> {
        let unreadable = |error| format!("the config file {} cannot be read: {error}", path.display());
        let text = files::read_text(path, LARGEST).map_err(|error| ConfigError::new(unreadable(error)))?;
        let document = Document::parse(path, &text)?;
        let state = State::read(&document, environment)?;
        let config = Config {
            source: Source::read(&document, environment, &state.path)?,
            state,
            nicechat: NiceChat::read(&document, environment)?,
            lagerkoll: Lagerkoll::read(&document, environment)?,
            http: Http::read(&document)?,
        };
        config.check_import(&document)?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests;
