//! One row of a feed as it is written, for people.

use super::charset::CharsetDetector;
use super::detect::{self, Head};
use super::element::parse;
use super::xml_split::{Fragment, XmlSplitter};
use super::{FeedError, FeedType, Input, google_text};

/// The cells of the row that begins on this line, with the names of their columns; of an element its attributes and
/// its children. A broken one is one cell without a name. Nothing = no row begins there.
///
/// # Errors
/// When the body is no feed.
pub fn row_at(input: &Input<'_>, wanted: Option<FeedType>, line: u64) -> Result<Vec<(String, String)>, FeedError> {
    let head = detect::head(input)?;
    match detect::format(&head, wanted)? {
        FeedType::GoogleCsv => google_text::cells_at(input, line),
        FeedType::GoogleXml => element_at(input, &head, &["item", "entry"], line),
        FeedType::Yml => element_at(input, &head, &["offer"], line),
    }
}

fn element_at(
    input: &Input<'_>,
    head: &Head,
    names: &'static [&'static str],
    wanted: u64,
) -> Result<Vec<(String, String)>, FeedError> {
    let mut detector = CharsetDetector::new(input, Some(head.charset()), head.bytes())?;
    let mut splitter = XmlSplitter::new(input.open()?, head.root(), names)?;
    while let Some(fragment) = splitter.next()? {
        match fragment {
            Fragment::Element { bytes, line, .. } if line == wanted => {
                let bytes = splitter.bytes(bytes);
                detector.settle(bytes)?;
                return Ok(parts(&detector.charset().decode(bytes)));
            }
            Fragment::Broken { head, line, .. } if line == wanted => {
                return Ok(vec![(String::new(), detector.charset().decode(&head).into_owned())]);
            }
            _ => {}
        }
    }
    Ok(Vec::new())
}

fn parts(xml: &str) -> Vec<(String, String)> {
    let element = parse(xml);
    if element.fault.is_some() {
        return vec![(String::new(), xml.to_owned())];
    }
    let attributes = element.nodes.iter().take(1).flat_map(|node| node.attributes());
    let attributes = attributes.map(|attribute| (attribute.name.to_owned(), attribute.value().into_owned()));
    let children = element.nodes.iter().filter(|node| node.depth == 1);
    attributes.chain(children.map(|node| (node.name().to_owned(), node.text.clone().into_owned()))).collect()
}
