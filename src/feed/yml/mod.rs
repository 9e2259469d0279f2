//! YML, Yandex Market's format: categories, in one block or several, and offers.

mod fields;

use std::borrow::Cow;

use memchr::memmem;

use super::attributes::attributes;
use super::bounds::excerpt;
use super::charset::CharsetDetector;
use super::chunker::for_each_fragment;
use super::detect::Head;
use super::element::{Element, Node, parse};
use super::entities::mend;
use super::google::Fault;
use super::plain_element::parse_plain;
use super::row_output::RowOutput;
use super::tree::{Lookup, Tree};
use super::values::{first_address, is_misspelt, tidy, words};
use super::xml_split::{Fragment, XmlSplitter};
use super::{FeedError, Input, Offer, ParseOptions, Row};
use crate::catalog::{Id, Item, Local, Rejection, Traits};
use fields::{Child, OfferFields};

const NAMES: &[&str] = &["offer", "category"];

/// The attributes of an offer that say something of the item.
const ATTRIBUTES: [&str; 3] = ["id", "available", "disabled"];
/// Attributes whose names resemble those by chance.
const OTHERS: [&str; 4] = ["bid", "cid", "gid", "uid"];

/// Reads every offer of the feed.
pub(super) fn read(
    input: &Input<'_>,
    head: &Head,
    options: &ParseOptions,
    output: &mut RowOutput<'_>,
) -> Result<(), FeedError> {
    let mut detector = CharsetDetector::new(input, Some(head.charset()), head.bytes())?;
    let mut splitter = XmlSplitter::new(input.open()?, head.root(), NAMES)?;
    let tree = Tree::new(detector.charset(), &detector.standing(), output.hasher().clone());
    // What an offer means depends on the encoding, also where no category comes before it.
    output.set_context(tree.digest());
    let mut categories = Categories { tree, offers_began: false, is_all: false };
    for_each_fragment(
        output,
        |chunk| splitter.add_next(chunk),
        |output, bytes, digest, fragment| match fragment {
            Fragment::Element { name: "category", line, .. } => {
                categories.settle(&mut detector, bytes, output)?;
                categories.add(bytes, output)?;
                swallowed_offer(bytes, line, &detector).map_or(Ok(()), |row| output.give(row, None))
            }
            // One that was not closed still has its id and name.
            Fragment::Broken { name: "category", head, line, .. } => {
                categories.settle(&mut detector, &head, output)?;
                categories.add(&head, output)?;
                swallowed_offer(&head, line, &detector).map_or(Ok(()), |row| output.give(row, None))
            }
            Fragment::Element { line, .. } => {
                categories.offers_began = true;
                let known = output.digest(digest);
                if output.knows(known, line)? {
                    return Ok(());
                }
                let (text, is_decided) = detector.settle_text(bytes)?;
                if is_decided {
                    categories.tree.set_charset(detector.charset(), &detector.standing());
                    output.set_context(categories.tree.digest());
                }
                let charset = detector.charset();
                let xml = text.map_or_else(|| charset.decode(bytes), |text| charset.recode(text));
                let mut row = offer(&xml, line, &mut categories.tree, options)?;
                if matches!(&row, Row::Rejected(rejection) if rejection.field == "offer") && is_several(&xml) {
                    let reason = "another offer stands in its broken element, and its id can't be told";
                    output.give(rejected(line, None, "offer", reason.to_owned()), None)?;
                }
                if categories.tree.lacks_some() && !categories.is_all {
                    categories.read_all(input, head, &mut detector, output)?;
                    row = offer(&detector.charset().decode(bytes), line, &mut categories.tree, options)?;
                }
                output.give(row, Some(output.digest(digest)))
            }
            Fragment::Broken { head, line, reason, .. } => {
                let xml = detector.charset().decode(&head);
                output.give(broken(line, id_of_broken(&xml), reason.to_owned(), &xml), None)
            }
            Fragment::Open { .. } | Fragment::Close { .. } => Ok(()),
        },
    )
}

/// The categories, as far as they have been read. Those behind the first offer are looked for only
/// when an offer's category, or an ancestor of it, isn't among those before: reading the feed twice would
/// cost every pass the same again.
struct Categories {
    tree: Tree,
    offers_began: bool,
    is_all: bool,
}

impl Categories {
    /// A category may be the first to show in which encoding the feed is.
    fn settle(
        &mut self,
        detector: &mut CharsetDetector<'_, '_>,
        xml: &[u8],
        output: &mut RowOutput<'_>,
    ) -> Result<(), FeedError> {
        if detector.settle(xml)? {
            self.tree.set_charset(detector.charset(), &detector.standing());
            output.set_context(self.tree.digest());
        }
        Ok(())
    }

    fn add(&mut self, xml: &[u8], output: &mut RowOutput<'_>) -> Result<(), FeedError> {
        if !self.offers_began {
            self.tree.add(xml)?;
            output.set_context(self.tree.digest());
        }
        Ok(())
    }

    fn read_all(
        &mut self,
        input: &Input<'_>,
        head: &Head,
        detector: &mut CharsetDetector<'_, '_>,
        output: &mut RowOutput<'_>,
    ) -> Result<(), FeedError> {
        let mut splitter = XmlSplitter::new(input.open()?, head.root(), NAMES)?;
        self.tree = Tree::new(detector.charset(), &detector.standing(), output.hasher().clone());
        self.is_all = true;
        let mut fragments = 0_u64;
        while let Some(fragment) = splitter.next()? {
            fragments += 1;
            if fragments.is_multiple_of(1024) {
                output.check_cancelled()?;
            }
            let broken;
            let xml = match fragment {
                Fragment::Element { name: "category", bytes, .. } => splitter.bytes(bytes),
                Fragment::Broken { name: "category", head, .. } => {
                    broken = head;
                    broken.as_slice()
                }
                _ => continue,
            };
            if detector.settle(xml)? {
                // Those so far may have been read in another encoding.
                return self.read_all(input, head, detector, output);
            }
            self.tree.add(xml)?;
        }
        output.set_context(self.tree.digest());
        Ok(())
    }
}

fn rejected(line: u64, id: Option<String>, field: &str, reason: String) -> Row {
    Row::Rejected(Rejection::new(line, id, field, reason))
}

/// The rejection of an offer that stands in the broken element of a category, should one.
fn swallowed_offer(xml: &[u8], line: u64, detector: &CharsetDetector<'_, '_>) -> Option<Row> {
    let has = |what: &str| memmem::find(xml, what.as_bytes()).is_some();
    let is_there = has("<price") || has("</offer") || has("offer id=") || has("</price");
    let reason = || "an offer stands in the broken element of a category".to_owned();
    is_there.then(|| broken(line, None, reason(), &detector.charset().decode(xml)))
}

/// The rejection of an offer whose markup is broken.
fn broken(line: u64, id: Option<String>, reason: String, xml: &str) -> Row {
    Row::Rejected(Rejection::new(line, id, "offer", reason).of_broken(words(xml)))
}

fn id_of(offer: &Element<'_>) -> Option<String> {
    let id = offer.nodes.first()?.attribute("id")?;
    tidy(Cow::Owned(id)).map(Cow::into_owned)
}

/// The id of an offer whose markup is broken: what stands as an attribute `id` in front of the first
/// `>`, if it can be told from the rest.
fn id_of_broken(xml: &str) -> Option<String> {
    let begin = xml.rfind("<offers").map_or(0, |at| at + 1);
    let xml = xml[begin..].split_once('>').filter(|_| begin > 0).map_or(&xml[begin..], |(_, rest)| rest);
    let tag = &xml[..xml.find('>').unwrap_or(xml.len())];
    let at = tag.match_indices("id").map(|(at, _)| at).find(|at| {
        let is_own = tag[..*at].ends_with(|c: char| c.is_whitespace());
        is_own && tag[at + 2..].trim_start().starts_with('=')
    })?;
    let found = attributes(&tag[at..]).next()?;
    let id = tidy(found.value()).map(Cow::into_owned)?;
    // A quote that was lost ends at the next one, behind the name of another attribute.
    let swallowed = id.rsplit_once(char::is_whitespace).filter(|(_, name)| name.ends_with('='));
    let id = match swallowed {
        Some((id, _)) => id.trim_end().to_owned(),
        None => id,
    };
    (!id.contains(['<', '>', '"', '=', '\n'])).then_some(id)
}

/// Whether an offer that isn't broken has two each of what an offer has one of: what lay between two is lost.
fn is_two(fields: &OfferFields<'_, '_>) -> bool {
    let once = [Child::Price, Child::Name, Child::Url, Child::Currency];
    once.into_iter().filter(|child| fields.count(*child) > 1).count() > 1
}

/// Whether a broken element holds what only two offers can: the tags between them are broken.
fn is_several(xml: &str) -> bool {
    let mended = mend(Cow::Borrowed(xml));
    let element = parse(&mended);
    let fields = OfferFields::new(&element.nodes);
    // The start of another one has lost its bracket.
    let is_hidden =
        xml.get(6..).is_some_and(|inside| inside.contains("offer id=") || inside.contains("offer available="));
    is_hidden
        || [Child::Price, Child::Category, Child::Currency, Child::Name].into_iter().any(|one| fields.count(one) > 1)
}

fn offer(xml: &str, line: u64, tree: &mut Tree, options: &ParseOptions) -> Result<Row, FeedError> {
    let mended;
    let element = match parse_plain(xml) {
        Some(element) => element,
        None => {
            mended = mend(Cow::Borrowed(xml));
            parse(&mended)
        }
    };
    let fields = OfferFields::new(&element.nodes);
    let two = || is_two(&fields).then(|| "what only two offers have: another one stands in its element".to_owned());
    if let Some(fault) = element.fault.clone().or_else(|| misspelt(&element)).or_else(two) {
        return Ok(broken(line, id_of_broken(xml), fault, xml));
    }
    let id = id_of(&element);
    let mut attributes = element.nodes.iter().take(1).flat_map(Node::attributes);
    let written = attributes.find(|attribute| attribute.name == "id");
    if written.is_some_and(|id| id.has_tag_rest()) {
        return Ok(broken(line, None, "half a tag in its id".to_owned(), xml));
    }
    if written.is_some_and(|id| id.has_unknown_entity() || id.value().contains(char::REPLACEMENT_CHARACTER)) {
        return Ok(broken(line, None, "its id can't be read".to_owned(), xml));
    }
    let named = fields.text(Child::Category);
    let category = match &named {
        Ok(Some(id)) => tree.get(id)?,
        _ => Lookup::Undefined,
    };
    let category = match category {
        Lookup::Category(category) => Some(category),
        Lookup::Undefined => options.default_category.clone(),
        Lookup::Unreadable => {
            let reason = "the element of its category, or of one above it, is broken".to_owned();
            return Ok(rejected(line, id, "category", reason));
        }
    };
    Ok(match understand(&fields, id.as_deref(), line, options) {
        Ok(mut offer) => {
            offer.item.category = category;
            Row::Offer(Box::new(offer))
        }
        Err((field, reason)) => {
            let rejection = Rejection::new(line, id, field, reason).of_cell(fields.cell(field));
            Row::Rejected(match named {
                Ok(_) => rejection.with_traits(Traits { brand: fields.local(None, options).brand, category }),
                Err(_) => rejection,
            })
        }
    })
}

/// An attribute of the offer that is one letter off: as it stands it would go unread.
fn misspelt(element: &Element<'_>) -> Option<String> {
    let offer = element.nodes.first()?;
    let has = |name: &str| offer.attributes().any(|attribute| attribute.name == name);
    let unknown = offer.attributes().map(|attribute| attribute.name).filter(|name| !ATTRIBUTES.contains(name));
    let pair = unknown.filter(|name| !OTHERS.contains(name)).find_map(|name| {
        let meant = ATTRIBUTES.into_iter().find(|meant| is_misspelt(name, meant) && !has(meant))?;
        Some((name, meant))
    });
    pair.map(|(name, meant)| format!("the attribute {:?} is probably meant to be {meant:?}", excerpt(name)))
}

fn understand(
    fields: &OfferFields<'_, '_>,
    id: Option<&str>,
    line: u64,
    options: &ParseOptions,
) -> Result<Offer, Fault> {
    let id = Id::parse(id.unwrap_or_default()).map_err(|error| ("id", error.to_string()))?;
    let title = fields.title()?.ok_or_else(|| ("title", "no name".to_owned()))?;
    let money = fields.money(options)?;
    let named = money.and_then(|money| money.currency).map_or_else(|| fields.currency(options), |own| Ok(Some(own)))?;
    let assumed = if named.is_none() && money.is_some() { options.default_currency } else { None };
    let address = |child, field| {
        let text = fields.text(child).map_err(|reason| (field, reason))?;
        Ok::<_, Fault>(text.as_deref().and_then(first_address).map(str::to_owned))
    };
    fields.text(Child::Category).map_err(|reason| ("category", reason))?;
    let (in_stock, strange_stock) = fields.in_stock()?;
    let item = Item {
        id,
        category: None,
        title,
        price: money.map(|money| money.price),
        currency: named.or(assumed),
        description: fields.text(Child::Description).map_err(|reason| ("description", reason))?,
        url: address(Child::Url, "url")?,
        image_url: address(Child::Picture, "image_url")?,
        in_stock,
        local: if options.local { fields.local(money, options) } else { Local::default() },
    };
    Ok(Offer { item, line, changes_at: None, currency_assumed: assumed.is_some(), strange_stock })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use jiff::Timestamp;

    use super::*;
    use crate::feed;

    /// The names of the categories of a feed's offers.
    fn categories(body: &[u8]) -> Vec<Option<String>> {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(body).expect("written");
        let options = ParseOptions::at(Timestamp::UNIX_EPOCH);
        let mut names = Vec::new();
        let read = feed::read(&feed::open(&file, 64 << 20), &options, &mut |row| {
            names.push(match row {
                Row::Offer(offer) => offer.item.category.as_ref().and_then(|category| category.name.clone()),
                Row::Rejected(rejection) => panic!("{rejection:?}"),
            });
            Ok(())
        });
        read.expect("a whole feed");
        names
    }

    #[test]
    fn categories_behind_the_offers_may_be_the_first_to_show_the_encoding() {
        // In windows-1251, the bytes of the first one happen to be UTF-8.
        let named = ["Её", "Лампы настольные", "Светильники потолочные"];
        let element = |(id, name): (usize, &str)| format!("<category id=\"{id}\">{name}</category>\n");
        let elements: String = named.into_iter().enumerate().map(element).collect();
        let offer =
            |n: usize| format!("<offer id=\"{n}\"><name>Lamp</name><categoryId>{}</categoryId></offer>\n", n % 3);
        let offers: String = (0..2_000).map(offer).collect();
        assert!(offers.len() > 64 << 10, "the beginning of the feed shows nothing");
        let feed = format!(
            "<yml_catalog><shop><offers>\n{offers}</offers>\n<categories>\n{elements}</categories></shop></yml_catalog>"
        );
        let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(&feed);
        let found = categories(&bytes);
        assert!(found.chunks(3).all(|three| three.iter().flatten().eq(&named[..three.len()])), "{:?}", &found[..3]);
    }
}
