//! Damage in one place of a feed costs at most the item that it hits.
//!
//! Each case makes a small feed, damages it in one random place, and holds what is read against what was
//! there: every other item is unchanged; the damaged one is read, or rejected under its own id or
//! as one whose id can't be told; and no field that had a value comes through without one.
//!
//! A few thousand cases run always. For more: `DAMAGES=1000000 cargo test --release --lib damage`.

use std::collections::HashMap;
use std::io::Write as _;
use std::ops::Range;

use super::*;

/// What damage puts in: all that means something in some format, and letters of other alphabets.
const PALETTE: &[&str] = &[
    "<",
    ">",
    "\"",
    "'",
    "/",
    "=",
    "&",
    ";",
    "!",
    "?",
    "-",
    "--",
    "[",
    "]",
    "#",
    "%",
    "\\",
    "|",
    ",",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\0",
    " ",
    "a",
    "Z",
    "0",
    "7",
    ".",
    ":",
    "_",
    "{",
    "é",
    "ж",
    "\u{feff}",
    "<b>",
    "</",
    "/>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "\"\"",
    "\",\"",
    "</p>",
    "id",
    "g:",
    "\n</rss>\n",
    "</channel></rss>",
    "\n</yml_catalog>\n",
    "&nbsp;",
];

/// A field of an item: where it lies in the feed, and where its value does.
struct Field {
    name: &'static str,
    whole: Range<usize>,
    value: Range<usize>,
}

/// Where an item lies.
struct Place {
    id: String,
    whole: Range<usize>,
    fields: Vec<Field>,
}

/// A feed, and where its items lie.
#[derive(Default)]
struct Feed {
    bytes: Vec<u8>,
    places: Vec<Place>,
    /// What is in front of it says what all items mean: damage there isn't of one item.
    header: usize,
    /// Where something else stands that items refer to: damage may leave another good one.
    referred: Vec<Range<usize>>,
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

const ITEMS: usize = 5;

fn google_xml(prefix: &str, description: fn(usize) -> (String, String)) -> Feed {
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

fn yml(description: fn(usize) -> (String, String)) -> Feed {
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

fn escaped(n: usize) -> (String, String) {
    (String::new(), format!("&lt;p&gt;Bright, {n} W&lt;/p&gt;"))
}

fn html(n: usize) -> (String, String) {
    (String::new(), format!("<p>Bright<br>{n} W</p><ul><li>a<li>b</ul>"))
}

fn cdata(n: usize) -> (String, String) {
    ("<![CDATA[".to_owned(), format!("<p>Bright & {n} W</p>"))
}

/// A generator that is the same on every machine (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}

/// The damaged bytes, and what range of the whole ones was hit.
fn damage(bytes: &[u8], header: usize, random: &mut Random) -> (Vec<u8>, Range<usize>) {
    let at = header + random.below(bytes.len() - header);
    let length = (1 + random.below(3)).min(bytes.len() - at);
    let put = PALETTE[random.below(PALETTE.len())].as_bytes();
    let (hit, put) = match random.below(6) {
        // A longer piece: more than a border between two items.
        5 => (at..(at + 4 + random.below(57)).min(bytes.len()), &[][..]),
        0 => (at..at + length, &[][..]),
        1 => (at..at, put),
        2 => (at..at + 1, put),
        3 => (at..at + 1, [b"\x80", b"\xff", b"\xd0", b"\x0b"][random.below(4)].as_slice()),
        _ => {
            let from = at.saturating_sub(1 + random.below(12)).max(header.min(at));
            (at..at, &bytes[from..at])
        }
    };
    ([&bytes[..hit.start], put, &bytes[hit.end..]].concat(), hit)
}

fn read_all(bytes: &[u8]) -> Result<Vec<Row>, FeedError> {
    let mut file = tempfile::tempfile().map_err(FeedError::Io)?;
    file.write_all(bytes).map_err(FeedError::Io)?;
    let mut rows = Vec::new();
    let shape = Shape { format: None, default_currency: None, default_category: None, now: Timestamp::UNIX_EPOCH };
    read(&open(&file, 1 << 30), &shape, &mut |row| {
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

/// The fields of an item by their names, as `feed --format json` has them.
fn values(item: &Item) -> HashMap<String, String> {
    item.fields().into_iter().map(|(name, value)| (name, value.to_string())).collect()
}

/// Whether damage of `hit` can have changed what lies in `range`; at its borders too.
fn touches(hit: &Range<usize>, range: &Range<usize>) -> bool {
    hit.start <= range.end && hit.end >= range.start
}

/// What a case came to, or what is wrong with it.
fn judge(
    feed: &Feed,
    before: &HashMap<String, Item>,
    damaged: &[u8],
    hit: &Range<usize>,
) -> Result<&'static str, String> {
    let within = feed.places[0].whole.start < hit.start && hit.end < feed.places[ITEMS - 1].whole.end;
    let rows = match read_all(damaged) {
        Ok(rows) => rows,
        Err(error) if within => return Err(format!("the whole feed failed: {error}")),
        Err(_) => return Ok("whole feed"),
    };
    let mut outcome = "unnoticed";
    let taken: HashMap<&str, &Offer> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Offer(offer) => Some((offer.item.id.as_str(), &**offer)),
            Row::Rejected(_) => None,
        })
        .collect();
    let rejected: Vec<&Rejection> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Rejected(rejection) => Some(rejection),
            Row::Offer(_) => None,
        })
        .collect();
    let id_is_hit = |place: &Place| place.fields.iter().any(|field| field.name == "id" && touches(hit, &field.whole));
    // What all items refer to may be hit together with one of them.
    let is_any_hit =
        feed.places.iter().any(|place| touches(hit, &place.whole)) && hit.start >= feed.places[0].whole.start;
    for place in &feed.places {
        let is_hit = touches(hit, &place.whole);
        let is_rejected = rejected.iter().any(|rejection| rejection.id.as_deref() == Some(&place.id));
        let is_unknown = rejected.iter().any(|rejection| match &rejection.id {
            None => true,
            Some(id) => rejection.is_doubtful && !before.contains_key(id),
        });
        let is_mentioned = rejected.iter().any(|rejection| rejection.mentions.contains(&place.id));
        match taken.get(place.id.as_str()) {
            Some(offer) if !is_hit && offer.item != before[&place.id] => {
                let (old, new) = (&before[&place.id], &offer.item);
                let is_other = new.category.is_some() || feed.referred.iter().any(|range| touches(hit, range));
                let is_category_alone = is_other && Item { category: old.category.clone(), ..new.clone() } == *old;
                if !is_category_alone || is_any_hit {
                    return Err(format!("{} changed, and was not hit", place.id));
                }
            }
            Some(offer) => {
                let (old, new) = (values(&before[&place.id]), values(&offer.item));
                for (name, old) in &old {
                    // A currency may stand beside the price.
                    let is_named = |field: &&Field| field.name == name || (name == "currency" && field.name == "price");
                    let own: Vec<&Field> = place.fields.iter().filter(is_named).collect();
                    let is_own = own.iter().any(|field| touches(hit, &field.whole));
                    let is_erased = own.iter().any(|field| touches(hit, &field.value));
                    if new[name] != *old && (!is_own || (new[name] == "null" || name == "in_stock") && !is_erased) {
                        return Err(format!("{name} of {} is {} and was {old}", place.id, new[name]));
                    }
                }
                if is_rejected && !is_hit {
                    return Err(format!("{} is there twice", place.id));
                }
            }
            None if !is_hit && (is_any_hit || !(is_rejected || is_unknown)) => {
                return Err(format!("{} was lost, and was not hit", place.id));
            }
            None if is_rejected => outcome = "rejected",
            None if is_unknown => outcome = "unknown",
            None if is_mentioned => outcome = "mentioned",
            None if id_is_hit(place) => outcome = "another id",
            None => return Err(format!("{} was lost", place.id)),
        }
    }
    let sure = rejected.iter().filter(|rejection| !rejection.is_doubtful);
    let strangers = taken.keys().copied().chain(sure.filter_map(|rejection| rejection.id.as_deref()));
    for id in strangers.filter(|id| !before.contains_key(*id)) {
        if !feed.places.iter().any(|place| touches(hit, &place.whole) && id_is_hit(place)) {
            return Err(format!("{id:?} is nobody's id"));
        }
        if id.contains(['\n', '<', '>', '\t']) || id.trim() != id || id.len() > 20 {
            return Err(format!("{id:?} is no id"));
        }
    }
    Ok(outcome)
}

/// How often each thing came of the damages.
fn try_damages(name: &str, feed: &Feed, count: usize) -> HashMap<&'static str, usize> {
    let before: HashMap<String, Item> = read_all(&feed.bytes)
        .expect("a whole feed")
        .into_iter()
        .map(|row| match row {
            Row::Offer(offer) => (offer.item.id.to_string(), offer.item),
            Row::Rejected(rejection) => panic!("{name}: {rejection:?}"),
        })
        .collect();
    assert_eq!(before.len(), ITEMS);
    let mut random = Random(name.len() as u64 ^ 0x5e1f);
    let mut outcomes = HashMap::new();
    for case in 0..count {
        let (damaged, hit) = damage(&feed.bytes, feed.header, &mut random);
        match judge(feed, &before, &damaged, &hit) {
            Ok(outcome) => *outcomes.entry(outcome).or_default() += 1,
            Err(what) => {
                let from = hit.start.saturating_sub(60);
                let piece = &damaged[from..(hit.start + 80).min(damaged.len())];
                panic!(
                    "{name}, case {case}: {what}\n{:?}\n{:?}",
                    String::from_utf8_lossy(piece),
                    String::from_utf8_lossy(&feed.bytes[from..(hit.end + 60).min(feed.bytes.len())])
                );
            }
        }
    }
    outcomes
}

fn count() -> usize {
    std::env::var("DAMAGES").ok().and_then(|count| count.parse().ok()).unwrap_or(3_000)
}

#[test]
fn damage_costs_at_most_the_item_that_it_hits_in_google_xml() {
    for (name, feed) in [
        ("google-xml", google_xml("g", escaped)),
        ("google-xml-html", google_xml("g", html)),
        ("google-xml-cdata", google_xml("", cdata)),
    ] {
        println!("{name}: {:?}", try_damages(name, &feed, count()));
    }
}

#[test]
fn damage_costs_at_most_the_item_that_it_hits_in_yml() {
    for (name, feed) in [("yml", yml(escaped)), ("yml-html", yml(html)), ("yml-cdata", yml(cdata))] {
        println!("{name}: {:?}", try_damages(name, &feed, count()));
    }
}

/// What text feeds have besides their delimiter.
#[derive(Clone, Copy, PartialEq)]
enum Cells {
    Plain,
    Quoted,
    /// Quoted, and one of them with lines of its own.
    ManyLines,
}

fn text(delimiter: &str, end: &str, cells: Cells) -> Feed {
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

#[test]
fn damage_costs_at_most_the_item_that_it_hits_in_text() {
    for (name, feed) in [
        ("tsv", text("\t", "\n", Cells::Plain)),
        ("tsv-quoted", text("\t", "\r\n", Cells::Quoted)),
        ("csv", text(",", "\r\n", Cells::Plain)),
        ("csv-quoted", text(",", "\n", Cells::Quoted)),
        ("csv-many-lines", text(",", "\n", Cells::ManyLines)),
        ("semicolons-many-lines", text(";", "\r\n", Cells::ManyLines)),
    ] {
        println!("{name}: {:?}", try_damages(name, &feed, count()));
    }
}
