//! `feed`: what is in a feed.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::look::note;
use super::outcome::{Exit, Failure, Outcome};
use super::runtime::{blocking, until_interrupted};
use crate::catalog::{self, Category};
use crate::cli::{self, Format};
use crate::config::{Config, Location, Place, Rules, Schedule, Source, Splay};
use crate::feed as feeds;
use crate::feed::{FeedType, Reading, Row};
use crate::http_client::Clients;
use crate::report::{Columns, Excluded, FeedJson, FeedText};
use crate::source::{self, Fetched, Validators};
use crate::state::Reader;
use crate::systems::catalog::store::ReadFeed as _;
use crate::systems::catalog::{GoneColumn, fields_of, gone, of_fields, of_header};

/// The limit of a feed's size, as in the settings.
const MAX_BYTES: u64 = 4 << 30;

pub(super) fn feed(arguments: &cli::Feed, config: Option<&Path>) -> Outcome {
    let (source, state) = source(arguments, config)?;
    let format = arguments.format;
    until_interrupted(async move {
        let failed = |error: source::FetchError| Failure { error: error.into(), exit: Exit::Failed };
        let hasher = catalog::Hasher::random()?;
        match source::fetch(&Clients::default(), &source, Validators::default(), &hasher).await.map_err(failed)? {
            Fetched::Body(body) => blocking(move || print(&source, state.as_deref(), &body, format)).await,
            Fetched::NotModified => Err(failed(source::FetchError::strange_304(&source))),
        }
    })
}

/// The feed that is named, read as the config says if one is named; else the config's own. With it the state of the
/// config's catalog.
fn source(arguments: &cli::Feed, config: Option<&Path>) -> Result<(Source, Option<PathBuf>), Failure> {
    let usage = |problem: String| Failure { error: anyhow::anyhow!("{problem}"), exit: Exit::Config };
    let named = arguments.location.as_deref().map(Location::parse).transpose().map_err(usage)?;
    let format: Option<FeedType> = arguments.kind.into();
    let Some(path) = config else {
        let none = || usage("name a feed: its address or a file, or with --config a config that has one".to_owned());
        return named.map(|location| (source_at(location, format), None)).ok_or_else(none);
    };
    let path = Config::find(Some(path))?;
    let of = |config: &Config| config.source().cloned().map(|source| (source, config.state.path.clone()));
    let found = match &named {
        // It is somewhere else: the credentials of the config's host are not sent there.
        Some(_) => Config::without_secrets(&path, of)?,
        None => match Config::load(&path) {
            Ok(config) => of(&config),
            // Of the secrets only the feed's own are needed.
            Err(error) => match Config::without_secrets(&path, of)? {
                Some((source, state)) if source.credentials.is_none() => Some((source, state)),
                _ => return Err(error.into()),
            },
        },
    };
    let (found, state) = found.ok_or_else(|| usage(format!("{} has no section [source]", path.display())))?;
    let format = format.or(found.format);
    let source = match named {
        Some(location) => Source { location, format, credentials: None, ..found },
        None => Source { format, ..found },
    };
    Ok((source, Some(state)))
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
        watch: false,
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
fn print(source: &Source, state: Option<&Path>, body: &source::Body, format: Format) -> Outcome {
    let shape = feeds::ParseOptions {
        format: source.format,
        default_currency: source.default_currency,
        default_category: source.default_category.clone().map(|id| Arc::new(Category { id, name: None })),
        now: jiff::Timestamp::now(),
        local: true,
    };
    let input = feeds::open(&body.file, source.max_bytes);
    let mut out = BufWriter::new(io::stdout().lock());
    let failed = |error: anyhow::Error| Failure { error, exit: Exit::Failed };
    let mut rows =
        Rows { rules: &source.rules, excluded: Excluded::by(source.rules.iter().map(ToString::to_string)), seen: 0 };
    let mut collected = match format {
        Format::Json => Collected::Json(FeedJson::new()?),
        Format::Text => Collected::Text(Box::default()),
    };
    let read = feeds::read(&input, &shape, &mut |row| {
        if rows.takes(&row) { Ok(collected.row(row)?) } else { Ok(()) }
    });
    // What was read while somebody wrote it is wrong in ways that needn't show.
    body.check_unwritten().map_err(|error| failed(error.into()))?;
    let reading = read.map_err(|error| failed(anyhow::anyhow!("{}: {error}", source.location)))?;
    let gone = gone_since(state, &reading, rows.seen).or_else(|failure| {
        // What the feed holds is known without it.
        note(&format!("whether columns are missing isn't known: {:#}", failure.error)).map(|()| Vec::new())
    })?;
    let gone_words = gone.iter().map(GoneColumn::words).collect();
    let columns = Columns { header: reading.header.as_ref(), gone: gone_words, gone_json: json!(gone) };
    let rejected = match collected {
        Collected::Json(report) => report.print(reading.format, &rows.excluded, &columns, &mut out)?,
        Collected::Text(report) => report.print(reading.format, &rows.excluded, &columns, &mut out)?,
    };
    out.flush()?;
    Ok(if rejected > 0 { Exit::Partial } else { Exit::Done })
}

/// What is to be printed.
enum Collected {
    Json(FeedJson),
    Text(Box<FeedText>),
}

impl Collected {
    fn row(&mut self, row: Row) -> io::Result<()> {
        match self {
            Collected::Json(report) => report.row(row),
            Collected::Text(report) => {
                report.row(row);
                Ok(())
            }
        }
    }
}

/// What the rows of a feed come to besides themselves.
struct Rows<'s> {
    rules: &'s Rules,
    excluded: Excluded,
    /// Fields in which some item has a value.
    seen: u16,
}

impl Rows<'_> {
    /// Whether the rules leave a row in.
    fn takes(&mut self, row: &Row) -> bool {
        if let Row::Offer(offer) = row {
            self.seen |= fields_of(&offer.item);
        }
        let rule = self.rules.excludes(row);
        rule.iter().for_each(|rule| self.excluded.add(*rule, row.id().unwrap_or_default()));
        rule.is_none()
    }
}

/// The columns that the feed which the state equals had, and this one hasn't.
fn gone_since(state: Option<&Path>, reading: &Reading, seen: u16) -> Result<Vec<GoneColumn>, Failure> {
    let Some(state) = state else { return Ok(Vec::new()) };
    let reader = Reader::open(state)?;
    let now = match &reading.header {
        Some(header) => of_header(reading.format, header),
        None => of_fields(reading.format, seen),
    };
    let last = reader.feed_columns()?.filter(|last| last.kind == now.kind);
    Ok(last.map_or(Ok(Vec::new()), |last| gone(&reader, &last, &now))?)
}
