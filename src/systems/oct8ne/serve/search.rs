//! `search`: from parameters to a query, and from what was found to what is shown.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::labels;
use super::query::Query;
use super::server::{Broken, Indexed, View};
use super::show::Shower;
use crate::config::Facet;
use crate::systems::oct8ne::index::facets::{FacetOption, parts};
use crate::systems::oct8ne::index::file::Index;
use crate::systems::oct8ne::index::search::{Filter, Found, Order, Request};
use crate::systems::oct8ne::product::Product;

/// Letters and words of a query that count.
const LETTERS: usize = 256;
const WORDS: usize = 16;
/// The most results of a page, and how many there are if nobody says.
const LARGEST_PAGE: usize = 100;
const PAGE: usize = 10;

/// What is said when nothing was asked for.
pub(in crate::systems::oct8ne) fn nothing() -> Value {
    json!({"total": 0, "results": [], "filters": {"applied": [], "available": []}})
}

/// Searches; `None` = there is no index yet.
pub(in crate::systems::oct8ne) fn search(
    view: &View,
    shower: &Shower<'_>,
    query: &Query,
    currency: Option<&str>,
) -> Result<Option<Value>, Broken> {
    let text: String = query.text("search").chars().take(LETTERS).collect();
    let (text, is_code) = match text.trim().strip_prefix('#') {
        Some(code) => (code.trim().to_owned(), true),
        None => (text, false),
    };
    let Some(indexed) = &view.indexed else { return Ok(None) };
    let mut words = Vec::new();
    indexed.analyser.words(&text, |word| words.push(word));
    words.truncate(WORDS);
    let whole = indexed.analyser.folded(&text);
    if words.is_empty() && (!is_code || whole.is_empty()) {
        return Ok(Some(nothing()));
    }
    if is_code {
        words.clear();
    }
    let (from, size) = page(query);
    let filters = filters(query, &shower.settings.facets);
    let request = Request {
        words: &words,
        whole: &whole,
        filters,
        order: order(query),
        out_of_stock: shower.settings.out_of_stock,
        currency,
        facets: &shower.settings.facets,
        from,
        size,
    };
    let found = indexed.index.search(&request)?;
    shown(indexed, shower, (&request.filters, found), currency).map(Some)
}

/// Where the page begins, and how long it is.
fn page(query: &Query) -> (usize, usize) {
    match (query.get("page"), query.get("start").or(query.get("count"))) {
        (None, Some(_)) => {
            let start = query.text("start").trim().parse().unwrap_or(0);
            let size = query.number("count").or(query.number("pagesize")).unwrap_or(PAGE).min(LARGEST_PAGE);
            (start, size)
        }
        _ => {
            let size = query.number("pagesize").unwrap_or(PAGE).min(LARGEST_PAGE);
            (query.number("page").unwrap_or(1).saturating_sub(1).saturating_mul(size), size)
        }
    }
}

fn order(query: &Query) -> Order {
    let descending = query.text("dir") == "desc";
    match query.text("orderby") {
        "price" => Order::Price { descending },
        "name" => Order::Name { descending },
        _ => Order::Relevance,
    }
}

fn filters(query: &Query, facets: &[Facet]) -> Vec<Filter> {
    let mut filters = Vec::new();
    for facet in facets {
        let values = query.all(facet.name());
        if values.is_empty() {
            continue;
        }
        let owned = || values.iter().map(ToString::to_string).collect();
        filters.push(match facet {
            Facet::Category => Filter::Category(owned()),
            Facet::Brand => Filter::Brand(owned()),
            Facet::Price => Filter::Price(values.iter().map(|value| range(value)).collect()),
            Facet::Availability => {
                let known = values.iter().filter_map(|value| match *value {
                    "in" => Some(true),
                    "out" => Some(false),
                    _ => None,
                });
                Filter::Availability(known.collect())
            }
        });
    }
    filters
}

/// `FROM-TO`, or `FROM-`; nothing fits what is neither.
fn range(text: &str) -> (Option<i64>, Option<i64>) {
    let nothing = (Some(i64::MAX), Some(i64::MIN));
    let Some((from, to)) = text.split_once('-') else { return nothing };
    match (parts(from), to.trim().is_empty(), parts(to)) {
        (Some(from), true, _) => (Some(from), None),
        (Some(from), false, Some(to)) => (Some(from), Some(to)),
        _ => nothing,
    }
}

fn shown(
    indexed: &Indexed,
    shower: &Shower<'_>,
    (filters, found): (&[Filter], Found),
    currency: Option<&str>,
) -> Result<Value, Broken> {
    let language = shower.locale.language();
    let products: Vec<Product> =
        found.places.iter().map(|place| indexed.generation.at(*place).map(Product::of)).collect::<Result<_, _>>()?;
    let results: Vec<Value> = products.iter().map(|product| Value::Object(shower.summary(product))).collect();
    let label = |facet: Facet, value: &str, label: &str| named(&indexed.index, shower, (facet, currency), value, label);
    let applied = filters.iter().flat_map(|filter| {
        let facet = filter.facet();
        let param = (facet.name(), labels::facet(language, facet));
        asked(filter).into_iter().map(move |value| (param, facet, value))
    });
    let applied = applied.map(|((param, param_label), facet, value)| {
        json!({"param": param, "paramLabel": param_label, "value": value, "valueLabel": label(facet, &value, &value)})
    });
    let option = |facet: Facet, option: &FacetOption| {
        let shown = label(facet, &option.value, &option.label);
        json!({"value": option.value, "valueLabel": shown, "count": option.count.to_string()})
    };
    let available = shower.settings.facets.iter().filter_map(|facet| {
        let options: Vec<Value> = found.options.get(facet)?.iter().map(|one| option(*facet, one)).collect();
        Some(json!({"param": facet.name(), "paramLabel": labels::facet(language, *facet), "options": options}))
    });
    let filters = json!({"applied": applied.collect::<Vec<_>>(), "available": available.collect::<Vec<_>>()});
    Ok(json!({"total": found.total, "results": results, "filters": filters}))
}

/// The values of a filter, as they were asked for.
fn asked(filter: &Filter) -> Vec<String> {
    let parts = |part: &Option<i64>| part.map(crate::systems::oct8ne::index::facets::units).unwrap_or_default();
    match filter {
        Filter::Category(values) | Filter::Brand(values) => values.clone(),
        Filter::Price(ranges) => ranges
            .iter()
            .filter(|(from, _)| *from != Some(i64::MAX))
            .map(|(from, to)| format!("{}-{}", parts(from), parts(to)))
            .collect(),
        Filter::Availability(any) => any.iter().map(|is_in| if *is_in { "in" } else { "out" }.to_owned()).collect(),
    }
}

/// What a value is called.
fn named(
    index: &Index,
    shower: &Shower<'_>,
    (facet, currency): (Facet, Option<&str>),
    value: &str,
    label: &str,
) -> String {
    let language = shower.locale.language();
    match facet {
        Facet::Category if label == value => {
            let path = index.category_name(value).unwrap_or(value);
            path.rsplit(" > ").next().unwrap_or(path).to_owned()
        }
        Facet::Category | Facet::Brand => label.to_owned(),
        Facet::Availability => labels::availability(language, value == "in").to_owned(),
        Facet::Price => {
            let money = |text: &str| text.parse::<Decimal>().map(|price| shower.locale.money(price, currency)).ok();
            let (from, to) = value.split_once('-').unwrap_or((value, ""));
            match (money(from), money(to)) {
                (Some(from), Some(to)) => format!("{from} – {to}"),
                (Some(from), None) => format!("{} {from}", labels::from(language)),
                _ => value.to_owned(),
            }
        }
    }
}
