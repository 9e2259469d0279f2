//! `feed`: what is in a feed.

use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::outcome::{Exit, Failure, Outcome};
use super::runtime::{blocking, until_interrupted};
use crate::catalog::{self, Category};
use crate::cli::{self, Format};
use crate::config::{Config, Location, Place, Rules, Schedule, Source, Splay};
use crate::feed as feeds;
use crate::feed::{FeedError, FeedType, Row};
use crate::report::{Excluded, FeedJson, FeedText};
use crate::source::{self, Fetched, Validators};

/// The limit of a feed's size, as in the settings.
const MAX_BYTES: u64 = 4 << 30;

pub(super) fn feed(arguments: &cli::Feed, config: Option<&Path>) -> Outcome {
    let source = source(arguments, config)?;
    let format = arguments.format;
    until_interrupted(async move {
        let failed = |error: source::FetchError| Failure { error: error.into(), exit: Exit::Failed };
        let hasher = catalog::Hasher::random()?;
        match source::fetch(&source, Validators::default(), &hasher).await.map_err(failed)? {
            Fetched::Body(body) => blocking(move || print(&source, &body, format)).await,
            Fetched::NotModified => Err(failed(source::FetchError::strange_304(&source))),
        }
    })
}

/// The feed that is named, read as the config says if one is named; else the config's own.
fn source(arguments: &cli::Feed, config: Option<&Path>) -> Result<Source, Failure> {
    let usage = |problem: String| Failure { error: anyhow::anyhow!("{problem}"), exit: Exit::Config };
    let named = arguments.location.as_deref().map(Location::parse).transpose().map_err(usage)?;
    let format: Option<FeedType> = arguments.kind.into();
    let Some(path) = config else {
        let none = || usage("name a feed: its address or a file, or with --config a config that has one".to_owned());
        return named.map(|location| source_at(location, format)).ok_or_else(none);
    };
    let path = Config::find(Some(path))?;
    let of = |config: &Config| config.source().cloned();
    let found = match &named {
        // It is somewhere else: who we are to the config's host is nobody's business there.
        Some(_) => Config::without_secrets(&path, of)?,
        None => of(&Config::load(&path)?),
    };
    let found = found.ok_or_else(|| usage(format!("{} has no section [source]", path.display())))?;
    let format = format.or(found.format);
    Ok(match named {
        Some(location) => Source { location, format, credentials: None, ..found },
        None => Source { format, ..found },
    })
}

/// A feed without a config: everything else is as the settings' defaults have it.
pub(super) fn source_at(location: Location, format: Option<FeedType>) -> Source {
    Source {
        location,
        format,
        schedule: Schedule::Every(Duration::from_secs(900)),
        resync_schedule: None,
        splay: Splay::default(),
        place: Place::default(),
        timeout: Duration::from_secs(60),
        max_bytes: MAX_BYTES,
        credentials: None,
        default_currency: catalog::Currency::parse("usd"),
        default_category: None,
        rules: Rules::default(),
    }
}

/// Reads the body and prints what it holds. Nothing is printed of a feed that turns out to be
/// incomplete: what it seems to hold can't be relied on.
fn print(source: &Source, body: &source::Body, format: Format) -> Outcome {
    let shape = feeds::ParseOptions {
        format: source.format,
        default_currency: source.default_currency,
        default_category: source.default_category.clone().map(|id| Arc::new(Category { id, name: None })),
        now: jiff::Timestamp::now(),
    };
    let input = feeds::open(&body.file, source.max_bytes);
    let mut out = BufWriter::new(io::stdout().lock());
    let failed = |error: anyhow::Error| Failure { error, exit: Exit::Failed };
    // What was read while somebody wrote it is wrong in ways that needn't show.
    let whole = |read: Result<FeedType, FeedError>| {
        body.check_unwritten().map_err(|error| failed(error.into()))?;
        read.map_err(|error| failed(anyhow::anyhow!("{}: {error}", source.location)))
    };
    let rules = &source.rules;
    let mut excluded = Excluded::by(rules.iter().map(ToString::to_string));
    let mut is_excluded = |row: &Row| {
        let Row::Offer(offer) = row else { return false };
        let rule = rules.excludes(&offer.item);
        rule.iter().for_each(|rule| excluded.add(*rule, offer.item.id.as_str()));
        rule.is_some()
    };
    let rejected = match format {
        Format::Json => {
            let mut report = FeedJson::new()?;
            let read =
                feeds::read(&input, &shape, &mut |row| if is_excluded(&row) { Ok(()) } else { Ok(report.row(row)?) });
            report.print(whole(read)?, &excluded, &mut out)?
        }
        Format::Text => {
            let mut report = FeedText::default();
            let read = feeds::read(&input, &shape, &mut |row| {
                if !is_excluded(&row) {
                    report.row(row);
                }
                Ok(())
            });
            report.print(whole(read)?, &excluded, &mut out)?
        }
    };
    out.flush()?;
    Ok(if rejected > 0 { Exit::Partial } else { Exit::Done })
}
