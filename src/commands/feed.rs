//! `feed`: what is in a feed.

use std::io::{self, BufWriter, Write as _};
use std::time::Duration;

use super::outcome::{Exit, Failure, Outcome};
use super::runtime::{blocking, until_interrupted};
use crate::cli::{self, Format};
use crate::config::{Location, Place, Schedule, Source, Splay};
use crate::feed::{FeedError, FeedType};
use crate::report::{FeedJson, FeedText};
use crate::source::{self, Fetched, Validators};
use crate::{catalog, feed as feeds};

/// The limit of a feed's size, as in the settings.
const MAX_BYTES: u64 = 4 << 30;

pub(super) fn feed(arguments: &cli::Feed) -> Outcome {
    let bad_location = |problem: String| Failure { error: anyhow::anyhow!("{problem}"), exit: Exit::Config };
    let location = Location::parse(&arguments.location).map_err(bad_location)?;
    let source = source_at(location, arguments.kind.into());
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
    }
}

/// Reads the body and prints what it holds. Nothing is printed of a feed that turns out to be
/// incomplete: what it seems to hold can't be relied on.
fn print(source: &Source, body: &source::Body, format: Format) -> Outcome {
    let shape = feeds::Shape {
        format: source.format,
        default_currency: source.default_currency,
        default_category: None,
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
    let rejected = match format {
        Format::Json => {
            let mut report = FeedJson::new()?;
            let read = feeds::read(&input, &shape, &mut |row| Ok(report.row(row)?));
            report.print(whole(read)?, &mut out)?
        }
        Format::Text => {
            let mut report = FeedText::default();
            let read = feeds::read(&input, &shape, &mut |row| {
                report.row(row);
                Ok(())
            });
            report.print(whole(read)?, &mut out)?
        }
    };
    out.flush()?;
    Ok(if rejected > 0 { Exit::Partial } else { Exit::Done })
}
