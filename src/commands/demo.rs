//! `demo`: the main job from one end to the other, on a sample shop of our own.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::outcome::{Exit, Failure, Outcome};
use super::runtime::{runtime, stop_on_signal};
use crate::catalog::Currency;
use crate::config::{
    self, Account, AccountCredentials, Config, Location, NiceChat, Prune, Schedule, Scope, Source, State, Strategy,
    VanishedCategory,
};
use crate::event::{Content, Fields};
use crate::pass::{Ask, Job, PassKind, Report, Trouble};
use crate::report::Bar;
use crate::shop::Shop;
use crate::state::{Reader, Writer};
use crate::systems::System as _;
use crate::systems::catalog::CatalogSystem;
use crate::systems::events::store::ReadEvents as _;
use crate::systems::events::{EventsSystem, event_changes_text, events_text};
use crate::text::span;
use ::sandbox::{Catalog, DEMO_STORE, DEMO_STORE_KEY, Options, Sandbox};

/// Items in the sample shop.
const ITEMS: usize = 1_000;
/// Percent of them that the second feed has otherwise.
const CHANGED: f64 = 1.0;
/// Where the sample shop has its feed.
const FEED: &str = "products.xml";
/// The seed of the sample shop: it is the same every time.
const SEED: u64 = 7;

pub(super) fn demo() -> Outcome {
    let failed = |error: anyhow::Error| Failure { error, exit: Exit::Failed };
    runtime()?.block_on(show()).map_err(failed)
}

async fn show() -> anyhow::Result<Exit> {
    let folder = tempfile::tempdir()?;
    let sandbox = Sandbox::start(Options::default()).await?;
    let shop = demo_shop(&sandbox, folder.path())?;
    let stop = stop_on_signal();
    say("An in-memory NiceChat, a Lagerkoll and a shop with a feed of 1 000 items, all on this machine.")?;
    let steps = [
        ("1. The first sync: NiceChat is empty, and is told to import the feed by itself.", Some(0.0)),
        ("2. The shop changed: prices, stock, titles; some items new, some gone. A request each.", Some(CHANGED)),
        ("3. Nothing changed since.", None),
    ];
    for (title, feed) in steps {
        say(&format!("\n━━ {title}\n"))?;
        if let Some(changed) = feed {
            publish(&sandbox, changed)?;
        }
        let exit = step(&sandbox, &shop, &stop).await?;
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
    mirror(&sandbox, &shop, &stop).await?;
    let held = sandbox.nicechat().objects(::sandbox::Kind::Product).len();
    say(&format!("\nNiceChat holds {held} products now, equal to the feed. Nothing is left behind."))?;
    say("Next: `shelfkeeper feed YOUR-FEED`, then config/shelfkeeper.example.toml and `shelfkeeper plan`.")?;
    Ok(Exit::Done)
}

/// Plans, makes the pass, and shows what was sent.
async fn step(sandbox: &Sandbox, shop: &Shop, stop: &CancellationToken) -> anyhow::Result<Exit> {
    let catalog = CatalogSystem::default();
    let ask = Ask { kind: PassKind::Sync, force: false };
    let plan = catalog.plan(&shop.config, &shop.limits, ask, stop).await.context("the demo has a feed")?;
    let mut text = Vec::new();
    plan.map_err(|failure| failure.error)?.print(&mut text)?;
    say(&excerpt(&String::from_utf8_lossy(&text)))?;
    sandbox.nicechat().take_requests();
    let fetches = sandbox.shop().requests().len();
    let started = Instant::now();
    let job = catalog.job(shop, false).context("the demo has a feed")?;
    let report = pass(job.as_ref(), stop).await?;
    let took = span(started.elapsed());
    let fetched = sandbox.shop().requests();
    let fetched: Vec<String> = fetched.iter().skip(fetches).map(|fetch| fetch.status.to_string()).collect();
    say(&format!("sent in {took}: {}; the feed's host answered {}", sent(sandbox), fetched.join(", ")))?;
    Ok(report.exit)
}

/// Makes a pass, and tells what it came to.
async fn pass(job: &dyn Job, stop: &CancellationToken) -> anyhow::Result<Report> {
    let bar = Bar::new();
    let mut report = job.run(Ask { kind: PassKind::Sync, force: false }, stop, &|step| bar.tell(step)).await;
    bar.finish();
    say(&report.summary)?;
    let error = std::mem::take(&mut report.troubles).into_iter().find_map(Trouble::into_error);
    error.map_or(Ok(report), Err)
}

/// Mirrors events, changes one behind our back, and shows that it is noticed.
async fn mirror(sandbox: &Sandbox, shop: &Shop, stop: &CancellationToken) -> anyhow::Result<()> {
    let Some(job) = EventsSystem.job(shop, false) else { return Ok(()) };
    let lagerkoll = sandbox.lagerkoll();
    let mut stock = None;
    for (subject, time) in [("Stock of today", "08:00"), ("Orders of today", "18:00")] {
        let trigger = fields(json!({"time": time}));
        let action = fields(json!({"to": ["warehouse@shop.example"], "subject": subject}));
        let event = Content::new("TIME", trigger, "SEND_EMAIL", action);
        stock = stock.or(lagerkoll.add(DEMO_STORE, event.fields().clone()));
    }
    say("\n━━ 4. Lagerkoll has two scheduled events: they are mirrored.\n")?;
    let place = job.subject();
    pass(job.as_ref(), stop).await?;
    let reader = Reader::open(&shop.config.state.path)?;
    events_text(&reader.events(&place)?, reader.mirror(&place)?.as_ref(), &mut io::stdout())?;
    if let Some(id) = stock {
        lagerkoll.edit(DEMO_STORE, id, |event| {
            event.insert("trigger".to_owned(), json!({"time": "07:30"}));
        });
    }
    say("\n━━ 5. Somebody changed one of them; the next pass notices, and `events --history` tells.\n")?;
    pass(job.as_ref(), stop).await?;
    // A reader sees the state as it was when it was opened.
    let reader = Reader::open(&shop.config.state.path)?;
    Ok(event_changes_text(&reader, &place, &mut io::stdout())?)
}

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// What NiceChat was asked, by kind of request.
fn sent(sandbox: &Sandbox) -> String {
    let counts: BTreeMap<String, usize> = sandbox.nicechat().counts();
    if counts.is_empty() {
        return "nothing to NiceChat".to_owned();
    }
    counts.iter().map(|(what, n)| format!("{n} {what}")).collect::<Vec<_>>().join(", ")
}

/// The first lines of each group of a plan: the demo shows the kind of thing, not all of it.
fn excerpt(plan: &str) -> String {
    const LINES: usize = 6;
    let groups = plan.trim_end().split("\n\n").map(|group| {
        let mut lines: Vec<&str> = group.lines().collect();
        if lines.len() > LINES + 1 {
            lines.truncate(LINES);
            lines.push("  …");
        }
        lines.join("\n")
    });
    groups.collect::<Vec<_>>().join("\n\n") + "\n"
}

fn publish(sandbox: &Sandbox, changed: f64) -> io::Result<()> {
    let catalog = Catalog { seed: SEED, items: ITEMS, changed, ..Catalog::default() };
    let mut feed = Vec::new();
    catalog.write_yml(&mut feed)?;
    sandbox.shop().put(FEED, feed, "application/xml");
    Ok(())
}

fn demo_shop(sandbox: &Sandbox, folder: &Path) -> anyhow::Result<Shop> {
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
        nicechat: demo_nicechat(sandbox)?,
    };
    let config = Config {
        state: State { path, history: config::History::default() },
        catalog: Some(Arc::new(catalog)),
        source_alone: None,
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
        orders: None,
        hooks: Vec::new(),
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

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}
