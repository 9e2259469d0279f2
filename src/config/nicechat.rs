//! `[nicechat]`: the shop at NiceChat, and how it is talked to.

use std::num::{NonZeroU32, NonZeroUsize};
use std::ops::RangeInclusive;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::ConfigError;
use super::document::Document;
use super::environment::Environment;
use super::location::web_address;
use super::names::{API_KEY, API_SECRET, NICECHAT, SecretNames};
use super::secret;
use super::section::Section;
use super::units::{self, HOUR, SECOND};

const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=HOUR;
const IMPORT_TIMEOUTS: RangeInclusive<Duration> = SECOND..=Duration::from_secs(24 * 3600);

/// The shop at NiceChat.
#[derive(Debug, Clone)]
pub struct NiceChat {
    /// `http` or `https`, without user, query and fragment; may have a path.
    pub base_url: Url,
    /// The public half of the shop's credentials.
    pub api_key: SecretString,
    /// The half that signs.
    pub api_secret: SecretString,
    /// How many requests there are at the same time.
    pub concurrency: Concurrency,
    /// A limit of our own; `None` sets none.
    pub requests_per_second: Option<NonZeroU32>,
    /// How long one request may take.
    pub timeout: Duration,
    /// How often a request that failed in a way that can pass is sent again.
    pub retries: u32,
    /// How changes are sent.
    pub strategy: Strategy,
    /// How long NiceChat may take for an import, from the push on.
    pub import_timeout: Duration,
    /// What a pass may delete.
    pub prune: Prune,
    /// What becomes of a category that the feed no longer has.
    pub vanished_category: VanishedCategory,
}

impl NiceChat {
    /// Whether the environment has credentials for it.
    pub(super) fn is_meant(environment: &Environment) -> bool {
        let has = |names: SecretNames| secret::is_in(environment, &NICECHAT, names);
        has(API_KEY) || has(API_SECRET)
    }
}

/// How many requests there are at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// As many as NiceChat turns out to take.
    Auto,
    /// So many at most.
    Fixed(NonZeroUsize),
}

/// More at once are nobody's, unless somebody says so.
const MOST_AT_ONCE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);

impl Concurrency {
    /// There are never more.
    pub fn most(self) -> NonZeroUsize {
        match self {
            Concurrency::Auto => MOST_AT_ONCE,
            Concurrency::Fixed(most) => most,
        }
    }
}

/// How changes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Whatever is cheaper for the pass.
    Auto,
    /// One request an object.
    Api,
    /// NiceChat imports the feed; what that leaves otherwise goes by the API.
    Import,
}

/// What a pass may delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prune {
    /// What we created or adopted.
    Owned,
    /// Whatever the feed doesn't have.
    All,
    /// Nothing.
    None,
}

/// What becomes of a category that the feed no longer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VanishedCategory {
    /// It is deleted.
    Delete,
    /// It stays, switched off.
    Disable,
}

impl NiceChat {
    pub(super) fn read(document: &Document<'_>, environment: &Environment) -> Result<NiceChat, ConfigError> {
        let section = Section::of(document, &NICECHAT);
        let concurrency = section.number_or("concurrency", "auto", 1..=256).and_then(NonZeroUsize::new);
        let requests_per_second = section.number("requests_per_second", 0, 0..=10_000);
        Ok(NiceChat {
            base_url: section.read("base_url", "https://account.nice.chat", base_url)?,
            concurrency: concurrency.map_or(Concurrency::Auto, Concurrency::Fixed),
            requests_per_second: NonZeroU32::new(requests_per_second),
            timeout: section.read("timeout", "30s", |text| units::duration(text, &TIMEOUTS))?,
            retries: section.number("retries", 5, 0..=20),
            strategy: section.read("strategy", "auto", strategy)?,
            import_timeout: section.read("import_timeout", "30m", |text| units::duration(text, &IMPORT_TIMEOUTS))?,
            prune: section.read("prune", "owned", prune)?,
            vanished_category: section.read("vanished_category", "delete", vanished_category)?,
            api_key: section.keep(secret::required(&section, API_KEY, environment), SecretString::default),
            api_secret: section.keep(secret::required(&section, API_SECRET, environment), SecretString::default),
        })
    }
}

fn base_url(text: &str) -> Result<Url, String> {
    let no_userinfo = "without user and password: api_key and api_secret are what NiceChat asks for";
    web_address(text, "https://account.nice.chat", no_userinfo)
}

fn strategy(text: &str) -> Result<Strategy, String> {
    units::one_of(text, &[("auto", Strategy::Auto), ("api", Strategy::Api), ("import", Strategy::Import)])
}

fn prune(text: &str) -> Result<Prune, String> {
    units::one_of(text, &[("owned", Prune::Owned), ("all", Prune::All), ("none", Prune::None)])
}

fn vanished_category(text: &str) -> Result<VanishedCategory, String> {
    units::one_of(text, &[("delete", VanishedCategory::Delete), ("disable", VanishedCategory::Disable)])
}
