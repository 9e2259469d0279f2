//! `[emplifi]`: whether advisors are there, who is watched, and what pages are told.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde::Serialize;
use url::Url;

use super::document::Document;
use super::environment::Environment;
use super::location::web_address;
use super::names::{API_KEY, EMPLIFI, WATCH};
use super::secret;
use super::section::{Section, Setting};
use super::units::{self, HOUR};
use super::{ConfigError, Schedule};

const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=HOUR;
const UNKNOWN_AFTER: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(24 * 3600);
const MAX_AGES: RangeInclusive<Duration> = Duration::ZERO..=HOUR;
/// The longest name of a watch.
const LONGEST_NAME: usize = 64;
/// How many moments of a cron line are looked at for how far they lie apart.
const MOMENTS: usize = 24;
const EXAMPLE: &str = "https://sandbox.goinstore.com";

/// Emplifi Live Commerce: whether advisors are there.
#[derive(Debug, Clone)]
pub struct Emplifi {
    /// `http` or `https`, without user, query and fragment.
    pub base_url: Url,
    /// Who we are.
    pub api_key: SecretString,
    /// When it is asked.
    pub schedule: Schedule,
    /// How long one request may take.
    pub timeout: Duration,
    /// When what is read becomes the state of a watch.
    pub terms: Terms,
    /// Whether a page shows the button while nobody knows.
    pub shows_unknown: bool,
    /// How long an answer to a page may be kept.
    pub max_age: Duration,
    /// How long it is remembered when somebody was there, in days.
    pub history_days: u32,
    /// Of the table of hours.
    pub timezone: TimeZone,
    /// Who is watched. Their names are all different.
    pub watches: Vec<Watch>,
}

/// When what is read becomes the state of a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// So many times in a row available opens; at least 1.
    pub open_after: u32,
    /// So many times in a row not available closes; at least 1.
    pub close_after: u32,
    /// Without a reading for longer nobody knows.
    pub unknown_after: Duration,
}

/// Something that is asked again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The only word of it that is public; lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// What is asked.
    pub question: Question,
}

/// What Emplifi is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Whether one advisor is there, by the alias: neither empty, nor `.`, nor `..`.
    Direct(String),
    /// Whether anybody is there whom a rule fits.
    MultiLevel(RoutingRule),
}

/// Whom a multi-level question is about, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoutingRule {
    /// Keys that an advisor must have; none = anybody will do.
    #[serde(rename = "required-routing-keys")]
    pub required: Vec<String>,
    /// Whether all of them or any; left out, all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<Operator>,
    /// Keys that only say who is preferred.
    #[serde(rename = "optional-routing-keys", skip_serializing_if = "Option::is_none")]
    pub optional: Option<Vec<String>>,
}

/// How many of the required keys an advisor must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operator {
    /// All.
    And,
    /// Any.
    Or,
}

impl Question {
    /// The same for questions that ask the same: the order of keys makes no difference, nor does what is assumed when
    /// it is left out.
    pub fn asks(&self) -> Question {
        let sorted = |keys: &[String]| {
            let mut keys = keys.to_vec();
            keys.sort_unstable();
            keys.dedup();
            keys
        };
        match self {
            Question::Direct(alias) => Question::Direct(alias.clone()),
            Question::MultiLevel(rule) => Question::MultiLevel(RoutingRule {
                required: sorted(&rule.required),
                operator: Some(rule.operator.unwrap_or(Operator::And)),
                optional: Some(sorted(rule.optional.as_deref().unwrap_or_default())),
            }),
        }
    }
}

impl Emplifi {
    /// A file without the section watches nobody.
    pub(super) fn read(document: &Document<'_>, environment: &Environment) -> Result<Option<Emplifi>, ConfigError> {
        let section = Section::of(document, &EMPLIFI);
        if !section.exists() {
            return Ok(None);
        }
        let nowhere = || Url::parse(EXAMPLE).map_err(|error| section.error(error));
        let base_url = section.keep(base_url(&section).map(Some), || None);
        let api_key = section.keep(secret::required(&section, API_KEY, environment), SecretString::default);
        let emplifi = Emplifi {
            base_url: base_url.map_or_else(nowhere, Ok)?,
            api_key,
            schedule: section.read("schedule", "every 30s", Schedule::parse)?,
            timeout: section.read("timeout", "5s", |text| units::duration(text, &TIMEOUTS))?,
            terms: Terms {
                open_after: section.number("open_after", 1, 1..=100),
                close_after: section.number("close_after", 2, 1..=100),
                unknown_after: section.read("unknown_after", "2m", |text| units::duration(text, &UNKNOWN_AFTER))?,
            },
            shows_unknown: section
                .read("when_unknown", "hide", |text| units::one_of(text, &[("hide", false), ("show", true)]))?,
            max_age: section.read("max_age", "15s", |text| units::duration(text, &MAX_AGES))?,
            history_days: section.number("history_days", 90, 1..=36_500),
            timezone: section.read("timezone", "UTC", timezone)?,
            watches: watches(&section),
        };
        emplifi.check(document, &section);
        Ok(Some(emplifi))
    }

    /// What is wrong with the settings together.
    fn check(&self, document: &Document<'_>, section: &Section<'_>) {
        let interval = shortest_interval(&self.schedule);
        let unknown_after = self.terms.unknown_after;
        if unknown_after > interval {
            return;
        }
        let message = format!(
            "it must be longer than the interval ({}), or everybody would be unknown between two rounds; set \
             unknown_after to two or three intervals, or schedule to less",
            units::show(interval)
        );
        let setting = section.get("unknown_after").or_else(|| section.get("schedule"));
        document.note(setting.map_or_else(
            || section.error(format!("emplifi.unknown_after: {message}")),
            |setting| setting.bad(message.clone()),
        ));
    }
}

fn base_url(section: &Section<'_>) -> Result<Url, ConfigError> {
    match section.get_filled("base_url") {
        Some(setting) => {
            setting.parse(|text| web_address(text, EXAMPLE, "without user and password: Emplifi asks for an api-key"))
        }
        None => Err(section.lacks(
            "base_url",
            format!(
                "emplifi.base_url is missing. Set it to where your Emplifi Live Commerce is: its sandbox is {EXAMPLE}, \
                 production probably https://gis.goinstore.com (ask Emplifi)"
            ),
        )),
    }
}

fn timezone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text.trim())
        .map_err(|_| "expected an IANA time zone, such as \"Europe/Berlin\" or \"UTC\"".to_owned())
}

/// How long it is from one moment to the next; of a cron line, where they lie closest.
fn shortest_interval(schedule: &Schedule) -> Duration {
    if let Schedule::Every(interval) = schedule {
        return *interval;
    }
    let mut moments = vec![Timestamp::UNIX_EPOCH];
    while let Some(next) =
        moments.last().and_then(|last| schedule.due_after(*last, 1)).filter(|_| moments.len() <= MOMENTS)
    {
        moments.push(next);
    }
    // The first is none of its own.
    let apart = moments.iter().skip(1).zip(moments.iter().skip(2));
    apart.filter_map(|(one, next)| Duration::try_from(next.duration_since(*one)).ok()).min().unwrap_or(Duration::MAX)
}

fn watches(section: &Section<'_>) -> Vec<Watch> {
    let mut names = HashSet::new();
    let tables = section.tables(&WATCH);
    let watches = tables.iter().filter_map(|table| {
        let watch = watch(table).and_then(|watch| {
            if names.insert(watch.name.clone()) {
                return Ok(watch);
            }
            Err(table.error(format!("emplifi.watch.name: there is another watch of the name {:?}", watch.name)))
        });
        section.keep(watch.map(Some), || None)
    });
    watches.collect()
}

fn watch(table: &Section<'_>) -> Result<Watch, ConfigError> {
    let Some(name) = table.get_filled("name") else {
        let message =
            "emplifi.watch.name is missing: set it to a word of your own that pages ask by, such as \"sofas\"";
        return Err(table.lacks("name", message));
    };
    let name = name.parse(name_of)?;
    let alias = table.get("alias");
    let required = table.get("required_keys");
    let question = match (alias, required) {
        (Some(alias), None) => {
            for key in ["operator", "optional_keys"] {
                if let Some(setting) = table.get(key) {
                    return Err(setting.bad("it goes with required_keys; an alias is one advisor"));
                }
            }
            Question::Direct(alias.parse(alias_of)?)
        }
        (None, Some(required)) => Question::MultiLevel(RoutingRule {
            required: keys(&required)?,
            operator: table.get("operator").map(|setting| setting.parse(operator)).transpose()?,
            optional: table.get("optional_keys").map(|setting| keys(&setting)).transpose()?,
        }),
        (Some(_), Some(required)) => {
            return Err(required.bad("it is given beside alias: a watch is one advisor or a rule; keep one of the two"));
        }
        (None, None) => {
            return Err(table.error(format!(
                "emplifi.watch: the watch {name:?} doesn't say who is meant: set alias, or required_keys ([] = anybody)"
            )));
        }
    };
    Ok(Watch { name, question })
}

fn name_of(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if text.is_empty() || text.len() > LONGEST_NAME || !text.chars().all(is_plain) {
        return Err(format!("a name has lower-case letters, digits, - and _ only, at most {LONGEST_NAME} of them"));
    }
    Ok(text.to_owned())
}

fn alias_of(text: &str) -> Result<String, String> {
    match text {
        // An address can't have them as a segment.
        "." | ".." => Err("this can't be an alias".to_owned()),
        text if text.trim().is_empty() => Err("expected the alias of an advisor".to_owned()),
        alias => Ok(alias.to_owned()),
    }
}

fn operator(text: &str) -> Result<Operator, String> {
    units::one_of(text, &[("AND", Operator::And), ("OR", Operator::Or)])
}

fn keys(setting: &Setting<'_>) -> Result<Vec<String>, ConfigError> {
    setting.texts(
        |key| {
            if key.trim().is_empty() { Err("a routing key is empty".to_owned()) } else { Ok(key.to_owned()) }
        },
    )
}
