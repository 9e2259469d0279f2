//! YML, Yandex Market's format: a tree of categories, then offers.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::ahead::pieces;
use super::charset::Charset;
use super::detect::Head;
use super::element::{Element, Node, mend, parse};
use super::google::{Fault, tidy};
use super::intake::Intake;
use super::spans::{Piece, Spans};
use super::{FeedError, Input, Offer, Row, Shape};
use crate::catalog::{Category, Currency, Digest, Id, Item, Money, Rejection, digest_bytes};

const NAMES: &[&str] = &["offer", "category"];

/// Reads every offer of the feed.
pub(super) fn read(input: &Input<'_>, head: &Head, shape: &Shape, intake: &mut Intake<'_>) -> Result<(), FeedError> {
    let charset = head.charset();
    let mut spans = Spans::new(input.open()?, head.root(), NAMES)?;
    let mut tree = Tree::new(charset);
    let mut offers_began = false;
    pieces(
        intake,
        |batch| spans.cut(batch),
        |intake, bytes, digest, piece| match piece {
            Piece::Element { name: "category", .. } => {
                tree.add(bytes);
                intake.set_surroundings(tree.digest);
                Ok(())
            }
            Piece::Element { line, .. } => {
                if !offers_began {
                    if tree.is_empty() {
                        // The categories may come after the offers, which can't be understood without.
                        tree = categories_only(input, head)?;
                    }
                    intake.set_surroundings(tree.digest);
                    offers_began = true;
                }
                intake.take(digest, || offer(&charset.decode(bytes), line, &mut tree, shape))
            }
            Piece::Broken { name: "offer", head, line, reason } => {
                let id = id_of(&parse(&mend(charset.decode(&head))));
                intake.give(rejected(line, id, "offer", reason.to_owned()), None)
            }
            // One that was not closed still has its id and name.
            Piece::Broken { head, .. } => {
                tree.add(&head);
                intake.set_surroundings(tree.digest);
                Ok(())
            }
            Piece::Open { .. } | Piece::Close { .. } => Ok(()),
        },
    )
}

fn categories_only(input: &Input<'_>, head: &Head) -> Result<Tree, FeedError> {
    let mut spans = Spans::new(input.open()?, head.root(), NAMES)?;
    let mut tree = Tree::new(head.charset());
    while let Some(piece) = spans.next()? {
        match piece {
            Piece::Element { name: "category", bytes, .. } => tree.add(spans.bytes(bytes)),
            Piece::Broken { name: "category", head, .. } => tree.add(&head),
            _ => {}
        }
    }
    Ok(tree)
}

/// The feed's categories. Parents that are missing, the category itself or part of a circle end
/// the path; of categories with the same id the first counts.
struct Tree {
    charset: Charset,
    nodes: HashMap<String, Level>,
    paths: HashMap<String, Arc<Category>>,
    /// Of all that the tree was made from, in order.
    digest: Digest,
}

struct Level {
    name: String,
    parent: Option<String>,
}

impl Tree {
    fn new(charset: Charset) -> Tree {
        let digest = digest_bytes(format!("{charset:?}").as_bytes());
        Tree { charset, nodes: HashMap::new(), paths: HashMap::new(), digest }
    }

    fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    fn add(&mut self, xml: &[u8]) {
        self.digest = digest_bytes(&[&self.digest.to_le_bytes(), xml].concat());
        // A path follows from the tree as the digest has it, whoever asked for it before.
        self.paths.clear();
        let xml = self.charset.decode(xml);
        let wrapped = format!("<c>{xml}</c>");
        let mended = mend(Cow::Borrowed(&wrapped));
        let element = parse(&mended);
        let Some(node) = element.nodes.iter().find(|node| node.depth == 1) else { return };
        let attribute = |name| node.attribute(name).and_then(|text| tidy(Cow::Owned(text)).map(Cow::into_owned));
        let Some(id) = attribute("id") else { return };
        let parent = attribute("parentId").or_else(|| attribute("parent_id"));
        let name = tidy(Cow::Borrowed(&node.text)).map_or_else(|| id.clone(), Cow::into_owned);
        self.nodes.entry(id).or_insert(Level { name, parent });
    }

    /// The category with this id, if the feed defines it.
    fn get(&mut self, id: &str) -> Option<Arc<Category>> {
        if let Some(known) = self.paths.get(id) {
            return Some(Arc::clone(known));
        }
        let mut names = Vec::new();
        let mut seen = HashSet::new();
        let mut at = Some(id);
        while let Some(level) = at.filter(|id| seen.insert(*id)).and_then(|id| self.nodes.get(id)) {
            names.push(level.name.as_str());
            at = level.parent.as_deref();
        }
        if names.is_empty() {
            return None;
        }
        names.reverse();
        let name = Some(names.join(" > "));
        let category = Arc::new(Category { id: Id::parse(id).ok()?, name });
        self.paths.insert(id.to_owned(), Arc::clone(&category));
        Some(category)
    }
}

fn rejected(line: u64, id: Option<String>, field: &str, reason: String) -> Row {
    Row::Rejected(Rejection::new(line, id, field, reason))
}

fn id_of(offer: &Element<'_>) -> Option<String> {
    let id = offer.nodes.first()?.attribute("id")?;
    tidy(Cow::Owned(id)).map(Cow::into_owned)
}

fn offer(xml: &str, line: u64, tree: &mut Tree, shape: &Shape) -> Row {
    let mended = mend(Cow::Borrowed(xml));
    let element = parse(&mended);
    let id = id_of(&element);
    if let Some(fault) = element.fault {
        return rejected(line, id, "offer", fault);
    }
    match understand(&Fields(&element.nodes), id.as_deref(), line, tree, shape) {
        Ok(offer) => Row::Offer(Box::new(offer)),
        Err((field, reason)) => rejected(line, id, field, reason),
    }
}

fn understand(
    fields: &Fields<'_, '_>,
    id: Option<&str>,
    line: u64,
    tree: &mut Tree,
    shape: &Shape,
) -> Result<Offer, Fault> {
    let id = Id::parse(id.unwrap_or_default()).map_err(|error| ("id", error.to_string()))?;
    let title = fields.title().ok_or_else(|| ("title", "no name".to_owned()))?;
    let money = fields.text("price").map(|text| Money::parse(&text)).transpose();
    let money = money.map_err(|error| ("price", error.to_string()))?;
    let named = money.and_then(|money| money.currency).map_or_else(|| fields.currency(), |own| Ok(Some(own)))?;
    let assumed = if named.is_none() && money.is_some() { shape.default_currency } else { None };
    let category = fields.text("categoryId").and_then(|id| tree.get(&id));
    let item = Item {
        id,
        category: category.or_else(|| shape.default_category.clone()),
        title,
        price: money.map(|money| money.price),
        currency: named.or(assumed),
        description: fields.text("description"),
        url: fields.text("url"),
        image_url: fields
            .text("picture")
            .and_then(|joined| joined.split(" | ").map(str::trim).find(|part| !part.is_empty()).map(str::to_owned)),
        in_stock: fields.in_stock(),
    };
    Ok(Offer { item, line, changes_at: None, currency_assumed: assumed.is_some() })
}

/// An offer's nodes.
struct Fields<'n, 'x>(&'n [Node<'x>]);

impl Fields<'_, '_> {
    /// The text of the first child of this name that has one.
    fn text(&self, name: &str) -> Option<String> {
        let children = self.0.iter().filter(|node| node.depth == 1 && node.name() == name);
        children
            .filter(|node| !node.has_markup || name == "description")
            .find_map(|node| tidy(Cow::Borrowed(&node.text)).map(Cow::into_owned))
    }

    /// `name`, else what the vendor.model type makes up a name from, else `title`.
    fn title(&self) -> Option<String> {
        let made_up = || {
            let parts = ["typePrefix", "vendor", "model"].map(|name| self.text(name));
            // A vendor alone says whose it is, not what.
            let says_what = parts[0].is_some() || parts[2].is_some();
            says_what.then(|| parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
        };
        self.text("name").or_else(made_up).or_else(|| self.text("title"))
    }

    fn currency(&self) -> Result<Option<Currency>, Fault> {
        let Some(code) = self.text("currencyId") else { return Ok(None) };
        let unknown = || ("currency", format!("{code:?} is no currency of ISO 4217"));
        Currency::parse(&code).map(Some).ok_or_else(unknown)
    }

    fn in_stock(&self) -> bool {
        let offer = self.0.first();
        let says = |name, value| offer.and_then(|node| node.attribute(name)).is_some_and(|text| text.trim() == value);
        if says("available", "false") || says("disabled", "true") {
            return false;
        }
        let own =
            ["count", "stock_quantity", "quantity_in_stock"].into_iter().find_map(|name| quantity(&self.text(name)?));
        own.or_else(|| self.outlets()).is_none_or(|quantity| quantity > 0.0)
    }

    /// What all outlets have together, if any says how much.
    fn outlets(&self) -> Option<f64> {
        let outlets = self.0.iter().filter(|node| node.depth >= 1 && node.name() == "outlet");
        outlets.filter_map(|node| quantity(&node.attribute("instock")?)).reduce(|sum, next| sum + next)
    }
}

fn quantity(text: &str) -> Option<f64> {
    text.trim().replace(',', ".").parse().ok().filter(|quantity: &f64| quantity.is_finite())
}
