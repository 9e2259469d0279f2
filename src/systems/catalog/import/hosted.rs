//! The normalised feed as YML, streamed from the state while NiceChat reads it.

use std::io::{self, Write};
use std::path::PathBuf;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{self, Stream};
use jiff::Timestamp;
use quick_xml::events::BytesText;
use quick_xml::writer::Writer;
use serde_json::Value;

use crate::catalog::{Fields, Kind};
use crate::state::Reader;
use crate::systems::catalog::store::{HostedFrom, ReadHostedFeed as _, ReadImports as _};
use crate::task;

/// Objects that are read together.
const CHUNK: u32 = 500;

/// The feed piece by piece, each read off the async threads: a client that reads slowly holds none.
///
/// Ends with an error when the import of this door is over: half a feed must not look like a whole one.
pub(super) fn stream(state: PathBuf, door: String, is_packed: bool) -> impl Stream<Item = io::Result<Bytes>> {
    let packer = is_packed.then(|| GzEncoder::new(Vec::new(), Compression::fast()));
    let start = Feed { state, door, at: Part::Head, packer };
    stream::try_unfold(Some(start), |feed| async move {
        let Some(feed) = feed else { return Ok(None) };
        let piece = task::blocking(move || feed.next()).await.map_err(io::Error::other)?;
        piece.map(Some)
    })
}

struct Feed {
    state: PathBuf,
    door: String,
    at: Part,
    packer: Option<GzEncoder<Vec<u8>>>,
}

/// What comes next.
enum Part {
    Head,
    Objects(Kind, HostedFrom),
    Tail,
}

impl Feed {
    /// The next piece, and what is left behind it.
    fn next(mut self) -> io::Result<(Bytes, Option<Feed>)> {
        let mut xml = Writer::new(Vec::new());
        // A view of its own for each piece: one that is kept open would keep the log from being taken in.
        let reader = Reader::open(&self.state).map_err(io::Error::other)?;
        let under_way = reader.open_import().map_err(io::Error::other)?;
        if under_way.is_none_or(|import| import.door != self.door) {
            return Err(io::Error::other("the import is over"));
        }
        let next = match &self.at {
            Part::Head => {
                head(&mut xml, &reader)?;
                Some(Part::Objects(Kind::Category, HostedFrom::Known(0)))
            }
            Part::Objects(kind, from) => {
                let (objects, next) = reader.hosted(*kind, from, CHUNK).map_err(io::Error::other)?;
                for (id, fields) in &objects {
                    match kind {
                        Kind::Category => category(&mut xml, id, fields)?,
                        Kind::Product => offer(&mut xml, id, fields)?,
                    }
                }
                match (next, kind) {
                    (Some(from), kind) => Some(Part::Objects(*kind, from)),
                    (None, Kind::Category) => {
                        raw(&mut xml, "</categories>\n<offers>\n")?;
                        Some(Part::Objects(Kind::Product, HostedFrom::Known(0)))
                    }
                    (None, Kind::Product) => Some(Part::Tail),
                }
            }
            Part::Tail => {
                raw(&mut xml, "</offers>\n</shop>\n</yml_catalog>\n")?;
                None
            }
        };
        let bytes = self.pack(xml.into_inner(), next.is_none())?;
        let rest = next.map(|at| Feed { at, ..self });
        Ok((bytes, rest))
    }

    fn pack(&mut self, bytes: Vec<u8>, is_last: bool) -> io::Result<Bytes> {
        let Some(packer) = &mut self.packer else { return Ok(bytes.into()) };
        packer.write_all(&bytes)?;
        if is_last {
            packer.try_finish()?;
        }
        Ok(std::mem::take(packer.get_mut()).into())
    }
}

type Xml = Writer<Vec<u8>>;

fn raw(xml: &mut Xml, text: &str) -> io::Result<()> {
    xml.get_mut().write_all(text.as_bytes())
}

fn head(xml: &mut Xml, reader: &Reader) -> io::Result<()> {
    raw(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    let date = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S+00:00");
    raw(xml, &format!("<yml_catalog date=\"{date}\">\n<shop>\n"))?;
    // YML wants these, though nobody here needs them.
    raw(xml, "<name>shelfkeeper</name>\n<company>shelfkeeper</company>\n<currencies>\n")?;
    for currency in reader.hosted_currencies().map_err(io::Error::other)? {
        let currency = currency.to_ascii_uppercase();
        xml.create_element("currency").with_attributes([("id", currency.as_str()), ("rate", "1")]).write_empty()?;
    }
    raw(xml, "</currencies>\n<categories>\n")
}

/// Our category ids as they are, each with its whole path as its name: NiceChat's categories have no tree.
fn category(xml: &mut Xml, id: &str, fields: &Fields) -> io::Result<()> {
    let name = clean(fields.get("name").and_then(Value::as_str).unwrap_or_default());
    let element = xml.create_element("category").with_attribute(("id", clean(id).as_str()));
    element.write_text_content(BytesText::new(&name))?;
    raw(xml, "\n")
}

/// An offer with the elements that it has a value for (YML, `offer`).
fn offer(xml: &mut Xml, id: &str, fields: &Fields) -> io::Result<()> {
    let is_available = fields.get("in_stock") == Some(&Value::Bool(true));
    let available = if is_available { "true" } else { "false" };
    let element = xml.create_element("offer").with_attributes([("id", clean(id).as_str()), ("available", available)]);
    element.write_inner_content(|xml| {
        for (name, field) in [
            ("name", "title"),
            ("url", "url"),
            ("price", "price"),
            ("currencyId", "currency"),
            ("categoryId", "category"),
            ("picture", "image_url"),
            ("description", "description"),
        ] {
            let text = match fields.get(field) {
                Some(Value::String(text)) if field == "currency" => text.to_ascii_uppercase(),
                Some(Value::String(text)) => clean(text),
                Some(Value::Number(number)) => number.to_string(),
                _ => continue,
            };
            xml.create_element(name).write_text_content(BytesText::new(&text))?;
        }
        Ok(())
    })?;
    raw(xml, "\n")
}

/// Text without the characters that XML has no way to write (XML 1.0, production 2).
fn clean(text: &str) -> String {
    let is_writable = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(is_writable).collect()
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;
    use serde_json::json;

    use super::*;
    use crate::catalog::Id;
    use crate::feed::{self, ParseOptions, Row};
    use crate::remote::nicechat::product_fields;
    use crate::state::Writer as StateWriter;
    use crate::systems::catalog::store::{
        Failures, ImportEnd, NewImport, Record, WriteHostedFeed as _, WriteImports as _, WriteRequests as _,
    };

    fn fields(value: Value) -> Fields {
        serde_json::from_value(value).expect("fields")
    }

    #[tokio::test]
    async fn what_is_served_reads_back_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.db");
        let state = StateWriter::open(&path, Some("https://nice.example/")).expect("a state");
        let product = |title: &str, price: &str| {
            let price: Value = serde_json::from_str(price).expect("a number");
            fields(json!({"title": title, "price": price, "currency": "usd", "category": "7", "in_stock": true,
                "description": "<p>a & b</p> \u{b} ]]>", "url": "https://s.example/?a=1&b=2",
                "image_url": null}))
        };
        let record = |acked: Fields| Record { acked, digest: 1, answered: Fields::new(), repaired: Fields::new() };
        let id = |text: &str| Id::parse(text).expect("an id");
        let known = vec![
            (Kind::Category, id("7"), record(fields(json!({"name": "A > B", "is_enabled": true})))),
            (Kind::Product, id("stays"), record(product("Stays", "10.00"))),
            (Kind::Product, id("gone"), record(product("Gone", "1"))),
            (Kind::Product, id("dearer"), record(product("Dearer", "5"))),
        ];
        state.adopt(known).await.expect("written");
        let new = NewImport { door: "door".to_owned(), is_served: true, expected: 3, to_create: 1, to_update: 1 };
        let import = state.begin_import(new).await.expect("written");
        let otherwise = vec![
            (Kind::Product, "gone".to_owned(), None),
            (Kind::Product, "dearer".to_owned(), Some(product("Dearer", "6.50"))),
            (Kind::Product, "new <\">".to_owned(), Some(product("New", "7"))),
        ];
        state.serve(otherwise, true).await.expect("written");
        for is_packed in [false, true] {
            let pieces: Vec<Bytes> =
                stream(path.clone(), "door".to_owned(), is_packed).try_collect().await.expect("a feed");
            let mut file = tempfile::tempfile().expect("a file");
            file.write_all(&pieces.concat()).expect("written");
            let mut items = Vec::new();
            let shape =
                ParseOptions { format: None, default_currency: None, default_category: None, now: Timestamp::now() };
            let mut sink = |row| {
                match row {
                    Row::Offer(offer) => items.push((offer.item.id.to_string(), product_fields(&offer.item))),
                    Row::Rejected(rejection) => panic!("{rejection:?}"),
                }
                Ok(())
            };
            let read = feed::read(&feed::open(&file, 1 << 20), &shape, &mut sink).expect("a YML feed");
            assert_eq!(read, feed::FeedType::Yml);
            let ids: Vec<&str> = items.iter().map(|(id, _)| id.as_str()).collect();
            assert_eq!(ids, ["stays", "dearer", "new <\">"]);
            let mut wanted = product("Dearer", "6.50");
            wanted.insert("description".to_owned(), json!("<p>a & b</p>  ]]>"));
            assert_eq!(items[1].1, wanted);
        }
        // A reader that is slower than the import gets no end that looks like one.
        let mut slow = Box::pin(stream(path.clone(), "door".to_owned(), false));
        slow.try_next().await.expect("the head");
        let end = ImportEnd { failure: None, updated: None, imported: None, came_to_nothing: false, at_large: None };
        state.end_import(import.import, end, Failures::default()).await.expect("written");
        assert!(slow.try_next().await.is_err());
    }
}
