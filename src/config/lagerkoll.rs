//! `[lagerkoll]`: whose scheduled events are mirrored, which are to exist, and where they are copied to.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::document::Document;
use super::environment::{Environment, Secrets};
use super::location::web_address;
use super::names::{API_KEY, COPY_TO, EVENT, LAGERKOLL, USER_TOKEN};
use super::secret;
use super::section::{Section, Setting};
use super::units::{self, HOUR};
use super::{ConfigError, Schedule};
use crate::event::{Content, Fields};

const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=HOUR;

/// Lagerkoll's scheduled events.
#[derive(Debug, Clone)]
pub struct Lagerkoll {
    /// `http` or `https`, without user, query and fragment; its path ends with a slash.
    pub base_url: Url,
    /// The store that is mirrored, and who we are to it.
    pub account: Account,
    /// Which of its events.
    pub scope: Scope,
    /// When they are read.
    pub schedule: Schedule,
    /// How long changes are remembered, in days.
    pub history_days: u32,
    /// How long one request may take.
    pub timeout: Duration,
    /// How often a request that failed in a way that can pass is sent again.
    pub retries: u32,
    /// Of the events of ours in a store: a pass that would remove a greater part is refused. At most 100.
    pub max_delete_percent: u8,
    /// Events that are to exist in the store. Their names are all different.
    pub events: Vec<DeclaredEvent>,
    /// Other stores that are to have the store's events; all different, and none the store itself.
    pub copies: Vec<Account>,
}

/// A store, and who we are to it.
#[derive(Debug, Clone)]
pub struct Account {
    /// The store's id; printable ASCII, never empty.
    pub store: String,
    /// Who we are.
    pub credentials: AccountCredentials,
}

/// The two ways to authenticate (API page, "Headers").
#[derive(Debug, Clone)]
pub enum AccountCredentials {
    /// A machine's key.
    Key(SecretString),
    /// A person's login.
    User {
        /// Printable ASCII, never empty.
        id: String,
        /// What the login gave.
        token: SecretString,
    },
}

/// Which events of a store are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All.
    Store,
    /// Those of the store and the user.
    User,
}

/// An event that is to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredEvent {
    /// Its name here; Lagerkoll doesn't get to see it. Never empty.
    pub name: String,
    /// What it is to be.
    pub content: Content,
}

impl Lagerkoll {
    /// A file without the section wants no mirror.
    pub(super) fn read(document: &Document<'_>, environment: &Environment) -> Result<Option<Lagerkoll>, ConfigError> {
        let section = Section::of(document, &LAGERKOLL);
        if !section.exists() {
            return Ok(None);
        }
        let store = section.keep(store(&section), String::new);
        let events = events(&section);
        let copies = copies(&section, &store, environment);
        let blank = || AccountCredentials::Key(SecretString::default());
        let credentials = credentials(&section, environment);
        let is_known = credentials.is_ok();
        let account = Account { store, credentials: section.keep(credentials, blank) };
        let scope = section.read("scope", "store", scope)?;
        let is_machine = |account: &&Account| matches!(account.credentials, AccountCredentials::Key(_));
        let machine =
            [&account].into_iter().chain(&copies).find(is_machine).filter(|_| scope == Scope::User && is_known);
        if let Some(Account { store, .. }) = machine {
            // API page, "Headers": a key is of a machine, and "no real person is involved".
            let misfit = section.error(format!(
                "lagerkoll.scope = \"user\" asks for a person's events, and an api_key is no person's: \
                 set user_id and user_token instead of api_key for the store {store:?}, or scope = \"store\"",
            ));
            section.keep(Err(misfit), || ());
        }
        Ok(Some(Lagerkoll {
            base_url: section.read("base_url", "https://capi.lagerkoll.com/v1/events/", base_url)?,
            scope,
            schedule: section.read("schedule", "every 5m", Schedule::parse)?,
            history_days: section.number("history_days", 90, 1..=36_500),
            timeout: section.read("timeout", "30s", |text| units::duration(text, &TIMEOUTS))?,
            retries: section.number("retries", 5, 0..=20),
            max_delete_percent: section.number("max_delete_percent", 20, 0..=100),
            account,
            events,
            copies,
        }))
    }
}

fn base_url(text: &str) -> Result<Url, String> {
    let no_userinfo = "without user and password: Lagerkoll asks for store and api_key";
    let mut url = web_address(text, "https://capi.lagerkoll.com/v1/events/", no_userinfo)?;
    // The documented addresses are this one and others below it.
    let path = format!("{}/", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

fn scope(text: &str) -> Result<Scope, String> {
    units::one_of(text, &[("store", Scope::Store), ("user", Scope::User)])
}

fn store(section: &Section<'_>) -> Result<String, ConfigError> {
    match section.get_filled("store") {
        Some(setting) => id(&setting),
        None => Err(section.lacks(
            "store",
            format!(
                "{}.store is missing. Set it to the id of the store, which stands where the API was activated",
                section.name
            ),
        )),
    }
}

/// An id, with or without quotes. It goes into a header.
fn id(setting: &Setting<'_>) -> Result<String, ConfigError> {
    if setting.is_number() {
        return setting.number::<i64>(&(0..=i64::MAX)).map(|number| number.to_string());
    }
    setting.parse(|text| {
        let is_printable = |c: char| c.is_ascii_graphic() || c == ' ';
        match text.trim() {
            "" => Err("expected an id".to_owned()),
            id if id.chars().all(is_printable) => Ok(id.to_owned()),
            _ => Err("an id has printable ASCII characters only".to_owned()),
        }
    })
}

/// A key, or a user with a token: one of the two.
fn credentials(section: &Section<'_>, environment: &Environment) -> Result<AccountCredentials, ConfigError> {
    let key = secret::given(section, API_KEY, environment)?;
    let token = secret::given(section, USER_TOKEN, environment)?;
    let Some(user) = section.get_filled("user_id") else {
        return match (key.first(), token.first()) {
            (_, Some(token)) => {
                Err(token.error(&format!("is given without a user: set {}.user_id, or take it out", section.name)))
            }
            (None, None) if environment.secrets() == Secrets::Needed => Err(section.lacks(
                API_KEY.key,
                format!(
                    "{}\nOr set user_id and user_token, which a person's login gives.",
                    secret::missing(section, API_KEY)
                ),
            )),
            (_, None) => Ok(AccountCredentials::Key(secret::required(section, API_KEY, environment)?)),
        };
    };
    match key.first() {
        Some(key) => Err(key.error("is given beside user_id; keep one of the two")),
        None => {
            Ok(AccountCredentials::User { id: id(&user)?, token: secret::required(section, USER_TOKEN, environment)? })
        }
    }
}

/// What is wrong with one of them is told in the end, and hides nothing that is wrong with another.
fn events(section: &Section<'_>) -> Vec<DeclaredEvent> {
    let mut names = HashSet::new();
    let event = |table: Section<'_>| {
        let filled = |key, example| table.keep(filled(&table, key, example), String::new);
        let name = filled("name", "a name of your own for it");
        if !name.is_empty() && !names.insert(name.clone()) {
            let twice = table.error(format!("lagerkoll.event: there is another event of the name {name:?}"));
            table.keep(Err(twice), || ());
        }
        let map = |key| {
            let map = table.get(key).map_or_else(|| Ok(Fields::new()), |setting| setting.map());
            table.keep(map, Fields::new)
        };
        let trigger_type = filled("trigger_type", "such as \"TIME\" or \"EVENT\"");
        let action_type = filled("action_type", "such as \"SEND_EMAIL\"");
        let content = Content::new(&trigger_type, map("trigger"), &action_type, map("action"));
        DeclaredEvent { name, content }
    };
    section.tables(&EVENT).into_iter().map(event).collect()
}

fn filled(table: &Section<'_>, key: &'static str, example: &str) -> Result<String, ConfigError> {
    let text = table.get(key).map(|setting| setting.text()).transpose()?.map(str::trim).unwrap_or_default();
    if text.is_empty() {
        return Err(table.error(format!("{}.{key} is missing: set it, {example}", table.name)));
    }
    Ok(text.to_owned())
}

fn copies(section: &Section<'_>, from: &str, environment: &Environment) -> Vec<Account> {
    let mut stores = HashSet::from([from.to_owned()]);
    // By the name that their secrets have outside of the file; a variable's is in capitals.
    let mut named = HashMap::new();
    let mut copy = |mut table: Section<'_>| {
        let store = store(&table)?;
        if !stores.insert(store.clone()) {
            let other = if store == from { "the store that is copied from" } else { "in another lagerkoll.copy_to" };
            return Err(table.error(format!("lagerkoll.copy_to.store: the store {store:?} is {other} already")));
        }
        let plain: String = store.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if let Some(other) = named.insert(plain.to_ascii_uppercase(), store.clone()) {
            return Err(table.error(format!(
                "lagerkoll.copy_to.store: the stores {other:?} and {store:?} would take their secrets from the same \
                 environment variable, SHELFKEEPER_LAGERKOLL_COPY_TO_{}_...; one of them can't be copied to",
                plain.to_ascii_uppercase()
            )));
        }
        table.secrets = format!("lagerkoll_copy_to_{plain}");
        Ok(Account { credentials: credentials(&table, environment)?, store })
    };
    let copies = section.tables(&COPY_TO).into_iter();
    copies.filter_map(|table| section.keep(copy(table).map(Some), || None)).collect()
}
