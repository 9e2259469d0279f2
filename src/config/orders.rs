//! `[orders]`: the mirror of NiceChat's orders.

use super::document::Document;
use super::names::ORDERS;
use super::section::{Section, Setting};
use super::units::list;
use super::{ConfigError, Guard, NiceChat, Schedule};
use crate::catalog::Currency;

/// NiceChat's orders.
#[derive(Debug, Clone)]
pub struct Orders {
    /// The shop at NiceChat.
    pub nicechat: NiceChat,
    /// When what is new is read.
    pub schedule: Schedule,
    /// When the whole listing is; `None` = only when somebody asks for it.
    pub resync_schedule: Option<Schedule>,
    /// What is kept of persons.
    pub keep: Keep,
    /// How long that is, from the order's date on, in days.
    pub personal_days: u32,
    /// Whether a client's orders can be found by the e-mail address.
    pub match_email: bool,
    /// Older orders are not held, in days.
    pub days: u32,
    /// Of lines without one.
    pub currency: Option<Currency>,
    /// Whether orders that are there at the first read are announced.
    pub announce_old: bool,
    /// Of the orders: so many may vanish at once without somebody's word, in per cent ...
    pub max_delete_percent: u8,
    /// ... and so few always may.
    pub min_count: u64,
}

/// What is kept of persons.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keep {
    /// `contacts.client`.
    pub client: bool,
    /// `contacts.billing_address`.
    pub billing_address: bool,
    /// `contacts.shipping_address`.
    pub shipping_address: bool,
    /// `contacts.info`.
    pub info: bool,
}

impl Keep {
    /// Its words, which are NiceChat's for these parts of an order's contacts.
    pub const WORDS: [&str; 4] = ["client", "billing_address", "shipping_address", "info"];
}

impl Keep {
    /// Whether anything is.
    pub fn is_any(self) -> bool {
        self != Keep::default()
    }
}

impl Orders {
    /// A file without the section wants no mirror.
    pub(super) fn read(
        document: &Document<'_>,
        nicechat: &NiceChat,
        guard: &Guard,
    ) -> Result<Option<Orders>, ConfigError> {
        let section = Section::of(document, &ORDERS);
        if !section.exists() {
            return Ok(None);
        }
        let keep = section.get("keep").map_or_else(|| Ok(Keep::default()), |setting| keep(&setting));
        if section.get("keep").is_none() {
            section.comes_from("keep", Some("[]".to_owned()), "default".to_owned());
        }
        Ok(Some(Orders {
            nicechat: nicechat.clone(),
            schedule: section.read("schedule", "every 5m", Schedule::parse)?,
            resync_schedule: section.read("resync_schedule", "0 30 3 * * *", resync)?,
            keep: section.keep(keep, Keep::default),
            personal_days: section.number("personal_days", 30, 0..=3_650),
            match_email: section.is_set("match_email"),
            days: section.number("days", 1_095, 1..=36_500),
            currency: section.read("currency", "", currency)?,
            announce_old: section.is_set("announce_old"),
            max_delete_percent: guard.max_delete_percent,
            min_count: guard.min_count,
        }))
    }
}

fn keep(setting: &Setting<'_>) -> Result<Keep, ConfigError> {
    let mut keep = Keep::default();
    for word in setting.texts(|text| Ok(text.to_owned()))? {
        match word.as_str() {
            "client" => keep.client = true,
            "billing_address" => keep.billing_address = true,
            "shipping_address" => keep.shipping_address = true,
            "info" => keep.info = true,
            _ => {
                let words = list(Keep::WORDS.iter().map(|word| format!("{word:?}")), "and");
                return Err(setting.bad(format!("there is no {word:?} to keep; there are {words}")));
            }
        }
    }
    Ok(keep)
}

/// "never", and nothing, is none.
fn resync(text: &str) -> Result<Option<Schedule>, String> {
    match text.trim() {
        "" | "never" => Ok(None),
        text => Schedule::parse(text).map(Some),
    }
}

fn currency(text: &str) -> Result<Option<Currency>, String> {
    match text.trim() {
        "" => Ok(None),
        code => match Currency::parse(code) {
            Some(currency) => Ok(Some(currency)),
            None => Err("expected a currency of ISO 4217, such as \"usd\", or \"\"".to_owned()),
        },
    }
}
