//! Google Merchant, delimited text: a header, then a row an item.

mod columns;
mod parse;

use std::io::Read;

use super::bounds::MAX_COLUMNS;
use super::charset::{Charset, CharsetDetector};
use super::chunker::{Chunk, for_each_fragment};
use super::google::ItemBuilder;
use super::header::Header;
use super::row_output::RowOutput;
use super::text_split::{Cells, Dialect, Escape, Quotes, RowSpan, RowSplitter};
use super::values::UNREADABLE;
use super::window::Window;
use super::{FeedError, Input, ParseOptions, Row, RowDigest};
use crate::catalog::{Digest, Rejection};
use columns::Columns;
use parse::RowParser;

/// Whether a line names the columns of a feed.
pub(super) fn is_header(line: &[u8]) -> bool {
    Columns::of_header(|_| line, b'\n').is_some()
}

/// What is known of a text feed besides its rows.
#[derive(Debug, Default)]
pub(super) struct TextReading {
    /// Its last row was left: it may be half of one.
    pub(super) left_last_row: bool,
    pub(super) header: Header,
}

/// A feed whose header was read.
struct Opened<'i, 'f> {
    detector: CharsetDetector<'i, 'f>,
    splitter: RowSplitter<Box<dyn Read + Send + 'f>>,
    header: Vec<u8>,
    columns: Columns,
    dialect: Dialect,
}

/// Reads the header. `None` = there is nothing.
fn open<'i, 'f>(input: &'i Input<'f>) -> Result<Option<Opened<'i, 'f>>, FeedError> {
    let mut window = Window::new(input.open()?);
    while window.bytes().len() < 64 << 10 && window.more()? {}
    let terminator = terminator(window.bytes());
    window.count_lines_by(terminator);
    // The header is cut as a line, or as each delimiter has it; then the one that names the most columns wins.
    let detector = CharsetDetector::new(input, None, window.bytes())?;
    let mut splitter = RowSplitter::new(window, Dialect { delimiter: b'\t', terminator }, input.is_whole());
    let Some(line) = splitter.next()? else { return Ok(None) };
    let columns = Columns::of_header(|delimiter| splitter.bytes(&splitter.header(&line, delimiter)), terminator);
    let columns = columns.ok_or_else(|| not_a_feed(splitter.bytes(&line)))?;
    if columns.cells > MAX_COLUMNS {
        return Err(FeedError::NotAFeed(format!("its first line has more than {MAX_COLUMNS} columns")));
    }
    let dialect = Dialect { delimiter: columns.delimiter, terminator };
    let span = splitter.header(&line, dialect.delimiter);
    let header = splitter.bytes(&span).to_vec();
    splitter.set_header(&span, dialect, columns.cells, columns.least());
    Ok(Some(Opened { detector, splitter, header, columns, dialect }))
}

/// Fails unless the first line names the columns of a feed.
pub(super) fn check_header(input: &Input<'_>) -> Result<(), FeedError> {
    open(input).map(|_| ())
}

/// The cells of the row on this line, with their columns' names.
pub(super) fn cells_at(input: &Input<'_>, line: u64) -> Result<Vec<(String, String)>, FeedError> {
    let Some(Opened { mut detector, mut splitter, header, dialect, .. }) = open(input)? else { return Ok(Vec::new()) };
    let (mut names, mut cells) = (Cells::new(dialect), Cells::new(dialect));
    names.split(header.strip_suffix(b"\r").unwrap_or(&header), Quotes::Strict);
    while let Some(span) = splitter.next()? {
        if span.line < line {
            continue;
        }
        let bytes = splitter.bytes(&span);
        detector.settle(bytes)?;
        cells.split(bytes, span.quotes);
        let name = |at| if at < names.len() { Charset::UTF8.decode(names.get(at)).into_owned() } else { String::new() };
        let cell = |at| (name(at), cells.decoded(at, detector.charset()).into_owned());
        return Ok(if span.line == line { (0..cells.len()).map(cell).collect() } else { Vec::new() });
    }
    Ok(Vec::new())
}

/// Reads every row of the feed.
pub(super) fn read(
    input: &Input<'_>,
    options: &ParseOptions,
    output: &mut RowOutput<'_>,
) -> Result<TextReading, FeedError> {
    let opened = open(input)?;
    let Some(Opened { detector, mut splitter, header, columns, dialect }) = opened else {
        return Ok(TextReading::default());
    };
    let mut cells = Cells::new(dialect);
    cells.split(header.strip_suffix(b"\r").unwrap_or(&header), Quotes::Strict);
    let named = Header::of(&cells);
    let context = [header.as_slice(), &[dialect.terminator]].concat();
    let mut reader = TextReader {
        detector,
        context,
        cells,
        parser: RowParser { columns, builder: ItemBuilder::new(options) },
        is_whole: input.is_whole(),
        some_row_is_whole: false,
        left_last_row: false,
    };
    reader.set_context(output);
    let cut = |chunk: &mut Chunk<RowSpan>| {
        let Some(span) = splitter.next()? else { return Ok(false) };
        chunk.add(splitter.bytes(&span), span, 0);
        Ok(true)
    };
    for_each_fragment(output, cut, |output, bytes, digest, span| reader.row(output, bytes, digest, &span))?;
    Ok(TextReading { left_last_row: reader.left_last_row, header: named })
}

struct TextReader<'i, 'f, 'o> {
    detector: CharsetDetector<'i, 'f>,
    /// What the meaning of a row depends on besides its own bytes and the charset: header and line end.
    context: Vec<u8>,
    cells: Cells,
    parser: RowParser<'o>,
    /// Whether the file is known to be all of the feed.
    is_whole: bool,
    /// Some row has all cells that the header names: one that hasn't may be half of one.
    some_row_is_whole: bool,
    left_last_row: bool,
}

impl TextReader<'_, '_, '_> {
    fn set_context(&self, output: &mut RowOutput<'_>) {
        let context = [self.context.as_slice(), self.detector.standing().as_bytes()].concat();
        output.set_context(output.hasher().digest(&context));
    }

    /// Gives a row, unless the sink knows it by its bytes.
    fn row(
        &mut self,
        output: &mut RowOutput<'_>,
        bytes: &[u8],
        bytes_digest: Digest,
        span: &RowSpan,
    ) -> Result<(), FeedError> {
        // The end of the file says something about its last row, which the bytes alone don't.
        let has_digest = !span.last_without_end && !span.may_go_on && !span.ends_in_quotes;
        let mut digest = has_digest.then(|| row_digest(output, bytes_digest, span.quotes));
        let was_whole = self.some_row_is_whole;
        if was_whole && is_known(output, digest, span.line)? {
            return Ok(());
        }
        let (text, is_decided) = self.detector.settle_text(bytes)?;
        if is_decided {
            self.set_context(output);
            digest = digest.map(|_| row_digest(output, bytes_digest, span.quotes));
        }
        match text {
            Some(text) => self.cells.split_text(text, span.quotes),
            None => self.cells.split(bytes, span.quotes),
        }
        if self.cells.are_blank() {
            return Ok(());
        }
        let misfit = self.parser.columns.misfit(&self.cells);
        if span.last_without_end && self.leaves_last_row(span, misfit.is_some())? {
            return Ok(());
        }
        self.some_row_is_whole |= !self.is_short();
        if !was_whole && is_known(output, digest, span.line)? {
            return Ok(());
        }
        self.parse(output, span, misfit, digest)
    }

    fn is_short(&self) -> bool {
        self.cells.len() < self.parser.columns.width
    }

    /// Whether the last row, which has no line end, is left because it may be half of one.
    ///
    /// # Errors
    /// When it is half of one for sure.
    fn leaves_last_row(&mut self, span: &RowSpan, is_misfit: bool) -> Result<bool, FeedError> {
        if self.is_short() && (self.some_row_is_whole || is_misfit) {
            let (cells, width) = (self.cells.len(), self.parser.columns.width);
            let what = format!("its last row, on line {}, has {cells} of {width} cells", span.line);
            return Err(FeedError::Incomplete(what));
        }
        self.left_last_row |= !self.is_whole;
        Ok(!self.is_whole)
    }

    fn parse(
        &mut self,
        output: &mut RowOutput<'_>,
        span: &RowSpan,
        misfit: Option<String>,
        digest: Option<RowDigest>,
    ) -> Result<(), FeedError> {
        let misfit =
            misfit.or_else(|| (span.quotes == Quotes::Broken).then(|| "its quotes can't be made out".to_owned()));
        let misfit = misfit.or_else(|| span.may_go_on.then(|| "the next line seems to be the rest of it".to_owned()));
        let is_two = misfit.is_some() && self.parser.columns.are_twice_in(&self.cells);
        let row = self.parser.row(&self.cells, self.detector.charset(), span.line, misfit);
        output.give(if self.detector.is_shaky() { with_plain_id(row) } else { row }, digest)?;
        if !is_two && !span.ends_in_quotes {
            return Ok(());
        }
        let reason = if is_two {
            "another row stands behind the one before on the same line, and its id can't be told"
        } else {
            "the file ends inside the quotes of the row before: others may be missing"
        };
        output.give(Row::Rejected(Rejection::new(span.line, None, "row", reason.to_owned())), None)
    }
}

/// The same bytes are another row when their quotes are meant in another way.
fn row_digest(output: &RowOutput<'_>, bytes: Digest, quotes: Quotes) -> RowDigest {
    let RowDigest(digest) = output.digest(bytes);
    RowDigest(match quotes {
        Quotes::Strict => digest,
        Quotes::Lenient(Escape::None) => digest.rotate_left(1),
        Quotes::Lenient(Escape::Backslash) => digest.rotate_left(2),
        Quotes::Letters => !digest,
        Quotes::Broken => digest.rotate_left(3),
    })
}

fn is_known(output: &mut RowOutput<'_>, digest: Option<RowDigest>, line: u64) -> Result<bool, FeedError> {
    digest.map_or(Ok(false), |digest| output.knows(digest, line))
}

/// CR ends the lines of files that have no LF, or only inside of quotes or at their end.
fn terminator(head: &[u8]) -> u8 {
    let (mut is_open, mut ends) = (false, b'\n');
    for byte in head.trim_ascii_end() {
        match byte {
            b'"' => is_open = !is_open,
            b'\n' if !is_open => return b'\n',
            b'\r' if !is_open => ends = b'\r',
            _ => {}
        }
    }
    if !head.contains(&b'\n') && head.contains(&b'\r') { b'\r' } else { ends }
}

/// An id beyond ASCII in a file that has next to nothing else beyond it is more likely a damaged one.
fn with_plain_id(row: Row) -> Row {
    match row {
        Row::Offer(offer) if !offer.item.id.as_str().is_ascii() => {
            Row::Rejected(Rejection::new(offer.line, None, "row", format!("id: {UNREADABLE}")))
        }
        row => row,
    }
}

fn not_a_feed(header: &[u8]) -> FeedError {
    let start: String = Charset::UTF8.decode(header).chars().take(60).collect();
    FeedError::NotAFeed(format!("its first line names no `id` column: {start:?}"))
}
