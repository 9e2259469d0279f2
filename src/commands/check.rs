//! `check`: is everything set up? A line for each thing, and the rest goes on when one is not.

use std::io::{self, StdoutLock, Write as _};
use std::sync::Arc;

use super::newstore;
use super::outcome::{Exit, Failure, Outcome};
use super::runtime::runtime;
use super::widget::adapter;
use crate::catalog::Kind;
use crate::cli;
use crate::clock::{Moment, boot_id};
use crate::config::{self, Config, Source};
use crate::remote::{Limit, Limits, emplifi, lagerkoll, nicechat};
use crate::state::Reader;
use crate::systems::catalog::store::{ReadIdleRules as _, ReadObjects as _};
use crate::{feed, files, http_client, source};

/// Days for which a rule may fit on nothing.
const IDLE_DAYS: i64 = 30;

pub(super) fn check(arguments: &cli::Check, config: &Config) -> Outcome {
    let mut lines = Lines { out: io::stdout().lock(), worst: Exit::Done };
    lines.tell("config", Ok(sections(config)))?;
    for warning in config.warnings() {
        writeln!(lines.out, "warning        {warning}")?;
    }
    let catalog = config.catalog.as_deref();
    if let Some(source) = catalog.map(|catalog| &catalog.source) {
        let resync = source.resync_schedule.as_ref().map_or_else(|| "never".to_owned(), config::Schedule::words);
        lines.tell("schedule", Ok(format!("{}, resync {resync}", source.schedule.words())))?;
    }
    if config.source_alone.is_none() || !config.secret_files.is_empty() {
        lines.tell("secrets", Ok("a key and a secret are there".to_owned()))?;
    }
    lines.tell("state", state(config))?;
    if let Some(settings) = &config.newstore {
        lines.tell("newstore", newstore::on_disk(settings))?;
    }
    for rule in idle_rules(config) {
        writeln!(lines.out, "warning        {rule}")?;
    }
    if arguments.online {
        online(config, &mut lines)?;
    }
    Ok(lines.worst)
}

/// What was found, a line each.
struct Lines<'o> {
    out: StdoutLock<'o>,
    worst: Exit,
}

impl Lines<'_> {
    fn tell(&mut self, what: &str, found: Result<String, Failure>) -> io::Result<()> {
        let (verdict, words) = match found {
            Ok(words) => ("ok", words),
            Err(Failure { error, exit }) => {
                self.worst = self.worst.or_worse(exit);
                ("FAIL", format!("{error:#}"))
            }
        };
        // Each in one line, whatever it says.
        let words = words.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        writeln!(self.out, "{what:<9} {verdict:<4} {words}")
    }
}

/// What the config is about.
fn sections(config: &Config) -> String {
    let parts = [
        config.source().map(|source| format!("feed {}", source.location)),
        config.catalog.as_deref().map(|catalog| format!("NiceChat {}", catalog.nicechat.base_url)),
        config.orders.as_ref().map(|orders| format!("orders of {}", orders.nicechat.base_url)),
        config.lagerkoll.as_ref().map(|settings| format!("Lagerkoll {}", settings.base_url)),
        config.oct8ne.as_ref().map(|settings| format!("Oct8ne for {}", settings.shop_url)),
        config.emplifi.as_ref().map(|settings| format!("Emplifi {}", settings.base_url)),
        config.newstore.as_ref().map(|settings| format!("NewStore {}", settings.base_url)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What is in the state, and whether it could be written.
fn state(config: &Config) -> Result<String, Failure> {
    let reader = Reader::open(&config.state.path)?;
    reader.check_base(config.base_url())?;
    let path = config.state.path.display();
    let unwritable =
        |error| failed(anyhow::anyhow!("{path}: can't be written ({error}); check the owner and the mode"));
    files::check_writable(&config.state.path).map_err(unwritable)?;
    if !reader.exists() {
        return Ok(format!("{path}: not there yet, the first pass makes it"));
    }
    let [categories, products] = Kind::ALL.map(|kind| reader.owned(kind).map(|n| format!("{n} {}", kind.plural(n))));
    Ok(format!("{path}: {}, {}", products?, categories?))
}

/// Rules that have fitted on nothing for long. That a state can't be read is told elsewhere.
fn idle_rules(config: &Config) -> Vec<String> {
    let idle = Reader::open(&config.state.path).and_then(|reader| reader.idle_rules()).unwrap_or_default();
    let (now, boot) = (Moment::now(), boot_id());
    let rules = config.source().into_iter().flat_map(|source| source.rules.iter()).zip(1..);
    let days = |rule: &str| idle.get(rule).map(|since| since.age(now, boot.as_deref()).as_hours() / 24);
    let told = rules.filter_map(|(rule, number)| {
        let rule = rule.to_string();
        let days = days(&rule).filter(|days| *days >= IDLE_DAYS)?;
        Some(format!("source.rule {number} ({rule}) has fitted on nothing for {days} days: mend it, or take it out"))
    });
    told.collect()
}

/// Asks everybody that the config names, a request each.
fn online(config: &Config, lines: &mut Lines<'_>) -> Result<(), Failure> {
    let runtime = runtime()?;
    if let Some(source) = config.source() {
        lines.tell("feed", runtime.block_on(head(source)))?;
    }
    if let Some(catalog) = &config.catalog {
        lines.tell("NiceChat", runtime.block_on(products(catalog)))?;
    }
    if let Some(settings) = &config.orders {
        lines.tell("orders", runtime.block_on(orders(settings)))?;
    }
    if let Some(settings) = &config.lagerkoll {
        for account in [&settings.account].into_iter().chain(&settings.copies) {
            lines.tell("Lagerkoll", runtime.block_on(events(settings, account)))?;
        }
    }
    if let Some(settings) = &config.oct8ne {
        let told = runtime.block_on(adapter(settings));
        lines.tell("Oct8ne", told.map_err(|error| failed(anyhow::anyhow!(error))))?;
    }
    if let Some(settings) = &config.emplifi {
        lines.tell("Emplifi", runtime.block_on(advisor(settings)))?;
    }
    if let Some(settings) = &config.newstore {
        lines.tell("NewStore", runtime.block_on(newstore::online(settings)))?;
    }
    for hook in &config.hooks {
        lines.tell("hook", runtime.block_on(told(hook)))?;
    }
    if let Some(url) = config.http.as_ref().and_then(|http| http.public_url.as_ref()) {
        let answered = runtime.block_on(http_client::status_of(url.as_str()));
        let told = answered.map(|status| format!("{url} answers here (HTTP {status})"));
        lines.tell("public", told.map_err(|error| failed(anyhow::anyhow!("{url}: {error}"))))?;
    }
    Ok(())
}

/// The host of a hook, which is told nothing; or whether its program is there.
async fn told(hook: &config::Hook) -> Result<String, Failure> {
    let name = &hook.name;
    match &hook.to {
        config::HookTarget::Url { url, .. } => {
            // Its path and query may be what it knows us by.
            let host = url.origin().ascii_serialization();
            let answered = http_client::status_of(&host).await;
            let status = answered.map_err(|error| failed(anyhow::anyhow!("{name}: {host}: {error}")))?;
            Ok(format!("{name}: {host} answers (HTTP {status})"))
        }
        config::HookTarget::Command(words) => {
            let program = words.first().map(String::as_str).unwrap_or_default();
            if files::finds_program(program) {
                return Ok(format!("{name}: {program} is there"));
            }
            Err(failed(anyhow::anyhow!("{name}: there is no program {program} that we may run")))
        }
    }
}

/// The beginning of the feed.
async fn head(source: &Source) -> Result<String, Failure> {
    let head = source::head(source).await.map_err(|error| failed(error.into()))?;
    let input = feed::open(&head.file, source.max_bytes);
    let found = feed::recognise(&input, source.format);
    let found = found.map_err(|error| failed(anyhow::anyhow!("{}: {error}", source.location)))?;
    let what = found.map_or("a packed file", |found| found.name());
    let length = head.length.map(|length| format!(", {}", bytesize::ByteSize(length))).unwrap_or_default();
    Ok(format!("begins as it should: {what}{length}"))
}

/// A page of the listing.
async fn products(catalog: &config::Catalog) -> Result<String, Failure> {
    let secrets = catalog.source.location.secrets();
    let reader = nicechat::connect(&catalog.nicechat, &secrets, &Limits::default());
    let reader = reader.map_err(|error| failed(error.into()))?.reader();
    let page = async { reader.page(&reader.first_page(Kind::Product)?).await };
    let base_url = &catalog.nicechat.base_url;
    let page = page.await.map_err(|error| failed(anyhow::anyhow!("{base_url}: {error}")))?;
    let listed = page.count.map_or_else(|| "products listed".to_owned(), |count| format!("{count} products listed"));
    Ok(format!("takes the key and the signature ({listed})"))
}

/// The beginning of the list of orders.
async fn orders(settings: &config::Orders) -> Result<String, Failure> {
    let reader = nicechat::OrdersReader::connect(&settings.nicechat, &Limits::default());
    let reader = reader.map_err(|error| failed(error.into()))?;
    let page = async { reader.page(&reader.first_page()?).await };
    let base_url = &settings.nicechat.base_url;
    let page = page.await.map_err(|error| failed(anyhow::anyhow!("{base_url}: orders: {error}")))?;
    let listed = page.count.map_or_else(|| "orders listed".to_owned(), |count| format!("{count} orders listed"));
    Ok(format!("takes the key and the signature ({listed})"))
}

/// A store's events.
async fn events(settings: &config::Lagerkoll, account: &config::Account) -> Result<String, Failure> {
    let lagerkoll = lagerkoll::connect(settings, account, &Limits::default()).map_err(|error| failed(error.into()))?;
    let told = |error| failed(anyhow::anyhow!("{}: store {}: {error}", settings.base_url, account.store));
    let events = lagerkoll.reader().list().await.map_err(told)?;
    let listed = format!("{} event{} listed", events.len(), if events.len() == 1 { "" } else { "s" });
    Ok(format!("takes the credentials of store {} ({listed})", account.store))
}

/// One question.
async fn advisor(settings: &config::Emplifi) -> Result<String, Failure> {
    let Some(watch) = settings.watches.first() else {
        return Ok("not asked: nobody is watched; add [[emplifi.watch]]".to_owned());
    };
    let limit = Arc::new(Limit::new(None));
    let reader = emplifi::connect(settings, &limit).map_err(|error| failed(error.into()))?;
    let told = |error| failed(anyhow::anyhow!("{}: watch {}: {error}", settings.base_url, watch.name));
    let is_there = reader.ask(&watch.question).await.map_err(told)?;
    Ok(format!("takes the key ({} is {})", watch.name, if is_there { "available" } else { "not available" }))
}

fn failed(error: anyhow::Error) -> Failure {
    Failure { error, exit: Exit::Failed }
}
