//! Google Merchant, delimited text: a header, then a row an item.

use super::ahead::{Batch, pieces};
use super::bounds::MAX_COLUMNS;
use super::charset::{Charset, Letters};
use super::google::{ATTRIBUTES, Attribute, Attributes, Maker};
use super::intake::Intake;
use super::lenient::Escape;
use super::text::{Cells, Cutter, Dialect, Found, Quotes};
use super::values::UNREADABLE;
use super::window::Window;
use super::{FeedError, Input, Row, RowDigest, Shape};
use crate::catalog::{Currency, Digest, Rejection};

/// What real files separate cells with.
const DELIMITERS: [u8; 5] = *b"\t,;|~";

/// Bytes of the id that is told of a row that can't be made out: Google allows 50 letters.
const LONGEST_ID: usize = 200;

/// Whether a line names the columns of a feed.
pub(super) fn is_header(line: &[u8]) -> bool {
    columns(line, b'\n').is_some()
}

/// Where each attribute stands in a row.
struct Columns {
    of: [Option<usize>; ATTRIBUTES],
    delimiter: u8,
    /// Up to the last column with a name.
    width: usize,
    /// Nameless columns at the end included.
    cells: usize,
    known: usize,
}

/// Reads every row of the feed. `true` = but for the last one, which may be half of one.
pub(super) fn read(input: &Input<'_>, shape: &Shape, intake: &mut Intake<'_>) -> Result<bool, FeedError> {
    let mut window = Window::new(input.open()?);
    while window.bytes().len() < 64 << 10 && window.more()? {}
    let terminator = terminator(window.bytes());
    window.count_lines_by(terminator);
    // The header is cut as a line; then the delimiter that names the most columns wins.
    let mut letters = Letters::new(input, None, window.bytes())?;
    let mut cutter = Cutter::new(window, Dialect { delimiter: b'\t', terminator }, input.is_whole());
    let Some(header) = cutter.next()? else { return Ok(false) };
    let columns = columns(cutter.bytes(&header), terminator).ok_or_else(|| not_a_feed(cutter.bytes(&header)))?;
    if columns.cells > MAX_COLUMNS {
        return Err(FeedError::NotAFeed(format!("its first line has more than {MAX_COLUMNS} columns")));
    }
    let dialect = Dialect { delimiter: columns.delimiter, terminator };
    cutter.set_header(dialect, columns.cells);
    let header = cutter.bytes(&header).to_vec();
    let hasher = intake.hasher().clone();
    let surroundings =
        |charset: Charset| hasher.digest(&[header.as_slice(), &[terminator], charset.name().as_bytes()].concat());
    intake.set_surroundings(surroundings(letters.charset()));

    let mut maker = Maker::new(shape);
    let mut cells = Cells::new(dialect);
    let mut some_row_is_whole = false;
    let mut left_last_row = false;
    let cut = |batch: &mut Batch<Found>| {
        let Some(found) = cutter.next()? else { return Ok(false) };
        batch.add(cutter.bytes(&found), found, 0);
        Ok(true)
    };
    pieces(intake, cut, |intake, bytes, digest, found| {
        // The end of the file says something about its last row.
        let bytes_digest = digest;
        let digest = (!found.last_without_end && !found.may_go_on).then(|| row_digest(intake, digest, found.quotes));
        let was_whole = some_row_is_whole;
        if was_whole && is_known(intake, digest)? {
            return Ok(());
        }
        let digest = if letters.settle(bytes)? {
            intake.set_surroundings(surroundings(letters.charset()));
            digest.map(|_| row_digest(intake, bytes_digest, found.quotes))
        } else {
            digest
        };
        cells.split(bytes, found.quotes);
        if cells.are_blank() {
            return Ok(());
        }
        let misfit = misfit(&cells, &columns);
        let is_short = cells.len() < columns.width;
        if found.last_without_end && is_short && (was_whole || misfit.is_some()) {
            let what = format!("its last row, on line {}, has {} of {} cells", found.line, cells.len(), columns.width);
            return Err(FeedError::Incomplete(what));
        }
        if found.last_without_end && !input.is_whole() {
            left_last_row = true;
            return Ok(());
        }
        some_row_is_whole |= !is_short;
        if !was_whole && is_known(intake, digest)? {
            return Ok(());
        }
        let misfit =
            misfit.or_else(|| (found.quotes == Quotes::Broken).then(|| "its quotes can't be made out".to_owned()));
        let misfit = misfit.or_else(|| found.may_go_on.then(|| "the next line seems to be the rest of it".to_owned()));
        // A line end that is missing makes one row of two.
        let is_two = misfit.is_some()
            && cells.len() > columns.cells
            && (cells.len() + 2 >= 2 * columns.cells || has_prices_of_two(&cells, &columns));
        let row = row(&cells, &found, &columns, misfit, letters.charset(), &mut maker);
        intake.give(if letters.is_shaky() { with_plain_id(row) } else { row }, digest)?;
        if !is_two && !found.ends_in_quotes {
            return Ok(());
        }
        let reason = if is_two {
            "another row stands behind the one before on the same line, and its id can't be told"
        } else {
            "the file ends inside the quotes of the row before: others may be missing"
        };
        intake.give(Row::Rejected(Rejection::new(found.line, None, "row", reason.to_owned())), None)
    })?;
    Ok(left_last_row)
}

/// The same bytes are another row when their quotes are meant in another way.
fn row_digest(intake: &Intake<'_>, bytes: Digest, quotes: Quotes) -> RowDigest {
    let RowDigest(digest) = intake.digest(bytes);
    RowDigest(match quotes {
        Quotes::Strict => digest,
        Quotes::Lenient(Escape::None) => digest.rotate_left(1),
        Quotes::Lenient(Escape::Backslash) => digest.rotate_left(2),
        Quotes::Letters => !digest,
        Quotes::Broken => digest.rotate_left(3),
    })
}

fn is_known(intake: &mut Intake<'_>, digest: Option<RowDigest>) -> Result<bool, FeedError> {
    digest.map_or(Ok(false), |digest| intake.knows(digest))
}

/// CR ends the lines of files that have no LF.
fn terminator(head: &[u8]) -> u8 {
    if !head.contains(&b'\n') && head.contains(&b'\r') { b'\r' } else { b'\n' }
}

fn row(
    cells: &Cells,
    found: &Found,
    columns: &Columns,
    misfit: Option<String>,
    charset: Charset,
    maker: &mut Maker<'_>,
) -> Row {
    let mut attributes = Attributes::default();
    for attribute in ALL {
        if let Some(index) = columns.of[attribute as usize] {
            attributes.set(attribute, charset.decode(cells.get(index)));
        }
    }
    let id = attributes.get(Attribute::Id);
    // No shop has quotes or tags in an id: they are what was left of a cell's, or of two.
    let plain = id.map(|id| id.trim_matches('"').trim());
    let is_id_broken = id.is_some_and(|id| id.contains(['"', '<', '>']));
    let has_quote = VALUES.into_iter().any(|name| attributes.get(name).is_some_and(|value| value.contains('"')));
    let misfit = misfit.or_else(|| is_id_broken.then(|| "a quote or a tag in its id".to_owned()));
    let misfit = misfit.or_else(|| has_quote.then(|| "a quote in a value that can't have one".to_owned()));
    match misfit {
        None => readable(&attributes, found.line).unwrap_or_else(|| maker.row(&attributes, found.line)),
        Some(reason) => {
            let plain = plain
                .filter(|id| !id.is_empty() && !id.contains(['"', '<', '>', '\n', '\t']) && id.len() <= LONGEST_ID);
            let rejection = Rejection::new(found.line, plain.map(str::to_owned), "row", reason);
            let words: Vec<_> = (0..cells.len()).map(|index| charset.decode(cells.get(index))).collect();
            let words = words.iter().flat_map(|word| word.split('\n')).map(|word| word.trim_matches(['"', ' ', '\r']));
            Row::Rejected(rejection.of_broken(words))
        }
    }
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

/// The rejection of a row in which a letter of a value can't be read; in a text for people it costs itself alone.
fn readable(attributes: &Attributes<'_>, line: u64) -> Option<Row> {
    let is_value = |attribute: &&Attribute| !matches!(attribute, Attribute::Title | Attribute::Description);
    let is_unreadable = |attribute: &&Attribute| {
        attributes.get(**attribute).is_some_and(|value| value.contains(char::REPLACEMENT_CHARACTER))
    };
    let broken = ALL.iter().filter(is_value).find(is_unreadable)?;
    let reason = UNREADABLE.to_owned();
    let rejection = match broken {
        Attribute::Id => Rejection::new(line, None, "row", format!("id: {reason}")),
        other => Rejection::new(line, attributes.get(Attribute::Id).map(str::to_owned), other.field(), reason),
    };
    Some(Row::Rejected(rejection))
}

/// What holds no quote, but for one that damage left.
const VALUES: [Attribute; 3] = [Attribute::Availability, Attribute::Link, Attribute::ImageLink];

const ALL: [Attribute; ATTRIBUTES] = [
    Attribute::Id,
    Attribute::Title,
    Attribute::Description,
    Attribute::Link,
    Attribute::ImageLink,
    Attribute::Price,
    Attribute::SalePrice,
    Attribute::SaleDates,
    Attribute::Availability,
    Attribute::ProductType,
    Attribute::GoogleCategory,
];

/// Why a row's cells can't be trusted to stand under their columns. Cells that only trail behind
/// the columns that we read may be missing; a row that stops before is half of one that a stray
/// line end broke in two, and would blank what the other half holds.
fn misfit(cells: &Cells, columns: &Columns) -> Option<String> {
    let extra = (columns.width..cells.len()).any(|index| !cells.get(index).trim_ascii().is_empty());
    let optional = [Attribute::SalePrice, Attribute::SaleDates].map(|attribute| columns.of[attribute as usize]);
    let missing = columns.of.iter().filter(|column| !optional.contains(column)).flatten().any(|at| *at >= cells.len());
    (extra || missing).then(|| format!("{} cells where the header has {}", cells.len(), columns.width))
}

/// Whether a row has more prices than there are columns for them.
fn has_prices_of_two(cells: &Cells, columns: &Columns) -> bool {
    let is_price = |cell: &[u8]| {
        let text = Charset::UTF8.decode(cell);
        let (number, currency) = text.trim().split_once(' ').unwrap_or_default();
        number.starts_with(|c: char| c.is_ascii_digit()) && Currency::parse(currency.trim()).is_some()
    };
    let prices = [Attribute::Price, Attribute::SalePrice].map(|attribute| columns.of[attribute as usize]);
    let most = prices.iter().flatten().count().max(1);
    (0..cells.len()).filter(|index| is_price(cells.get(*index))).count() > most
}

/// The columns of a header, under the delimiter that makes the most of it. `None` = no `id`.
fn columns(header: &[u8], terminator: u8) -> Option<Columns> {
    DELIMITERS
        .into_iter()
        .filter_map(|delimiter| columns_under(header, Dialect { delimiter, terminator }))
        .max_by_key(|columns| columns.known)
}

fn columns_under(header: &[u8], dialect: Dialect) -> Option<Columns> {
    let mut cells = Cells::new(dialect);
    cells.split(header.strip_suffix(b"\r").unwrap_or(header), Quotes::Strict);
    let mut columns =
        Columns { of: [None; ATTRIBUTES], delimiter: dialect.delimiter, width: 0, cells: cells.len(), known: 0 };
    let mut spellings = [None; ATTRIBUTES];
    for index in 0..cells.len() {
        let name = Charset::UTF8.decode(cells.get(index));
        if !name.trim().is_empty() {
            columns.width = index + 1;
        }
        let Some((attribute, spelling)) = Attribute::named(&name) else { continue };
        // Google's own name counts before others, wherever it stands; of two alike the first.
        let best = &mut spellings[attribute as usize];
        columns.known += usize::from(best.is_none());
        if best.is_none_or(|best| spelling < best) {
            *best = Some(spelling);
            columns.of[attribute as usize] = Some(index);
        }
    }
    columns.of[Attribute::Id as usize].is_some().then_some(columns)
}

fn not_a_feed(header: &[u8]) -> FeedError {
    let start: String = Charset::UTF8.decode(header).chars().take(60).collect();
    FeedError::NotAFeed(format!("its first line names no `id` column: {start:?}"))
}
