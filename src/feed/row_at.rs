//! One row of a feed as it is written, for people.

use super::charset::CharsetDetector;
use super::detect::{self, Head};
use super::element::parse;
use super::xml_split::{Fragment, XmlSplitter};
use super::{FeedError, FeedType, Input, google_text};

/// Which row of a feed.
#[derive(Debug, Clone, Copy)]
pub struct RowOf<'i> {
    /// On which line it begins. A whole feed of elements may be one line.
    pub line: u64,
    /// Whose it is.
    pub id: &'i str,
    /// How many of this id begin before it on that line.
    pub after: usize,
}

/// A row's cells with the names of their columns.
type Cells = Vec<(String, String)>;

/// The cells of a row, with the names of their columns; of an element its attributes and its children. A broken one is
/// one cell without a name. Nothing = no row begins there.
///
/// # Errors
/// When the body is no feed.
pub fn row_at(input: &Input<'_>, wanted: Option<FeedType>, row: RowOf<'_>) -> Result<Cells, FeedError> {
    let head = detect::head(input)?;
    match detect::format(&head, wanted)? {
        FeedType::GoogleCsv => google_text::cells_at(input, row.line),
        FeedType::GoogleXml => element_at(input, &head, &["item", "entry"], row),
        FeedType::Yml => element_at(input, &head, &["offer"], row),
    }
}

fn element_at(
    input: &Input<'_>,
    head: &Head,
    names: &'static [&'static str],
    row: RowOf<'_>,
) -> Result<Cells, FeedError> {
    let mut detector = CharsetDetector::new(input, Some(head.charset()), head.bytes())?;
    let mut splitter = XmlSplitter::new(input.open()?, head.root(), names)?;
    // One that doesn't tell its id as others do is still on its line.
    let mut nearest = None;
    let mut after = row.after;
    while let Some(fragment) = splitter.next()? {
        let cells = match fragment {
            Fragment::Element { line, .. } | Fragment::Broken { line, .. } if line > row.line => break,
            Fragment::Element { bytes, line, .. } if line == row.line => {
                let bytes = splitter.bytes(bytes);
                detector.settle(bytes)?;
                parts(&detector.charset().decode(bytes))
            }
            Fragment::Broken { head, line, .. } if line == row.line => {
                vec![(String::new(), detector.charset().decode(&head).into_owned())]
            }
            _ => continue,
        };
        if !is_of(&cells, row.id) {
            nearest.get_or_insert(cells);
        } else if after == 0 {
            return Ok(cells);
        } else {
            after -= 1;
        }
    }
    Ok(nearest.unwrap_or_default())
}

/// Whether an element is this id's; one that is broken may only hold it somewhere.
fn is_of(cells: &[(String, String)], id: &str) -> bool {
    cells.iter().any(|(name, value)| match name.rsplit(':').next() {
        Some("id") => value.trim() == id,
        Some("") => value.contains(id),
        _ => false,
    })
}

fn parts(xml: &str) -> Cells {
    let element = parse(xml);
    if element.fault.is_some() {
        return vec![(String::new(), xml.to_owned())];
    }
    let attributes = element.nodes.iter().take(1).flat_map(|node| node.attributes());
    let attributes = attributes.map(|attribute| (attribute.name.to_owned(), attribute.value().into_owned()));
    let children = element.nodes.iter().filter(|node| node.depth == 1);
    attributes.chain(children.map(|node| (node.name().to_owned(), node.text.clone().into_owned()))).collect()
}
