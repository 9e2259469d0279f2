//! A search: which products, in which order, and what they can be narrowed by.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;

use super::columns::{NO_CURRENCY, NO_PRICE, Ranks, Row};
use super::facets::{Counts, FacetOption};
use super::file::Index;
use super::matching::Hit;
use super::sheets::Sheets;
use crate::config::{Facet, OutOfStock};
use crate::systems::oct8ne::text::words::Word;

/// Results that can be paged to.
const DEEPEST: usize = 10_000;

/// What is asked.
pub(in crate::systems::oct8ne) struct Request<'r> {
    pub(in crate::systems::oct8ne) words: &'r [Word],
    /// The text as a whole, as codes are kept.
    pub(in crate::systems::oct8ne) whole: &'r str,
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
#[derive(Debug, Default)]
pub(in crate::systems::oct8ne) struct Found {
    pub(in crate::systems::oct8ne) total: u64,
    /// Places of the page's products in the generation.
    pub(in crate::systems::oct8ne) places: Vec<u64>,
    pub(in crate::systems::oct8ne) options: BTreeMap<Facet, Vec<FacetOption>>,
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

impl Index {
    /// Searches.
    ///
    /// # Errors
    /// When the index can't be read.
    pub(in crate::systems::oct8ne) fn search(&self, request: &Request<'_>) -> io::Result<Found> {
        let is_hiding = request.out_of_stock == OutOfStock::Hidden;
        let sheets = Sheets::new(self);
        if is_hiding {
            (0..self.segments().len()).try_for_each(|segment| sheets.of(segment).map(drop))?;
        }
        let is_hidden = |segment: usize, doc: u16| {
            // They were read above.
            let columns = if is_hiding { sheets.of(segment).ok().flatten() } else { None };
            columns.and_then(|columns| columns.0.get(doc as usize)).is_some_and(|row| !row.is_in_stock)
        };
        let hits = self.hits(request.words, request.whole, &is_hidden, &sheets)?;
        let currency = self.currency(request.currency);
        let filters: Vec<Numbered> = request.filters.iter().map(|filter| self.numbered(filter, currency)).collect();
        let open = request.facets.iter().copied().filter(|facet| !request.filters.iter().any(|f| f.facet() == *facet));
        let mut counts = Counts::new(open, currency, (self.categories.len(), self.brands.len()));
        let mut found: Vec<(Key, u64)> = Vec::new();
        let segments = self.segments().iter().enumerate().zip(hits);
        for ((number, segment), hits) in segments.filter(|(_, hits)| !hits.is_empty()) {
            let Some(columns) = sheets.of(number)? else { continue };
            let ranks = self.ranks(segment)?;
            for hit in &hits {
                let Some(row) = columns.0.get(hit.doc as usize) else { continue };
                if filters.iter().all(|filter| filter.fits(row)) {
                    counts.add(row);
                    found.push((key(request, hit, row, (&ranks, currency)), segment.first + u64::from(hit.doc)));
                }
            }
        }
        let (from, to) = (request.from.min(DEEPEST), (request.from.saturating_add(request.size)).min(DEEPEST));
        let total = found.len() as u64;
        if to < found.len() {
            found.select_nth_unstable(to);
            found.truncate(to);
        }
        found.sort_unstable();
        let places = found.into_iter().skip(from).map(|(_, place)| place).take(request.size).collect();
        Ok(Found { total, places, options: counts.options(&self.categories, &self.brands) })
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

fn key(request: &Request<'_>, hit: &Hit, row: &Row, (ranks, currency): (&Ranks, u8)) -> Key {
    let (id, name) = ranks.0.get(hit.doc as usize).copied().unwrap_or_default();
    match request.order {
        Order::Relevance => {
            let class = if hit.is_whole { 0 } else { 2 - u8::from(hit.is_title) };
            let is_behind = request.out_of_stock == OutOfStock::Last && !row.is_in_stock;
            let Reverse(score) = Reverse(-i64::from(hit.score));
            (class, u8::from(is_behind), score, id)
        }
        Order::Price { .. } if row.price == NO_PRICE => (2, 0, 0, id),
        Order::Price { descending } => {
            let price = if descending { -row.price } else { row.price };
            (u8::from(row.currency != currency), row.currency, price, id)
        }
        Order::Name { descending } => {
            let name = i64::from(name);
            (0, 0, if descending { -name } else { name }, id)
        }
    }
}
