//! What results can be narrowed by, with exact counts.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::columns::{NO_PRICE, NONE, Row, bound};
use crate::config::Facet;

/// The most options of a facet.
const MOST: usize = 50;
/// A unit of money, as columns have it.
pub(super) const UNIT: i64 = 10_000;

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::systems::oct8ne) struct FacetOption {
    pub(in crate::systems::oct8ne) value: String,
    /// A name as it is; of prices and availability `value` says it all.
    pub(in crate::systems::oct8ne) label: String,
    pub(in crate::systems::oct8ne) count: u64,
}

/// Counts what results have.
pub(super) struct Counts {
    facets: Vec<Facet>,
    /// Prices are asked for.
    is_priced: bool,
    currency: u8,
    categories: Vec<u32>,
    brands: Vec<u32>,
    prices: Vec<i64>,
    in_stock: u64,
    out_of_stock: u64,
}

impl Counts {
    pub(super) fn new(
        facets: impl Iterator<Item = Facet>,
        currency: u8,
        (categories, brands): (usize, usize),
    ) -> Counts {
        let facets: Vec<Facet> = facets.collect();
        let room = |facet: Facet, size: usize| vec![0; if facets.contains(&facet) { size } else { 0 }];
        let (categories, brands) = (room(Facet::Category, categories), room(Facet::Brand, brands));
        let is_priced = facets.contains(&Facet::Price);
        Counts { facets, is_priced, currency, categories, brands, prices: Vec::new(), in_stock: 0, out_of_stock: 0 }
    }

    #[inline]
    pub(super) fn add(&mut self, row: &Row) {
        if let Some(count) = self.categories.get_mut(row.category as usize).filter(|_| row.category != NONE) {
            *count += 1;
        }
        if let Some(count) = self.brands.get_mut(row.brand as usize).filter(|_| row.brand != NONE) {
            *count += 1;
        }
        if row.price != NO_PRICE && row.currency == self.currency && self.is_priced {
            self.prices.push(row.price);
        }
        self.in_stock += u64::from(row.is_in_stock);
        self.out_of_stock += u64::from(!row.is_in_stock);
    }

    /// The categories that were counted.
    pub(super) fn categories(&self, categories: &[(String, String)]) -> Vec<FacetOption> {
        let paths = self.categories.iter().zip(categories).filter(|(count, _)| **count > 0);
        with_short_names(paths.map(|(count, (id, path))| (id, path, *count)).collect())
    }

    /// The options of each facet that has some.
    pub(super) fn options(
        self,
        categories: &[(String, String)],
        brands: &[String],
    ) -> BTreeMap<Facet, Vec<FacetOption>> {
        let mut all = BTreeMap::new();
        for facet in &self.facets {
            let options = match facet {
                Facet::Category => most(self.categories(categories)),
                Facet::Brand => {
                    let counted = self.brands.iter().zip(brands).filter(|(count, _)| **count > 0);
                    let option = |(count, brand): (&u32, &String)| FacetOption {
                        value: brand.clone(),
                        label: brand.clone(),
                        count: u64::from(*count),
                    };
                    most(counted.map(option).collect())
                }
                Facet::Price => ranges(&self.prices),
                Facet::Availability => {
                    let both = [("in", self.in_stock), ("out", self.out_of_stock)];
                    let option = |(value, count): (&str, u64)| FacetOption {
                        value: value.to_owned(),
                        label: String::new(),
                        count,
                    };
                    both.into_iter().filter(|(_, count)| *count > 0).map(option).collect()
                }
            };
            if !options.is_empty() {
                all.insert(*facet, options);
            }
        }
        all
    }
}

/// The most frequent first, then by label.
fn most(mut options: Vec<FacetOption>) -> Vec<FacetOption> {
    options.sort_by(|one, other| (other.count, &one.label, &one.value).cmp(&(one.count, &other.label, &other.value)));
    options.truncate(MOST);
    options
}

/// Categories by the last part of their path; by the whole of it where two would be called alike.
fn with_short_names(counted: Vec<(&String, &String, u32)>) -> Vec<FacetOption> {
    let short = |path: &str| path.rsplit(" > ").next().unwrap_or(path).to_owned();
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    for (_, path, _) in &counted {
        *times.entry(short(path)).or_default() += 1;
    }
    let label = |path: &String| {
        let short = short(path);
        if times.get(&short).is_some_and(|times| *times > 1) { path.clone() } else { short }
    };
    let option = |(id, path, count): (&String, &String, u32)| FacetOption {
        value: id.clone(),
        label: label(path),
        count: u64::from(count),
    };
    counted.into_iter().map(option).collect()
}

/// Two to six ranges between round numbers, each with something in it; none, if all would be in one.
fn ranges(prices: &[i64]) -> Vec<FacetOption> {
    let Some(spread) = Spread::of(prices) else { return Vec::new() };
    let (least, most) = (spread.least, spread.most);
    let places: Vec<usize> = (1..6).map(|part| prices.len() * part / 6).collect();
    let mut ends: Vec<i64> = { spread.at(prices, &places).into_iter() }
        .map(round)
        .chain([round(i64::midpoint(least, most)), round(most)])
        .filter(|end| least < *end && *end <= most)
        .collect();
    if ends.is_empty() && least < most {
        ends.push(roundest(least, most));
    }
    ends.sort_unstable();
    ends.dedup();
    while ends.len() > 5 {
        ends.remove(ends.len() / 2);
    }
    let below = spread.below(prices, &ends);
    let all = prices.len() as u64;
    let mut options = Vec::new();
    let (mut from, mut before) = (0, spread.below(prices, &[0]).iter().sum());
    for (to, end) in ends.iter().map(|end| Some(*end)).zip(below).chain([(None, all)]) {
        if end > before {
            let value = format!("{}-{}", units(from), to.map(units).unwrap_or_default());
            options.push(FacetOption { value, label: String::new(), count: end - before });
            (from, before) = (to.unwrap_or(from), end);
        }
    }
    if options.len() < 2 { Vec::new() } else { options }
}

/// Parts of what lies between the least and the highest price.
const PARTS: usize = 4096;

/// How many prices are in each of equal parts: those at some places in their order are found without putting all in order.
struct Spread {
    least: i64,
    most: i64,
    shift: u32,
    counts: Vec<usize>,
}

impl Spread {
    /// `None` = there are no prices.
    fn of(prices: &[i64]) -> Option<Spread> {
        let (least, most) = (prices.iter().min().copied()?, prices.iter().max().copied()?);
        let bits = u64::BITS - most.abs_diff(least).leading_zeros();
        let shift = bits.saturating_sub(PARTS.ilog2());
        let mut spread = Spread { least, most, shift, counts: vec![0; PARTS] };
        for price in prices {
            let part = spread.part(*price);
            spread.counts[part] += 1;
        }
        Some(spread)
    }

    #[inline]
    fn part(&self, price: i64) -> usize {
        (price.abs_diff(self.least) >> self.shift) as usize % PARTS
    }

    /// The prices in some of the parts.
    fn members(&self, prices: &[i64], parts: impl Iterator<Item = usize>) -> BTreeMap<usize, Vec<i64>> {
        let mut members: BTreeMap<usize, Vec<i64>> = parts.map(|part| (part, Vec::new())).collect();
        let mut is_wanted = vec![false; PARTS];
        members.keys().for_each(|part| is_wanted[*part] = true);
        for price in prices {
            let part = self.part(*price);
            if is_wanted[part] {
                members.entry(part).or_default().push(*price);
            }
        }
        members
    }

    /// The prices at some places in their order.
    fn at(&self, prices: &[i64], places: &[usize]) -> Vec<i64> {
        let part_of = |place: &usize| {
            let mut before = 0;
            let part = self.counts.iter().position(|count| {
                before += count;
                *place < before
            });
            part.map(|part| (part, *place + self.counts[part] - before))
        };
        let wanted: Vec<(usize, usize)> = places.iter().filter_map(part_of).collect();
        let mut members = self.members(prices, wanted.iter().map(|(part, _)| *part));
        let price = |(part, place): (usize, usize)| {
            let members = members.get_mut(&part).filter(|members| place < members.len())?;
            Some(*members.select_nth_unstable(place).1)
        };
        wanted.into_iter().filter_map(price).collect()
    }

    /// How many prices are lower than each of some.
    fn below(&self, prices: &[i64], ends: &[i64]) -> Vec<u64> {
        let is_within = |end: &&i64| self.least < **end && **end <= self.most;
        let wanted: Vec<usize> = ends.iter().filter(is_within).map(|end| self.part(*end)).collect();
        let members = if wanted.is_empty() { BTreeMap::new() } else { self.members(prices, wanted.into_iter()) };
        let below = |end: &i64| {
            if !is_within(&end) {
                return if *end <= self.least { 0 } else { prices.len() as u64 };
            }
            let part = self.part(*end);
            let in_part = members.get(&part).map_or(0, |members| members.iter().filter(|price| *price < end).count());
            (self.counts[..part].iter().sum::<usize>() + in_part) as u64
        };
        ends.iter().map(below).collect()
    }
}

/// A number near a price that people would choose: one, two or five with zeros behind it.
fn round(price: i64) -> i64 {
    let mut scale = UNIT / 100;
    while scale.saturating_mul(10) <= price {
        scale *= 10;
    }
    [1, 2, 3, 4, 5, 6, 8, 10]
        .map(|step| step * scale)
        .into_iter()
        .min_by_key(|end| end.abs_diff(price))
        .unwrap_or(scale)
}

/// The number with the most noughts that is above one price and not above another.
fn roundest(least: i64, most: i64) -> i64 {
    let mut scale = 1_i64;
    while most - most.rem_euclid(scale.saturating_mul(10)) > least && scale < i64::MAX / 100 {
        scale *= 10;
    }
    most - most.rem_euclid(scale)
}

/// A price as requests have it.
pub(in crate::systems::oct8ne) fn units(price: i64) -> String {
    Decimal::new(price, 4).normalize().to_string()
}

/// A bound of prices as requests have it, for the prices of columns; `None` = it is none.
pub(in crate::systems::oct8ne) fn parts(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.parse::<Decimal>() {
        Ok(price) => {
            // What is larger than any price ends behind all of them.
            let most = if price > Decimal::ZERO { i64::MAX } else { i64::MIN + 1 };
            Some(bound(price).unwrap_or(most))
        }
        // So is what has more digits than a number may have.
        Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => Some(i64::MAX),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_found_by_their_place_in_order() {
        for most in [1, 5, 5000, i64::MAX] {
            let prices: Vec<i64> = (1..3000).map(|at| (at * 7919_i64).wrapping_mul(at) % most).collect();
            let spread = Spread::of(&prices).expect("prices");
            let mut sorted = prices.clone();
            sorted.sort_unstable();
            let places = [0, 1, 500, 501, 2998];
            assert_eq!(spread.at(&prices, &places), places.map(|place| sorted[place]));
            let ends = [-1, 0, 1, sorted[500], sorted[500] + 1, sorted[2998], i64::MAX];
            let below = ends.map(|end| sorted.partition_point(|price| *price < end) as u64);
            assert_eq!(spread.below(&prices, &ends), below);
        }
    }

    #[test]
    fn ranges_hold_every_price_once() {
        for prices in [vec![1, 2], vec![5, 5, 5, 100], (1..1000).collect(), vec![99, 100, 101, 5000, 70_000]] {
            let prices: Vec<i64> = prices.into_iter().map(|price| price * UNIT).collect();
            let options = ranges(&prices);
            assert!((2..=6).contains(&options.len()), "{options:?}");
            assert_eq!(options.iter().map(|option| option.count).sum::<u64>(), prices.len() as u64, "{options:?}");
        }
        // However near they are to each other.
        let near: Vec<i64> = vec![14_990_000, 15_000_100, 15_009_900];
        let options = ranges(&near);
        let values: Vec<&str> = options.iter().map(|option| option.value.as_str()).collect();
        assert_eq!(values, ["0-1500", "1500-"]);
        assert_eq!(ranges(&[10_050, 10_060]).len(), 2);
        assert_eq!(ranges(&[UNIT; 3]), []);
        assert_eq!((units(15_000), parts("1.5"), parts("x")), ("1.5".to_owned(), Some(15_000), None));
    }

    #[test]
    fn bounds_leave_out_what_is_below_them() {
        for (text, bound) in [
            ("10", Some(100_000)),
            ("10.00004", Some(100_001)),
            ("10.00006", Some(100_001)),
            ("-0.00001", Some(0)),
            ("99999999999999999999", Some(i64::MAX)),
            ("999999999999999999999999999999", Some(i64::MAX)),
            ("9.9.9", None),
            ("", None),
        ] {
            assert_eq!(parts(text), bound, "{text}");
        }
    }
}
