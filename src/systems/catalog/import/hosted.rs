//! The normalised feed as YML, streamed from the shelf while NiceChat reads it.

use std::io::{self, Write};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{self, Stream};
use quick_xml::events::BytesText;
use quick_xml::writer::Writer;
use serde_json::Value;

use crate::catalog::Fields;
use crate::systems::catalog::shelf::Generation;
use crate::task;

/// The feed piece by piece, each read off the async threads: a client that reads slowly holds none. Every time the same
/// bytes.
///
/// Ends with an error when the import is over and nobody else holds the feed any more: who was too slow for it is told.
pub(super) fn stream(feed: &Arc<Generation>, is_packed: bool) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    let packer = is_packed.then(|| GzEncoder::new(Vec::new(), Compression::fast()));
    let start = Feed { feed: Arc::downgrade(feed), at: Part::Head, packer };
    stream::try_unfold(Some(start), |feed| async move {
        let Some(feed) = feed else { return Ok(None) };
        let piece = task::blocking(move || feed.next()).await.map_err(io::Error::other)?;
        piece.map(Some)
    })
}

struct Feed {
    feed: Weak<Generation>,
    at: Part,
    packer: Option<GzEncoder<Vec<u8>>>,
}

/// What comes next: of lists a page.
enum Part {
    Head,
    Categories(usize),
    Offers(usize),
    Tail,
}

impl Feed {
    /// The next piece, and what is left behind it.
    fn next(mut self) -> io::Result<(Bytes, Option<Feed>)> {
        let mut xml = Writer::new(Vec::new());
        let feed = self.feed.upgrade().ok_or_else(|| io::Error::other("the import is over"))?;
        let next = match self.at {
            Part::Head => {
                head(&mut xml, &feed)?;
                Some(Part::Categories(0))
            }
            Part::Categories(page) => match feed.categories(page).map_err(io::Error::other)? {
                Some(categories) => {
                    categories.iter().try_for_each(|(id, name)| category(&mut xml, id, name))?;
                    Some(Part::Categories(page + 1))
                }
                None => {
                    raw(&mut xml, "</categories>\n<offers>\n")?;
                    Some(Part::Offers(0))
                }
            },
            Part::Offers(page) => match feed.items(page).map_err(io::Error::other)? {
                Some(items) => {
                    items.iter().try_for_each(|item| offer(&mut xml, &item.id, &item.fields))?;
                    Some(Part::Offers(page + 1))
                }
                None => Some(Part::Tail),
            },
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

fn head(xml: &mut Xml, feed: &Generation) -> io::Result<()> {
    raw(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    let date = feed.made().strftime("%Y-%m-%dT%H:%M:%S+00:00");
    raw(xml, &format!("<yml_catalog date=\"{date}\">\n<shop>\n"))?;
    // YML wants these, though nobody here needs them.
    raw(xml, "<name>shelfkeeper</name>\n<company>shelfkeeper</company>\n<currencies>\n")?;
    for (currency, _) in feed.currencies() {
        let currency = currency.to_ascii_uppercase();
        xml.create_element("currency").with_attributes([("id", currency.as_str()), ("rate", "1")]).write_empty()?;
    }
    raw(xml, "</currencies>\n<categories>\n")
}

/// Our category ids as they are, each with its whole path as its name: NiceChat's categories have no tree.
fn category(xml: &mut Xml, id: &str, name: &str) -> io::Result<()> {
    let name = clean(name);
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
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::catalog::{Category, Currency, Id, Item, Money};
    use crate::feed::{self, ParseOptions, Row};
    use crate::remote::nicechat::product_fields;
    use crate::systems::catalog::shelf::Shelf;

    fn item(id: &str, price: &str) -> Item {
        let category = Category { id: Id::parse("7").expect("an id"), name: Some("A > B".to_owned()) };
        Item {
            id: Id::parse(id).expect("an id"),
            category: Some(Arc::new(category)),
            title: format!("Good {id}"),
            price: Some(Money::parse(price).expect("a price").price),
            currency: Currency::parse("USD"),
            description: Some("<p>a & b</p> \u{b} ]]>".to_owned()),
            url: Some("https://s.example/?a=1&b=2".to_owned()),
            image_url: None,
            in_stock: true,
            local: Default::default(),
        }
    }

    #[tokio::test]
    async fn what_is_served_reads_back_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut draft = Shelf::beside(&folder.path().join("state.db")).begin().expect("begun");
        let items = [item("stays", "10.00"), item("dearer", "6.50"), item("new <\">", "7")];
        items.iter().for_each(|item| draft.add(item).expect("added"));
        let shelved = Arc::new(draft.finish("door").expect("finished"));
        for is_packed in [false, true] {
            let read =
                || async { stream(&shelved, is_packed).try_collect::<Vec<Bytes>>().await.expect("a feed").concat() };
            let bytes = read().await;
            assert_eq!(bytes, read().await, "the same bytes every time");
            let mut file = tempfile::tempfile().expect("a file");
            file.write_all(&bytes).expect("written");
            let mut read = Vec::new();
            let shape = ParseOptions::at(Timestamp::now());
            let mut sink = |row| {
                match row {
                    Row::Offer(offer) => read.push((offer.item.id.to_string(), product_fields(&offer.item))),
                    Row::Rejected(rejection) => panic!("{rejection:?}"),
                }
                Ok(())
            };
            let reading = feed::read(&feed::open(&file, 1 << 20), &shape, &mut sink).expect("a YML feed");
            assert_eq!(reading.format, feed::FeedType::Yml);
            let wanted = items.iter().map(|item| {
                let mut fields = product_fields(item);
                fields.insert("description".to_owned(), json!("<p>a & b</p>  ]]>"));
                (item.id.to_string(), fields)
            });
            assert_eq!(read, wanted.collect::<Vec<_>>());
        }
        // A reader that is slower than the import gets no end that looks like one.
        let mut slow = Box::pin(stream(&shelved, false));
        slow.try_next().await.expect("the head");
        drop(shelved);
        assert!(slow.try_next().await.is_err());
    }
}
