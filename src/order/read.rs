//! An order as NiceChat lists it (API page, "Orders"; its sample and its text differ, and both are read).

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Amount, Contacts, Line, Listed, ListedOrder, OddOrder, Order};
use crate::catalog::Currency;
use crate::text::plain;

/// Longer texts are cut: none of a shop's is so long, and the state must not grow with what somebody else writes.
const LONGEST: usize = 4_000;
/// The same of all that is said of a person, in bytes: no address is longer.
const LARGEST_CONTACT: usize = 64 << 10;
/// More products than an order has.
const MOST_LINES: usize = 10_000;
/// The longest name of a field that is told.
const LONGEST_NAME: usize = 60;

type Fields = Map<String, Value>;

impl Listed {
    /// Reads an entry of the listing.
    pub fn read(json: &str) -> Listed {
        let odd = |said: String, why| Listed::Odd(OddOrder { said, why });
        let Ok(value) = serde_json::from_str::<Value>(json) else {
            // Nothing can be told apart in it: not what is personal, either.
            return odd(json.len().to_string(), "it can't be read");
        };
        let Value::Object(mut fields) = value else { return odd(value.to_string(), "it is no object") };
        let contacts = fields.remove("contacts");
        let id = fields.get("id").and_then(Value::as_number).and_then(|id| whole(id.as_str()));
        let Some(id) = id.and_then(|id| i64::try_from(id).ok()) else {
            return odd(Value::Object(fields).to_string(), "its id is no whole number of 63 bits");
        };
        let mut notes = Notes::default();
        notes.names("", &fields, &["id", "deal", "contacts"]);
        let deal = notes.object(fields.remove("deal"), "deal");
        let order = order(id, deal, &mut notes);
        let contacts = read_contacts(contacts, &mut notes);
        let Notes { unreadable, unknown } = notes;
        Listed::Order(Box::new(ListedOrder { order, contacts, unreadable, unknown }))
    }
}

/// What is told of an order besides.
#[derive(Default)]
struct Notes {
    unreadable: Vec<String>,
    unknown: Vec<String>,
}

impl Notes {
    fn names(&mut self, before: &str, fields: &Fields, known: &[&str]) {
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            let name = format!("{before}{}", plain(name, LONGEST_NAME));
            if !self.unknown.contains(&name) {
                self.unknown.push(name);
            }
        }
    }

    /// What can't be read is nothing, and told.
    fn note<T>(&mut self, what: &str, read: Result<Option<T>, ()>) -> Option<T> {
        read.unwrap_or_else(|()| {
            self.unreadable.push(what.to_owned());
            None
        })
    }

    fn object(&mut self, value: Option<Value>, what: &str) -> Fields {
        let read = match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(fields)),
            Some(_) => Err(()),
        };
        self.note(what, read).unwrap_or_default()
    }

    fn text(&mut self, fields: &Fields, name: &str, what: &str) -> Option<String> {
        self.note(what, text(fields.get(name)))
    }
}

fn order(id: i64, deal: Fields, notes: &mut Notes) -> Order {
    notes.names("deal.", &deal, &["website", "num", "agents", "agent", "chat", "date", "products"]);
    let agents = agents(deal.get("agents").filter(|agents| !agents.is_null()).or(deal.get("agent")));
    let products = match deal.get("products") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(products)) if products.len() <= MOST_LINES => Ok(Some(products)),
        Some(_) => Err(()),
    };
    let products = notes.note("products", products).map(Vec::as_slice).unwrap_or_default();
    Order {
        id,
        num: notes.text(&deal, "num", "num"),
        date: notes.note("date", date(deal.get("date"))),
        website: notes.text(&deal, "website", "website"),
        chat: notes.note("chat", number(deal.get("chat"))).and_then(|chat| i64::try_from(chat).ok()),
        agents: notes.note("agents", agents).unwrap_or_default(),
        lines: products.iter().enumerate().map(|(at, product)| line(at, product, notes)).collect(),
    }
}

fn line(at: usize, product: &Value, notes: &mut Notes) -> Line {
    let what = |field: &str| format!("{field} of product {}", at + 1);
    let Value::Object(fields) = product else {
        notes.unreadable.push(format!("product {}", at + 1));
        return Line::default();
    };
    notes.names("deal.products.", fields, &["id", "title", "price", "currency", "url", "qty"]);
    let mut line = Line {
        id: notes.text(fields, "id", &what("id")),
        title: notes.text(fields, "title", &what("title")),
        qty: notes.note(&what("qty"), number(fields.get("qty"))),
        price: notes.note(&what("price"), price(fields.get("price"))),
        currency: notes.note(&what("currency"), currency(fields.get("currency"))),
        has_odd_currency: currency(fields.get("currency")).is_err(),
        url: notes.text(fields, "url", &what("url")),
    };
    let is_too_much = line.price.zip(line.qty).is_some_and(|(price, qty)| price.times(qty).is_none());
    if is_too_much {
        notes.unreadable.push(what("qty"));
        line.qty = None;
    }
    line
}

fn read_contacts(contacts: Option<Value>, notes: &mut Notes) -> Contacts {
    let mut contacts = notes.object(contacts, "contacts");
    notes.names("contacts.", &contacts, &["client", "billing_address", "shipping_address", "info"]);
    let mut part = |name: &str| {
        let part = contacts.remove(name).filter(|part| !part.is_null())?;
        let read = match part {
            Value::Object(fields) if Value::Object(fields.clone()).to_string().len() <= LARGEST_CONTACT => {
                Ok(Some(fields))
            }
            _ => Err(()),
        };
        notes.note(name, read)
    };
    Contacts {
        client: part("client"),
        billing_address: part("billing_address"),
        shipping_address: part("shipping_address"),
        info: part("info"),
    }
}

/// A text; a number is taken for its digits.
fn text(value: Option<&Value>) -> Result<Option<String>, ()> {
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim(),
        Some(Value::Number(number)) => number.as_str(),
        Some(_) => return Err(()),
    };
    // NUL ends a text for SQLite's own functions.
    let text: String = text.chars().filter(|c| *c != '\0').take(LONGEST).collect();
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A whole number that is not below zero, also as a text, or as some write prices: `1.0`.
fn number(value: Option<&Value>) -> Result<Option<u64>, ()> {
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_str(),
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(()),
    };
    let is_zero = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte == b'0');
    let digits = text.split_once('.').filter(|(_, rest)| is_zero(rest)).map_or(text, |(digits, _)| digits);
    whole(digits).map(Some).ok_or(())
}

/// The digits of a number that SQLite can hold.
fn whole(text: &str) -> Option<u64> {
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits?.parse().ok().filter(|number| i64::try_from(*number).is_ok())
}

fn price(value: Option<&Value>) -> Result<Option<Amount>, ()> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Amount::parse(number.as_str()).map(Some).ok_or(()),
        // The framework behind it writes decimals so.
        Some(Value::String(text)) => Amount::parse(text).map(Some).ok_or(()),
        Some(_) => Err(()),
    }
}

fn currency(value: Option<&Value>) -> Result<Option<String>, ()> {
    match text(value)? {
        None => Ok(None),
        Some(code) => Currency::parse(&code).map(|currency| Some(currency.to_string())).ok_or(()),
    }
}

/// With a blank where ISO 8601 has a `T`, as the page's sample has it, or not.
fn date(value: Option<&Value>) -> Result<Option<Timestamp>, ()> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => text.trim().replacen(' ', "T", 1).parse().map(Some).map_err(|_| ()),
        Some(_) => Err(()),
    }
}

/// A list of texts, or one of them.
fn agents(value: Option<&Value>) -> Result<Option<Vec<String>>, ()> {
    let mut agents: Vec<String> = Vec::new();
    let listed = match value {
        Some(Value::Array(listed)) => listed.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    for agent in listed {
        let agent = match agent {
            Value::Number(_) => return Err(()),
            agent => text(Some(agent))?,
        };
        agents.extend(agent.filter(|agent| !agents.contains(agent)));
    }
    Ok(Some(agents))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> ListedOrder {
        match Listed::read(&value.to_string()) {
            Listed::Order(order) => *order,
            Listed::Odd(odd) => panic!("{odd:?}"),
        }
    }

    fn deal(deal: Value) -> ListedOrder {
        read(&json!({"id": 30, "deal": deal}))
    }

    #[test]
    fn the_pages_own_sample() {
        let text = r#"{"id": 30, "deal": {"website": "example.com", "num": "o-11/170521",
            "agents": ["admin@example.com"], "chat": 71, "date": "2017-05-21 10:26:03.475537+00:00",
            "products": [{"url": "http://example.com/product-1", "price": 111.0, "qty": 1, "id": "1",
            "title": "Example product-1"}]}, "contacts": {"info": {"geoCity": "Kyiv"}, "billing_address": {},
            "client": {"name": "Order-test-guest", "id": 95}, "shipping_address": {"First name": "Guest"}}}"#;
        let Listed::Order(read) = Listed::read(text) else { panic!("an order") };
        let ListedOrder { order, contacts, unreadable, unknown } = *read;
        assert_eq!((order.id, order.num.as_deref(), order.chat), (30, Some("o-11/170521"), Some(71)));
        assert_eq!(order.date.map(|date| date.to_string()).as_deref(), Some("2017-05-21T10:26:03.475537Z"));
        assert_eq!(order.lines[0].price.map(|price| price.to_string()).as_deref(), Some("111.0"));
        assert_eq!(contacts.shipping_address.map(|address| address.len()), Some(1));
        assert!(unreadable.is_empty() && unknown.is_empty());
        let kept = serde_json::to_string(&order).expect("JSON");
        assert!(!kept.contains("Guest") && kept.contains("\"price\":111.0"), "{kept}");
        assert_eq!(serde_json::from_str::<Order>(&kept).ok(), Some(order));
    }

    #[test]
    fn agents_may_be_called_otherwise_or_be_one() {
        for (value, agents) in [
            (json!({"agents": ["a@x", "b@x", "a@x", ""]}), &["a@x", "b@x"][..]),
            (json!({"agent": ["a@x"]}), &["a@x"]),
            (json!({"agent": "a@x"}), &["a@x"]),
            (json!({"agents": "a@x"}), &["a@x"]),
            (json!({"agents": null, "agent": "a@x"}), &["a@x"]),
            (json!({"agents": []}), &[]),
            (json!({}), &[]),
        ] {
            let read = deal(value.clone());
            assert_eq!(read.order.agents, agents, "{value}");
            assert!(read.unreadable.is_empty(), "{value}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_nothing_and_told() {
        let read = deal(json!({"date": "yesterday", "chat": {}, "num": 7, "products": [
            {"id": 5, "qty": 1.5, "price": "ten", "currency": "dollars"}, {"id": "6", "qty": "2.00", "price": "9.90"}, 7]}));
        assert_eq!(read.order.num.as_deref(), Some("7"));
        assert_eq!(
            read.unreadable,
            ["date", "chat", "qty of product 1", "price of product 1", "currency of product 1", "product 3"]
        );
        assert_eq!(read.order.lines[0], Line { id: Some("5".to_owned()), has_odd_currency: true, ..Line::default() });
        assert_eq!(read.order.lines[1].amount().map(|amount| amount.to_string()).as_deref(), Some("19.80"));
    }

    #[test]
    fn names_that_nobody_knows_are_told_without_what_they_hold() {
        let read =
            read(&json!({"id": 1, "status": "paid", "deal": {"coupon": "X", "products": [{"sku": 1}, {"sku": 2}]},
            "contacts": {"phone": "+49 123"}}));
        assert_eq!(read.unknown, ["status", "deal.coupon", "deal.products.sku", "contacts.phone"]);
    }

    #[test]
    fn what_has_no_id_is_known_again_without_its_contacts() {
        let odd = |json: Value| match Listed::read(&json.to_string()) {
            Listed::Odd(odd) => odd,
            Listed::Order(order) => panic!("{order:?}"),
        };
        let first = odd(json!({"id": "x", "deal": {"num": "1"}, "contacts": {"client": {"visits": 1}}}));
        assert_eq!(first, odd(json!({"id": "x", "deal": {"num": "1"}, "contacts": {"client": {"visits": 2}}})));
        assert!(!first.said.contains("visits"));
        for id in [json!(null), json!(-1), json!(1.5), json!(9_223_372_036_854_775_808_u64), json!("30")] {
            assert_eq!(odd(json!({"id": id})).why, "its id is no whole number of 63 bits");
        }
        assert_eq!(odd(json!([1])).why, "it is no object");
        assert!(matches!(Listed::read(r#"{"id": 9223372036854775807}"#), Listed::Order(_)));
    }

    proptest! {
        #[test]
        fn any_json_is_read(text in ".{0,200}") {
            Listed::read(&text);
            Listed::read(&json!({"id": 1, "deal": {"num": text, "date": text, "agents": text, "products": [{"qty": text, "price": text}]}}).to_string());
        }
    }
}
