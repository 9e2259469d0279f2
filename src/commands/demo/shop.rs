//! The sample shop: its settings, and its feed.

use std::io;
use std::path::Path;

use rust_decimal::Decimal;

use crate::config::Config;
use crate::shop::Shop;
use crate::state::Writer;
use ::sandbox::{Catalog, DEMO_ADVISOR, Sandbox};

/// Items in the sample shop.
const ITEMS: usize = 1_000;
/// Percent of them that the second feed has otherwise.
const CHANGED: f64 = 1.0;
/// Where the sample shop has its feed.
const FEED: &str = "products.xml";
/// The seed of the sample shop: it is the same every time.
const SEED: u64 = 7;
/// The shop of bricks that is to have clienteling, and where its number is to be from.
const STORE: &str = "10001";
const CITY: &str = "Jacksonville";
/// Of so many prices one slips.
const SLIPS: usize = 4;

/// What the sample shop publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feed {
    First,
    /// Prices, stock and titles are others; some items are new, some gone.
    Changed,
    /// The same, but the decimal point of many prices has slipped.
    Slipped,
}

pub(super) fn publish(sandbox: &Sandbox, feed: Feed) -> io::Result<()> {
    let changed = if feed == Feed::First { 0.0 } else { CHANGED };
    let catalog = Catalog { seed: SEED, items: ITEMS, changed, ..Catalog::default() };
    let mut text = Vec::new();
    catalog.write_yml(&mut text)?;
    if feed == Feed::Slipped {
        text = slipped(&String::from_utf8_lossy(&text)).into_bytes();
    }
    sandbox.shop().put(FEED, text, "application/xml");
    Ok(())
}

/// The feed with every so many price ten times as high, and one title that has nothing to do with it.
fn slipped(feed: &str) -> String {
    let mut parts = feed.split("<price>");
    let mut text = parts.next().unwrap_or_default().replacen("</name>\n<url>", " (sale)</name>\n<url>", 2);
    for (at, part) in parts.enumerate() {
        text.push_str("<price>");
        match part.split_once('<').and_then(|(price, rest)| Some((price.parse::<Decimal>().ok()?, rest))) {
            Some((price, rest)) if at % SLIPS == 0 => text.push_str(&format!("{}<{rest}", price * Decimal::TEN)),
            _ => text.push_str(part),
        }
    }
    text
}

/// The sample shop: everything that a config can have, at the sandbox.
pub(super) fn demo_shop(sandbox: &Sandbox, folder: &Path) -> anyhow::Result<Shop> {
    let (feed, state) = (sandbox.shop().url(FEED), folder.join("shelfkeeper.db"));
    let vendors = [
        sandbox.config_section(),
        "[orders]".to_owned(),
        sandbox.lagerkoll_section(),
        sandbox.oct8ne_section(),
        sandbox.emplifi_section() + "open_after = 1\nclose_after = 1\n",
        format!("[[emplifi.watch]]\nname = \"sofas\"\nalias = {DEMO_ADVISOR:?}"),
        sandbox.newstore_section(),
        format!("[[newstore.store]]\nid = {STORE:?}\nchoose = {{ locality = {CITY:?} }}"),
    ];
    let text = format!(
        "[source]\nlocation = {feed:?}\n[state]\npath = {state:?}\n[http]\nlisten = \"\"\npublic_listen = \"127.0.0.1:0\"\n{}\n",
        vendors.join("\n")
    );
    let config = Config::of_text(&folder.join("shelfkeeper.toml"), &text)?;
    let state = Writer::open(&config.state.path, config.base_url())?;
    Ok(Shop::new(config, state))
}
