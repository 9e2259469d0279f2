//! Small feeds of every format, with the place of every field in them.

use std::ops::Range;

/// A field of an item: where it lies in the feed, and where its value does.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) whole: Range<usize>,
    pub(super) value: Range<usize>,
}

/// Where an item lies.
pub(super) struct Place {
    pub(super) id: String,
    pub(super) whole: Range<usize>,
    pub(super) fields: Vec<Field>,
}

/// A feed, and where its items lie.
#[derive(Default)]
pub(super) struct Feed {
    pub(super) bytes: Vec<u8>,
    pub(super) places: Vec<Place>,
    /// What is in front of it says what all items mean: damage there isn't of one item.
    pub(super) header: usize,
    /// Where something else stands that items refer to: damage may leave another good one.
    pub(super) referred: Vec<Range<usize>>,
}

impl Feed {
    fn text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn begin(&mut self, id: &str, text: &str) {
        let start = self.bytes.len();
        self.places.push(Place { id: id.to_owned(), whole: start..start, fields: Vec::new() });
        self.text(text);
    }

    fn field(&mut self, name: &'static str, before: &str, value: &str, after: &str) {
        let start = self.bytes.len();
        self.text(before);
        let value_start = self.bytes.len();
        self.text(value);
        let value = value_start..self.bytes.len();
        self.text(after);
        let whole = start..self.bytes.len();
        if let Some(place) = self.places.last_mut() {
            place.fields.push(Field { name, whole, value });
        }
    }

    fn end(&mut self, text: &str) {
        self.text(text);
        let end = self.bytes.len();
        if let Some(place) = self.places.last_mut() {
            place.whole.end = end;
        }
    }
}

pub(super) const ITEMS: usize = 5;

pub(super) fn google_xml(prefix: &str, description: fn(usize) -> (String, String)) -> Feed {
    let mut feed = Feed::default();
    let declaration = if prefix == "g" { " xmlns:g=\"http://base.google.com/ns/1.0\"" } else { "" };
    feed.text(&format!(
        "<?xml version=\"1.0\"?>\n<rss version=\"2.0\"{declaration}>\n<channel>\n<title>Shop</title>\n"
    ));
    for n in 1..=ITEMS {
        let tag = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}:{name}") };
        let element = |feed: &mut Feed, name: &'static str, tag: &str, value: &str| {
            feed.field(name, &format!("<{tag}>"), value, &format!("</{tag}>"));
            feed.text("\n");
        };
        feed.begin(&format!("S-{n}"), "<item>\n");
        element(&mut feed, "id", &tag("id"), &format!("S-{n}"));
        element(&mut feed, "title", "title", &format!("Lamp {n} &amp; more"));
        let (open, text) = description(n);
        feed.field(
            "description",
            &format!("<description>{open}"),
            &text,
            if open.is_empty() { "</description>" } else { "]]></description>" },
        );
        element(&mut feed, "url", "link", &format!("https://shop.example/{n}?a=1&amp;b=2"));
        element(&mut feed, "image_url", &tag("image_link"), &format!("https://shop.example/{n}.jpg"));
        element(&mut feed, "price", &tag("price"), &format!("{n}2.50 EUR"));
        element(&mut feed, "in_stock", &tag("availability"), "in_stock");
        feed.text(&format!("<{0}><{1}>9.99 EUR</{1}></{0}>", tag("shipping"), tag("price")));
        element(&mut feed, "category", &tag("product_type"), "Home &gt; Light");
        feed.end("</item>");
        feed.text("\n");
    }
    feed.text("</channel>\n</rss>\n");
    feed
}

pub(super) fn yml(description: fn(usize) -> (String, String)) -> Feed {
    let mut feed = Feed::default();
    feed.text("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<yml_catalog date=\"2026-01-01 00:00\"><shop>\n<currencies><currency id=\"UAH\" rate=\"1\"/></currencies>\n");
    feed.text("<categories>");
    for (attributes, name) in [("id=\"1\"", "Home"), ("id=\"2\" parentId=\"1\"", "Light")] {
        feed.text("<category ");
        let start = feed.bytes.len();
        feed.text(attributes);
        feed.referred.push(start..feed.bytes.len());
        feed.text(&format!(">{name}</category>"));
    }
    feed.text("</categories>\n<offers>\n");
    for n in 1..=ITEMS {
        feed.begin(&format!("S-{n}"), "<offer ");
        feed.field("id", "id=\"", &format!("S-{n}"), "\"");
        feed.field("in_stock", " available=\"", "true", "\"");
        feed.text(">\n");
        let element = |feed: &mut Feed, name: &'static str, tag: &str, value: &str| {
            feed.field(name, &format!("<{tag}>"), value, &format!("</{tag}>"));
            feed.text("\n");
        };
        element(&mut feed, "url", "url", &format!("https://shop.example/{n}"));
        element(&mut feed, "price", "price", &format!("{n}2.50"));
        element(&mut feed, "currency", "currencyId", "UAH");
        element(&mut feed, "category", "categoryId", "2");
        element(&mut feed, "image_url", "picture", &format!("https://shop.example/{n}.jpg"));
        element(&mut feed, "title", "name", &format!("Лампа {n}"));
        let (open, text) = description(n);
        feed.field(
            "description",
            &format!("<description>{open}"),
            &text,
            if open.is_empty() { "</description>" } else { "]]></description>" },
        );
        element(&mut feed, "in_stock", "quantity_in_stock", "5");
        feed.text("<param name=\"Colour\">red</param>");
        feed.end("</offer>");
        feed.text("\n");
    }
    feed.text("</offers>\n</shop>\n</yml_catalog>\n");
    feed
}

pub(super) fn escaped(n: usize) -> (String, String) {
    (String::new(), format!("&lt;p&gt;Bright, {n} W&lt;/p&gt;"))
}

pub(super) fn html(n: usize) -> (String, String) {
    (String::new(), format!("<p>Bright<br>{n} W</p><ul><li>a<li>b</ul>"))
}

pub(super) fn cdata(n: usize) -> (String, String) {
    ("<![CDATA[".to_owned(), format!("<p>Bright & {n} W</p>"))
}

/// What text feeds have besides their delimiter.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Cells {
    Plain,
    Quoted,
    /// Quoted, and one of them with lines of its own.
    ManyLines,
}

pub(super) fn text(delimiter: &str, end: &str, cells: Cells) -> Feed {
    let mut feed = Feed::default();
    let names = ["id", "title", "description", "link", "image_link", "price", "availability", "product_type"];
    let quote = if cells == Cells::Plain { "" } else { "\"" };
    let header: Vec<String> = names.iter().map(|name| format!("{quote}{name}{quote}")).collect();
    feed.text(&(header.join(delimiter) + end));
    feed.header = feed.bytes.len();
    for n in 1..=ITEMS {
        let description = match cells {
            Cells::Plain => format!("Bright and {n} W"),
            Cells::Quoted => format!("Bright{delimiter} 12\"\" and {n} W"),
            Cells::ManyLines => format!("Bright{delimiter} {n} W{end}{end}- one{end}- two{delimiter} three"),
        };
        let values: [(&'static str, String); 8] = [
            ("id", format!("S-{n}")),
            ("title", format!("Lamp {n} more")),
            ("description", description),
            ("url", format!("https://shop.example/{n}")),
            ("image_url", format!("https://shop.example/{n}.jpg")),
            ("price", format!("{n}2.50 EUR")),
            ("in_stock", "in_stock".to_owned()),
            ("category", "Home > Light".to_owned()),
        ];
        feed.begin(&format!("S-{n}"), "");
        for (index, (name, value)) in values.iter().enumerate() {
            let before = if index == 0 { quote.to_owned() } else { format!("{delimiter}{quote}") };
            feed.field(name, &before, value, quote);
        }
        // The line end belongs to the row that it ends, and to its last cell.
        feed.end(end);
        let length = feed.bytes.len();
        if let Some(last) = feed.places.last_mut().and_then(|place| place.fields.last_mut()) {
            last.whole.end = length;
        }
    }
    feed
}
