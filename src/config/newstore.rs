//! `[newstore]`: which stores of a retailer are to have clienteling, and with which telephone number.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use super::ConfigError;
use super::document::Document;
use super::environment::{Environment, Secrets};
use super::location::{has_userinfo, web_address};
use super::names::{CLIENT_SECRET, NEWSTORE, NEWSTORE_STORE, TOKEN};
use super::secret;
use super::section::{Section, Setting};
use super::units::{self, HOUR, list};
use crate::phone::{Choice, PhoneNumber, Wanted};

const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=HOUR;
/// The longest tenant (NewStore's page, the pattern of the header).
const LONGEST_TENANT: usize = 63;
/// Where a store's id goes in an address.
const STORE_ID: &str = "{store_id}";
const TENANT: &str = "{tenant}";
/// What a choice may say.
const CHOICE: [&str; 3] = ["locality", "region", "prefix"];

/// NewStore: which stores are to have clienteling.
#[derive(Debug, Clone)]
pub struct NewStore {
    /// Company and stage.
    pub tenant: String,
    /// `http` or `https`, without user, query and fragment.
    pub base_url: Url,
    /// Who we are.
    pub login: Login,
    /// How long one request may take.
    pub timeout: Duration,
    /// How often a request that is known to have had no effect is sent again.
    pub retries: u32,
    /// The web shop's address; `None` = the retailer is left alone.
    pub ecom_link: Option<String>,
    /// Where the retailer is set up.
    pub retailer: Endpoint,
    /// Where a store is.
    pub onboard: Endpoint,
    /// Where the numbers for a store are listed.
    pub numbers: Endpoint,
    /// Where the retailer's status is; `None` = it isn't read.
    pub status: Option<Endpoint>,
    /// The stores. Their ids are all different, and so are the numbers that are named.
    pub stores: Vec<DeclaredStore>,
    /// Where it is kept what was done.
    pub file: PathBuf,
}

/// How we show who we are.
#[derive(Debug, Clone)]
pub enum Login {
    /// An API client, which is given a token.
    Client {
        /// Its id.
        id: String,
        /// What it proves itself with.
        secret: SecretString,
        /// Where it is given a token.
        token_url: Url,
        /// What the token is to be good for; `None` = whatever it is.
        scope: Option<String>,
    },
    /// A token that somebody has fetched.
    Token(SecretString),
}

/// A method and an address below `base_url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `GET`, or what writes.
    pub method: Method,
    /// Without a slash before it; may have `{store_id}`.
    path: String,
    /// Whether somebody has looked it up: the defaults are guesses.
    pub is_given: bool,
}

impl Endpoint {
    /// The path for a store, whose id is percent-encoded already.
    pub fn path_for(&self, store: &str) -> String {
        self.path.replace(STORE_ID, store)
    }
}

/// A store that is to have clienteling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredStore {
    /// As NewStore names it.
    pub id: String,
    /// Its number.
    pub wanted: Wanted,
    /// Whether clienteling is to be on at once.
    pub enable: bool,
}

impl NewStore {
    /// A file without the section has no such stores.
    pub(super) fn read(
        document: &Document<'_>,
        environment: &Environment,
        state: &Path,
    ) -> Result<Option<NewStore>, ConfigError> {
        let section = Section::of(document, &NEWSTORE);
        if !section.exists() {
            return Ok(None);
        }
        let tenant = section.keep(tenant(&section), || "tenant".to_owned());
        let address = |key, default: &str| {
            let no_userinfo = "without user and password: NewStore asks for a token";
            let example = default.replace(TENANT, "mycompany-staging");
            section.read(key, &default.replace(TENANT, &tenant), |text| {
                web_address(&text.replace(TENANT, &tenant), &example, no_userinfo)
            })
        };
        let endpoint = |key, default: &str, kind| {
            let read = section.read(key, default, |text| endpoint(&text.replace(TENANT, &tenant), kind))?;
            Ok::<_, ConfigError>(Endpoint { is_given: section.get(key).is_some(), ..read })
        };
        let base_url = address("base_url", "https://{tenant}.p.newstore.net")?;
        let token_url =
            address("token_url", "https://id.p.newstore.net/auth/realms/{tenant}/protocol/openid-connect/token")?;
        let scope =
            section.read("scope", "", |text| Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())))?;
        let blank = || Login::Token(SecretString::default());
        let status = section.get_filled("status_path").map(|_| endpoint("status_path", "GET /", Kind::RetailerRead));
        if status.is_none() {
            section.comes_from("status_path", Some("\"\"".to_owned()), "default".to_owned());
        }
        Ok(Some(NewStore {
            login: section.keep(login(&section, environment, token_url, scope), blank),
            timeout: section.read("timeout", "30s", |text| units::duration(text, &TIMEOUTS))?,
            retries: section.number("retries", 5, 0..=20),
            ecom_link: section.read("ecom_link", "", ecom_link)?,
            retailer: endpoint("retailer_path", "POST /clienteling/retailers", Kind::Retailer)?,
            onboard: endpoint("onboard_path", "POST /clienteling/stores/{store_id}/onboard", Kind::Store)?,
            numbers: endpoint(
                "numbers_path",
                "GET /clienteling/stores/{store_id}/available-phone-numbers",
                Kind::StoreRead,
            )?,
            status: status.transpose()?,
            stores: stores(&section),
            file: state.with_file_name(format!("newstore-{tenant}.db")),
            tenant,
            base_url,
        }))
    }

    /// Settings with these stores.
    #[cfg(test)]
    pub fn of_stores(stores: Vec<DeclaredStore>) -> NewStore {
        let url = Url::parse("https://newstore.example").expect("a URL");
        let endpoint = || Endpoint { method: Method::POST, path: "a".to_owned(), is_given: true };
        NewStore {
            tenant: "t".to_owned(),
            base_url: url,
            login: Login::Token(SecretString::default()),
            timeout: HOUR,
            retries: 0,
            ecom_link: None,
            retailer: endpoint(),
            onboard: endpoint(),
            numbers: endpoint(),
            status: None,
            stores,
            file: PathBuf::new(),
        }
    }

    /// Where secrets are sent: the setting, the address, and what is sent there.
    pub(super) fn addresses(&self) -> Vec<(&'static str, &Url, &'static str)> {
        let login = match &self.login {
            Login::Client { token_url, .. } => Some(("newstore.token_url", token_url, "the client's secret")),
            Login::Token(_) => None,
        };
        [("newstore.base_url", &self.base_url, "the token")].into_iter().chain(login).collect()
    }
}

fn tenant(section: &Section<'_>) -> Result<String, ConfigError> {
    let Some(setting) = section.get_filled("tenant") else {
        let message = "newstore.tenant is missing. Set it to your company and stage as NewStore writes them, such as \
                       \"mycompany-staging\" (\"mycompany\" is production)";
        return Err(section.lacks("tenant", message));
    };
    setting.parse(|text| {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.len() <= LONGEST_TENANT && text.chars().all(is_plain) && !text.starts_with('-') {
            return Ok(text.to_owned());
        }
        Err(format!(
            "a tenant has lower-case letters, digits and -, at most {LONGEST_TENANT} of them, and doesn't begin with -"
        ))
    })
}

/// An API client, or a token: one of the two.
fn login(
    section: &Section<'_>,
    environment: &Environment,
    token_url: Url,
    scope: Option<String>,
) -> Result<Login, ConfigError> {
    let secret = secret::given(section, CLIENT_SECRET, environment)?;
    let token = secret::given(section, TOKEN, environment)?;
    match (section.get_filled("client_id"), secret.first(), token.first()) {
        (Some(_), _, Some(token)) => Err(token.error("is given beside client_id; keep one of the two")),
        (Some(id), _, None) => {
            let id = id.parse(client_id)?;
            Ok(Login::Client { id, secret: secret::required(section, CLIENT_SECRET, environment)?, token_url, scope })
        }
        (None, Some(secret), _) => {
            Err(secret.error("is given without its client: set newstore.client_id, or take it out"))
        }
        (None, None, None) if environment.secrets() == Secrets::Needed => Err(section.lacks(
            "client_id",
            format!(
                "newstore.client_id is missing. Set it to an API client's (Omnichannel Manager, Settings, User & Roles), \
                 and client_secret_file to a file with its secret.\nOr give a token of your own instead:\n{}",
                secret::missing(section, TOKEN)
            ),
        )),
        (None, None, _) => Ok(Login::Token(secret::required(section, TOKEN, environment)?)),
    }
}

fn client_id(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("expected the id of an API client".to_owned()),
        id if id.contains(char::is_control) => Err("an id has no line breaks".to_owned()),
        id => Ok(id.to_owned()),
    }
}

fn ecom_link(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let expected = || "expected the web shop's address, such as \"https://shop.example\"; \"\" = none".to_owned();
    let url = Url::parse(text).map_err(|_| expected())?;
    if !matches!(url.scheme(), "http" | "https") || has_userinfo(&url) {
        return Err(expected());
    }
    Ok(Some(text.to_owned()))
}

/// What an address is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Retailer,
    RetailerRead,
    Store,
    StoreRead,
}

fn endpoint(text: &str, kind: Kind) -> Result<Endpoint, String> {
    let (methods, example): (&[Method], &str) = match kind {
        Kind::Retailer => (&[Method::POST, Method::PUT, Method::PATCH], "POST /path"),
        Kind::Store => (&[Method::POST, Method::PUT, Method::PATCH], "POST /path/{store_id}"),
        Kind::RetailerRead => (&[Method::GET], "GET /path"),
        Kind::StoreRead => (&[Method::GET], "GET /path/{store_id}"),
    };
    let expected = || format!("expected a method and an address below base_url, such as {example:?}");
    let (method, path) = text.trim().split_once(' ').ok_or_else(expected)?;
    let path = path.trim().strip_prefix('/').ok_or_else(expected)?;
    let method = methods.iter().find(|known| known.as_str() == method).ok_or_else(|| {
        format!("the method can only be {} here", list(methods.iter().map(ToString::to_string), "or"))
    })?;
    let is_of_store = matches!(kind, Kind::Store | Kind::StoreRead);
    if is_of_store && !path.contains(STORE_ID) {
        return Err(format!("the address doesn't say which store: write {STORE_ID} where its id goes"));
    }
    let rest = if is_of_store { path.replace(STORE_ID, "") } else { path.to_owned() };
    if rest.contains(['{', '}']) {
        let known = if is_of_store { "{store_id} and {tenant} are" } else { "{tenant} is" };
        return Err(format!("only {known} filled in here"));
    }
    if rest.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#') {
        return Err(expected());
    }
    Ok(Endpoint { method: method.clone(), path: path.to_owned(), is_given: false })
}

fn stores(section: &Section<'_>) -> Vec<DeclaredStore> {
    let (mut ids, mut numbers) = (HashSet::new(), HashSet::new());
    let tables = section.tables(&NEWSTORE_STORE);
    let stores = tables.iter().filter_map(|table| {
        let store = store(table).and_then(|store| {
            if !ids.insert(store.id.clone()) {
                return Err(table.error(format!("newstore.store.id: there is another store of the id {:?}", store.id)));
            }
            if let Some(number) = store.wanted.number().filter(|number| !numbers.insert((*number).clone())) {
                return Err(table.error(format!(
                    "newstore.store.phone_number: another store is to have {number} already; each has one of its own"
                )));
            }
            Ok(store)
        });
        section.keep(store.map(Some), || None)
    });
    stores.collect()
}

fn store(table: &Section<'_>) -> Result<DeclaredStore, ConfigError> {
    let Some(id) = table.get_filled("id") else {
        return Err(table.lacks("id", "newstore.store.id is missing: set it to the store's id at NewStore, in quotes"));
    };
    let id = id.parse(store_id)?;
    let wanted = match (table.get("phone_number"), table.get("choose")) {
        (Some(number), None) => Wanted::Number(phone_number(&number)?),
        (None, Some(choose)) => Wanted::Choose(choice(&choose)?),
        (Some(_), Some(choose)) => {
            return Err(choose.bad("it is given beside phone_number: a number is named or chosen; keep one of the two"));
        }
        (None, None) => {
            return Err(table.error(format!(
                "newstore.store: the store {id:?} has no number: set phone_number, or \
                 choose = {{ locality = \"...\", region = \"...\", prefix = \"+...\" }}"
            )));
        }
    };
    Ok(DeclaredStore { id, wanted, enable: table.is_set("enable") })
}

fn phone_number(setting: &Setting<'_>) -> Result<PhoneNumber, ConfigError> {
    if setting.is_number() {
        let number: i64 = setting.number(&(0..=i64::MAX))?;
        let meant = PhoneNumber::meant(&number.to_string()).map(|meant| format!(", such as \"{meant}\""));
        return Err(setting.bad(format!("write it in quotes{}", meant.unwrap_or_default())));
    }
    setting.parse(PhoneNumber::read)
}

fn store_id(text: &str) -> Result<String, String> {
    match text.trim() {
        // An address can't have them as a segment.
        "." | ".." => Err("this can't be a store's id".to_owned()),
        "" => Err("expected a store's id".to_owned()),
        id if id.contains(char::is_control) => Err("an id has no line breaks".to_owned()),
        id => Ok(id.to_owned()),
    }
}

fn choice(setting: &Setting<'_>) -> Result<Choice, ConfigError> {
    let map: Map<String, Value> = setting.map()?;
    if let Some(unknown) = map.keys().find(|key| !CHOICE.contains(&key.as_str())) {
        return Err(setting.bad(format!("there is no {unknown:?} to choose by; there are locality, region and prefix")));
    }
    if map.values().any(|value| !value.is_string()) {
        return Err(setting.bad("write locality, region and prefix in quotes"));
    }
    let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
    let [locality, region, prefix] = CHOICE.map(text);
    Choice::new(locality, region, prefix).map_err(|reason| setting.bad(reason))
}
