//! Where a row ends by the rules (RFC 4180).

use memchr::{memchr, memchr_iter, memchr2};

use super::cells::Dialect;

/// What scanning a row with quotes came to.
pub(super) enum Scan {
    /// The row's length; if any of its cells is quoted, how many it has; and whether there are quotes inside of
    /// cells that are not.
    Row { length: usize, quoted: Option<usize>, has_bare: bool },
    /// Text behind a closing quote, found so far behind the row's beginning.
    Malformed(usize),
    /// The window ends inside the row; inside a quote or not.
    NeedsMore { in_quotes: bool },
}

/// Looks for the end of the row that begins `bytes`.
pub(super) fn scan(bytes: &[u8], dialect: Dialect, ended: bool) -> Scan {
    let Dialect { delimiter, terminator } = dialect;
    let (mut at, mut quotes, mut has_bare) = (0, false, false);
    // Cells that ended before `counted`; nobody asks for them in a row without quotes.
    let (mut cells, mut counted) = (1, 0);
    let more_cells = |from: usize, to: usize| memchr_iter(delimiter, &bytes[from..to]).count();
    loop {
        let quote = match memchr2(terminator, b'"', &bytes[at..]).map(|found| at + found) {
            Some(found) if bytes[found] == b'"' => found,
            None if !ended => return Scan::NeedsMore { in_quotes: false },
            end => {
                let length = end.unwrap_or(bytes.len());
                return Scan::Row { length, quoted: quotes.then(|| cells + more_cells(counted, length)), has_bare };
            }
        };
        if quote > 0 && bytes[quote - 1] != delimiter {
            // Inside a cell it is a letter like any other.
            has_bare = true;
            at = quote + 1;
            continue;
        }
        quotes = true;
        cells += more_cells(counted, quote);
        match close(bytes, quote + 1, dialect, ended) {
            Close::Cell(delimiter) => {
                cells += 1;
                at = delimiter + 1;
                counted = at;
            }
            Close::Row(length) => return Scan::Row { length, quoted: Some(cells), has_bare },
            Close::Malformed(found) => return Scan::Malformed(found),
            Close::NeedsMore => return Scan::NeedsMore { in_quotes: true },
        }
    }
}

/// How a quoted cell ends.
enum Close {
    /// With the delimiter that stands here.
    Cell(usize),
    /// With the row, which is so long.
    Row(usize),
    /// With text behind its closing quote, which stands here.
    Malformed(usize),
    /// Not in what is there.
    NeedsMore,
}

/// Looks for the quote that is not doubled, from behind the opening one on.
fn close(bytes: &[u8], mut from: usize, dialect: Dialect, ended: bool) -> Close {
    let Dialect { delimiter, terminator } = dialect;
    loop {
        let Some(quote) = memchr(b'"', &bytes[from..]).map(|found| from + found) else { return Close::NeedsMore };
        let end = match bytes.get(quote + 1) {
            Some(b'"') => {
                from = quote + 2;
                continue;
            }
            Some(next) if *next == delimiter => return Close::Cell(quote + 1),
            Some(b'\r') if terminator != b'\r' => {
                quote + 1 + bytes[quote + 1..].iter().take_while(|byte| **byte == b'\r').count()
            }
            _ => quote + 1,
        };
        return match bytes.get(end) {
            Some(next) if *next == terminator => Close::Row(end),
            Some(_) => Close::Malformed(end),
            None if ended => Close::Row(end),
            None => Close::NeedsMore,
        };
    }
}
