//! `init`: asks what has to be known, tries the feed, and writes a config that works. Nothing that is there is
//! touched.

mod ask;
mod place;
mod text;
mod trial;

use std::io::{self, IsTerminal as _, StdinLock, Write as _};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use secrecy::{ExposeSecret as _, SecretString};

use ask::Terminal;
use place::Place;
use text::Answers;
use trial::try_feed;

use super::outcome::{Exit, Failure, Outcome, unheard};
use crate::cli;
use crate::config::{self, Config};

type Asked = Option<Terminal<StdinLock<'static>, io::Stderr>>;

pub(super) fn init(arguments: &cli::Init, shop: Option<&str>, config: Option<PathBuf>) -> Outcome {
    let is_found = shop.is_none() && config.is_none() && std::env::var_os(config::VARIABLE).is_none();
    // A unit looks for the secrets beside its config by names of their own.
    let named = config.as_deref().and_then(place::shop_at);
    let shop = shop.or(named.as_deref());
    let place = Place::of(shop, config).map_err(usage)?;
    place.check_free().map_err(failed)?;
    let may_ask = !arguments.yes && io::stdin().is_terminal();
    let mut terminal = may_ask.then(|| Terminal::new(io::stdin().lock(), io::stderr()));
    let (location, found) = feed(arguments, &mut terminal)?;
    unheard(writeln!(io::stdout(), "{found}"))?;
    let base_url = match (&arguments.nicechat, &mut terminal) {
        (Some(url), _) => url.clone(),
        (None, Some(terminal)) => terminal.ask("NiceChat's address", Some(text::BASE_URL))?,
        (None, None) => text::BASE_URL.to_owned(),
    };
    // A unit's credentials are read from where it looks for them.
    let is_kept = |file: &Path, place: &Path| shop.is_none() || file == place;
    let key = secret(Secret::KEY, (arguments.api_key_file.as_deref(), &place.api_key), is_kept, &mut terminal)?;
    let file = arguments.api_secret_file.as_deref();
    let secret = secret(Secret::SECRET, (file, &place.api_secret), is_kept, &mut terminal)?;
    let state = match (&arguments.state, &mut terminal) {
        (Some(path), _) => Some(path.clone()),
        // That of a unit belongs where the unit may write.
        (None, Some(terminal)) if shop.is_none() => {
            terminal.ask_or_none("The state file (empty = where it belongs)")?.map(PathBuf::from)
        }
        (None, _) => None,
    };
    let answers = Answers { location, base_url, api_key_file: key.path, api_secret_file: secret.path, state };
    let text = answers.config().map_err(usage)?;
    let secrets = [(&place.api_key, key.value), (&place.api_secret, secret.value)];
    let written = place.write(&text, secrets.map(|(path, value)| value.map(|value| (path.as_path(), value))));
    let written = written.map_err(failed)?;
    if let Err(error) = Config::without_secrets(&place.config, |_| ()) {
        // Whatever was answered makes no config that holds.
        written.undo();
        return Err(error.into());
    }
    written.tell(&mut io::stdout())?;
    let set = [Secret::KEY, Secret::SECRET].map(|secret| secret.variable);
    let set: Vec<&str> = set.into_iter().filter(|variable| std::env::var_os(variable).is_some()).collect();
    if !set.is_empty() {
        writeln!(io::stdout(), "\nThe files have them now, and one place is enough: `unset {}`.", set.join(" "))?;
    }
    let named = match shop {
        Some(shop) => format!("shelfkeeper --shop {shop}"),
        None => format!("shelfkeeper --config {}", place.config.display()),
    };
    let next = if is_found { "shelfkeeper" } else { &named };
    writeln!(io::stdout(), "\nNext: `{next} check --online`, then `{next} plan`.")?;
    match Config::without_secrets(&place.config, Config::caller)?.unit {
        Some(unit) => writeln!(io::stdout(), "When the plan is right: `systemctl enable --now {unit}`.")?,
        None => writeln!(io::stdout(), "(For a systemd service: `shelfkeeper init --shop shelfkeeper`, as root.)")?,
    }
    Ok(Exit::Done)
}

/// Where the feed is, and what was found there. Asks again until there is one.
fn feed(arguments: &cli::Init, terminal: &mut Asked) -> Result<(String, String), Failure> {
    loop {
        let location = match (&arguments.feed, &mut *terminal) {
            (Some(feed), _) => feed.clone(),
            (None, Some(terminal)) => terminal.ask("The feed: its address, or the path of a file", None)?,
            (None, None) => {
                let what = "there is nobody to ask: name the feed with --feed (see `shelfkeeper init --help`)";
                return Err(usage(anyhow!(what)));
            }
        };
        match (try_feed(&location), &mut *terminal) {
            (Ok(found), _) => return Ok((location, found)),
            (Err(failure), Some(terminal)) if arguments.feed.is_none() => {
                terminal.say(&format!("{:#}", failure.error))?;
            }
            (Err(failure), _) => return Err(failure),
        }
    }
}

/// One of the two halves of the shop's credentials.
struct Secret {
    name: &'static str,
    variable: &'static str,
    flag: &'static str,
}

/// Where a half is going to be; with it, when it isn't there yet.
struct Kept {
    path: PathBuf,
    value: Option<SecretString>,
}

impl Secret {
    const KEY: Secret = Secret { name: "API key", variable: "SHELFKEEPER_NICECHAT_API_KEY", flag: "--api-key-file" };
    const SECRET: Secret =
        Secret { name: "API secret", variable: "SHELFKEEPER_NICECHAT_API_SECRET", flag: "--api-secret-file" };
}

/// A file that has it already, else the environment, else whoever can be asked.
fn secret(
    which: Secret,
    (file, place): (Option<&Path>, &Path),
    is_kept: impl Fn(&Path, &Path) -> bool,
    terminal: &mut Asked,
) -> Result<Kept, Failure> {
    let Secret { name, variable, flag } = which;
    if let Some(file) = file {
        let path = std::path::absolute(file)?;
        let unreadable = |error| usage(anyhow!("{flag} {}: it can't be read: {error}", file.display()));
        let text = SecretString::from(std::fs::read_to_string(&path).map_err(unreadable)?);
        let text = SecretString::from(config::without_mark(text.expose_secret()));
        if let Some(fault) = fault(&text) {
            return Err(usage(anyhow!("{flag} {}: it {fault}", file.display())));
        }
        return Ok(match is_kept(&path, place) {
            true => Kept { path, value: None },
            false => Kept { path: place.to_owned(), value: Some(text) },
        });
    }
    let value = match (std::env::var(variable), terminal) {
        (Ok(value), _) => SecretString::from(value),
        (Err(_), Some(terminal)) => terminal.ask_secret(&format!("The shop's {name} at NiceChat (isn't shown)"))?,
        (Err(_), None) => {
            return Err(usage(anyhow!("there is nobody to ask for the {name}: set {variable}, or give {flag} FILE")));
        }
    };
    if let Some(fault) = fault(&value) {
        return Err(usage(anyhow!("the {name} {fault}")));
    }
    Ok(Kept { path: place.to_owned(), value: Some(value) })
}

/// Why a secret is none that a config can have.
fn fault(secret: &SecretString) -> Option<&'static str> {
    match secret.expose_secret().trim() {
        "" => Some("is empty"),
        text if text.contains(char::is_control) => Some("has a line break or a control character inside"),
        _ => None,
    }
}

fn usage(error: anyhow::Error) -> Failure {
    Failure { error, exit: Exit::Config }
}

fn failed(error: anyhow::Error) -> Failure {
    Failure { error, exit: Exit::Failed }
}
