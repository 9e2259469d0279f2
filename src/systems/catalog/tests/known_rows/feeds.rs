//! Feeds of every format with what may go wrong in them, and what a pass over them meets.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::catalog::{Category, Currency, Id};
use crate::config::{Prune, VanishedCategory};
use crate::feed::ParseOptions;
use crate::systems::catalog::Policy;

/// A row, in numbers that choose its texts.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) id: u8,
    pub(super) title: u8,
    pub(super) price: u8,
    pub(super) category: u8,
    pub(super) sale: bool,
    /// What NiceChat never gets to see.
    pub(super) local: u8,
}

/// What a pass meets.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) changes: Vec<Change>,
    /// Places and bytes that are put there.
    pub(super) damage: Vec<(u16, u8, u8)>,
    /// What the feed says outside its rows: columns, prefixes, the tree of categories.
    pub(super) surroundings: u8,
    /// Currency and category of items without one.
    pub(super) defaults: u8,
    pub(super) prune_all: bool,
    pub(super) hours: u8,
    pub(super) listing: bool,
    pub(super) is_killed: bool,
    /// Most requests come to nothing.
    pub(super) is_unlucky: bool,
    /// Operations that are tried before a newer feed comes.
    pub(super) tried: usize,
    pub(super) dice: u64,
}

#[derive(Debug, Clone)]
pub(super) enum Change {
    Put(u8, Line),
    Remove(u8),
    Repeat(u8, u8),
    Swap(u8, u8),
    /// All rows are again what they were two passes ago.
    Undo,
}

pub(super) fn line() -> impl Strategy<Value = Line> {
    let rest = (any::<bool>(), 0..4_u8);
    (0..12_u8, 0..8_u8, 0..6_u8, 0..4_u8, rest).prop_map(|(id, title, price, category, (sale, local))| Line {
        id,
        title,
        price,
        category,
        sale,
        local,
    })
}

pub(super) fn visit() -> impl Strategy<Value = Visit> {
    let change = prop_oneof![
        3 => (any::<u8>(), line()).prop_map(|(at, line)| Change::Put(at, line)),
        1 => any::<u8>().prop_map(Change::Remove),
        1 => any::<(u8, u8)>().prop_map(|(from, to)| Change::Repeat(from, to)),
        1 => any::<(u8, u8)>().prop_map(|(one, other)| Change::Swap(one, other)),
        2 => Just(Change::Undo),
    ];
    let odd = || prop::bool::weighted(0.15);
    let damage = prop_oneof![2 => Just(Vec::new()), 1 => vec(any::<(u16, u8, u8)>(), 1..4)];
    let outside = || prop_oneof![2 => Just(0_u8), 1 => 0..3_u8];
    let tried = prop_oneof![2 => Just(usize::MAX), 1 => 0..6_usize];
    let luck = (odd(), prop::bool::weighted(0.3), tried, any::<u64>());
    // Often the feed is as it was, with what went wrong before.
    let changes = prop_oneof![2 => Just(Vec::new()), 3 => vec(change, 1..4)];
    (changes, damage, outside(), outside(), odd(), 0..3_u8, prop::bool::weighted(0.3), luck).prop_map(
        |(changes, damage, surroundings, defaults, prune_all, hours, listing, (is_killed, is_unlucky, tried, dice))| {
            Visit {
                changes,
                damage,
                surroundings,
                defaults,
                prune_all,
                hours,
                listing,
                is_killed,
                is_unlucky,
                tried,
                dice,
            }
        },
    )
}

impl Change {
    pub(super) fn make(&self, lines: &mut Vec<Line>) {
        let count = lines.len();
        let at = |place: u8| place as usize % count.max(1);
        match self {
            Change::Put(place, line) if at(*place) < count && place % 3 != 0 => {
                let place = at(*place);
                lines[place] = Line { id: lines[place].id, ..line.clone() };
            }
            Change::Put(place, line) => lines.insert(at(*place), line.clone()),
            Change::Remove(place) if lines.len() > 1 => _ = lines.remove(at(*place)),
            Change::Repeat(from, to) if !lines.is_empty() => {
                let line = lines[at(*from)].clone();
                lines.insert(at(*to), line);
            }
            Change::Swap(one, other) if !lines.is_empty() => lines.swap(at(*one), at(*other)),
            Change::Remove(_) | Change::Repeat(..) | Change::Swap(..) | Change::Undo => {}
        }
    }
}

impl Line {
    fn id(&self) -> String {
        if self.id == 0 { String::new() } else { format!("p{}", self.id) }
    }

    fn title(&self) -> &'static str {
        ["", "Lamp", "Лампа", "A \"big\" one", "two\nlines", "a,b;c", "1 > 2 & 3", "</offer>"][self.title as usize]
    }

    fn price(&self) -> &'static str {
        ["", "10", "10.00 USD", "7,50", "-1", "free"][self.price as usize]
    }

    fn sale(&self) -> Option<(&'static str, &'static str)> {
        self.sale.then_some(("5 USD", "2026-01-01T01:30Z/2026-01-01T02:30Z"))
    }

    fn brand(&self) -> &'static str {
        ["", "b", "\u{fffd}", "Acme \"X\""][self.local as usize]
    }

    fn category(&self) -> String {
        if self.category == 0 { String::new() } else { format!("Home > C{}", self.category) }
    }
}

fn text_feed(lines: &[Line], delimiter: char, surroundings: u8) -> String {
    let quoted = |text: &str| {
        let is_special = |c: char| c == delimiter || matches!(c, '"' | '\n');
        if text.contains(is_special) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
    };
    let (price, category) =
        [("price", "product_type"), ("x", "google_product_category"), ("price", "y")][surroundings as usize];
    let mut feed = ["id", "title", price, "sale_price", "sale_price_effective_date", category, "brand", "gtin"]
        .join(&delimiter.to_string());
    for line in lines {
        let (sale, dates) = line.sale().unwrap_or_default();
        let cells = [&line.id(), line.title(), line.price(), sale, dates, &line.category(), line.brand(), line.brand()];
        feed.push('\n');
        feed.push_str(&cells.map(quoted).join(&delimiter.to_string()));
    }
    feed.push('\n');
    feed
}

fn escaped(text: &str) -> String {
    match text {
        "</offer>" => "<![CDATA[</offer>]]><!-- <item> -->".to_owned(),
        text => text.replace('&', "&amp;").replace('<', "&lt;"),
    }
}

fn google_xml(lines: &[Line], surroundings: u8) -> String {
    let prefix = ["g", "q", "h"][surroundings as usize];
    let items = lines.iter().map(|line| {
        let sale = line.sale().map(|(price, dates)| {
            format!("<g:sale_price>{price}</g:sale_price><g:sale_price_effective_date>{dates}</g:sale_price_effective_date>")
        });
        format!(
            "<item a='>'><g:id>{}</g:id><title>{}</title><q:price>{}</q:price>{}<g:product_type>{}</g:product_type><g:brand>{}</g:brand></item>\n",
            line.id(),
            escaped(line.title()),
            line.price(),
            sale.unwrap_or_default(),
            escaped(&line.category()),
            escaped(line.brand())
        )
    });
    format!(
        "<?xml version='1.0'?><rss xmlns:{prefix}='http://base.google.com/ns/1.0'><channel>\n{}</channel></rss>",
        items.collect::<String>()
    )
}

fn yml(lines: &[Line], surroundings: u8) -> String {
    let tree = match surroundings {
        0 => "<category id='1'>A</category><category id='2' parentId='1'>B</category>",
        1 => "<category id='2' parentId='1'>B</category><category id='1'>A new</category><category id='3'>C</category>",
        _ => "",
    };
    let offers = lines.iter().map(|line| {
        format!(
            "<offer id=\"{}\" available='{}'><name>{}</name><price>{}</price><categoryId>{}</categoryId><vendorCode>{}</vendorCode></offer>\n",
            line.id(),
            !line.sale,
            escaped(line.title()),
            line.price(),
            line.category,
            escaped(line.brand())
        )
    });
    let late = if surroundings == 2 { "<category id='3'>Late</category>" } else { "" };
    format!("<yml_catalog><shop>{tree}<offers>\n{}</offers>{late}</shop></yml_catalog>", offers.collect::<String>())
}

pub(super) fn feed(format: u8, lines: &[Line], visit: &Visit) -> Vec<u8> {
    let text = match format {
        0 => text_feed(lines, '\t', visit.surroundings),
        1 => text_feed(lines, ',', visit.surroundings),
        2 => google_xml(lines, visit.surroundings),
        _ => yml(lines, visit.surroundings),
    };
    let mut bytes = text.into_bytes();
    for (at, byte, what) in &visit.damage {
        let at = *at as usize % bytes.len().max(1);
        let byte = if *byte < 128 { b"<>\"'&;/\t\n,![]-"[*byte as usize % 14] } else { *byte };
        match what % 4 {
            0 if at < bytes.len() => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 if at < bytes.len() => _ = bytes.remove(at),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

impl Visit {
    /// Nothing out of the ordinary.
    pub(super) const PLAIN: Visit = Visit {
        changes: Vec::new(),
        damage: Vec::new(),
        surroundings: 0,
        defaults: 0,
        prune_all: false,
        hours: 0,
        listing: false,
        is_killed: false,
        is_unlucky: false,
        tried: usize::MAX,
        dice: 0,
    };

    fn default_category(&self) -> Option<Id> {
        Id::parse(["", "0", "C0"][self.defaults as usize]).ok()
    }

    pub(super) fn policy(&self) -> Policy {
        Policy {
            prune: if self.prune_all && self.listing { Prune::All } else { Prune::Owned },
            vanished_category: VanishedCategory::Delete,
            default_category: self.default_category(),
            retry_refused: self.listing,
            price_factor: rust_decimal::Decimal::from(3),
        }
    }

    pub(super) fn shape(&self) -> ParseOptions {
        let now = format!("2026-01-01T0{}:00Z", 1 + self.hours).parse().expect("a time");
        let default_currency = ["EUR", "", "USD"][self.defaults as usize];
        let default_category = self.default_category().map(|id| Category { id, name: None }.into());
        ParseOptions { default_currency: Currency::parse(default_currency), default_category, ..ParseOptions::at(now) }
    }
}
