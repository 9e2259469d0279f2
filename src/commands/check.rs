//! `check`: is everything set up?

use std::io::{self, Write as _};

use super::outcome::{Exit, Failure, Outcome};
use super::runtime::runtime;
use crate::catalog::Kind;
use crate::cli;
use crate::config::{self, Catalog, Config};
use crate::remote::{Limits, lagerkoll, nicechat};
use crate::state::Reader;
use crate::systems::catalog::store::ReadObjects as _;

pub(super) fn check(arguments: &cli::Check, config: &Config) -> Outcome {
    let mut out = io::stdout().lock();
    writeln!(out, "config    ok   {}", sections(config))?;
    for warning in config.warnings() {
        writeln!(out, "warning        {warning}")?;
    }
    let catalog = config.catalog.as_deref();
    if let Some(source) = catalog.map(|catalog| &catalog.source) {
        let resync = source.resync_schedule.as_ref().map_or_else(|| "never".to_owned(), config::Schedule::words);
        writeln!(out, "schedule  ok   {}, resync {resync}", source.schedule.words())?;
    }
    writeln!(out, "secrets   ok   a key and a secret are there")?;
    let reader = Reader::open(&config.state.path)?;
    reader.check_base(config.base_url())?;
    let path = config.state.path.display();
    if reader.exists() {
        let owned = Kind::ALL.map(|kind| reader.owned(kind).map(|n| format!("{n} {}", kind.plural(n))));
        let [categories, products] = owned;
        writeln!(out, "state     ok   {path}: {}, {}", products?, categories?)?;
    } else {
        writeln!(out, "state     ok   {path}: not there yet, the first pass makes it")?;
    }
    if arguments.online {
        if let Some(catalog) = catalog {
            let requests = online(catalog)?;
            writeln!(out, "NiceChat  ok   takes the key and the signature ({requests})")?;
        }
        if let Some(settings) = &config.lagerkoll {
            for account in [&settings.account].into_iter().chain(&settings.copies) {
                let events = list_events(settings, account)?;
                writeln!(out, "Lagerkoll ok   takes the credentials of store {} ({events} listed)", account.store)?;
            }
        }
    }
    Ok(Exit::Done)
}

/// What the config is about.
fn sections(config: &Config) -> String {
    let catalog = config.catalog.as_deref();
    let source = catalog.map(|catalog| &catalog.source).or(config.source_alone.as_ref());
    let parts = [
        source.map(|source| format!("feed {}", source.location)),
        catalog.map(|catalog| format!("NiceChat {}", catalog.nicechat.base_url)),
        config.lagerkoll.as_ref().map(|settings| format!("Lagerkoll {}", settings.base_url)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// One signed read.
fn online(catalog: &Catalog) -> Result<String, Failure> {
    let failed = |error: anyhow::Error| Failure { error, exit: Exit::Failed };
    let reader = nicechat::connect(&catalog.nicechat, &catalog.source.location.secrets())
        .map_err(|error| failed(error.into()))?
        .reader();
    let page = runtime()?.block_on(async {
        let address = reader.first_page(Kind::Product)?;
        reader.page(&address).await
    });
    let page = page.map_err(|error| failed(anyhow::anyhow!("{}: {error}", catalog.nicechat.base_url)))?;
    Ok(page.count.map_or_else(|| "products listed".to_owned(), |count| format!("{count} products listed")))
}

/// One read of a store's events.
fn list_events(settings: &config::Lagerkoll, account: &config::Account) -> Result<String, Failure> {
    let failed = |error: anyhow::Error| Failure { error, exit: Exit::Failed };
    let lagerkoll = lagerkoll::connect(settings, account, &Limits::default()).map_err(|error| failed(error.into()))?;
    let events = runtime()?.block_on(lagerkoll.reader().list());
    let events =
        events.map_err(|error| failed(anyhow::anyhow!("{}: store {}: {error}", settings.base_url, account.store)))?;
    Ok(format!("{} event{}", events.len(), if events.len() == 1 { "" } else { "s" }))
}
