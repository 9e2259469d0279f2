//! YML, Yandex Market's format: categories, in one block or several, and offers.

use std::borrow::Cow;

use memchr::memmem;

use super::ahead::pieces;
use super::attributes::attributes;
use super::bounds::told;
use super::charset::{Charset, Letters};
use super::detect::Head;
use super::element::{Element, Node, parse};
use super::entities::mend;
use super::google::{Fault, is_in_a_language};
use super::intake::Intake;
use super::spans::{Piece, Spans};
use super::tree::{Found, Tree};
use super::values::{UNREADABLE, first_address, has_entity, is_misspelt, quantity, tidy, truth, words};
use super::{FeedError, Input, Offer, Row, Shape};
use crate::catalog::{Currency, Id, Item, Money, Notation, Rejection};

const NAMES: &[&str] = &["offer", "category"];

/// The attributes of an offer that say something of the item.
const ATTRIBUTES: [&str; 3] = ["id", "available", "disabled"];
/// Attributes whose names resemble those by chance.
const OTHERS: [&str; 4] = ["bid", "cid", "gid", "uid"];

/// The elements that tell how many there are, the first that is there.
const QUANTITIES: [&str; 4] = ["quantity_in_stock", "stock_quantity", "quantity", "count"];

/// Reads every offer of the feed.
pub(super) fn read(input: &Input<'_>, head: &Head, shape: &Shape, intake: &mut Intake<'_>) -> Result<(), FeedError> {
    let mut letters = Letters::new(input, Some(head.charset()), head.bytes())?;
    let mut spans = Spans::new(input.open()?, head.root(), NAMES)?;
    let tree = Tree::new(letters.charset(), intake.hasher().clone());
    let mut tree = Known { tree, offers_began: false, is_all: false };
    pieces(
        intake,
        |batch| spans.cut(batch),
        |intake, bytes, digest, piece| match piece {
            Piece::Element { name: "category", line, .. } => {
                tree.add(bytes, intake)?;
                swallowed_offer(bytes, line, &letters).map_or(Ok(()), |row| intake.give(row, None))
            }
            // One that was not closed still has its id and name.
            Piece::Broken { name: "category", head, line, .. } => {
                tree.add(&head, intake)?;
                swallowed_offer(&head, line, &letters).map_or(Ok(()), |row| intake.give(row, None))
            }
            Piece::Element { line, .. } => {
                tree.offers_began = true;
                let known = intake.digest(digest);
                if intake.knows(known)? {
                    return Ok(());
                }
                if letters.settle(bytes)? {
                    tree.tree.set_charset(letters.charset());
                    intake.set_surroundings(tree.tree.digest());
                }
                let xml = letters.charset().decode(bytes);
                let mut row = offer(&xml, line, &mut tree.tree, shape)?;
                if matches!(&row, Row::Rejected(rejection) if rejection.field == "offer") && is_several(&xml) {
                    let reason = "another offer stands in its broken element, and its id can't be told";
                    intake.give(rejected(line, None, "offer", reason.to_owned()), None)?;
                }
                if tree.tree.lacks_some() && !tree.is_all {
                    tree.read_all(input, head, letters.charset(), intake)?;
                    row = offer(&xml, line, &mut tree.tree, shape)?;
                }
                intake.give(row, Some(intake.digest(digest)))
            }
            Piece::Broken { head, line, reason, .. } => {
                let xml = letters.charset().decode(&head);
                intake.give(broken(line, id_of_broken(&xml), reason.to_owned(), &xml), None)
            }
            Piece::Open { .. } | Piece::Close { .. } => Ok(()),
        },
    )
}

/// The categories, as far as they have been read. Those behind the first offer are looked for only
/// when an offer's category, or an ancestor of it, isn't among those before: reading the feed twice would
/// cost every pass the same again.
struct Known {
    tree: Tree,
    offers_began: bool,
    is_all: bool,
}

impl Known {
    fn add(&mut self, xml: &[u8], intake: &mut Intake<'_>) -> Result<(), FeedError> {
        if !self.offers_began {
            self.tree.add(xml)?;
            intake.set_surroundings(self.tree.digest());
        }
        Ok(())
    }

    fn read_all(
        &mut self,
        input: &Input<'_>,
        head: &Head,
        charset: Charset,
        intake: &mut Intake<'_>,
    ) -> Result<(), FeedError> {
        let mut spans = Spans::new(input.open()?, head.root(), NAMES)?;
        self.tree = Tree::new(charset, intake.hasher().clone());
        self.is_all = true;
        let mut pieces = 0_u64;
        while let Some(piece) = spans.next()? {
            pieces += 1;
            if pieces.is_multiple_of(1024) {
                intake.check_cancelled()?;
            }
            match piece {
                Piece::Element { name: "category", bytes, .. } => self.tree.add(spans.bytes(bytes))?,
                Piece::Broken { name: "category", head, .. } => self.tree.add(&head)?,
                _ => {}
            }
        }
        intake.set_surroundings(self.tree.digest());
        Ok(())
    }
}

fn rejected(line: u64, id: Option<String>, field: &str, reason: String) -> Row {
    Row::Rejected(Rejection::new(line, id, field, reason))
}

/// The rejection of an offer that stands in the broken element of a category, should one.
fn swallowed_offer(xml: &[u8], line: u64, letters: &Letters<'_, '_>) -> Option<Row> {
    let has = |what: &str| memmem::find(xml, what.as_bytes()).is_some();
    let is_there = has("<price") || has("</offer") || has("offer id=") || has("</price");
    let reason = || "an offer stands in the broken element of a category".to_owned();
    is_there.then(|| broken(line, None, reason(), &letters.charset().decode(xml)))
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
fn is_two(element: &Element<'_>) -> bool {
    let fields = Fields(&element.nodes);
    let is_twice = |name: &&&str| fields.children(|child| child == **name).nth(1).is_some();
    ["price", "name", "url", "currencyId"].iter().filter(is_twice).count() > 1
}

/// Whether a broken element holds what only two offers can: the tags between them are broken.
fn is_several(xml: &str) -> bool {
    let mended = mend(Cow::Borrowed(xml));
    let element = parse(&mended);
    let fields = Fields(&element.nodes);
    // The start of another one has lost its bracket.
    let is_hidden =
        xml.get(6..).is_some_and(|inside| inside.contains("offer id=") || inside.contains("offer available="));
    is_hidden
        || ["price", "categoryId", "currencyId", "name"]
            .iter()
            .any(|name| fields.children(|child| child == *name).count() > 1)
}

fn offer(xml: &str, line: u64, tree: &mut Tree, shape: &Shape) -> Result<Row, FeedError> {
    let mended = mend(Cow::Borrowed(xml));
    let element = parse(&mended);
    let two = || is_two(&element).then(|| "what only two offers have: another one stands in its element".to_owned());
    if let Some(fault) = element.fault.clone().or_else(|| misspelt(&element)).or_else(two) {
        return Ok(broken(line, id_of_broken(xml), fault, xml));
    }
    let id = id_of(&element);
    let mut attributes = element.nodes.iter().take(1).flat_map(Node::attributes);
    if attributes.any(|attribute| attribute.name == "id" && attribute.has_tag_rest()) {
        return Ok(broken(line, None, "half a tag in its id".to_owned(), xml));
    }
    if id.as_deref().is_some_and(|id| id.contains(char::REPLACEMENT_CHARACTER) || has_entity(id)) {
        return Ok(broken(line, None, "its id can't be read".to_owned(), xml));
    }
    let fields = Fields(&element.nodes);
    let category = match fields.text("categoryId") {
        Ok(Some(id)) => tree.get(&id)?,
        _ => Found::Undefined,
    };
    let category = match category {
        Found::Category(category) => Some(category),
        Found::Undefined => shape.default_category.clone(),
        Found::Unreadable => {
            let reason = "the element of its category, or of one above it, is broken".to_owned();
            return Ok(rejected(line, id, "category", reason));
        }
    };
    Ok(match understand(&fields, id.as_deref(), line, shape) {
        Ok(mut offer) => {
            offer.item.category = category;
            Row::Offer(Box::new(offer))
        }
        Err((field, reason)) => rejected(line, id, field, reason),
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
    pair.map(|(name, meant)| format!("the attribute {:?} is probably meant to be {meant:?}", told(name)))
}

fn understand(fields: &Fields<'_, '_>, id: Option<&str>, line: u64, shape: &Shape) -> Result<Offer, Fault> {
    let id = Id::parse(id.unwrap_or_default()).map_err(|error| ("id", error.to_string()))?;
    let title = fields.title()?.ok_or_else(|| ("title", "no name".to_owned()))?;
    let money = fields.money(shape)?;
    let named = money.and_then(|money| money.currency).map_or_else(|| fields.currency(), |own| Ok(Some(own)))?;
    let assumed = if named.is_none() && money.is_some() { shape.default_currency } else { None };
    let address = |name, field| {
        let text = fields.text(name).map_err(|reason| (field, reason))?;
        Ok::<_, Fault>(text.as_deref().and_then(first_address).map(str::to_owned))
    };
    fields.text("categoryId").map_err(|reason| ("category", reason))?;
    let (in_stock, strange_stock) = fields.in_stock()?;
    let item = Item {
        id,
        category: None,
        title,
        price: money.map(|money| money.price),
        currency: named.or(assumed),
        description: fields.text("description").map_err(|reason| ("description", reason))?,
        url: address("url", "url")?,
        image_url: address("picture", "image_url")?,
        in_stock,
    };
    Ok(Offer { item, line, changes_at: None, currency_assumed: assumed.is_some(), strange_stock })
}

/// An offer's nodes.
struct Fields<'n, 'x>(&'n [Node<'x>]);

impl<'n, 'x> Fields<'n, 'x> {
    fn children(&self, is_wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = &'n Node<'x>> {
        self.0.iter().filter(move |node| node.depth == 1 && is_wanted(node.name()))
    }

    /// The text of the first child of this name that has one.
    ///
    /// # Errors
    /// When there is something else than text.
    fn text(&self, name: &str) -> Result<Option<String>, String> {
        let is_text = name == "description" || is_title(name);
        for node in self.children(|child| child == name) {
            if node.has_markup && !is_text {
                return Err("markup where a value should be".to_owned());
            }
            if !is_text && !QUANTITIES.contains(&name) && node.has_tag_rest {
                return Err("half a tag in it".to_owned());
            }
            if !is_text && node.text.contains(char::REPLACEMENT_CHARACTER) {
                return Err(UNREADABLE.to_owned());
            }
            if let Some(text) = tidy(Cow::Borrowed(&node.text)) {
                return Ok(Some(text.into_owned()));
            }
        }
        Ok(None)
    }

    /// `name`, also in one of several languages, else what the vendor.model type makes up a name from,
    /// else `title`.
    fn title(&self) -> Result<Option<String>, Fault> {
        let text = |name| self.text(name).map_err(|reason| ("title", reason));
        if let Some(name) = text("name")? {
            return Ok(Some(name));
        }
        let mut translated = self.children(|name| is_in_a_language(name, "name"));
        if let Some(name) = translated.find_map(|node| tidy(Cow::Borrowed(&node.text)).map(Cow::into_owned)) {
            return Ok(Some(name));
        }
        let parts = [text("typePrefix")?, text("vendor")?, text("model")?];
        // A vendor alone says whose it is, not what.
        if parts[0].is_some() || parts[2].is_some() {
            return Ok(Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" ")));
        }
        text("title")
    }

    /// The price, with a currency that stands beside it or in an attribute.
    fn money(&self, shape: &Shape) -> Result<Option<Money>, Fault> {
        let fault = |reason| ("price", reason);
        let Some(text) = self.text("price").map_err(fault)? else { return Ok(None) };
        let notation = Notation { dot_is_decimal: true, ..Notation::of(shape.default_currency) };
        let money = Money::read(&text, notation).map_err(|error| fault(error.to_string()))?;
        let node = self.children(|name| name == "price").find(|node| !node.text.trim().is_empty());
        let named = node.and_then(|node| node.attribute("currency").or_else(|| node.attribute("unit")));
        let Some(named) = named.and_then(|named| tidy(Cow::Owned(named)).map(Cow::into_owned)) else {
            return Ok(Some(money));
        };
        match Currency::parse(&named) {
            None => Err(("currency", unknown_currency(&named))),
            Some(named) if money.currency.is_some_and(|beside| beside != named) => {
                Err(("currency", "it is named twice, and differently".to_owned()))
            }
            named => Ok(Some(Money { currency: named, ..money })),
        }
    }

    fn currency(&self) -> Result<Option<Currency>, Fault> {
        let Some(code) = self.text("currencyId").map_err(|reason| ("currency", reason))? else { return Ok(None) };
        Currency::parse(&code).map(Some).ok_or_else(|| ("currency", unknown_currency(&code)))
    }

    /// By the attributes and any quantity: what says that there is none counts. With it the word of an attribute that
    /// says neither, where a quantity decides.
    fn in_stock(&self) -> Result<(bool, Option<String>), Fault> {
        let (available, disabled) = (self.says("available"), self.says("disabled"));
        let quantity = self.quantity()?;
        let strange = [&available, &disabled].into_iter().find_map(|says| says.as_ref().err()).cloned();
        if let (Some((name, text)), None) = (&strange, quantity) {
            return Err(("in_stock", format!("{name}={:?} is neither true nor false", told(text))));
        }
        let is_off = available == Ok(Some(false)) || disabled == Ok(Some(true));
        let is_in_stock = !is_off && quantity.is_none_or(|pieces| pieces > 0.0);
        Ok((is_in_stock, strange.map(|(_, text)| text)))
    }

    /// What an attribute of the offer says, or its name and what stands there instead.
    fn says(&self, name: &'static str) -> Result<Option<bool>, (&'static str, String)> {
        let text = self.0.first().and_then(|node| node.attribute(name));
        let Some(text) = text.and_then(|text| tidy(Cow::Owned(text)).map(Cow::into_owned)) else { return Ok(None) };
        truth(&text).map(Some).ok_or((name, text))
    }

    /// How many pieces there are, if anything says so.
    fn quantity(&self) -> Result<Option<f64>, Fault> {
        for name in QUANTITIES {
            let text = self.text(name).map_err(|reason| ("in_stock", reason))?;
            if let Some(text) = text {
                let pieces = quantity(&text);
                let strange = || ("in_stock", format!("{name} {:?} is not a number", told(&text)));
                return pieces.map(Some).ok_or_else(strange);
            }
        }
        self.outlets()
    }

    /// What all outlets have together, if any says how much.
    fn outlets(&self) -> Result<Option<f64>, Fault> {
        let mut sum = None;
        for outlet in self.0.iter().filter(|node| node.depth >= 1 && node.name() == "outlet") {
            let Some(text) = outlet.attribute("instock").filter(|text| !text.trim().is_empty()) else { continue };
            let pieces =
                quantity(&text).ok_or_else(|| ("in_stock", format!("instock={:?} is not a number", told(&text))))?;
            sum = Some(sum.unwrap_or(0.0) + pieces);
        }
        Ok(sum)
    }
}

fn is_title(name: &str) -> bool {
    matches!(name, "name" | "typePrefix" | "vendor" | "model" | "title")
}

fn unknown_currency(code: &str) -> String {
    format!("{:?} is no currency of ISO 4217", code.chars().take(40).collect::<String>())
}
