//! What the elements and attributes of an offer say.

use std::borrow::Cow;

use crate::catalog::{Cell, Currency, Local, Money, Notation};
use crate::feed::ParseOptions;
use crate::feed::bounds::{cell_text, excerpt};
use crate::feed::element::Node;
use crate::feed::google::{Fault, is_in_a_language};
use crate::feed::values::{UNREADABLE, each_address, quantity, tidy, truth};

/// The children of an offer that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Child {
    Name,
    TypePrefix,
    Vendor,
    Model,
    Title,
    Description,
    Price,
    OldPrice,
    Currency,
    Category,
    Url,
    Picture,
    QuantityInStock,
    StockQuantity,
    Quantity,
    Count,
    VendorCode,
    Barcode,
    /// The name in a language.
    Translated,
    /// Not a child, or one that isn't read.
    Other,
}

/// The elements that tell how many there are, the first that is there.
const QUANTITIES: [(Child, &str); 4] = [
    (Child::QuantityInStock, "quantity_in_stock"),
    (Child::StockQuantity, "stock_quantity"),
    (Child::Quantity, "quantity"),
    (Child::Count, "count"),
];

impl Child {
    fn of(node: &Node<'_>) -> Child {
        if node.depth == 1 { Child::named(node.name()) } else { Child::Other }
    }

    fn named(name: &str) -> Child {
        match name {
            "name" => Child::Name,
            "typePrefix" => Child::TypePrefix,
            "vendor" => Child::Vendor,
            "model" => Child::Model,
            "title" => Child::Title,
            "description" => Child::Description,
            "price" => Child::Price,
            "oldprice" => Child::OldPrice,
            "currencyId" => Child::Currency,
            "categoryId" => Child::Category,
            "url" => Child::Url,
            "picture" => Child::Picture,
            "quantity_in_stock" => Child::QuantityInStock,
            "stock_quantity" => Child::StockQuantity,
            "quantity" => Child::Quantity,
            "count" => Child::Count,
            "vendorCode" => Child::VendorCode,
            "barcode" => Child::Barcode,
            name if is_in_a_language(name, "name") => Child::Translated,
            _ => Child::Other,
        }
    }

    /// Whether it is text for people.
    fn is_words(self) -> bool {
        matches!(
            self,
            Child::Name | Child::TypePrefix | Child::Vendor | Child::Model | Child::Title | Child::Description
        )
    }

    fn is_quantity(self) -> bool {
        QUANTITIES.iter().any(|(child, _)| *child == self)
    }
}

/// An offer's nodes, and which ones of its children they are: each is looked for by itself.
pub(super) struct OfferFields<'n, 'x> {
    nodes: &'n [Node<'x>],
    children: Vec<Child>,
}

impl<'n, 'x> OfferFields<'n, 'x> {
    pub(super) fn new(nodes: &'n [Node<'x>]) -> OfferFields<'n, 'x> {
        OfferFields { nodes, children: nodes.iter().map(Child::of).collect() }
    }

    pub(super) fn children(&self, wanted: Child) -> impl Iterator<Item = &'n Node<'x>> {
        self.nodes.iter().zip(&self.children).filter(move |(_, child)| **child == wanted).map(|(node, _)| node)
    }

    /// How many children there are of a kind.
    pub(super) fn count(&self, wanted: Child) -> usize {
        self.children.iter().filter(|child| **child == wanted).count()
    }

    /// The text of the first such child that has one.
    ///
    /// # Errors
    /// When there is something else than text.
    pub(super) fn text(&self, child: Child) -> Result<Option<String>, String> {
        let is_text = child.is_words();
        for node in self.children(child) {
            if node.has_markup && !is_text {
                return Err("markup where a value should be".to_owned());
            }
            if !is_text && !child.is_quantity() && node.has_tag_rest {
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

    /// What a rejection tells of the element that a field is made of.
    pub(super) fn cell(&self, field: &str) -> Cell {
        let column = match field {
            "title" => "name",
            "url" => "url",
            "image_url" => "picture",
            "currency" => "currencyId",
            "category" => "categoryId",
            "in_stock" => "available",
            other => other,
        };
        let mut named = self.nodes.iter().filter(|node| node.depth == 1 && node.name() == column);
        let value = named.find(|node| !node.text.trim().is_empty()).map(|node| cell_text(node.text.trim()));
        let attribute = || self.nodes.first().and_then(|node| node.attribute(column));
        let title = if field == "title" { None } else { self.title().ok().flatten().as_deref().map(cell_text) };
        Cell { column: Some(column.to_owned()), value: value.or_else(attribute), title }
    }

    /// `name`, also in one of several languages, else what the vendor.model type makes up a name from,
    /// else `title`.
    pub(super) fn title(&self) -> Result<Option<String>, Fault> {
        let text = |child| self.text(child).map_err(|reason| ("title", reason));
        if let Some(name) = text(Child::Name)? {
            return Ok(Some(name));
        }
        let mut translated = self.children(Child::Translated);
        if let Some(name) = translated.find_map(|node| tidy(Cow::Borrowed(&node.text)).map(Cow::into_owned)) {
            return Ok(Some(name));
        }
        let parts = [text(Child::TypePrefix)?, text(Child::Vendor)?, text(Child::Model)?];
        // A vendor alone says whose it is, not what.
        if parts[0].is_some() || parts[2].is_some() {
            return Ok(Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" ")));
        }
        text(Child::Title)
    }

    /// The price, with a currency that stands beside it or in an attribute.
    pub(super) fn money(&self, options: &ParseOptions) -> Result<Option<Money>, Fault> {
        let fault = |reason| ("price", reason);
        let Some(text) = self.text(Child::Price).map_err(fault)? else { return Ok(None) };
        let notation = Notation { dot_is_decimal: true, ..Notation::of(options.default_currency) };
        let money = Money::read(&text, notation).map_err(|error| fault(error.to_string()))?;
        let node = self.children(Child::Price).find(|node| !node.text.trim().is_empty());
        let named = node.and_then(|node| node.attribute("currency").or_else(|| node.attribute("unit")));
        let Some(named) = named.and_then(|named| tidy(Cow::Owned(named)).map(Cow::into_owned)) else {
            return Ok(Some(money));
        };
        match notation.currency(&named) {
            None => Err(("currency", unknown_currency(&named))),
            Some(named) if money.currency.is_some_and(|beside| beside != named) => {
                Err(("currency", "it is named twice, and differently".to_owned()))
            }
            named => Ok(Some(Money { currency: named, ..money })),
        }
    }

    /// What is known besides the item's own fields; what can't be read of it is left out.
    pub(super) fn local(&self, now: Option<Money>, options: &ParseOptions) -> Local {
        let texts = |child: Child| {
            let whole = self.children(child).filter(|node| !node.has_markup && !node.has_tag_rest);
            whole.filter_map(|node| tidy(Cow::Borrowed(&node.text)))
        };
        let notation = Notation { dot_is_decimal: true, ..Notation::of(options.default_currency) };
        let old = texts(Child::OldPrice).next().and_then(|text| Money::read(&text, notation).ok());
        let old = old.map(|money| money.price).filter(|old| now.is_some_and(|now| *old > now.price));
        let mut local = Local { old_price: old, ..Local::default() };
        texts(Child::Picture).for_each(|text| each_address(&text, |image| local.add_image(image)));
        [Child::VendorCode, Child::Barcode].into_iter().flat_map(texts).for_each(|code| local.add_code(&code));
        texts(Child::Vendor).for_each(|brand| local.set_brand(&brand));
        let group = self.nodes.first().and_then(|offer| offer.attribute("group_id"));
        group.and_then(|group| tidy(Cow::Owned(group))).iter().for_each(|group| local.set_group(group));
        local
    }

    pub(super) fn currency(&self, options: &ParseOptions) -> Result<Option<Currency>, Fault> {
        let Some(code) = self.text(Child::Currency).map_err(|reason| ("currency", reason))? else { return Ok(None) };
        Notation::of(options.default_currency)
            .currency(&code)
            .map(Some)
            .ok_or_else(|| ("currency", unknown_currency(&code)))
    }

    /// By the attributes and any quantity: what says that there is none counts. With it the word of an attribute that
    /// says neither, where a quantity decides.
    pub(super) fn in_stock(&self) -> Result<(bool, Option<String>), Fault> {
        let (available, disabled) = (self.says("available"), self.says("disabled"));
        let quantity = self.quantity()?;
        let strange = [&available, &disabled].into_iter().find_map(|says| says.as_ref().err()).cloned();
        if let (Some((name, text)), None) = (&strange, quantity) {
            return Err(("in_stock", format!("{name}={:?} is neither true nor false", excerpt(text))));
        }
        let is_off = available == Ok(Some(false)) || disabled == Ok(Some(true));
        let is_in_stock = !is_off && quantity.is_none_or(|pieces| pieces > 0.0);
        Ok((is_in_stock, strange.map(|(_, text)| text)))
    }

    /// What an attribute of the offer says, or its name and what stands there instead.
    fn says(&self, name: &'static str) -> Result<Option<bool>, (&'static str, String)> {
        let text = self.nodes.first().and_then(|node| node.attribute(name));
        let Some(text) = text.and_then(|text| tidy(Cow::Owned(text)).map(Cow::into_owned)) else { return Ok(None) };
        truth(&text).map(Some).ok_or((name, text))
    }

    /// How many pieces there are, if anything says so.
    fn quantity(&self) -> Result<Option<f64>, Fault> {
        for (child, name) in QUANTITIES {
            let text = self.text(child).map_err(|reason| ("in_stock", reason))?;
            if let Some(text) = text {
                let pieces = quantity(&text);
                let strange = || ("in_stock", format!("{name} {:?} is not a number", excerpt(&text)));
                return pieces.map(Some).ok_or_else(strange);
            }
        }
        self.outlets()
    }

    /// What all outlets have together, if any says how much.
    fn outlets(&self) -> Result<Option<f64>, Fault> {
        let mut sum = None;
        for outlet in self.nodes.iter().filter(|node| node.depth >= 1 && node.name() == "outlet") {
            let Some(text) = outlet.attribute("instock").filter(|text| !text.trim().is_empty()) else { continue };
            let pieces =
                quantity(&text).ok_or_else(|| ("in_stock", format!("instock={:?} is not a number", excerpt(&text))))?;
            sum = Some(sum.unwrap_or(0.0) + pieces);
        }
        Ok(sum)
    }
}

fn unknown_currency(code: &str) -> String {
    format!("{:?} is no currency of ISO 4217", code.chars().take(40).collect::<String>())
}
