//! `[notify]`: who is told of what happens.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use lettre::message::Mailbox;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::document::Document;
use super::environment::Environment;
use super::heartbeat::{self, Heartbeat};
use super::location::web_address;
use super::names::{HEARTBEAT_URL, HOOK, NOTIFY, SECRET, SMTP};
use super::section::{Section, Setting};
use super::smtp::{Smtp, mailbox};
use super::units::{self, HOUR, list};
use super::{ConfigError, secret, smtp};
use crate::outbox::EventKind;

const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=HOUR;
const GIVE_UP: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(30 * 24 * 3_600);
/// What a secret that is base64 begins with (Standard Webhooks).
const PREFIX: &str = "whsec_";
/// Whoever made it may have left the `=` at its end away.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// The longest name.
const LONGEST: usize = 64;

/// What [`Notify::fail_after`] is unless it is set.
const FAIL_AFTER: u32 = 3;

/// What is told, and to whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Notify {
    /// Who is told.
    pub hooks: Vec<Hook>,
    /// What the shop is called to them; `None` = it is the only one.
    pub shop: Option<String>,
    /// So many failures of a job in a row are told.
    pub fail_after: u32,
    /// Less room than this for the state, in bytes, is told.
    pub disk_low: u64,
    /// Who is told of each pass; `None` = nobody.
    pub heartbeat: Option<Heartbeat>,
}

impl Default for Notify {
    fn default() -> Notify {
        Notify { hooks: Vec::new(), shop: None, fail_after: FAIL_AFTER, disk_low: 512 << 20, heartbeat: None }
    }
}

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    /// Its name; all are different.
    pub name: String,
    /// Of what; never empty.
    pub events: Vec<EventKind>,
    /// How.
    pub to: HookTarget,
    /// Whether what is kept of persons is told, too.
    pub personal: bool,
    /// How long it may take.
    pub timeout: Duration,
    /// How long an event is tried.
    pub give_up_after: Duration,
}

/// How a hook is told.
#[derive(Debug, Clone)]
pub enum HookTarget {
    /// By a POST.
    Url {
        /// `http` or `https`.
        url: Url,
        /// What it is signed with.
        secret: Option<SecretString>,
    },
    /// By running a program: its path and its arguments. No shell.
    Command(Vec<String>),
    /// By mail.
    Mail {
        /// Whom; never empty.
        to: Vec<Mailbox>,
        /// By which server.
        smtp: Arc<Smtp>,
    },
}

impl PartialEq for HookTarget {
    fn eq(&self, other: &HookTarget) -> bool {
        match (self, other) {
            (HookTarget::Command(ours), HookTarget::Command(theirs)) => ours == theirs,
            (HookTarget::Url { url, secret }, HookTarget::Url { url: other_url, secret: other }) => {
                let exposed =
                    |secret: &Option<SecretString>| secret.as_ref().map(|secret| secret.expose_secret().to_owned());
                url == other_url && exposed(secret) == exposed(other)
            }
            (HookTarget::Mail { to, smtp }, HookTarget::Mail { to: others, smtp: other }) => {
                to == others && smtp == other
            }
            _ => false,
        }
    }
}

/// The key that a secret stands for; `None` = it says that it is base64, and isn't.
pub fn signing_key(secret: &SecretString) -> Option<Vec<u8>> {
    let secret = secret.expose_secret();
    match secret.strip_prefix(PREFIX) {
        Some(encoded) => BASE64.decode(encoded).ok().filter(|key| !key.is_empty()),
        None => Some(secret.as_bytes().to_vec()),
    }
}

/// Reads the section.
pub(super) fn read(document: &Document<'_>, environment: &Environment) -> Result<Notify, ConfigError> {
    let section = Section::of(document, &NOTIFY);
    if !section.exists() && !secret::is_in(environment, &NOTIFY, HEARTBEAT_URL) {
        return Ok(Notify::default());
    }
    let shop = section.get_filled("shop").map(|setting| setting.text());
    Ok(Notify {
        hooks: hooks(&section, environment)?,
        shop: section.keep(shop.transpose(), || None).map(str::to_owned),
        fail_after: section.number("fail_after", FAIL_AFTER, 1..=1_000),
        disk_low: section.read("disk_low", "512MiB", units::size)?,
        heartbeat: section.keep(heartbeat::read(&section, environment), || None),
    })
}

/// What is wrong with one hook hides nothing that is wrong with the next, nor with another setting of its own.
fn hooks(section: &Section<'_>, environment: &Environment) -> Result<Vec<Hook>, ConfigError> {
    let smtp = smtp::read(section, environment).map(Arc::new);
    let mut names = HashSet::new();
    let mut hooks = Vec::new();
    for mut table in section.tables(&HOOK) {
        let name = table.keep(hook_name(&table, &mut names), || None);
        // Without a name nobody knows what its secret is called elsewhere.
        table.secrets = format!("notify_hook_{}", name.as_deref().unwrap_or_default());
        let events = table.keep(hook_events(&table), Vec::new);
        let to = target(&table, (section, smtp.as_ref()), environment).map(Some);
        let to = table.keep(to, || None);
        let personal = table.is_set("personal");
        let timeout = table.read("timeout", "10s", |text| units::duration(text, &TIMEOUTS))?;
        let give_up_after = table.read("give_up_after", "72h", |text| units::duration(text, &GIVE_UP))?;
        if let (Some(name), Some(to)) = (name, to) {
            hooks.push(Hook { events, to, personal, timeout, give_up_after, name });
        }
    }
    Ok(hooks)
}

fn hook_name(table: &Section<'_>, names: &mut HashSet<String>) -> Result<Option<String>, ConfigError> {
    let name = table.get_filled("name").map(|setting| setting.parse(name)).transpose()?;
    let name = name.ok_or_else(|| table.error("notify.hook.name is missing: set it, a name of your own for it"))?;
    // A variable with a secret is called after its hook, and has no `-` in its name.
    if !names.insert(name.replace('-', "_")) {
        return Err(
            table.error(format!("notify.hook: there is another hook of the name {name:?} (- and _ are the same here)"))
        );
    }
    Ok(Some(name))
}

fn hook_events(table: &Section<'_>) -> Result<Vec<EventKind>, ConfigError> {
    let events = table.get("events").map(|setting| events(&setting)).transpose()?.unwrap_or_default();
    if events.is_empty() {
        return Err(table.error("notify.hook.events is missing: set it, such as [\"order.new\"]"));
    }
    Ok(events)
}

fn name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let is_right = (1..=LONGEST).contains(&text.len()) && text.chars().all(is_plain);
    is_right
        .then(|| text.to_owned())
        .ok_or_else(|| "a name has lower-case letters, digits, - and _, at most 64".to_owned())
}

/// An address whose query may be what its receiver knows us by.
fn address(text: &str) -> Result<Url, String> {
    let (before, query) = text.trim().split_once('?').map_or((text.trim(), None), |(url, query)| (url, Some(query)));
    let mut url = web_address(before, "https://shop.example/hook", "without user and password")?;
    url.set_query(query);
    Ok(url)
}

fn events(setting: &Setting<'_>) -> Result<Vec<EventKind>, ConfigError> {
    let kind = |word: &str| EventKind::ALL.into_iter().find(|kind| kind.name() == word);
    setting.texts(|word| {
        kind(word).ok_or_else(|| {
            let words = list(EventKind::ALL.iter().map(|kind| format!("{:?}", kind.name())), "and");
            format!("there is no event {word:?}; there are {words}")
        })
    })
}

fn target(
    table: &Section<'_>,
    (notify, smtp): (&Section<'_>, Option<&Arc<Smtp>>),
    environment: &Environment,
) -> Result<HookTarget, ConfigError> {
    let url = table.get_filled("url");
    if let Some(secret) = table.get(SECRET.key).or_else(|| table.get(SECRET.file)).filter(|_| url.is_none()) {
        let misplaced = secret.bad("signs what is sent to a url, and there is none here: take it out");
        table.keep(Err(misplaced), || ());
    }
    match (url, table.get("command"), table.get("mail")) {
        (None, None, None) => Err(table.error("notify.hook has neither url nor command nor mail: set one of them")),
        (Some(url), None, None) => post(table, &url, environment),
        (None, Some(command), None) => match command.texts(|text| Ok(text.to_owned()))? {
            words if words.first().is_none_or(String::is_empty) => {
                Err(command.bad("expected a program and its arguments, such as [\"/usr/local/bin/on-order\"]"))
            }
            words => Ok(HookTarget::Command(words)),
        },
        (None, None, Some(mail)) => {
            let to = mailboxes(&mail)?;
            match smtp {
                Some(smtp) => Ok(HookTarget::Mail { to, smtp: Arc::clone(smtp) }),
                // What is wrong with the section is told; nothing is done with what stands in for it.
                None if notify.below(&SMTP).exists() => Ok(HookTarget::Command(Vec::new())),
                None => Err(mail.bad("there is no mail server: add section [notify.smtp], with host and from")),
            }
        }
        (url, command, mail) => {
            let given = [("url", url), ("command", command), ("mail", mail)];
            let mut given = given.into_iter().filter_map(|(name, setting)| Some((name, setting?)));
            let (first, second) = (given.next().map_or("url", |(name, _)| name), given.next());
            let message = format!("is given beside {first}; keep one of the two");
            Err(second.map_or_else(|| table.error(&message), |(_, setting)| setting.bad(&message)))
        }
    }
}

fn post(table: &Section<'_>, url: &Setting<'_>, environment: &Environment) -> Result<HookTarget, ConfigError> {
    let url = url.parse(address)?;
    let is_signed = !secret::given(table, SECRET, environment)?.is_empty();
    let secret = is_signed.then(|| secret::required(table, SECRET, environment)).transpose()?;
    if secret.as_ref().is_some_and(|secret| signing_key(secret).is_none()) {
        return Err(table.error(format!(
            "notify.hook.secret: what comes after {PREFIX} must be base64; copy it as a whole, or leave {PREFIX} away if \
             it is none"
        )));
    }
    Ok(HookTarget::Url { url, secret })
}

/// Whom a mail goes to: a list, or one address.
fn mailboxes(mail: &Setting<'_>) -> Result<Vec<Mailbox>, ConfigError> {
    let to = if mail.is_list() { mail.texts(mailbox)? } else { vec![mail.parse(mailbox)?] };
    let mut seen = HashSet::new();
    match to.iter().find(|to| !seen.insert(to.email.to_string().to_lowercase())) {
        Some(twice) => Err(mail.bad(format!("{} is there twice; keep one", twice.email))),
        None if to.is_empty() => Err(mail.bad("expected a list of mail addresses, such as [\"shop@shop.example\"]")),
        None => Ok(to),
    }
}
