//! Settings: a TOML file, the environment and systemd's credentials, made into values that are right.
//!
//! `document` reads the file and knows every setting's line, `names` has the names of all sections and settings, one
//! file a section gives the settings their meaning, `secret` finds what must not stand in the open.

mod document;
mod dump;
mod emplifi;
mod environment;
mod error;
mod excerpt;
mod find;
mod guard;
mod heartbeat;
mod http;
mod import;
mod lagerkoll;
mod languages;
mod location;
mod names;
mod newstore;
mod nicechat;
mod notify;
mod oct8ne;
mod orders;
mod rules;
mod schedule;
mod secret;
mod section;
mod smtp;
mod source;
mod spelling;
mod spread;
mod state;
mod syntax;
mod unit;
mod units;
mod warnings;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use document::Document;
use environment::Environment;
use names::{EMPLIFI, LAGERKOLL, NEWSTORE, NICECHAT, OCT8NE, ORDERS, SOURCE, STATE};
use section::Section;

use crate::files;

pub use dump::{Dump, DumpedSection, DumpedSetting};
pub use emplifi::{Emplifi, Operator, Question, RoutingRule, Terms, Watch};
pub use error::ConfigError;
pub use find::VARIABLE;
pub use guard::{Guard, Missing};
pub use heartbeat::{Heartbeat, HeartbeatStyle};
pub use http::{Http, Network, PublicUrl};
pub use lagerkoll::{Account, AccountCredentials, DeclaredEvent, Lagerkoll, Scope};
pub use languages::{LANGUAGES, OLD as OLD_LANGUAGES};
pub use location::{Location, is_loopback};
pub use newstore::{DeclaredStore, Endpoint, Login, NewStore};
pub use nicechat::{Concurrency, NiceChat, Prune, Strategy, VanishedCategory};
pub use notify::{Hook, HookTarget, Notify, signing_key};
pub use oct8ne::{CartMethod, Facet, Oct8ne, OutOfStock, OwnShop};
pub use orders::{Keep, Orders};
pub use rules::{Rule, Rules, Verdict};
pub use schedule::Schedule;
pub use secret::without_mark;
pub use smtp::{Smtp, SmtpTls};
pub use source::{Credentials, Source};
pub use spread::{Place, Splay};
pub use state::{History, State};
pub use unit::{Caller, UnitShop, shop_name, state_directory, unit_shops};
pub use units::time_span;

/// More than any config has, in bytes: what is longer is another file.
const LARGEST: u64 = 16 << 20;

/// Everything that can be set, checked and with defaults filled in. Relative paths in it begin at
/// the current directory, wherever the file lies.
#[derive(Debug, Clone)]
pub struct Config {
    /// How this program is called by hand for this shop.
    pub program: String,
    /// The unit that reads it, if one does.
    pub unit: Option<String>,
    /// The state file.
    pub state: State,
    /// The feed, and the shop at NiceChat that is kept equal to it; `None` = only other sections are there.
    pub catalog: Option<Arc<Catalog>>,
    /// A feed that no section of these is kept equal to.
    pub source_alone: Option<Source>,
    /// The scheduled events at Lagerkoll; `None` = they are not mirrored.
    pub lagerkoll: Option<Lagerkoll>,
    /// What a co-viewing widget is answered; `None` = nothing.
    pub oct8ne: Option<Arc<Oct8ne>>,
    /// What a pass may do without somebody's word.
    pub guard: Guard,
    /// Whether advisors are there; `None` = nobody is watched.
    pub emplifi: Option<Emplifi>,
    /// Which stores are to have clienteling; `None` = nothing is known of any.
    pub newstore: Option<NewStore>,
    /// NiceChat's orders; `None` = they are not mirrored.
    pub orders: Option<Orders>,
    /// What is told, and to whom.
    pub notify: Notify,
    /// Our own listener; `None` = there is none.
    pub http: Option<Http>,
    /// The files that secrets were read from, the config file among them if one stands there; and as which credential a
    /// unit is given each, but for the config file.
    pub secret_files: BTreeMap<PathBuf, Option<String>>,
}

/// What keeping a shop at NiceChat equal to a feed takes.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// The feed.
    pub source: Source,
    /// The shop at NiceChat.
    pub nicechat: NiceChat,
    /// What a pass may do without somebody's word.
    pub guard: Guard,
    /// The state file.
    pub state: State,
    /// Our own listener.
    pub http: Option<Http>,
    /// Whether what the feed says is shown to others than NiceChat.
    pub is_shown: bool,
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

    /// The file that the unit of this shop reads, whether it is there or not.
    pub fn place_of(shop: &str) -> PathBuf {
        unit::config_of(shop)
    }

    /// The same, which has to be there.
    ///
    /// # Errors
    /// When it isn't.
    pub fn of_shop(shop: &str) -> Result<PathBuf, ConfigError> {
        find::named(unit::config_of(shop), &format!("--shop {shop}"))
    }

    /// The unit that reads a file, if one does.
    pub fn unit_of(path: &Path) -> Option<String> {
        unit::unit_of(path)
    }

    /// Reads a file and everything that it refers to.
    ///
    /// # Errors
    /// When it can't be read, or anything in it is not right; a secret's file included.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        Config::load_in(path, &Environment::process())
    }

    /// Reads a file like [`Config::load`], but no secrets: those are blank in what `take` sees. Who only looks at the
    /// state needs no right to read them.
    ///
    /// # Errors
    /// When the file can't be read, or anything in it is not right.
    pub fn without_secrets<T>(path: &Path, take: impl FnOnce(&Config) -> T) -> Result<T, ConfigError> {
        Config::load_in(path, &Environment::process().without_secrets()).map(|config| take(&config))
    }

    /// What the settings of a file are, and where each comes from. Secrets are looked for, but not read.
    ///
    /// # Errors
    /// When the file can't be read, or anything in it is not right.
    pub fn dump(path: &Path) -> Result<Dump, ConfigError> {
        Config::dump_in(path, &Environment::process().with_located_secrets())
    }

    /// A config of our own making, as it would stand in a file, whatever the environment says.
    ///
    /// # Errors
    /// When anything in it is not right.
    pub fn of_text(path: &Path, text: &str) -> Result<Config, ConfigError> {
        let document = Document::parse(path, text);
        document.finish(Config::read(&document, &Environment::of(&[])))
    }

    fn dump_in(path: &Path, environment: &Environment) -> Result<Dump, ConfigError> {
        let text = text_of(path)?;
        let document = Document::parse(path, &text);
        document.finish(Config::read(&document, environment))?;
        Ok(Dump::of(&document))
    }

    fn load_in(path: &Path, environment: &Environment) -> Result<Config, ConfigError> {
        let text = text_of(path)?;
        let document = Document::parse(path, &text);
        document.finish(Config::read(&document, environment))
    }

    fn read(document: &Document<'_>, environment: &Environment) -> Result<Config, ConfigError> {
        let mut config = Config::blank(document, State::read(document, environment));
        config.fill(document, environment)?;
        Ok(config)
    }

    /// Nothing but a state.
    fn blank(document: &Document<'_>, state: State) -> Config {
        Config {
            program: unit::program_for(document.path()),
            unit: unit::unit_of(document.path()),
            state,
            catalog: None,
            source_alone: None,
            lagerkoll: None,
            orders: None,
            oct8ne: None,
            guard: Guard::default(),
            emplifi: None,
            newstore: None,
            notify: Notify::default(),
            http: None,
            secret_files: BTreeMap::new(),
        }
    }

    /// Reads all sections but the state's.
    fn fill(&mut self, document: &Document<'_>, environment: &Environment) -> Result<(), ConfigError> {
        let config = self;
        let state = config.state.clone();
        config.http = Http::read(document, environment)?;
        config.guard = Guard::read(document)?;
        let guard = config.guard.clone();
        let has_source = Section::of(document, &SOURCE).exists();
        // Sections that stand alone.
        let alone = [&LAGERKOLL, &EMPLIFI, &NEWSTORE, &OCT8NE];
        let gives_work = alone.iter().any(|names| Section::of(document, names).exists());
        let has_orders = Section::of(document, &ORDERS).exists();
        // A key in the environment alone may be another shop's.
        let is_meant = (has_source || has_orders || !gives_work) && NiceChat::is_meant(environment);
        let has_nicechat = Section::of(document, &NICECHAT).exists() || is_meant;
        let has_oct8ne = Section::of(document, &OCT8NE).exists();
        if has_source && !has_nicechat && !has_orders {
            config.source_alone = Some(Source::read(document, environment, &state.path)?);
        } else if has_orders && !has_source {
            // They need the keys, and no feed.
            let nicechat = NiceChat::read(document, environment)?;
            config.orders = Orders::read(document, &nicechat, &guard)?;
        } else if has_source || has_nicechat || !gives_work {
            let source = Source::read(document, environment, &state.path)?;
            let nicechat = NiceChat::read(document, environment)?;
            config.orders = Orders::read(document, &nicechat, &guard)?;
            let catalog = Catalog { source, nicechat, guard, state, http: config.http.clone(), is_shown: has_oct8ne };
            if document.is_right() {
                document.keep(catalog.check_import(document), || ());
            }
            config.catalog = Some(Arc::new(catalog));
        }
        // What is wrong with one section hides nothing that is wrong with the next.
        config.lagerkoll = document.keep(Lagerkoll::read(document, environment), || None);
        let oct8ne = Oct8ne::read(document, environment, config.http.as_ref(), has_source);
        config.oct8ne = document.keep(oct8ne, || None).map(Arc::new);
        config.emplifi = document.keep(Emplifi::read(document, environment), || None);
        config.newstore = document.keep(NewStore::read(document, environment, &config.state.path), || None);
        config.notify = document.keep(notify::read(document, environment), Notify::default);
        config.secret_files = document.secret_files();
        Ok(())
    }

    /// How the shop's commands and its daemon are called.
    pub fn caller(&self) -> Caller {
        Caller { program: self.program.clone(), unit: self.unit.clone() }
    }

    /// What the shop is called: as the settings have it, or by its unit. `None` = it is the only one here.
    pub fn shop_name(&self) -> Option<&str> {
        let by_unit = || self.unit.as_deref()?.split_once('@').map(|(_, name)| name);
        self.notify.shop.as_deref().or_else(by_unit)
    }

    /// What of a file with errors can be used by whoever only looks at the state: where that is, and of the rest what is
    /// right; defaults stand in for what isn't. `None` = the file can't be read, or doesn't tell where the state is.
    pub fn as_far_as_right(path: &Path) -> Option<Config> {
        let text = text_of(path).ok()?;
        let document = Document::parse(path, &text);
        let before = document.errors();
        let environment = Environment::process().without_secrets();
        let state = State::read(&document, &environment);
        // A line that can't be read may be the one that says where.
        let is_told =
            document.is_toml() || Section::of(&document, &STATE).get("path").is_some() || !speaks_of_state(&text);
        if !is_told || document.errors() > before {
            return None;
        }
        let mut config = Config::blank(&document, state);
        // As far as it goes.
        let _ = config.fill(&document, &environment);
        Some(config)
    }

    /// The feed, whatever it is for.
    pub fn source(&self) -> Option<&Source> {
        self.catalog.as_deref().map(|catalog| &catalog.source).or(self.source_alone.as_ref())
    }

    /// Whose state it is: the address of the shop at NiceChat.
    pub fn base_url(&self) -> Option<&str> {
        let catalog = self.catalog.as_ref().map(|catalog| &catalog.nicechat);
        catalog.or(self.orders.as_ref().map(|orders| &orders.nicechat)).map(|nicechat| nicechat.base_url.as_str())
    }
}

/// Whether a line that is no comment has to do with the state's section.
fn speaks_of_state(text: &str) -> bool {
    text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains(STATE.name))
}

fn text_of(path: &Path) -> Result<String, ConfigError> {
    files::read_text(path, LARGEST).map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::PermissionDenied => {
                ". A service is a user of its own: the config is for everybody (chmod 644), its secrets lie in files of \
                 their own"
            }
            _ => "",
        };
        ConfigError::new(format!("the config file {} cannot be read: {error}{advice}", path.display()))
    })
}

#[cfg(test)]
mod tests;
