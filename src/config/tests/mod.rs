//! Whole files, good and bad. Every test has an environment of its own.

mod emplifi;
mod faults;
mod guard;
mod http;
mod lagerkoll;
mod newstore;
mod notify;
mod oct8ne;
mod orders;
mod rules;
mod schema;
mod secrets;

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::environment::Environment;
use super::*;
use crate::feed::FeedType;

/// The two secrets that every file needs.
const SECRETS: [(&str, &str); 2] =
    [("SHELFKEEPER_NICECHAT_API_KEY", "env-key"), ("SHELFKEEPER_NICECHAT_API_SECRET", "env-secret")];

/// A folder with a config file in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(text: &str) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a folder"));
        folder.write("shelfkeeper.toml", text);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), text).expect("a written file");
        self.path(name).display().to_string()
    }

    fn load(&self, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let loaded = Config::load_in(&self.path("shelfkeeper.toml"), &Environment::of(variables));
        if loaded.is_ok() {
            schema::must_take(&std::fs::read_to_string(self.path("shelfkeeper.toml")).expect("text"));
        }
        loaded
    }
}

/// Loads a text with both secrets in the environment.
fn load(text: &str) -> Result<Config, ConfigError> {
    Folder::new(text).load(&SECRETS)
}

/// What is first wrong with a text, from the file's name on, without the line itself.
fn error(text: &str) -> String {
    errors(text).swap_remove(0)
}

/// What is wrong, without the lines themselves.
fn told(error: ConfigError) -> String {
    error.messages().join("\n")
}

/// Everything that is wrong with a text, each from the file's name on.
fn errors(text: &str) -> Vec<String> {
    let error = load(text).expect_err(text);
    let rest = |message: &str| message.split_once("shelfkeeper.toml").map(|(_, rest)| rest.to_owned());
    error.messages().into_iter().map(|message| rest(message).expect("the file's name")).collect()
}

fn source(lines: &str) -> String {
    format!("[source]\nlocation = \"https://shop.example/products.txt\"\n{lines}\n")
}

fn nicechat(lines: &str) -> String {
    format!("[source]\nlocation = \"feed.xml\"\n[nicechat]\n{lines}\n")
}

fn catalog(config: Config) -> Catalog {
    Arc::unwrap_or_clone(config.catalog.expect("a feed and a NiceChat"))
}

#[test]
fn the_defaults() {
    let config = load(&source("")).expect("a config");
    let Catalog { source, nicechat, guard, state, http, .. } = catalog(config);
    assert_eq!(source.location, Location::parse("https://shop.example/products.txt").expect("a location"));
    assert_eq!(source.format, None);
    assert_eq!(source.schedule, Schedule::Every(Duration::from_secs(900)));
    let daily = source.resync_schedule.expect("a resync").to_string();
    let hour = daily.split(' ').nth(2).and_then(|hour| hour.parse::<u32>().ok());
    assert!(hour.is_some_and(|hour| (1..5).contains(&hour)) && daily.ends_with(" * * *"), "{daily}");
    assert_eq!(source.splay, Splay::Auto);
    assert_eq!(source.timeout, Duration::from_secs(60));
    assert_eq!(source.max_bytes, 4 << 30);
    assert!(source.credentials.is_none());
    assert_eq!(source.default_currency.map(|c| c.to_string()).as_deref(), Some("usd"));
    assert_eq!(source.default_category, None);
    assert_eq!(state.path, Path::new("state/shelfkeeper.db"));
    assert_eq!(nicechat.base_url.as_str(), "https://account.nice.chat/");
    assert_eq!(nicechat.api_key.expose_secret(), "env-key");
    assert_eq!(nicechat.api_secret.expose_secret(), "env-secret");
    assert_eq!(nicechat.concurrency, Concurrency::Auto);
    assert_eq!(nicechat.requests_per_second, None);
    assert_eq!(nicechat.timeout, Duration::from_secs(30));
    assert_eq!(nicechat.retries, 5);
    assert_eq!(nicechat.strategy, Strategy::Auto);
    assert_eq!(nicechat.import_timeout, Duration::from_secs(1800));
    assert_eq!(nicechat.prune, Prune::Owned);
    assert_eq!(guard, Guard::default());
    assert_eq!(state.history, History::default());
    assert_eq!(nicechat.vanished_category, VanishedCategory::Delete);
    assert!(http.is_none());
}

#[test]
fn every_setting_is_read() {
    let source = load(&source(
        "type = \"yml\"\nschedule = \"0 */5 * * * *\"\nresync_schedule = \"every 24h\"\nsplay = \"2m\"\ntimeout = \"2m\"\n\
         max_bytes = 1_000_000\nusername = \"shop\"\npassword = \"pw\"\ndefault_currency = \"\"\ndefault_category = \"7\"",
    ));
    let source = catalog(source.expect("a config")).source;
    assert_eq!(source.format, Some(FeedType::Yml));
    assert_eq!(source.schedule, Schedule::Cron("0 */5 * * * *".into()));
    assert_eq!(source.resync_schedule, Some(Schedule::Every(Duration::from_secs(86_400))));
    assert_eq!(source.splay, Splay::UpTo(Duration::from_secs(120)));
    assert!(source.delay(&source.schedule) < Duration::from_secs(120));
    assert_eq!(source.timeout, Duration::from_secs(120));
    assert_eq!(source.max_bytes, 1_000_000);
    let credentials = source.credentials.expect("credentials");
    assert_eq!((credentials.username.as_str(), credentials.password.expose_secret()), ("shop", "pw"));
    assert_eq!(source.default_currency, None);
    assert_eq!(source.default_category.expect("an id").as_str(), "7");

    let nicechat = load(&nicechat(
        "base_url = \"http://127.0.0.1:8080/nice\"\nconcurrency = 2\nrequests_per_second = 10\ntimeout = \"500ms\"\n\
         retries = 0\nstrategy = \"api\"\nimport_timeout = \"90s\"\nprune = \"none\"\nmax_delete_percent = 100\nvanished_category = \"disable\"",
    ));
    let Catalog { nicechat, guard, .. } = catalog(nicechat.expect("a config"));
    assert_eq!(nicechat.base_url.as_str(), "http://127.0.0.1:8080/nice");
    assert_eq!(nicechat.concurrency.most().get(), 2);
    assert_eq!(nicechat.requests_per_second.map(std::num::NonZeroU32::get), Some(10));
    assert_eq!(nicechat.timeout, Duration::from_millis(500));
    assert_eq!(nicechat.retries, 0);
    assert_eq!(nicechat.strategy, Strategy::Api);
    assert_eq!(nicechat.import_timeout, Duration::from_secs(90));
    assert_eq!(nicechat.prune, Prune::None);
    assert_eq!(guard.max_delete_percent, 100);
    assert_eq!(nicechat.vanished_category, VanishedCategory::Disable);
}

#[test]
fn empty_texts_that_mean_none() {
    let text = source("username = \"\"\npassword_file = \"\"\nresync_schedule = \"\"\ndefault_category = \"\"");
    let source = catalog(load(&text).expect("a config")).source;
    assert!(source.credentials.is_none() && source.resync_schedule.is_none() && source.default_category.is_none());
}

#[test]
fn the_example_is_right_and_tells_the_defaults() {
    let example = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/shelfkeeper.example.toml"));
    let loaded = load(example).expect("a config");
    assert_eq!(format!("{loaded:?}"), format!("{:?}", load(&source("")).expect("a config")));
    for key in names::SECTIONS.iter().chain(&names::TABLES).flat_map(|section| section.keys) {
        assert!(example.contains(key), "the example doesn't tell about {key}");
    }
    // What the example only shows as a comment is right as well.
    let folder = Folder::new("");
    let mut filled = example.to_owned();
    for name in [
        "path",
        "[http]",
        "listen",
        "public_listen = ",
        "public_url = ",
        "allowed_hosts",
        "allow_origins",
        "trusted_proxies",
        "requests_per_second",
    ] {
        filled = filled.replace(&format!("# {name}"), name);
    }
    let address = "public_listen = \"127.0.0.1:8788\"";
    filled = filled.replace("public_listen = \"\"", address);
    for name in ["nicechat_api_key", "nicechat_api_secret"] {
        let written = format!("# {}_file = \"/etc/shelfkeeper/{name}\"", &name[9..]);
        assert!(filled.contains(&written), "{written}");
        filled = filled.replace(&written, &format!("{}_file = {:?}", &name[9..], folder.write(name, "x\n")));
    }
    folder.write("shelfkeeper.toml", filled);
    let filled = folder.load(&[]).expect("a config");
    let filled = catalog(filled);
    assert!(filled.source.resync_schedule.is_some());
    let empty = load(&source(&format!("[http]\n{address}"))).expect("a config").http;
    assert_eq!(format!("{:?}", filled.http), format!("{empty:?}"));
}

#[test]
fn the_example_shows_the_defaults_of_what_may_be_left_out() {
    let example = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/shelfkeeper.example.toml"));
    let (_, shown) = example.split_once("# [lagerkoll]\n").expect("the section");
    let (shown, _) = shown.split_once("# Who is told").expect("the section after it");
    // What is no sentence is a setting; the user is the other way to say who we are.
    let is_setting =
        |line: &&str| line.starts_with("[[") || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let lines = shown.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting);
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with("user")).collect();
    let folder = Folder::new("");
    let mut text = format!("{}[lagerkoll]\n{}", source(""), lines.join("\n"));
    for name in ["lagerkoll_api_key_5678", "lagerkoll_api_key"] {
        text = text.replace(&format!("\"/etc/shelfkeeper/{name}\""), &format!("{:?}", folder.write(name, "x\n")));
    }
    folder.write("shelfkeeper.toml", &text);
    let shown = folder.load(&SECRETS).expect(&text).lagerkoll.expect("a section");
    assert_eq!((shown.events.len(), shown.copies.len()), (1, 1));
    let least = "[lagerkoll]\nstore = \"1234\"\napi_key = \"x\"";
    let least = load(&source(least)).expect("a config").lagerkoll.expect("a section");
    let without_lists = Lagerkoll { events: Vec::new(), copies: Vec::new(), ..shown };
    assert_eq!(format!("{without_lists:?}"), format!("{least:?}"));
}

#[test]
fn under_systemd_the_state_is_in_its_directory() {
    let path = |text: &str, list| {
        let variables = [SECRETS[0], SECRETS[1], ("STATE_DIRECTORY", list)];
        Folder::new(text).load(&variables).expect("a config").state.path
    };
    assert_eq!(path(&source(""), "/var/lib/a:/var/lib/b"), Path::new("/var/lib/a/shelfkeeper.db"));
    assert_eq!(path(&source(""), ""), Path::new("state/shelfkeeper.db"));
    assert_eq!(path(&source("[state]\npath = \"/srv/s.db\""), "/var/lib/a"), Path::new("/srv/s.db"));
}

#[test]
fn the_file_is_looked_for_in_order() {
    let folder = Folder::new("");
    folder.write("other.toml", "");
    let [other, usual, absent] = ["other.toml", "shelfkeeper.toml", "absent.toml"].map(|name| folder.path(name));
    let find = |explicit: Option<&Path>, variable: &str, places: &[&Path]| {
        find::find(explicit, &Environment::of(&[("SHELFKEEPER_CONFIG", variable)]), places)
    };
    let absent_text = absent.display().to_string();
    assert_eq!(find(Some(&other), &absent_text, &[&usual]), Ok(other.clone()));
    assert_eq!(find(None, &other.display().to_string(), &[&usual]), Ok(other.clone()));
    assert_eq!(find(None, "", &[&absent, &usual, &other]), Ok(usual.clone()));

    let message = find(Some(&absent), "", &[&usual]).expect_err("no such file").to_string();
    assert_eq!(message, format!("there is no config file {absent_text}, which --config names"));
    let message = find(None, &absent_text, &[&usual]).expect_err("no such file").to_string();
    assert_eq!(message, format!("there is no config file {absent_text}, which $SHELFKEEPER_CONFIG names"));
    let message = find(None, "", &find::PLACES.map(|_| absent.as_path())).expect_err("no file").to_string();
    for part in
        ["--config", "$SHELFKEEPER_CONFIG", &absent_text, "config/shelfkeeper.example.toml", "`shelfkeeper demo`"]
    {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert_eq!(find::PLACES, ["config/shelfkeeper.toml", "/etc/shelfkeeper/shelfkeeper.toml"]);
}

#[test]
fn a_file_that_cannot_be_read() {
    let folder = Folder::new("");
    let load = |path: &Path| Config::load_in(path, &Environment::of(&SECRETS)).expect_err("an error").to_string();
    assert!(load(&folder.path("absent")).contains("absent cannot be read: No such file"));
    assert!(load(folder.0.path()).contains("cannot be read: this is not a file"));
    folder.write("shelfkeeper.toml", b"[source]\nlocation = \"\xff\"\n");
    assert!(load(&folder.path("shelfkeeper.toml")).contains("UTF-8"));
}

#[test]
fn the_example_shows_the_defaults_of_the_adapter() {
    let example = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/shelfkeeper.example.toml"));
    let (_, shown) = example.split_once("# [oct8ne]\n").expect("the section");
    let is_setting = |line: &&str| {
        *line == "[oct8ne.shop]" || line.split_once(" = ").is_some_and(|(key, _)| !key.contains([' ', ':', '"']))
    };
    let lines = shown.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting);
    let lines: Vec<&str> = lines.filter(|line| !line.contains("_file = ") && !line.starts_with("secret")).collect();
    let head = source("[http]\npublic_listen = \"127.0.0.1:0\"\n[oct8ne]");
    let of = |text: &str| format!("{:?}", load(text).expect(text).oct8ne.expect("a section"));
    assert_eq!(lines.len(), 27, "{lines:?}");
    assert_eq!(
        of(&format!("{head}\n{}", lines.join("\n"))),
        of(&format!("{head}\nshop_url = \"https://shop.example\""))
    );
}
