//! Damage in one place of a feed costs at most the item that it hits.
//!
//! Each case makes a small feed, damages it in one random place, and holds what is read against what was
//! there: every other item is unchanged; the damaged one is read, or rejected under its own id or
//! as one whose id can't be told; and no field that had a value comes through without one.
//!
//! A few thousand cases run always. For more: `DAMAGES=1000000 cargo test --release --lib damage`.

mod feeds;
mod judge;

use std::collections::HashMap;
use std::io::Write as _;
use std::ops::Range;

use super::*;
use feeds::{Cells, Feed, ITEMS, cdata, escaped, google_xml, html, text, yml};
use judge::Case;

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
        // A longer part: more than a border between two items.
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
    let options = ParseOptions::at(Timestamp::UNIX_EPOCH);
    read(&open(&file, 1 << 30), &options, &mut |row| {
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
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
        let case_of = Case { feed, before: &before, hit: &hit };
        match case_of.judge(&damaged) {
            Ok(outcome) => *outcomes.entry(outcome).or_default() += 1,
            Err(what) => {
                let from = hit.start.saturating_sub(60);
                let around = &damaged[from..(hit.start + 80).min(damaged.len())];
                panic!(
                    "{name}, case {case}: {what}\n{:?}\n{:?}",
                    String::from_utf8_lossy(around),
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
