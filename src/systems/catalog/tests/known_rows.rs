//! The fast way, which doesn't parse what it knows, against the plain one: the same plan, whatever the
//! feeds, and whatever became of the passes before.

use proptest::collection::vec;
use tokio::runtime::Runtime;

use super::*;
use crate::catalog::{Category, Currency, Rejection};
use crate::pass::{Outcome, PassKind, PassRow};
use crate::state::Writer;
use crate::systems::catalog::store::{
    Ending, InUse, Intent, ReadObjects as _, RowsEnding, Settled, WritePass as _, WriteRequests as _,
};

/// A row, in numbers that choose its texts.
#[derive(Debug, Clone)]
struct Line {
    id: u8,
    title: u8,
    price: u8,
    category: u8,
    sale: bool,
}

/// What a pass meets.
#[derive(Debug, Clone)]
struct Visit {
    changes: Vec<Change>,
    /// Places and bytes that are put there.
    damage: Vec<(u16, u8, u8)>,
    /// What the feed says outside its rows: columns, prefixes, the tree of categories.
    surroundings: u8,
    /// Currency and category of items without one.
    defaults: u8,
    prune_all: bool,
    hours: u8,
    listing: bool,
    is_killed: bool,
    /// Most requests come to nothing.
    is_unlucky: bool,
    dice: u64,
}

#[derive(Debug, Clone)]
enum Change {
    Put(u8, Line),
    Remove(u8),
    Repeat(u8, u8),
    Swap(u8, u8),
    /// All rows are again what they were two passes ago.
    Undo,
}

fn line() -> impl Strategy<Value = Line> {
    (0..12_u8, 0..8_u8, 0..6_u8, 0..4_u8, any::<bool>()).prop_map(|(id, title, price, category, sale)| Line {
        id,
        title,
        price,
        category,
        sale,
    })
}

fn visit() -> impl Strategy<Value = Visit> {
    let change = prop_oneof![
        3 => (any::<u8>(), line()).prop_map(|(at, line)| Change::Put(at, line)),
        1 => any::<u8>().prop_map(Change::Remove),
        1 => any::<(u8, u8)>().prop_map(|(from, to)| Change::Repeat(from, to)),
        1 => any::<(u8, u8)>().prop_map(|(one, other)| Change::Swap(one, other)),
        2 => Just(Change::Undo),
    ];
    let odd = || prop::bool::weighted(0.15);
    let damage = prop_oneof![2 => Just(Vec::new()), 1 => vec(any::<(u16, u8, u8)>(), 1..4)];
    let outside = || prop_oneof![2 => Just(0_u8), 1 => 0..3_u8];
    let luck = (odd(), prop::bool::weighted(0.3), any::<u64>());
    // Often the feed is as it was, with what went wrong before.
    let changes = prop_oneof![2 => Just(Vec::new()), 3 => vec(change, 1..4)];
    (changes, damage, outside(), outside(), odd(), 0..3_u8, prop::bool::weighted(0.3), luck).prop_map(
        |(changes, damage, surroundings, defaults, prune_all, hours, listing, (is_killed, is_unlucky, dice))| Visit {
            changes,
            damage,
            surroundings,
            defaults,
            prune_all,
            hours,
            listing,
            is_killed,
            is_unlucky,
            dice,
        },
    )
}

impl Change {
    fn make(&self, lines: &mut Vec<Line>) {
        let count = lines.len();
        let at = |place: u8| place as usize % count.max(1);
        match self {
            Change::Put(place, line) if at(*place) < count && place % 3 != 0 => {
                let place = at(*place);
                lines[place] = Line { id: lines[place].id, ..line.clone() };
            }
            Change::Put(place, line) => lines.insert(at(*place), line.clone()),
            Change::Remove(place) if lines.len() > 1 => _ = lines.remove(at(*place)),
            Change::Repeat(from, to) if !lines.is_empty() => {
                let line = lines[at(*from)].clone();
                lines.insert(at(*to), line);
            }
            Change::Swap(one, other) if !lines.is_empty() => lines.swap(at(*one), at(*other)),
            Change::Remove(_) | Change::Repeat(..) | Change::Swap(..) | Change::Undo => {}
        }
    }
}

impl Line {
    fn id(&self) -> String {
        if self.id == 0 { String::new() } else { format!("p{}", self.id) }
    }

    fn title(&self) -> &'static str {
        ["", "Lamp", "Лампа", "A \"big\" one", "two\nlines", "a,b;c", "1 > 2 & 3", "</offer>"][self.title as usize]
    }

    fn price(&self) -> &'static str {
        ["", "10", "10.00 USD", "7,50", "-1", "free"][self.price as usize]
    }

    fn sale(&self) -> Option<(&'static str, &'static str)> {
        self.sale.then_some(("5 USD", "2026-01-01T01:30Z/2026-01-01T02:30Z"))
    }

    fn category(&self) -> String {
        if self.category == 0 { String::new() } else { format!("Home > C{}", self.category) }
    }
}

fn text_feed(lines: &[Line], delimiter: char, surroundings: u8) -> String {
    let quoted = |text: &str| {
        let is_special = |c: char| c == delimiter || matches!(c, '"' | '\n');
        if text.contains(is_special) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
    };
    let (price, category) =
        [("price", "product_type"), ("x", "google_product_category"), ("price", "y")][surroundings as usize];
    let mut feed = ["id", "title", price, "sale_price", "sale_price_effective_date", category, "brand"]
        .join(&delimiter.to_string());
    for line in lines {
        let (sale, dates) = line.sale().unwrap_or_default();
        let cells = [&line.id(), line.title(), line.price(), sale, dates, &line.category(), "b"];
        feed.push('\n');
        feed.push_str(&cells.map(quoted).join(&delimiter.to_string()));
    }
    feed.push('\n');
    feed
}

fn escaped(text: &str) -> String {
    match text {
        "</offer>" => "<![CDATA[</offer>]]><!-- <item> -->".to_owned(),
        text => text.replace('&', "&amp;").replace('<', "&lt;"),
    }
}

fn google_xml(lines: &[Line], surroundings: u8) -> String {
    let prefix = ["g", "q", "h"][surroundings as usize];
    let items = lines.iter().map(|line| {
        let sale = line.sale().map(|(price, dates)| {
            format!("<g:sale_price>{price}</g:sale_price><g:sale_price_effective_date>{dates}</g:sale_price_effective_date>")
        });
        format!(
            "<item a='>'><g:id>{}</g:id><title>{}</title><q:price>{}</q:price>{}<g:product_type>{}</g:product_type></item>\n",
            line.id(),
            escaped(line.title()),
            line.price(),
            sale.unwrap_or_default(),
            escaped(&line.category())
        )
    });
    format!(
        "<?xml version='1.0'?><rss xmlns:{prefix}='http://base.google.com/ns/1.0'><channel>\n{}</channel></rss>",
        items.collect::<String>()
    )
}

fn yml(lines: &[Line], surroundings: u8) -> String {
    let tree = match surroundings {
        0 => "<category id='1'>A</category><category id='2' parentId='1'>B</category>",
        1 => "<category id='2' parentId='1'>B</category><category id='1'>A new</category><category id='3'>C</category>",
        _ => "",
    };
    let offers = lines.iter().map(|line| {
        format!(
            "<offer id=\"{}\" available='{}'><name>{}</name><price>{}</price><categoryId>{}</categoryId></offer>\n",
            line.id(),
            !line.sale,
            escaped(line.title()),
            line.price(),
            line.category
        )
    });
    let late = if surroundings == 2 { "<category id='3'>Late</category>" } else { "" };
    format!("<yml_catalog><shop>{tree}<offers>\n{}</offers>{late}</shop></yml_catalog>", offers.collect::<String>())
}

fn feed(format: u8, lines: &[Line], visit: &Visit) -> Vec<u8> {
    let text = match format {
        0 => text_feed(lines, '\t', visit.surroundings),
        1 => text_feed(lines, ',', visit.surroundings),
        2 => google_xml(lines, visit.surroundings),
        _ => yml(lines, visit.surroundings),
    };
    let mut bytes = text.into_bytes();
    for (at, byte, what) in &visit.damage {
        let at = *at as usize % bytes.len().max(1);
        let byte = if *byte < 128 { b"<>\"'&;/\t\n,![]-"[*byte as usize % 14] } else { *byte };
        match what % 4 {
            0 if at < bytes.len() => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 if at < bytes.len() => _ = bytes.remove(at),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// All that a comparison comes to.
#[derive(Debug, PartialEq)]
struct Outline {
    operations: Vec<Operation>,
    summary: Summary,
    rejected: Vec<Rejection>,
    guard: Option<String>,
}

impl Visit {
    /// Nothing out of the ordinary.
    const PLAIN: Visit = Visit {
        changes: Vec::new(),
        damage: Vec::new(),
        surroundings: 0,
        defaults: 0,
        prune_all: false,
        hours: 0,
        listing: false,
        is_killed: false,
        is_unlucky: false,
        dice: 0,
    };

    fn default_category(&self) -> Option<Id> {
        Id::parse(["", "0", "C0"][self.defaults as usize]).ok()
    }

    fn policy(&self) -> Policy {
        Policy {
            prune: if self.prune_all && self.listing { Prune::All } else { Prune::Owned },
            vanished_category: VanishedCategory::Delete,
            default_category: self.default_category(),
            retry_refused: self.listing,
        }
    }

    fn shape(&self) -> Shape {
        let now = format!("2026-01-01T0{}:00Z", 1 + self.hours).parse().expect("a time");
        let default_currency = ["EUR", "", "USD"][self.defaults as usize];
        let default_category = self.default_category().map(|id| Category { id, name: None }.into());
        Shape { format: None, default_currency: Currency::parse(default_currency), default_category, now }
    }
}

fn result(comparison: &Comparison) -> Outline {
    let mut operations = Vec::new();
    for stage in Stage::ALL {
        let mut cursor = Cursor::default();
        operations.extend(comparison.staging.operations(stage, &mut cursor, usize::MAX).expect("read"));
    }
    let rejected = comparison.staging.rejected(0, usize::MAX).expect("read");
    let guard = guard(&comparison.summary, 20);
    Outline { operations, summary: comparison.summary.clone(), rejected, guard }
}

struct Shop {
    folder: tempfile::TempDir,
    writer: Writer,
    runtime: Runtime,
}

impl Shop {
    fn new() -> Shop {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = Writer::open(&folder.path().join("state.db"), Some("http://localhost")).expect("a state");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Shop { folder, writer, runtime }
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.folder.path().join("state.db")).expect("a state")
    }

    /// What NiceChat may list: everything of ours, some of it changed.
    fn listing(&self, session: &mut Session, dice: u64) {
        for kind in Kind::ALL {
            let mut listed = Vec::new();
            let reader = self.reader();
            let mut objects = Vec::new();
            reader.keys(kind, |row| objects.push(row.object)).expect("read");
            for object in objects {
                let known = reader.object(object).expect("read");
                let mut fields = known.acked.clone();
                match (dice >> (object % 32)) & 7 {
                    0 => continue,
                    1 => _ = fields.insert("title".into(), json!("drift")),
                    _ => {}
                }
                listed.push((Id::parse(&known.id).expect("an id"), fields));
            }
            session.observe(kind, listed).expect("observed");
        }
        session.listing_ends(true);
    }

    fn compare(&self, feed: &[u8], visit: &Visit, fast: bool) -> Result<Comparison, String> {
        let (shape, policy) = (visit.shape(), visit.policy());
        let now = shape.now;
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(feed).expect("written");
        let input = feed::open(&file, 1 << 20);
        let mut session = match fast && !visit.listing {
            true => Session::remembering(self.reader(), policy, now),
            false => Session::new(self.reader(), policy),
        }
        .expect("a session");
        if visit.listing {
            self.listing(&mut session, visit.dice);
        }
        let read = if fast {
            session.keep_rows(now);
            feed::read_into(&input, &shape, &mut session).map(|reading| reading.format)
        } else {
            feed::read(&input, &shape, &mut |row| Ok(session.row(row)?))
        };
        read.map_err(|error| error.to_string())?;
        Ok(session.finish().expect("a comparison"))
    }

    /// Carries operations out, each with the luck that the dice give it.
    fn carry_out(&self, result: Outline, rows: Option<RowsEnding>, visit: &Visit) {
        let mut dice = visit.dice | 1;
        self.runtime.block_on(async {
            self.writer.begin(result.summary.operations()).await.expect("begun");
            for operation in result.operations {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let Operation { kind, id, action, record, send, .. } = operation;
                if action == Action::Note {
                    match record {
                        Some(record) => self.writer.adopt(vec![(kind, id, record)]).await.expect("adopted"),
                        None => self.writer.forget(vec![(kind, id.to_string())]).await.expect("forgotten"),
                    }
                    continue;
                }
                let fields = (action == Action::Update).then(|| send.keys().cloned().collect());
                self.writer.intend(vec![Intent { kind, id: id.clone(), fields }]).await.expect("intended");
                let digest = record.as_ref().map_or(0, |record| record.digest);
                let settled = match (dice >> 33) % if visit.is_unlucky { 4 } else { 12 } {
                    0 => continue,
                    1 => Settled::Failed("no luck".into()),
                    2 => {
                        let category =
                            record.and_then(|record| Some(record.acked.get("category")?.as_str()?.to_owned()));
                        Settled::Refused { digest, category, reason: "no".into(), in_doubt: false }
                    }
                    _ => record.map_or(Settled::Deleted, Settled::Done),
                };
                self.writer.settle(kind, id, settled).await.expect("settled");
            }
            let rows = rows.filter(|_| !visit.is_killed);
            let row = PassRow {
                started: Timestamp::UNIX_EPOCH,
                finished: Timestamp::UNIX_EPOCH,
                kind: PassKind::Sync,
                outcome: Outcome::Ok,
                read: 0,
                rejected: 0,
                created: 0,
                updated: 0,
                deleted: 0,
                failed: 0,
                requests: 0,
                reason: None,
            };
            let ending = Ending { row, mark: None, listed: None, nameless: None, foreign: None, timings: None, rows };
            self.writer.finish(ending).await.expect("finished");
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    /// Pass after pass, the fast way plans what the plain one does.
    #[test]
    fn known_rows_change_nothing(format in 0..4_u8, mut lines in vec(line(), 1..14), visits in vec(visit(), 2..7)) {
        let shop = Shop::new();
        let (mut last, mut before) = (lines.clone(), lines.clone());
        for visit in &visits {
            for change in &visit.changes {
                if matches!(change, Change::Undo) { lines.clone_from(&before) } else { change.make(&mut lines) }
            }
            before = std::mem::replace(&mut last, lines.clone());
            let feed = feed(format, &lines, visit);
            let plain = shop.compare(&feed, visit, false);
            let fast = shop.compare(&feed, visit, true);
            match (plain, fast) {
                (Ok(plain), Ok(mut fast)) => {
                    prop_assert_eq!(result(&fast), result(&plain), "{}", String::from_utf8_lossy(&feed));
                    prop_assert_eq!(fast.changes_at, plain.changes_at);
                    shop.carry_out(result(&plain), fast.rows.take(), visit);
                }
                (plain, fast) => prop_assert_eq!(fast.err(), plain.err()),
            }
        }
    }
}

/// What the property would be worth nothing without: rows are indeed known the next time.
#[test]
fn rows_are_known_the_next_time() {
    let shop = Shop::new();
    let lines: Vec<Line> =
        (1..10).map(|id| Line { id, title: 1 + id % 4, price: 1, category: id % 4, sale: false }).collect();
    let visit = Visit::PLAIN;
    for format in 0..4 {
        let feed = feed(format, &lines, &visit);
        let mut first = shop.compare(&feed, &visit, true).expect("a plan");
        let mut done = result(&first);
        done.summary = Summary::default();
        shop.runtime.block_on(async {
            shop.writer.begin(1).await.expect("begun");
            for Operation { kind, id, record, .. } in done.operations {
                let settled = record.map_or(Settled::Deleted, Settled::Done);
                shop.writer.settle(kind, id, settled).await.expect("settled");
            }
        });
        done.operations = Vec::new();
        shop.carry_out(done, first.rows.take(), &visit);
        let again = shop.compare(&feed, &visit, true).expect("a plan");
        assert!(
            matches!(again.rows, Some(RowsEnding::Same(InUse { rows: 9, owned: 9, .. }))),
            "{format}: {:?}",
            again.rows
        );
        assert_eq!(again.summary.unchanged, 9);
    }
}
