//! `demo`: the main job from one end to the other, on a sample shop of our own.

mod others;
mod shop;
mod tell;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::outcome::{Exit, Failure, Outcome};
use super::runtime::{runtime, stop_on_signal};
use crate::approval::{CATALOG, give_word};
use crate::event::{Content, Fields};
use crate::pass::{Ask, PassKind};
use crate::shop::Shop;
use crate::state::Reader;
use crate::systems::System as _;
use crate::systems::catalog::store::ReadGuard as _;
use crate::systems::catalog::{CatalogSystem, Held, held_text};
use crate::systems::events::store::ReadEvents as _;
use crate::systems::events::{EventsSystem, event_changes_text, events_text};
use crate::systems::oct8ne::Preview;
use crate::text::{fold, span};
use ::sandbox::{DEMO_STORE, Options, Sandbox};
use shop::{Feed, demo_shop, publish};
use tell::{pass, say};

/// Examples of what is held.
const HELD_SHOWN: usize = 4;

pub(super) fn demo() -> Outcome {
    let failed = |error: anyhow::Error| Failure { error, exit: Exit::Failed };
    runtime()?.block_on(show()).map_err(failed)
}

async fn show() -> anyhow::Result<Exit> {
    let folder = tempfile::tempdir()?;
    let sandbox = Sandbox::start(Options::default()).await?;
    let shop = demo_shop(&sandbox, folder.path())?;
    let stop = stop_on_signal();
    say("An in-memory NiceChat, Lagerkoll, Emplifi, NewStore and shop with a feed of 1 000")?;
    say("items: all here.")?;
    let steps = [
        ("1. The first sync: NiceChat is empty, and told to import the feed.", Some(Feed::First)),
        ("2. The shop changed: prices, stock, titles; some items new, some gone.", Some(Feed::Changed)),
        ("3. Nothing changed since.", None),
    ];
    for (title, feed) in steps {
        say(&format!("\n━━ {title}\n"))?;
        feed.map_or(Ok(()), |feed| publish(&sandbox, feed))?;
        let exit = step(&sandbox, &shop, &stop).await?;
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
    mirror(&sandbox, &shop, &stop).await?;
    widget(&shop)?;
    others::order(&sandbox, &shop, &stop).await?;
    others::advisor(&sandbox, &shop, &stop).await?;
    others::store(&shop).await?;
    let exit = slip(&sandbox, &shop, &stop).await?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    let held = sandbox.nicechat().objects(::sandbox::Kind::Product).len();
    say(&format!("\nNiceChat holds {held} products now, equal to the feed. Nothing is left behind."))?;
    say("Next: `shelfkeeper feed YOUR-FEED`, then `shelfkeeper init` and `shelfkeeper plan`.")?;
    Ok(Exit::Done)
}

/// Has many prices slip by a factor of ten, and shows that they are held until somebody approves.
async fn slip(sandbox: &Sandbox, shop: &Shop, stop: &CancellationToken) -> anyhow::Result<Exit> {
    say("\n━━ 10. Every fourth price slips to the tenfold: held, while the rest is sent.\n")?;
    publish(sandbox, Feed::Slipped)?;
    let exit = step(sandbox, shop, stop).await?;
    if exit != Exit::Held {
        return Ok(exit);
    }
    say("\n━━ 11. Somebody looks at them and approves: exactly these are sent.\n")?;
    let path = &shop.config.state.path;
    let held = Reader::open(path)?.held()?.and_then(|held| serde_json::from_value::<Held>(held).ok());
    let held = held.context("something is held")?;
    write!(io::stdout(), "{}", held_text(&held, HELD_SHOWN))?;
    give_word(path, CATALOG, &held.digest, "demo")?;
    say(&format!("\n$ shelfkeeper approve {}\n", held.digest))?;
    step(sandbox, shop, stop).await
}

/// Plans, makes the pass, and shows what was sent.
async fn step(sandbox: &Sandbox, shop: &Shop, stop: &CancellationToken) -> anyhow::Result<Exit> {
    let catalog = CatalogSystem::default();
    let ask = Ask { kind: PassKind::Sync, force: false };
    let plan = catalog.plan(&shop.config, &shop.limits, ask, stop).await.context("the demo has a feed")?;
    let mut text = Vec::new();
    plan.map_err(|failure| failure.error)?.print(&shop.config.program, &mut text)?;
    say(&excerpt(&String::from_utf8_lossy(&text)))?;
    sandbox.nicechat().take_requests();
    let fetches = sandbox.shop().requests().len();
    let started = Instant::now();
    let job = catalog.job(shop, false).context("the demo has a feed")?;
    let report = pass(job.as_ref(), stop).await?;
    let took = started.elapsed();
    let fetched = sandbox.shop().requests();
    let fetched: Vec<String> = fetched.iter().skip(fetches).map(|fetch| fetch.status.to_string()).collect();
    let line = format!("{}; the feed's host answered {}", sent(sandbox, took), fetched.join(", "));
    say(&fold(&line, 2))?;
    Ok(report.exit)
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
    say("\n━━ 5. Somebody changed one of them; the next pass notices it.\n")?;
    pass(job.as_ref(), stop).await?;
    // A reader sees the state as it was when it was opened.
    let reader = Reader::open(&shop.config.state.path)?;
    Ok(event_changes_text(&reader, &place, &mut io::stdout())?)
}

/// Shows what a co-viewing widget would be answered.
fn widget(shop: &Shop) -> anyhow::Result<()> {
    say("\n━━ 6. Oct8ne's widget looks for a lamp: answered from the same feed.\n")?;
    let Some(settings) = &shop.config.oct8ne else { return Ok(()) };
    let preview = Preview::new(Arc::clone(settings), shop.config.state.path.clone());
    Ok(preview.print(&mut io::stdout().lock())?)
}

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// What NiceChat was asked, by kind of request.
fn sent(sandbox: &Sandbox, took: Duration) -> String {
    let counts: BTreeMap<String, usize> = sandbox.nicechat().counts();
    if counts.is_empty() {
        return "sent nothing to NiceChat".to_owned();
    }
    let counts: Vec<String> = counts.iter().map(|(what, n)| format!("{n} {what}")).collect();
    format!("sent in {}: {}", span(took), counts.join(", "))
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
