//! Google Merchant, XML: RSS items or Atom entries.

use std::borrow::Cow;

use super::ahead::pieces;
use super::charset::Charset;
use super::detect::Head;
use super::element::{Element, Node, mend, parse};
use super::google::{ATTRIBUTES, Attribute, Attributes, Maker};
use super::intake::Intake;
use super::spans::{Piece, Spans};
use super::{FeedError, Input, Row, Shape};
use crate::catalog::{Digest, Rejection, digest_bytes};

/// The namespace that Google's attributes live in.
const NAMESPACE: &str = "http://base.google.com/ns/1.0";

/// The element names that hold an item.
const ITEMS: &[&str] = &["item", "entry"];

/// Reads every item of the feed.
pub(super) fn read(input: &Input<'_>, head: &Head, shape: &Shape, intake: &mut Intake<'_>) -> Result<(), FeedError> {
    let charset = head.charset();
    let mut spans = Spans::new(input.open()?, head.root(), ITEMS)?;
    let mut maker = Maker::new(shape);
    let mut prefixes = vec!["g".to_owned()];
    intake.set_surroundings(surroundings(charset, &prefixes));
    pieces(
        intake,
        |batch| spans.cut(batch),
        |intake, bytes, digest, piece| match piece {
            Piece::Element { line, .. } => {
                intake.take(digest, || item(&charset.decode(bytes), line, &prefixes, &mut maker))
            }
            Piece::Broken { head, line, reason, .. } => {
                let id = attributes(&mend(charset.decode(&head)), &prefixes).0.get(Attribute::Id).map(str::to_owned);
                intake.give(rejected(line, id, reason.to_owned()), None)
            }
            Piece::Open { .. } => {
                let more = google_prefixes(&charset.decode(bytes));
                if !more.is_empty() {
                    prefixes.extend(more);
                    intake.set_surroundings(surroundings(charset, &prefixes));
                }
                Ok(())
            }
            Piece::Close { .. } => Ok(()),
        },
    )
}

/// What an item's meaning depends on besides its own bytes.
fn surroundings(charset: Charset, prefixes: &[String]) -> Digest {
    digest_bytes(format!("{charset:?} {prefixes:?}").as_bytes())
}

/// The prefixes that a tag binds to Google's namespace.
fn google_prefixes(tag: &str) -> Vec<String> {
    if !tag.contains(NAMESPACE) {
        return Vec::new();
    }
    let element = parse(tag);
    let bound =
        element.nodes.iter().flat_map(Node::attributes).filter(|(_, value)| value.trim_end_matches('/') == NAMESPACE);
    bound.filter_map(|(name, _)| name.strip_prefix("xmlns:").map(str::to_owned)).collect()
}

fn rejected(line: u64, id: Option<String>, reason: String) -> Row {
    Row::Rejected(Rejection::new(line, id, "item", reason))
}

fn item(xml: &str, line: u64, prefixes: &[String], maker: &mut Maker<'_>) -> Row {
    match attributes(&mend(Cow::Borrowed(xml)), prefixes) {
        (attributes, None) => maker.row(&attributes, line),
        (attributes, Some(fault)) => rejected(line, attributes.get(Attribute::Id).map(str::to_owned), fault),
    }
}

/// What an item says, as far as it can be parsed, and why not further. Only its direct children
/// count: `g:shipping/g:price` is not its price. Of a field with and without `g:` Google's own
/// counts, of several values the first.
fn attributes(xml: &str, prefixes: &[String]) -> (Attributes<'static>, Option<String>) {
    let Element { nodes, fault } = parse(xml);
    let mut attributes = Attributes::default();
    let mut ranks = [u8::MAX; ATTRIBUTES];
    for node in nodes.iter().filter(|node| node.depth == 1) {
        let Some((attribute, rank)) = meaning(node.name(), prefixes) else { continue };
        let Some(value) = value(node, attribute) else { continue };
        if rank < ranks[attribute as usize] && !value.trim().is_empty() {
            ranks[attribute as usize] = rank;
            attributes.set(attribute, Cow::Owned(value));
        }
    }
    (attributes, fault)
}

/// What an element's name stands for; the lower rank is the better source.
fn meaning(name: &str, prefixes: &[String]) -> Option<(Attribute, u8)> {
    let (own, local) = match name.split_once(':') {
        Some((prefix, local)) => (prefixes.iter().any(|known| known == prefix).then_some(0)?, local),
        None => (1, name),
    };
    match local {
        // Atom's names for a description.
        "content" if own == 1 => Some((Attribute::Description, 2)),
        "summary" if own == 1 => Some((Attribute::Description, 3)),
        _ => Attribute::named(local).map(|attribute| (attribute, own)),
    }
}

/// A link is text in RSS, an attribute in Atom; a relation other than the page itself is none.
fn value(node: &Node<'_>, attribute: Attribute) -> Option<String> {
    if attribute == Attribute::Link && node.text.trim().is_empty() {
        let is_page = node.attribute("rel").is_none_or(|rel| rel == "alternate");
        return node.attribute("href").filter(|_| is_page);
    }
    // Only a description may hold markup that nobody escaped.
    (!node.has_markup || attribute == Attribute::Description).then(|| node.text.clone().into_owned())
}
