//! The way through a feed: which format it is, and who reads it.

use std::fs::File;

use super::error::{FeedError, SinkError};
use super::first_rows::FirstRows;
use super::format::{FeedType, ParseOptions};
use super::google_text::TextReading;
use super::header::Header;
use super::input::Input;
use super::row::Row;
use super::row_output::RowOutput;
use super::row_sink::{NoCache, RowSink};
use super::{detect, google_text, google_xml, parser_thread, yml};
use crate::catalog::Hasher;

/// What was read of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What the feed is.
    pub format: FeedType,
    /// Whether it is known to be there to its end.
    pub is_whole: bool,
    /// Whether its last row was left, because it may be half of one: see [`Input::unproven`].
    pub left_last_row: bool,
    /// The columns that a text feed says it has.
    pub header: Option<Header>,
}

/// Reads the whole feed in `file` and gives every row to `sink`, in the feed's order. Of rows with
/// the same id the first wins, even when it is rejected itself: the others are rejected.
///
/// Memory: a window of the file, plus 20 bytes an id.
///
/// # Errors
/// When the body is not a whole feed of the right format. Rows that were given to `sink` by then
/// must not be relied on before: only `Ok` says that the feed was complete.
pub fn read(
    input: &Input<'_>,
    options: &ParseOptions,
    sink: &mut dyn FnMut(Row) -> Result<(), SinkError>,
) -> Result<Reading, FeedError> {
    let hasher = Hasher::random()?;
    read_into(input, options, &mut NoCache { hasher, seen: FirstRows::default(), sink })
}

/// The same for a sink that may know rows by their bytes: those are not parsed.
///
/// # Errors
/// As [`read`].
pub fn read_into(input: &Input<'_>, options: &ParseOptions, sink: &mut dyn RowSink) -> Result<Reading, FeedError> {
    let head = detect::head(input)?;
    let format = detect::format(&head, options.format)?;
    let read = |output: &mut RowOutput<'_>| match format {
        FeedType::GoogleCsv => google_text::read(input, options, output),
        // Without their closing tag they are an error.
        FeedType::GoogleXml => google_xml::read(input, &head, options, output).map(|()| TextReading::default()),
        FeedType::Yml => yml::read(input, &head, options, output).map(|()| TextReading::default()),
    };
    let settings = options.digest(format, sink.hasher());
    let TextReading { left_last_row, header } = if sink.knows_some() {
        read(&mut RowOutput::new(sink, settings))?
    } else {
        parser_thread::read_on_parser_thread(sink, settings, read)?
    };
    let is_whole = format != FeedType::GoogleCsv || input.is_whole();
    let header = Some(header).filter(|_| format == FeedType::GoogleCsv);
    Ok(Reading { format, is_whole, left_last_row, header })
}

/// What a feed is, told from its beginning; `None` = it is packed, so that only the whole of it tells.
///
/// # Errors
/// When it is none, or another one than the settings say.
pub fn recognise(input: &Input<'_>, wanted: Option<FeedType>) -> Result<Option<FeedType>, FeedError> {
    if input.is_packed()? {
        return Ok(None);
    }
    let format = detect::format(&detect::head(input)?, wanted)?;
    if format == FeedType::GoogleCsv {
        google_text::check_header(input)?;
    }
    Ok(Some(format))
}

/// Opens a feed that lies in a file.
pub fn open(file: &File, max_bytes: u64) -> Input<'_> {
    Input::new(file, max_bytes)
}
