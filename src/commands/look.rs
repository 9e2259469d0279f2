//! What the commands that only read the state need of the config: none of its secrets.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytesize::ByteSize;

use super::outcome::Failure;
use crate::config::{Caller, Config, ConfigError};
use crate::files::Space;
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
    /// Less room than this for the state, in bytes, is told.
    disk_low: u64,
    /// What is wrong with the config, where that keeps nobody from looking.
    pub(super) broken: Option<ConfigError>,
}

impl Look {
    /// Reads a config file.
    pub(super) fn load(path: &Path) -> Result<Look, Failure> {
        Look::with(path, |_| ()).map(|(look, ())| look)
    }

    /// The same with what `take` takes from the settings, of which secrets may be blank.
    pub(super) fn with<T>(path: &Path, take: impl FnOnce(&Config) -> T) -> Result<(Look, T), Failure> {
        Ok(Config::without_secrets(path, |config| (Look::of(config), take(config)))?)
    }

    /// Reads a config file in which all but the state's place may be wrong, and says on stderr that it is: a daemon goes
    /// on with what it had, and whoever is called at night has to look, and to approve, before they mend a config.
    pub(super) fn in_spite(path: &Path) -> Result<Look, Failure> {
        let look = Look::quietly_in_spite(path, |_| ()).map(|(look, ())| look)?;
        look.tell_broken()?;
        Ok(look)
    }

    /// The same with what `take` takes from what is right; who calls it tells what is broken.
    pub(super) fn quietly_in_spite<T>(path: &Path, take: impl FnOnce(&Config) -> T) -> Result<(Look, T), Failure> {
        let broken = match Config::without_secrets(path, Config::clone) {
            Ok(config) => return Ok((Look::of(&config), take(&config))),
            Err(broken) => broken,
        };
        // Where there is none, the place may be wrong as well.
        let has_state = |config: &Config| Reader::open(&config.state.path).is_ok_and(|reader| reader.exists());
        let Some(config) = Config::as_far_as_right(path).filter(has_state) else { return Err(broken.into()) };
        // Whose state it is can't be told by an address that may be wrong.
        Ok((Look { base_url: None, broken: Some(broken), ..Look::of(&config) }, take(&config)))
    }

    fn of(config: &Config) -> Look {
        Look {
            state: config.state.path.clone(),
            caller: config.caller(),
            base_url: config.base_url().map(str::to_owned),
            systems: systems::systems().iter().filter_map(|system| system.look(config)).collect(),
            disk_low: config.notify.disk_low,
            broken: None,
        }
    }

    /// What is to be told beside how things stand: that the config is broken, and that the disk is nearly full, which a
    /// pass that could write nothing has told nobody.
    pub(super) fn notes(&self) -> Vec<String> {
        self.broken_line().into_iter().chain(self.low_space()).collect()
    }

    fn low_space(&self) -> Option<String> {
        let space = Space::at(&self.state).filter(|space| space.free < self.disk_low)?;
        let (free, low) = (ByteSize(space.free), ByteSize(self.disk_low));
        let place = self.state.parent().filter(|place| !place.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(format!(
            "The disk is nearly full: {free} are free in {} ([notify] disk_low is {low}). Passes that can't write fail.",
            place.display()
        ))
    }

    /// Opens the state, which has to be that of the config's NiceChat.
    pub(super) fn open(&self) -> Result<Reader, Failure> {
        let reader = Reader::open(&self.state)?;
        reader.check_base(self.base_url.as_deref())?;
        Ok(reader)
    }

    /// Says on stderr that the config is broken, if it is.
    pub(super) fn tell_broken(&self) -> io::Result<()> {
        self.broken
            .iter()
            .try_for_each(|broken| note(&format!("the config has errors, which change nothing here: {broken:#}")))
    }

    fn broken_line(&self) -> Option<String> {
        let brief = self.broken.as_ref()?.brief();
        let end = if brief.ends_with(['.', '?', '!']) { "" } else { "." };
        let then = "A daemon that runs goes on with what it had; the next start fails.";
        Some(format!("The config is broken: {brief}{end} {then}"))
    }
}

/// Says something on stderr, beside a result that can't say it.
pub(super) fn note(words: &str) -> io::Result<()> {
    writeln!(io::stderr(), "shelfkeeper: {words}")
}
