//! A search: which products, in which order, and what they can be narrowed by.

use std::collections::BTreeMap;
use std::io;

use super::columns::{NO_CURRENCY, NO_PRICE, Row};
use super::facets::{Counts, FacetOption};
use super::file::Index;
use super::matching::{Hit, Query};
use crate::config::{Facet, OutOfStock};
use crate::systems::oct8ne::text::words::Word;

/// Results that can be paged to.
const DEEPEST: usize = 10_000;

/// What is asked.
pub(in crate::systems::oct8ne) struct Request<'r> {
    pub(in crate::systems::oct8ne) words: &'r [Word],
    /// What the text is as a whole, as codes are kept: any of these.
    pub(in crate::systems::oct8ne) codes: &'r [String],
    pub(in crate::systems::oct8ne) filters: Vec<Filter>,
    pub(in crate::systems::oct8ne) order: Order,
    pub(in crate::systems::oct8ne) out_of_stock: OutOfStock,
    /// In whose prices ranges are, and which come first.
    pub(in crate::systems::oct8ne) currency: Option<&'r str>,
    pub(in crate::systems::oct8ne) facets: &'r [Facet],
    pub(in crate::systems::oct8ne) from: usize,
    pub(in crate::systems::oct8ne) size: usize,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::systems::oct8ne) enum Order {
    Relevance,
    Price { descending: bool },
    Name { descending: bool },
}

/// What products must have: any of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::systems::oct8ne) enum Filter {
    Category(Vec<String>),
    Brand(Vec<String>),
    /// From (included) and to (not), in units.
    Price(Vec<(Option<i64>, Option<i64>)>),
    /// In stock, or not.
    Availability(Vec<bool>),
}

impl Filter {
    pub(in crate::systems::oct8ne) fn facet(&self) -> Facet {
        match self {
            Filter::Category(_) => Facet::Category,
            Filter::Brand(_) => Facet::Brand,
            Filter::Price(_) => Facet::Price,
            Filter::Availability(_) => Facet::Availability,
        }
    }
}

/// What was found.
#[derive(Debug, Default, PartialEq)]
pub(in crate::systems::oct8ne) struct Found {
    pub(in crate::systems::oct8ne) total: u64,
    /// Places of the page's products in the generation.
    pub(in crate::systems::oct8ne) places: Vec<u64>,
    pub(in crate::systems::oct8ne) options: BTreeMap<Facet, Vec<FacetOption>>,
    /// The categories among which some were chosen, as they would be called if they were offered now.
    pub(in crate::systems::oct8ne) chosen_among: Vec<FacetOption>,
}

/// A filter with numbers for names.
enum Numbered {
    Category(Vec<u32>),
    Brand(Vec<u32>),
    Price(u8, Vec<(i64, i64)>),
    Availability(Vec<bool>),
}

impl Numbered {
    fn fits(&self, row: &Row) -> bool {
        match self {
            Numbered::Category(any) => any.contains(&row.category),
            Numbered::Brand(any) => any.contains(&row.brand),
            Numbered::Price(currency, any) => {
                row.price != NO_PRICE
                    && row.currency == *currency
                    && any.iter().any(|(from, to)| *from <= row.price && row.price < *to)
            }
            Numbered::Availability(any) => any.contains(&row.is_in_stock),
        }
    }
}

/// By what results are in order; the lesser first. The last is the id's place, so that no two are alike.
type Key = (u8, u8, i64, u32);

/// The first of many.
struct First {
    most: usize,
    /// Up to twice as many, which are then put in order.
    found: Vec<(Key, u64)>,
    /// The last of the first; what comes behind it isn't looked at.
    last: Option<Key>,
}

impl First {
    fn new(most: usize) -> First {
        First { most, found: Vec::new(), last: None }
    }

    #[inline]
    fn add(&mut self, key: Key, place: u64) {
        if self.last.is_some_and(|last| last < key) {
            return;
        }
        self.found.push((key, place));
        if self.found.len() > self.most.saturating_mul(2) {
            self.keep();
        }
    }

    fn keep(&mut self) {
        self.found.sort_unstable();
        self.found.truncate(self.most);
        self.last = self.found.last().map(|(key, _)| *key).filter(|_| self.found.len() == self.most);
    }

    /// Places in their order.
    fn finish(mut self) -> impl Iterator<Item = u64> {
        self.keep();
        self.found.into_iter().map(|(_, place)| place)
    }
}

impl Index {
    /// Searches.
    ///
    /// # Errors
    /// When the index can't be read.
    pub(in crate::systems::oct8ne) fn search(&self, request: &Request<'_>) -> io::Result<Found> {
        let is_hiding = request.out_of_stock == OutOfStock::Hidden;
        let currency = self.currency(request.currency);
        let filters: Vec<Numbered> = request.filters.iter().map(|filter| self.numbered(filter, currency)).collect();
        let open = request.facets.iter().copied().filter(|facet| !request.filters.iter().any(|f| f.facet() == *facet));
        let mut counts = Counts::new(open, currency, (self.categories.len(), self.brands.len()));
        let is_of_category = |filter: &&Numbered| matches!(filter, Numbered::Category(_));
        let category = filters.iter().find(is_of_category);
        let others = || filters.iter().filter(|filter| !is_of_category(filter));
        let mut among =
            Counts::new(category.map(|_| Facet::Category).into_iter(), currency, (self.categories.len(), 0));
        let (from, to) = (request.from.min(DEEPEST), (request.from.saturating_add(request.size)).min(DEEPEST));
        let (mut total, mut first) = (0, First::new(to));
        self.hits(&Query { words: request.words, codes: request.codes, is_hiding }, |hit, row| {
            if !others().all(|filter| filter.fits(row)) {
                return;
            }
            if category.is_some() {
                among.add(row);
            }
            if category.is_none_or(|category| category.fits(row)) {
                total += 1;
                counts.add(row);
                first.add(key(request, hit, row, currency), hit.place);
            }
        })?;
        let places = first.finish().skip(from).take(request.size).collect();
        let options = counts.options(&self.categories, &self.brands);
        Ok(Found { total, places, options, chosen_among: among.categories(&self.categories) })
    }

    /// A currency's number; that of the first, if it isn't there. Where nothing has one, prices without any count.
    fn currency(&self, wanted: Option<&str>) -> u8 {
        let currencies = &self.contents.currencies;
        if currencies.is_empty() {
            return NO_CURRENCY;
        }
        let at = currencies.iter().position(|name| Some(name.as_str()) == wanted);
        u8::try_from(at.unwrap_or_default()).unwrap_or_default()
    }

    fn numbered(&self, filter: &Filter, currency: u8) -> Numbered {
        let numbers = |names: &[String], position: &dyn Fn(&String) -> Option<usize>| {
            names.iter().filter_map(position).filter_map(|at| u32::try_from(at).ok()).collect()
        };
        match filter {
            Filter::Category(ids) => {
                Numbered::Category(numbers(ids, &|id| self.categories.iter().position(|(other, _)| other == id)))
            }
            Filter::Brand(brands) => {
                Numbered::Brand(numbers(brands, &|brand| self.brands.iter().position(|other| other == brand)))
            }
            Filter::Price(ranges) => {
                let ranges = ranges.iter().map(|(from, to)| (from.unwrap_or(NO_PRICE + 1), to.unwrap_or(i64::MAX)));
                Numbered::Price(currency, ranges.collect())
            }
            Filter::Availability(any) => Numbered::Availability(any.clone()),
        }
    }

    /// The name of a category.
    pub(in crate::systems::oct8ne) fn category_name(&self, id: &str) -> Option<&str> {
        self.categories.iter().find(|(other, _)| other == id).map(|(_, name)| name.as_str())
    }
}

#[inline]
fn key(request: &Request<'_>, hit: &Hit, row: &Row, currency: u8) -> Key {
    match request.order {
        Order::Relevance => {
            let class = if hit.is_whole { 0 } else { 2 - u8::from(hit.is_title) };
            let is_behind = request.out_of_stock == OutOfStock::Last && !row.is_in_stock;
            (class, u8::from(is_behind), -i64::from(hit.score), row.id)
        }
        Order::Price { .. } if row.price == NO_PRICE => (2, 0, 0, row.id),
        Order::Price { descending } => {
            let price = if descending { -row.price } else { row.price };
            (u8::from(row.currency != currency), row.currency, price, row.id)
        }
        Order::Name { descending } => {
            let name = i64::from(row.name);
            (0, 0, if descending { -name } else { name }, row.id)
        }
    }
}
