//! `[source]`: where the feed is, how it is read and how often.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::document::Document;
use super::environment::Environment;
use super::names::{PASSWORD, SOURCE};
use super::secret;
use super::section::{Section, Setting};
use super::spread::{Place, Resync, Splay};
use super::units::{self, HOUR};
use super::{ConfigError, Location, Rules, Schedule};
use crate::catalog::{Currency, Id};
use crate::feed::FeedType;

/// A whole transfer may take no longer.
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=HOUR;

/// The feed.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it lies. A URL has no user and password in it: see `credentials`.
    pub location: Location,
    /// Its format; `None` tells it from the content.
    pub format: Option<FeedType>,
    /// When it is read and what changed is sent.
    pub schedule: Schedule,
    /// When NiceChat's whole listing is compared as well.
    pub resync_schedule: Option<Schedule>,
    /// How far the starts of both are spread.
    pub splay: Splay,
    /// The shop's place among those that are spread.
    pub place: Place,
    /// Whether a file is read as well as soon as somebody has written it.
    pub watch: bool,
    /// How long the feed's host may keep us waiting.
    pub timeout: Duration,
    /// The most bytes that it may have, packed or unpacked.
    pub max_bytes: u64,
    /// For HTTP basic authentication.
    pub credentials: Option<Credentials>,
    /// For prices without one.
    pub default_currency: Option<Currency>,
    /// The id of the category for items without one.
    pub default_category: Option<Id>,
    /// Which items are left out.
    pub rules: Rules,
}

/// Who we are to the feed's host.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Never empty.
    pub username: String,
    /// Never empty.
    pub password: SecretString,
}

impl Source {
    /// `state` is the state file: a feed that several shops have is read by each at a time of its own.
    pub(super) fn read(
        document: &Document<'_>,
        environment: &Environment,
        state: &Path,
    ) -> Result<Source, ConfigError> {
        let section = Section::of(document, &SOURCE);
        let location = location(&section);
        let is_file = matches!(location, Ok(Location::File(_)));
        let location = section.keep(location, || Location::File(PathBuf::new()));
        let place = Place::here(state, &location);
        Ok(Source {
            format: section.read("type", "auto", format)?,
            schedule: section.read("schedule", "every 15m", Schedule::parse)?,
            resync_schedule: section.read("resync_schedule", "daily", Resync::parse)?.schedule(place),
            splay: section.read("splay", "auto", Splay::parse)?,
            place,
            watch: section.is_set_or("watch", true),
            timeout: section.read("timeout", "60s", |text| units::duration(text, &TIMEOUTS))?,
            max_bytes: section.keep(max_bytes(&section), || u64::MAX),
            credentials: section.keep(credentials(&section, is_file, environment), || None),
            default_currency: section.read("default_currency", "usd", currency)?,
            default_category: section.read("default_category", "", category)?,
            rules: Rules::read(&section),
            location,
        })
    }

    /// When everything is compared with what the services list, and how much later; `None` = never.
    pub fn resync(&self) -> Option<(Schedule, Duration)> {
        let schedule = self.resync_schedule.clone()?;
        let delay = self.delay(&schedule);
        Some((schedule, delay))
    }

    /// The file that is read as soon as somebody has written it, if it is one.
    pub fn watched(&self) -> Option<&Path> {
        match &self.location {
            Location::File(path) if self.watch => Some(path),
            Location::File(_) | Location::Url(_) => None,
        }
    }

    /// How much later than a schedule of ours says a pass begins.
    pub fn delay(&self, schedule: &Schedule) -> Duration {
        self.place.delay(self.splay, schedule)
    }
}

fn location(section: &Section<'_>) -> Result<Location, ConfigError> {
    let Some(setting) = section.get("location") else {
        return Err(section.lacks(
            "location",
            "source.location is missing. Say where the feed is, in section [source]: \
             location = \"https://shop.example/products.txt\", or the path of a file",
        ));
    };
    setting.parse(Location::parse)
}

fn format(text: &str) -> Result<Option<FeedType>, String> {
    let named = |format: FeedType| (format.name(), Some(format));
    units::one_of(text, &[("auto", None), named(FeedType::GoogleCsv), named(FeedType::GoogleXml), named(FeedType::Yml)])
}

fn max_bytes(section: &Section<'_>) -> Result<u64, ConfigError> {
    match section.get("max_bytes").filter(Setting::is_number) {
        Some(setting) => setting.number(&(1..=i64::MAX)),
        None => section.read("max_bytes", "4GiB", units::size),
    }
}

/// Empty means none.
fn currency(text: &str) -> Result<Option<Currency>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let unknown = || "expected a currency of ISO 4217, such as \"usd\", or \"\" for none".to_owned();
    Currency::parse(text).map(Some).ok_or_else(unknown)
}

/// Empty means none.
fn category(text: &str) -> Result<Option<Id>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    Id::parse(text).map(Some).map_err(|error| format!("{error}; expected the id of a category, or \"\" for none"))
}

fn credentials(
    section: &Section<'_>,
    is_file: bool,
    environment: &Environment,
) -> Result<Option<Credentials>, ConfigError> {
    let Some(setting) = section.get_filled("username") else {
        return match secret::given(section, PASSWORD, environment)?.first() {
            Some(password) => Err(password.error("is given without a user: set source.username, or take it out")),
            None => Ok(None),
        };
    };
    let username = setting.text()?;
    if is_file {
        return Err(setting.bad("a file needs no user; take username and the password out, or set location to a URL"));
    }
    if username.contains(':') || username.contains(char::is_control) {
        // RFC 7617: the first colon ends the user.
        return Err(setting.bad("HTTP basic authentication allows no colon and no control character in a user"));
    }
    let password = secret::required(section, PASSWORD, environment)?;
    Ok(Some(Credentials { username: username.to_owned(), password }))
}
