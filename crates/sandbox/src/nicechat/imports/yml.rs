//! A YML feed as a vendor reads it who doesn't look twice.

use std::borrow::Cow;
use std::collections::HashMap;

use encoding_rs::{Encoding, UTF_8};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::Value;

use super::contents::{Contents, set_money, set_text};
use crate::store::Object;

/// Reads a feed. Anything that isn't well-formed XML fails all of it.
///
/// # Errors
/// Why it is no such feed, in words.
pub(super) fn parse(body: &[u8]) -> Result<Contents, String> {
    let text = decoded(body);
    let mut reader = Reader::from_str(&text);
    reader.config_mut().expand_empty_elements = true;
    let mut feed = Feed::default();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(tag) => feed.open(&tag)?,
            Event::End(_) => feed.close(),
            Event::Text(text) => feed.text.push_str(&text.xml10_content()),
            Event::CData(text) => feed.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => feed.text.push_str(&resolved(&reference)?),
            Event::Eof => return feed.end(),
            _ => {}
        }
    }
}

/// The text in the encoding that its declaration names.
fn decoded(body: &[u8]) -> Cow<'_, str> {
    let start = String::from_utf8_lossy(&body[..body.len().min(200)]);
    let name = start.split_once("encoding=").and_then(|(_, rest)| rest.split(['"', '\'']).nth(1));
    let encoding = name.and_then(|name| Encoding::for_label(name.as_bytes())).unwrap_or(UTF_8);
    encoding.decode(body).0
}

fn resolved(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    let text = resolve_predefined_entity(&name).ok_or_else(|| format!("The entity {name} is not defined"))?;
    Ok(text.to_owned())
}

/// What was read so far.
#[derive(Default)]
struct Feed {
    contents: Contents,
    /// The elements that are open, the outermost first.
    open: Vec<String>,
    /// The text of the element that was opened last.
    text: String,
    category: String,
    offer: Offer,
}

#[derive(Default)]
struct Offer {
    id: String,
    is_available: bool,
    /// The texts of its children; the first of each name.
    children: HashMap<String, String>,
}

impl Feed {
    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let name = tag.name().as_ref().to_owned();
        match name.as_str() {
            "yml_catalog" => {}
            _ if self.open.is_empty() => return Err(format!("The feed begins with {name}, not with yml_catalog")),
            "category" => self.category = attribute(tag, "id")?.unwrap_or_default(),
            "offer" => {
                self.offer = Offer {
                    id: attribute(tag, "id")?.unwrap_or_default(),
                    is_available: attribute(tag, "available")?.as_deref() != Some("false"),
                    children: HashMap::new(),
                }
            }
            _ => {}
        }
        self.open.push(name);
        self.text.clear();
        Ok(())
    }

    fn close(&mut self) {
        let name = self.open.pop().unwrap_or_default();
        let text = std::mem::take(&mut self.text);
        match (self.open.last().map(String::as_str), name.as_str()) {
            (Some("categories"), "category") => {
                self.contents.categories.insert(std::mem::take(&mut self.category), text.trim().to_owned());
            }
            (Some("offers"), "offer") => {
                let offer = std::mem::take(&mut self.offer);
                self.contents.add(offer.product());
            }
            (Some("offer"), _) => {
                self.offer.children.entry(name).or_insert(text);
            }
            _ => {}
        }
    }

    fn end(self) -> Result<Contents, String> {
        match self.open.last() {
            Some(name) => Err(format!("The feed ends before {name} does")),
            None => Ok(self.contents),
        }
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let Some(attribute) = tag.try_get_attribute(name).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
    Ok(Some(value.trim().to_owned()))
}

impl Offer {
    fn child(&self, name: &str) -> &str {
        self.children.get(name).map(|text| text.trim()).unwrap_or_default()
    }

    fn product(&self) -> Object {
        let mut product = Object::new();
        set_text(&mut product, "id", &self.id);
        set_text(&mut product, "title", &self.title());
        let texts =
            [("description", "description"), ("url", "url"), ("picture", "image_url"), ("categoryId", "category")];
        for (child, field) in texts {
            set_text(&mut product, field, self.child(child));
        }
        set_money(&mut product, self.child("price"), self.child("currencyId"));
        product.insert("in_stock".to_owned(), Value::from(self.is_available));
        product
    }

    fn title(&self) -> String {
        match self.child("name") {
            "" => {
                let parts = ["typePrefix", "vendor", "model"].map(|name| self.child(name));
                parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
            }
            name => name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn offers_and_categories() {
        let text = r#"<?xml version="1.0"?><!DOCTYPE yml_catalog SYSTEM "shops.dtd">
            <yml_catalog><shop><name>Shop</name>
            <categories><category id="1">Home</category><category id="2" parentId="1">Pots &amp; pans</category></categories>
            <offers>
              <offer id="a" available="false"><name>A &#x26; B</name><url>http://x/?a=1&amp;b=2</url><price>10.50</price>
                <currencyId>UAH</currencyId><categoryId>2</categoryId><categoryId>1</categoryId>
                <picture>http://x/1.jpg</picture><picture>http://x/2.jpg</picture>
                <description><![CDATA[<p>One & two</p>]]></description></offer>
              <offer id="b"><typePrefix>Lamp</typePrefix><vendor/><model>7</model></offer>
              <offer id="c"><price>1</price></offer>
            </offers></shop></yml_catalog>"#;
        let contents = parse(text.as_bytes()).expect("a feed");
        let first = json!({
            "id": "a", "title": "A & B", "url": "http://x/?a=1&b=2", "currency": "uah", "category": "2",
            "image_url": "http://x/1.jpg", "description": "<p>One & two</p>", "in_stock": false,
        });
        let mut products = contents.products;
        assert_eq!(products[0].remove("price").expect("a price").to_string(), "10.50");
        assert_eq!(json!(products), json!([first, {"id": "b", "title": "Lamp 7", "in_stock": true}]));
        let names: Vec<_> = contents.categories.iter().map(|(id, name)| format!("{id} {name}")).collect();
        assert_eq!(names, ["1 Home", "2 Pots & pans"]);
    }

    #[test]
    fn other_encodings() {
        let text = "<?xml version='1.0' encoding='windows-1251'?><yml_catalog><shop><offers><offer id='1'>\
                    <name>чай</name></offer></offers></shop></yml_catalog>";
        let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(text);
        assert_eq!(parse(&bytes).expect("a feed").products[0]["title"], "чай");
    }

    #[test]
    fn what_is_no_feed() {
        let cut = "<yml_catalog><shop><offers><offer id='1'><name>A</name></offer>";
        let crossed = "<yml_catalog><shop></yml_catalog></shop>";
        let undefined = "<yml_catalog>&nbsp;</yml_catalog>";
        for text in ["<html></html>", cut, crossed, undefined] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
