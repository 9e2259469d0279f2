//! A feed is read once before it is written into a config.

use crate::catalog::Hasher;
use crate::commands::feed::source_at;
use crate::commands::outcome::{Exit, Failure};
use crate::commands::runtime::runtime;
use crate::config::Location;
use crate::feed::{self, Row};
use crate::http_client::Clients;
use crate::source::{self, Fetched, Validators};

/// Reads a feed, and tells what is in it.
pub(super) fn try_feed(location: &str) -> Result<String, Failure> {
    let wrong = |problem: String| Failure { error: anyhow::Error::msg(problem), exit: Exit::Config };
    let source = source_at(Location::parse(location).map_err(wrong)?, None);
    let failed = |error: anyhow::Error| Failure { error, exit: Exit::Failed };
    let hasher = Hasher::random()?;
    let fetched = runtime()?.block_on(source::fetch(&Clients::default(), &source, Validators::default(), &hasher));
    let Fetched::Body(body) = fetched.map_err(|error| failed(error.into()))? else {
        return Err(failed(source::FetchError::strange_304(&source).into()));
    };
    let (mut items, mut rejected) = (0_u64, 0_u64);
    let shape = feed::ParseOptions {
        default_currency: source.default_currency,
        local: false,
        ..feed::ParseOptions::at(jiff::Timestamp::now())
    };
    let input = feed::open(&body.file, source.max_bytes);
    let read = feed::read(&input, &shape, &mut |row| {
        match row {
            Row::Offer(_) => items += 1,
            Row::Rejected(_) => rejected += 1,
        }
        Ok(())
    });
    let reading = read.map_err(|error| failed(anyhow::anyhow!("{}: {error}", source.location)))?;
    let rows = if rejected == 1 { "row" } else { "rows" };
    let items_word = if items == 1 { "item" } else { "items" };
    Ok(format!("The feed is {}: {items} {items_word}, {rejected} {rows} rejected.", reading.format.name()))
}
