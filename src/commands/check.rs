//! `check`: is everything set up?

use std::io::{self, Write as _};

use super::{Exit, Failure, Outcome, runtime};
use crate::catalog::Kind;
use crate::cli;
use crate::config::Config;
use crate::nicechat;
use crate::state::Reader;

pub(super) fn check(arguments: &cli::Check, config: &Config) -> Outcome {
    let mut out = io::stdout().lock();
    writeln!(out, "config    ok   feed {}, NiceChat {}", config.source.location, config.nicechat.base_url)?;
    writeln!(out, "secrets   ok   a key and a secret are there")?;
    let reader = Reader::open(&config.state.path)?;
    reader.check_base(config.nicechat.base_url.as_str())?;
    let path = config.state.path.display();
    if reader.exists() {
        let owned = Kind::ALL.map(|kind| reader.owned(kind).map(|n| format!("{n} {}", kind.plural(n))));
        let [categories, products] = owned;
        writeln!(out, "state     ok   {path}: {}, {}", products?, categories?)?;
    } else {
        writeln!(out, "state     ok   {path}: not there yet, the first pass makes it")?;
    }
    if arguments.online {
        let requests = online(config)?;
        writeln!(out, "NiceChat  ok   takes the key and the signature ({requests})")?;
    }
    Ok(Exit::Done)
}

/// One signed read.
fn online(config: &Config) -> Result<String, Failure> {
    let failed = |error: anyhow::Error| Failure { error, exit: Exit::Failed };
    let reader = nicechat::connect(&config.nicechat).map_err(|error| failed(error.into()))?.reader();
    let page = runtime()?.block_on(async {
        let address = reader.first_page(Kind::Product)?;
        reader.page(&address).await
    });
    let page = page.map_err(|error| failed(anyhow::anyhow!("{}: {error}", config.nicechat.base_url)))?;
    Ok(page.count.map_or_else(|| "products listed".to_owned(), |count| format!("{count} products listed")))
}
