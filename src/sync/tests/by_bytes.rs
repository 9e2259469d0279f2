//! Rows that are known by their bytes come to what they come to when all are parsed.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::catalog::{Category, Currency, Id, digest_bytes};
use crate::config::{Prune, VanishedCategory};
use crate::feed::{self, FeedError, Shape};
use crate::state::{Intent, PassKind, Reader, Settled, Writer};
use crate::sync::{Action, Comparison, Operation, Policy, Session, Stage, StagingError, Summary};

#[derive(Debug, Clone)]
struct Good {
    id: u8,
    title: u8,
    price: u8,
    category: u8,
    sale: u8,
}

fn good() -> impl Strategy<Value = Good> {
    (0..12_u8, 0..4_u8, 0..4_u8, 0..4_u8, 0..6_u8).prop_map(|(id, title, price, category, sale)| Good {
        id,
        title,
        price,
        category,
        sale,
    })
}

/// What is done to a feed before the next pass.
#[derive(Debug, Clone)]
enum Edit {
    Change(usize, Good),
    Move(usize, usize),
    Double(usize, usize),
    Remove(usize),
    Surround(u8),
    Byte(usize, u8),
    Cut(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let byte = prop_oneof![
        Just(b'"'),
        Just(b'\n'),
        Just(b'\t'),
        Just(b'<'),
        Just(b'>'),
        Just(b'&'),
        Just(0xe9),
        Just(b'1'),
        any::<u8>()
    ];
    prop_oneof![
        4 => (any::<usize>(), good()).prop_map(|(at, good)| Edit::Change(at, good)),
        3 => (any::<usize>(), any::<usize>()).prop_map(|(from, to)| Edit::Move(from, to)),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(from, to)| Edit::Double(from, to)),
        2 => any::<usize>().prop_map(Edit::Remove),
        1 => (0..4_u8).prop_map(Edit::Surround),
        3 => (any::<usize>(), byte).prop_map(|(at, byte)| Edit::Byte(at, byte)),
        1 => any::<usize>().prop_map(Edit::Cut),
    ]
}

/// A feed while it is edited.
#[derive(Debug, Clone)]
struct Source {
    format: u8,
    goods: Vec<Good>,
    surroundings: u8,
    /// The last edits of bytes, lost with the next pass: damage mostly heals.
    bytes: Vec<(usize, u8)>,
    cut: Option<usize>,
}

impl Source {
    fn edit(&mut self, edit: &Edit) {
        let length = self.goods.len();
        match edit {
            Edit::Change(at, good) if length > 0 => self.goods[at % length] = good.clone(),
            Edit::Move(from, to) if length > 0 => {
                let good = self.goods.remove(from % length);
                self.goods.insert(to % length, good);
            }
            Edit::Double(from, to) if length > 0 => self.goods.insert(to % length, self.goods[from % length].clone()),
            Edit::Remove(at) if length > 0 => _ = self.goods.remove(at % length),
            Edit::Surround(how) => self.surroundings = *how,
            Edit::Byte(at, byte) => self.bytes.push((*at, *byte)),
            Edit::Cut(at) => self.cut = Some(*at),
            _ => {}
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        let mut bytes = match self.format {
            0 => self.text("\t"),
            1 => self.text(","),
            2 => self.xml(),
            _ => self.yml(),
        }
        .into_bytes();
        for (at, byte) in self.bytes.drain(..) {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Some(at) = self.cut.take() {
            bytes.truncate(at % bytes.len());
        }
        bytes
    }

    fn text(&self, delimiter: &str) -> String {
        let titles = ["Lamp", "\"Red\nLamp\"", "3\" pipe", ""];
        let prices = ["10.00 USD", "9", "x", ""];
        let categories = ["A > B", "A >  B", "C", ""];
        let sales = ["", "", "", "1970-01-02/1970-01-03", "1970-01-04/1970-01-05", "soon"];
        let names = match self.surroundings {
            0 | 1 => ["id", "title", "price", "product_type", "sale_price", "sale_price_effective_date"],
            2 => ["id", "title", "price", "other", "sale_price", "sale_price_effective_date"],
            _ => ["id", "name", "price", "google_product_category", "sale_price", "x"],
        };
        let mut text = names.join(delimiter) + "\n";
        for good in &self.goods {
            let (title, price) = (titles[good.title as usize], prices[good.price as usize]);
            let id = if good.id == 11 { String::new() } else { good.id.to_string() };
            let (category, sale) = (categories[good.category as usize], sales[good.sale as usize]);
            let reduced = if sale.is_empty() { "" } else { "5 USD" };
            text += &([&id, title, price, category, reduced, sale].join(delimiter) + "\n");
        }
        text
    }

    fn xml(&self) -> String {
        let titles = ["Lamp", "<![CDATA[</item> Lamp]]>", "<!-- <item> -->Pipe", ""];
        let prefix = if self.surroundings < 2 { "g" } else { "q" };
        let mut xml = format!("<rss xmlns:{prefix}='http://base.google.com/ns/1.0'><channel>\n");
        for good in &self.goods {
            let (title, price) = (titles[good.title as usize], good.price);
            xml += &format!(
                "<item a='>'><g:id>{}</g:id><title>{title}</title><{prefix}:price>{price} USD</{prefix}:price>\
                 <g:product_type>C{}</g:product_type></item>\n",
                good.id, good.category
            );
        }
        xml + "</channel></rss>\n"
    }

    fn yml(&self) -> String {
        let titles = ["Lamp", "<![CDATA[</offer> Lamp]]>", "<!-- <offer> -->Pipe", ""];
        let tree = |name: &str| {
            format!(
                "<categories><category id='1'>{name}</category><category id='2' parentId='1'>B</category></categories>"
            )
        };
        let (before, after) = match self.surroundings {
            0 => (tree("A"), String::new()),
            1 => (tree("Z"), String::new()),
            2 => (String::new(), tree("A")),
            _ => (String::new(), String::new()),
        };
        let mut yml = format!("<yml_catalog><shop>{before}<offers>\n");
        for good in &self.goods {
            let (title, price, category) = (titles[good.title as usize], good.price, good.category);
            yml += &format!(
                "<offer id=\"{}\"><name>{title}</name><price>{price}</price><categoryId>{category}</categoryId></offer>\n",
                good.id
            );
        }
        yml + &format!("</offers>{after}</shop></yml_catalog>\n")
    }
}

/// What a comparison came to.
type Outcome = Result<(Vec<Operation>, Summary, Vec<crate::catalog::Rejection>, Option<Timestamp>), String>;

fn outcome(comparison: &Result<Comparison, FeedError>) -> Outcome {
    let Comparison { staging, summary, changes_at, .. } = comparison.as_ref().map_err(ToString::to_string)?;
    let operations = operations(comparison);
    Ok((operations, summary.clone(), staging.rejected(0, 1_000).expect("rejections"), *changes_at))
}

fn operations(comparison: &Result<Comparison, FeedError>) -> Vec<Operation> {
    let Ok(Comparison { staging, .. }) = comparison else { return Vec::new() };
    let all =
        Stage::ALL.into_iter().map(|stage| staging.operations(stage, &mut super::super::Cursor::default(), 1_000));
    all.collect::<Result<Vec<_>, StagingError>>().expect("operations").concat()
}

struct World {
    file: File,
    shape: Shape,
    policy: Policy,
}

impl World {
    fn plain(&self, state: &Path) -> Result<Comparison, FeedError> {
        let mut session = Session::new(Reader::open(state).expect("a state"), self.policy.clone()).expect("a session");
        feed::read(&feed::open(&self.file, 1 << 20), &self.shape, &mut |row| Ok(session.row(row)?))?;
        Ok(session.finish().expect("a plan"))
    }

    fn by_bytes(&self, state: &Path) -> Result<Comparison, FeedError> {
        let reader = Reader::open(state).expect("a state");
        let mut session = Session::by_bytes(reader, self.policy.clone(), self.shape.now).expect("a session");
        session.remember(self.shape.now);
        feed::read_into(&feed::open(&self.file, 1 << 20), &self.shape, &mut session)?;
        Ok(session.finish().expect("a plan"))
    }
}

/// Carries out what the comparison came to: most requests are acknowledged, some fail, some are refused.
async fn carry_out(writer: &Writer, comparison: Comparison, seed: u64) {
    let comparison = Ok(comparison);
    let all = operations(&comparison);
    writer.begin(all.len() as u64).await.expect("written");
    for operation in all {
        let Operation { kind, id, action, record, .. } = operation;
        let fate = digest_bytes(format!("{id}{seed}").as_bytes()) % 8;
        if action == Action::Note {
            match record {
                Some(record) => writer.adopt(vec![(kind, id, record)]).await,
                None => writer.forget(vec![(kind, id.to_string())]).await,
            }
            .expect("written");
            continue;
        }
        let intent = Intent { kind, id: id.clone(), fields: None };
        writer.intend(vec![intent]).await.expect("written");
        let settled = match (fate, record) {
            (0, _) => Settled::Failed("no answer".into()),
            (1, record) => Settled::Refused {
                digest: record.as_ref().map_or(0, |record| record.digest),
                category: record.and_then(|record| record.acked.get("category")?.as_str().map(str::to_owned)),
                reason: "no".into(),
                in_doubt: seed.is_multiple_of(2),
            },
            (_, Some(record)) => Settled::Done(record),
            (_, None) => Settled::Deleted,
        };
        writer.settle(kind, id, settled).await.expect("written");
    }
    let Ok(Comparison { staging, rows: Some(rows), .. }) = comparison else { panic!("nothing remembered") };
    let mut at = 0;
    while let Some(chunk) = staging.rows(at).expect("rows").filter(|_| !rows.are_the_same) {
        writer.put_rows(chunk, at == 0).await.expect("written");
        at += 1;
    }
    writer.use_rows(rows.categories, rows.now).await.expect("written");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Over several passes, with requests that fail and are refused in between, and feeds that change and
    /// break: the same operations, counts, rejections, and errors.
    #[test]
    fn known_rows_change_nothing(
        format in 0..4_u8,
        goods in vec(good(), 0..14),
        passes in vec((vec(edit(), 0..4), any::<u64>(), any::<bool>()), 1..6),
        prune_all in any::<bool>(),
        has_defaults in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state.db");
        let writer = Writer::open(&state, "https://nicechat.example/").expect("a state");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut source = Source { format, goods, surroundings: 0, bytes: Vec::new(), cut: None };
        let default = Category { id: Id::parse("0").expect("an id"), name: None };
        for (round, (edits, seed, is_interrupted)) in passes.into_iter().enumerate() {
            edits.iter().for_each(|edit| source.edit(edit));
            let mut file = tempfile::tempfile().expect("a file");
            file.write_all(&source.bytes()).expect("written");
            let shape = Shape {
                format: None,
                default_currency: has_defaults.then(|| Currency::parse("EUR").expect("a currency")),
                default_category: has_defaults.then(|| Arc::new(default.clone())),
                now: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(20 * round as i64),
            };
            let policy = Policy {
                prune: if prune_all { Prune::All } else { Prune::Owned },
                vanished_category: VanishedCategory::Delete,
                default_category: has_defaults.then(|| default.id.clone()),
                retry_refused: PassKind::Sync == PassKind::Resync,
            };
            let world = World { file, shape, policy };
            let (plain, by_bytes) = (world.plain(&state), world.by_bytes(&state));
            prop_assert_eq!(outcome(&plain), outcome(&by_bytes));
            match by_bytes {
                // A pass that the guard stops, or that is cut off, changes nothing.
                Ok(comparison) if !is_interrupted => runtime.block_on(carry_out(&writer, comparison, seed)),
                _ => {}
            }
        }
    }
}
