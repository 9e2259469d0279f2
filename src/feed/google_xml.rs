//! Google Merchant, XML: RSS items or Atom entries.

use std::borrow::Cow;

use super::bounds::excerpt;
use super::charset::CharsetDetector;
use super::chunker::for_each_fragment;
use super::detect::Head;
use super::element::{Element, Node, parse};
use super::entities::{mend, unescape};
use super::google::{ATTRIBUTES, Attribute, Attributes, ItemBuilder, Spelling};
use super::local::LocalAttribute;
use super::namespaces::{Namespaces, Vocabulary};
use super::plain_element::parse_plain;
use super::row_output::RowOutput;
use super::values::{UNREADABLE, is_misspelt, tidy, words};
use super::xml_split::{Fragment, XmlSplitter};
use super::{FeedError, Input, ParseOptions, Row};
use crate::catalog::{Cell, Currency, Money, Rejection};

/// The element names that hold an item.
const ITEMS: &[&str] = &["item", "entry"];

/// The attributes of a price that name its currency.
const CURRENCY: [&str; 2] = ["currency", "unit"];

/// Reads every item of the feed.
pub(super) fn read(
    input: &Input<'_>,
    head: &Head,
    options: &ParseOptions,
    output: &mut RowOutput<'_>,
) -> Result<(), FeedError> {
    let mut detector = CharsetDetector::new(input, Some(head.charset()), head.bytes())?;
    let mut splitter = XmlSplitter::new(input.open()?, head.root(), ITEMS)?;
    let mut builder = ItemBuilder::new(options);
    let mut namespaces = Namespaces::new(output.hasher());
    set_context(output, &detector, &namespaces);
    for_each_fragment(
        output,
        |chunk| splitter.add_next(chunk),
        |output, bytes, digest, fragment| match fragment {
            Fragment::Element { line, .. } => {
                let known = output.digest(digest);
                if output.knows(known, line)? {
                    return Ok(());
                }
                let (text, is_decided) = detector.settle_text(bytes)?;
                let known = if is_decided {
                    set_context(output, &detector, &namespaces);
                    output.digest(digest)
                } else {
                    known
                };
                let charset = detector.charset();
                let xml = text.map_or_else(|| charset.decode(bytes), |text| charset.recode(text));
                let ParsedItem { row, swallowed } = item(&xml, line, &namespaces, &mut builder);
                let known = swallowed.is_empty().then_some(known);
                output.give(row, known)?;
                swallowed.into_iter().try_for_each(|rejection| output.give(Row::Rejected(rejection), None))
            }
            Fragment::Broken { head, line, reason, .. } => {
                let xml = detector.charset().decode(&head);
                let id = id_of_broken(&xml, &namespaces);
                output.give(broken(line, id, reason.to_owned(), &xml), None)
            }
            Fragment::Open { .. } => {
                if namespaces.open(&detector.charset().decode(bytes))? {
                    set_context(output, &detector, &namespaces);
                }
                Ok(())
            }
            Fragment::Close { .. } => {
                if namespaces.close(&detector.charset().decode(bytes)) {
                    set_context(output, &detector, &namespaces);
                }
                Ok(())
            }
        },
    )
}

/// Says what an item's meaning depends on besides its own bytes.
fn set_context(output: &mut RowOutput<'_>, detector: &CharsetDetector<'_, '_>, namespaces: &Namespaces) {
    let digest = output.hasher().digest(format!("{} {}", detector.standing(), namespaces.digest()).as_bytes());
    output.set_context(digest);
}

fn rejected(line: u64, id: Option<String>, field: &str, reason: String) -> Row {
    Row::Rejected(Rejection::new(line, id, field, reason))
}

/// The rejection of an item whose markup is broken.
fn broken(line: u64, id: Option<String>, reason: String, xml: &str) -> Row {
    Row::Rejected(Rejection::new(line, id, "item", reason).of_broken(words(xml)))
}

fn with_cell(row: Row, cell: Cell) -> Row {
    match row {
        Row::Rejected(rejection) => Row::Rejected(rejection.of_cell(cell)),
        offer => offer,
    }
}

/// What was made of an element: a row, and the rejections of other items that it swallowed, when the
/// tags between them are broken.
struct ParsedItem {
    row: Row,
    swallowed: Vec<Rejection>,
}

fn item(xml: &str, line: u64, namespaces: &Namespaces, builder: &mut ItemBuilder<'_>) -> ParsedItem {
    let mended;
    let mut element = match parse_plain(xml) {
        Some(element) => element,
        None => {
            mended = mend(Cow::Borrowed(xml));
            parse(&mended)
        }
    };
    if element.fault.is_none() && is_two(&element, namespaces) {
        element.fault = Some("it has what only two items have: another one stands in its element".to_owned());
    }
    let swallowed = if element.fault.is_some() { swallowed(&element, line, namespaces) } else { Vec::new() };
    ParsedItem { row: row(xml, element, line, namespaces, builder), swallowed }
}

/// Whether an element has ids of two items: what lay between them is lost.
fn is_two(element: &Element<'_>, namespaces: &Namespaces) -> bool {
    let item = namespaces.inside(element.nodes.first());
    let children = element.nodes.iter().filter(|node| node.depth == 1);
    let mut ids = children.filter_map(|node| match meaning(node, &item) {
        Some((Attribute::Id, rank)) if rank.0 == Spelling::Own => Some((rank, node.text.trim())),
        _ => None,
    });
    let has_ids = ids.next().is_some_and(|(rank, id)| ids.any(|(other, text)| other == rank && text != id));
    let is_twice = |wanted: &&Attribute| {
        let children = element.nodes.iter().filter(|node| node.depth == 1);
        let mut ranks = children.filter_map(|node| meaning(node, &item)).filter(|(found, _)| found == *wanted);
        ranks.next().is_some_and(|(_, rank)| ranks.any(|(_, other)| other == rank))
    };
    has_ids || ONCE.iter().filter(is_twice).count() > 1
}

/// What an item has once; not all of two items' can have been lost.
const ONCE: [Attribute; 3] = [Attribute::Title, Attribute::Price, Attribute::Availability];

/// The items that a broken element holds besides its own.
fn swallowed(element: &Element<'_>, line: u64, namespaces: &Namespaces) -> Vec<Rejection> {
    let item = namespaces.inside(element.nodes.first());
    let meaning = |node: &Node<'_>| item.of(node.name()).and_then(|(_, local)| Attribute::named(local));
    let named = |wanted: Attribute| -> Vec<&Node<'_>> {
        let children = element.nodes.iter().filter(|node| node.depth == 1);
        children.filter(|node| meaning(node) == Some((wanted, Spelling::Own))).collect()
    };
    let reason = "it stands in the broken element of another one";
    let ids: Vec<_> = named(Attribute::Id).into_iter().filter_map(|node| plain_id(&node.text)).collect();
    let others = ids.iter().skip(1).map(|id| Rejection::new(line, Some(id.clone()), "item", reason.to_owned()));
    let is_hidden =
        ids.len() < 2 && [Attribute::Price, Attribute::Availability].into_iter().any(|wanted| named(wanted).len() > 1);
    let hidden = is_hidden.then(|| Rejection::new(line, None, "item", format!("{reason}, and its id can't be told")));
    others.chain(hidden).collect()
}

fn row(xml: &str, element: Element<'_>, line: u64, namespaces: &Namespaces, builder: &mut ItemBuilder<'_>) -> Row {
    let (attributes, unreadable) = attributes(&element, namespaces);
    let id = || attributes.get(Attribute::Id).map(str::to_owned);
    match (element.fault, unreadable) {
        (Some(fault), _) => {
            let row = broken(line, id().or_else(|| id_of_broken(xml, namespaces)), fault, xml);
            with_cell(row, attributes.cell(None))
        }
        // Whose it is can't be told: not the same as an item that has no id.
        (None, Some((Attribute::Id, reason))) => broken(line, None, format!("id: {reason}"), xml),
        (None, Some((attribute, reason))) => {
            with_cell(rejected(line, id(), attribute.field(), reason), attributes.cell(Some(attribute)))
        }
        (None, None) => builder.row(&attributes, line),
    }
}

/// What an item says. Only its direct children count: `g:shipping/g:price` is not its price. Of a
/// field with and without `g:` Google's own counts, of several values the first. With it the first
/// field that is there and can't be read, unless a better source of the same one can.
fn attributes(element: &Element<'_>, namespaces: &Namespaces) -> (Attributes<'static>, Option<(Attribute, String)>) {
    let mut attributes = Attributes::default();
    let mut ranks = [None; ATTRIBUTES];
    let (mut unreadable, mut empty_id) = (Vec::new(), None);
    let item = namespaces.inside(element.nodes.first());
    for node in element.nodes.iter().filter(|node| node.depth == 1) {
        let Some((attribute, rank)) = meaning(node, &item) else {
            let named = item.inside(Some(node)).of(node.name()).and_then(|(_, local)| LocalAttribute::named(local));
            if let Some(attribute) = named.filter(|_| node.is_closed && !node.has_markup && !node.has_tag_rest) {
                attributes.add_local(attribute, Cow::Owned(node.text.clone().into_owned()));
            }
            continue;
        };
        let best = &mut ranks[attribute as usize];
        if best.is_some_and(|best| best <= rank) {
            continue;
        }
        match value(node, attribute, rank) {
            Ok(Some(value)) if tidy(Cow::Borrowed(&value)).is_some() => {
                *best = Some(rank);
                attributes.set(attribute, Cow::Owned(value));
            }
            Ok(_) if attribute == Attribute::Id => empty_id = Some(empty_id.map_or(rank, |other| rank.min(other))),
            Ok(_) => {}
            Err(reason) => unreadable.push((attribute, rank, reason)),
        }
    }
    // Atom's own id of an entry is that of no product whose `g:id` is empty.
    let is_entry = element.nodes.first().is_some_and(|node| node.name().ends_with("entry"));
    if is_entry && empty_id.is_some_and(|rank: Rank| ranks[Attribute::Id as usize].is_some_and(|best| rank < best)) {
        attributes.set(Attribute::Id, Cow::Borrowed(""));
    }
    let is_better =
        |(attribute, rank, _): &(Attribute, Rank, String)| ranks[*attribute as usize].is_none_or(|best| *rank <= best);
    let unreadable = unreadable.into_iter().find(is_better);
    (attributes, unreadable.map(|(attribute, _, reason)| (attribute, reason)))
}

/// How good a source of an attribute an element is: the lesser the better.
type Rank = (Spelling, u8);

/// What an element stands for.
fn meaning(node: &Node<'_>, namespaces: &Namespaces) -> Option<(Attribute, Rank)> {
    let (vocabulary, local) = namespaces.inside(Some(node)).of(node.name())?;
    let is_plain = vocabulary == Vocabulary::Plain;
    match local {
        // Atom's names for a description.
        "content" if is_plain => Some((Attribute::Description, (Spelling::Alias, 2))),
        "summary" if is_plain => Some((Attribute::Description, (Spelling::Alias, 3))),
        _ => Attribute::named(local).map(|(attribute, spelling)| (attribute, (spelling, u8::from(is_plain)))),
    }
}

/// A link is text in RSS, an attribute in Atom; a relation other than the page itself is none.
///
/// # Errors
/// When something is there that can't be read.
fn value(node: &Node<'_>, attribute: Attribute, rank: Rank) -> Result<Option<String>, String> {
    if !node.is_closed {
        return Err("its element is not closed".to_owned());
    }
    if attribute == Attribute::Link && node.text.trim().is_empty() && !node.has_markup {
        let is_page = node.attribute("rel").is_none_or(|rel| rel == "alternate");
        return Ok(node.attribute("href").filter(|_| is_page));
    }
    let is_text = matches!(
        attribute,
        Attribute::Title | Attribute::Description | Attribute::ProductType | Attribute::GoogleCategory
    );
    if node.has_markup && !is_text {
        // RSS has an element `image` of its own, with an address and a title inside.
        let is_another = rank.0 != Spelling::Own && node.text.trim().is_empty();
        return if is_another { Ok(None) } else { Err("markup where a value should be".to_owned()) };
    }
    match attribute {
        _ if !is_text && node.has_tag_rest => Err("half a tag in it".to_owned()),
        _ if !is_for_people(attribute) && node.text.contains(char::REPLACEMENT_CHARACTER) => Err(UNREADABLE.to_owned()),
        Attribute::Id if node.has_unknown_entity => Err("an entity in it that nobody knows".to_owned()),
        Attribute::Price | Attribute::SalePrice => money(node).map(Some),
        _ => Ok(Some(node.text.clone().into_owned())),
    }
}

/// Attributes in which an undecodable character costs itself alone.
fn is_for_people(attribute: Attribute) -> bool {
    matches!(attribute, Attribute::Title | Attribute::Description)
}

/// A price with the currency that an attribute names, as if it stood beside the number.
fn money(node: &Node<'_>) -> Result<String, String> {
    let text = node.text.trim();
    let mut named = None;
    for attribute in node.attributes() {
        let name = attribute.name.rsplit_once(':').map_or(attribute.name, |(_, local)| local);
        if CURRENCY.contains(&name) {
            named = tidy(attribute.value()).map(Cow::into_owned).or(named);
        } else if let Some(meant) = CURRENCY.iter().find(|meant| is_misspelt(name, meant)) {
            return Err(format!("the attribute {:?} is probably meant to be {meant:?}", excerpt(name)));
        }
    }
    let Some(named) = named.filter(|_| !text.is_empty()) else { return Ok(text.to_owned()) };
    // The same may be said by both, in other words.
    let letters = || Currency::parse(text.trim_matches(|c: char| !c.is_alphabetic()));
    let beside = Money::parse(text).ok().map_or_else(letters, |money| money.currency);
    let is_repeated = beside.is_some() && beside == Currency::parse(&named);
    Ok(if is_repeated { text.to_owned() } else { format!("{text} {named}") })
}

/// The id of an item whose markup is broken: what stands between the tags of its id, if these can be
/// told from the rest. The last one counts, for other text may lie before the item.
fn id_of_broken(xml: &str, namespaces: &Namespaces) -> Option<String> {
    let has_start = ITEMS.iter().any(|name| xml.trim_start().starts_with(&format!("<{name}")));
    let whole = if has_start { Cow::Borrowed(xml) } else { Cow::Owned(format!("<item>{xml}</item>")) };
    let mended = mend(whole);
    let element = parse(&mended);
    let whole = element.nodes.iter().filter(|node| node.depth == 1 && node.is_closed && !node.has_markup);
    let mut ids = whole.filter(|node| {
        let named = namespaces.of(node.name()).and_then(|(_, local)| Attribute::named(local));
        named == Some((Attribute::Id, Spelling::Own))
    });
    let by_element = ids.next_back().and_then(|node| plain_id(&node.text));
    by_element.or_else(|| namespaces.names_of("id").iter().find_map(|name| between_tags(xml, name)))
}

/// The text in front of an end tag, or behind a start tag, when the other one of the two is broken.
fn between_tags(xml: &str, name: &str) -> Option<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    match (xml.rfind(&open), xml.rfind(&close)) {
        (Some(at), None) => {
            let rest = &xml[at + open.len()..];
            plain_id(&unescape(&rest[..rest.find('<')?]))
        }
        (None, Some(at)) => plain_id(&unescape(&xml[xml[..at].rfind('>')? + 1..at])),
        _ => None,
    }
}

/// A string that can be an id as it is: without remains of markup.
fn plain_id(text: &str) -> Option<String> {
    let id = tidy(Cow::Borrowed(text))?;
    (!id.contains(['<', '>', '"', '=', '\n'])).then(|| id.into_owned())
}
