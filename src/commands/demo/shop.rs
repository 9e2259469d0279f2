//! The sample shop: its settings, and its feed.

use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use secrecy::SecretString;

use crate::catalog::Currency;
use crate::config::{
    self, Account, AccountCredentials, Config, Location, NiceChat, Prune, Schedule, Scope, Source, State, Strategy,
    VanishedCategory,
};
use crate::shop::Shop;
use crate::state::Writer;
use ::sandbox::{Catalog, DEMO_STORE, DEMO_STORE_KEY, Sandbox};

/// Items in the sample shop.
const ITEMS: usize = 1_000;
/// Percent of them that the second feed has otherwise.
const CHANGED: f64 = 1.0;
/// Where the sample shop has its feed.
const FEED: &str = "products.xml";
/// The seed of the sample shop: it is the same every time.
const SEED: u64 = 7;
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

pub(super) fn demo_shop(sandbox: &Sandbox, folder: &Path) -> anyhow::Result<Shop> {
    let location = Location::parse(&sandbox.shop().url(FEED)).map_err(anyhow::Error::msg)?;
    let path = folder.join("shelfkeeper.db");
    let every = |minutes: u64| Schedule::Every(Duration::from_secs(60 * minutes));
    let catalog = config::Catalog {
        source: Source {
            location,
            format: None,
            schedule: every(15),
            resync_schedule: None,
            splay: config::Splay::default(),
            place: config::Place::default(),
            timeout: Duration::from_secs(60),
            max_bytes: 1 << 30,
            credentials: None,
            default_currency: Currency::parse("usd"),
            default_category: None,
            rules: config::Rules::default(),
        },
        guard: config::Guard::default(),
        state: State { path: path.clone(), history: config::History::default() },
        http: None,
        is_shown: true,
        nicechat: demo_nicechat(sandbox)?,
    };
    let config = Config {
        state: State { path, history: config::History::default() },
        catalog: Some(Arc::new(catalog)),
        source_alone: None,
        emplifi: None,
        newstore: None,
        orders: None,
        hooks: Vec::new(),
        lagerkoll: Some(config::Lagerkoll {
            base_url: sandbox.lagerkoll_url().parse()?,
            account: Account {
                store: DEMO_STORE.to_owned(),
                credentials: AccountCredentials::Key(SecretString::from(DEMO_STORE_KEY)),
            },
            scope: Scope::Store,
            schedule: every(5),
            history_days: 90,
            timeout: Duration::from_secs(30),
            retries: 5,
            max_delete_percent: 20,
            events: Vec::new(),
            copies: Vec::new(),
        }),
        oct8ne: Some(Arc::new(config::Oct8ne::of_shop("https://shop.example".parse()?))),
        guard: config::Guard::default(),
        http: None,
        secret_files: Vec::new(),
    };
    let state = Writer::open(&config.state.path, config.base_url())?;
    Ok(Shop::new(config, state))
}

fn demo_nicechat(sandbox: &Sandbox) -> anyhow::Result<NiceChat> {
    Ok(NiceChat {
        base_url: sandbox.base_url().parse()?,
        api_key: SecretString::from(sandbox.key().to_owned()),
        api_secret: SecretString::from(sandbox.secret().to_owned()),
        concurrency: NonZeroUsize::MIN.saturating_add(7),
        requests_per_second: None,
        timeout: Duration::from_secs(30),
        retries: 5,
        strategy: Strategy::Auto,
        import_timeout: Duration::from_secs(60),
        prune: Prune::Owned,
        vanished_category: VanishedCategory::Delete,
    })
}
