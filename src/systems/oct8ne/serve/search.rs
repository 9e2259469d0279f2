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
    let typed: String = query.text("search").chars().take(LETTERS).collect();
    let code = typed.trim().strip_prefix('#');
    let text = code.unwrap_or(&typed);
    let Some(indexed) = &view.indexed else {
        return Ok((!text.chars().any(char::is_alphanumeric)).then(nothing));
    };
    let mut words = Vec::new();
    indexed.analyser.words(text, |word| words.push(word));
    words.truncate(WORDS);
    let whole = indexed.analyser.folded(text);
    if words.is_empty() && (code.is_none() || whole.is_empty()) {
        return Ok(Some(nothing()));
    }
    let mut codes = vec![whole];
    if code.is_some() {
        words.clear();
        // An id may begin with that sign itself.
        codes.push(indexed.analyser.folded(&typed));
    }
    let (from, size) = page(query);
    let (filters, asked) = filters(query, &shower.settings.facets);
    let request = Request {
        words: &words,
        codes: &codes,
        filters,
        order: order(query),
        out_of_stock: shower.settings.out_of_stock,
        currency,
        facets: &shower.settings.facets,
        from,
        size,
    };
    let found = indexed.index.search(&request)?;
    shown(indexed, shower, (&asked, found), currency).map(Some)
}

/// Where the page begins, and how long it is.
fn page(query: &Query) -> (usize, usize) {
    match (query.get("page"), query.get("start").or(query.get("count"))) {
        (None, Some(_)) => {
            let start = query.count("start").unwrap_or(0);
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

/// A value that is asked for.
type Asked<'q> = (Facet, &'q str);

/// What products must have, and the same as it was asked for: also what nothing has.
fn filters<'q>(query: &'q Query, facets: &[Facet]) -> (Vec<Filter>, Vec<Asked<'q>>) {
    let (mut filters, mut asked) = (Vec::new(), Vec::new());
    for facet in facets {
        let values = query.all(facet.name());
        if values.is_empty() {
            continue;
        }
        for value in &values {
            if !asked.contains(&(*facet, *value)) {
                asked.push((*facet, *value));
            }
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
    (filters, asked)
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
    (asked, found): (&[Asked<'_>], Found),
    currency: Option<&str>,
) -> Result<Value, Broken> {
    let language = shower.locale.language();
    let products: Vec<Product> =
        found.places.iter().map(|place| indexed.generation.at(*place).map(Product::of)).collect::<Result<_, _>>()?;
    let results: Vec<Value> = products.iter().map(|product| Value::Object(shower.summary(product))).collect();
    let label = |facet: Facet, value: &str, label: &str| named(&indexed.index, shower, (facet, currency), value, label);
    let applied = asked.iter().map(|(facet, value)| {
        let (param, param_label) = (facet.name(), labels::facet(language, *facet));
        // As it is called among the others.
        let option = found.chosen_among.iter().find(|one| *facet == Facet::Category && one.value == **value);
        let shown = label(*facet, value, option.map_or(value, |option| &option.label));
        json!({"param": param, "paramLabel": param_label, "value": value, "valueLabel": shown})
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
        Facet::Availability if matches!(value, "in" | "out") => {
            labels::availability(language, value == "in").to_owned()
        }
        Facet::Availability => value.to_owned(),
        Facet::Price => {
            let money =
                |text: &str| text.trim().parse::<Decimal>().map(|price| shower.locale.money(price, currency)).ok();
            let (from, to) = value.split_once('-').unwrap_or((value, ""));
            match (money(from), money(to)) {
                (Some(from), Some(to)) => format!("{from} – {to}"),
                (Some(from), None) if to.trim().is_empty() && value.contains('-') => {
                    format!("{} {from}", labels::from(language))
                }
                _ => value.to_owned(),
            }
        }
    }
}
