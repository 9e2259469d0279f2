//! An order in words.

use serde_json::Value;

use crate::text::{plain, wrap};

/// The longest text of an order's in one place.
const LONGEST: usize = 500;
/// So many products are told, and so many lines of what is personal.
const LINES: usize = 100;

/// What the order is called, and all that is told of it.
pub(super) fn words(order: &Value, what: &str) -> (String, Vec<String>) {
    let number = text(&order["num"]).or_else(|| text(&order["id"])).unwrap_or_else(|| "without a number".to_owned());
    let total = total(&order["total"]);
    let name = total.as_ref().map_or_else(|| number.clone(), |total| format!("{number}: {total}"));
    let mut facts = String::new();
    let agents = order["agents"].as_array().map(|agents| agents.iter().filter_map(text).collect::<Vec<_>>().join(", "));
    for (word, fact) in [
        ("Number", Some(number.clone())),
        ("Date", text(&order["date"])),
        ("Website", text(&order["website"])),
        ("Agents", agents.filter(|agents| !agents.is_empty())),
        ("Chat", text(&order["chat"])),
    ] {
        facts += &fact.map(|fact| wrap(&format!("{word}: {fact}"), "")).unwrap_or_default();
    }
    let mut lines = String::new();
    for line in order["lines"].as_array().into_iter().flatten().take(LINES) {
        let title = text(&line["title"]).or_else(|| text(&line["id"])).unwrap_or_else(|| "?".to_owned());
        let price = text(&line["price"]).map(|price| with_currency(&price, &line["currency"]));
        let price = price.map(|price| format!(", {price} each")).unwrap_or_default();
        lines += &wrap(&format!("{} x {title}{price}", text(&line["qty"]).unwrap_or_else(|| "?".to_owned())), "  ");
    }
    let total = total.map(|total| wrap(&format!("Total of the products: {total}"), "")).unwrap_or_default();
    let mut parts = vec![wrap(what, ""), facts, lines + &total];
    if order["personal"].is_object() {
        let mut told = Vec::new();
        personal(&order["personal"], "", &mut told);
        parts.push(told.concat());
    }
    (name, parts)
}

/// Whatever is kept of persons: a field a line.
fn personal(value: &Value, path: &str, told: &mut Vec<String>) {
    if told.len() >= LINES {
        return;
    }
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let name = plain(name, LONGEST);
            let path = if path.is_empty() { name } else { format!("{path} {name}") };
            personal(value, &path, told);
        }),
        Value::Array(values) => values.iter().for_each(|value| personal(value, path, told)),
        value => told.extend(text(value).map(|text| wrap(&format!("{path}: {text}"), ""))),
    }
}

fn total(total: &Value) -> Option<String> {
    let sums = total.as_array()?.iter();
    let sums: Vec<String> =
        sums.filter_map(|sum| Some(with_currency(&text(&sum["amount"])?, &sum["currency"]))).collect();
    (!sums.is_empty()).then(|| sums.join(" + "))
}

fn with_currency(amount: &str, currency: &Value) -> String {
    text(currency).map_or_else(|| amount.to_owned(), |currency| format!("{amount} {}", currency.to_uppercase()))
}

/// A text, or a number with the digits that it was written with.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => plain(text, LONGEST),
        Value::Number(number) => plain(&number.to_string(), LONGEST),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}
