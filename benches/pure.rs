//! The parts of a pass that only compute: `cargo bench --bench pure`.

use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use sandbox::Catalog;
use shelfkeeper::catalog::{Category, Hasher, Id, Item, Kind, Money, path_category};
use shelfkeeper::feed::{self, ParseOptions, Row, RowDigest, RowPlace, RowSink, SinkError};
use shelfkeeper::remote::nicechat::product_fields;
use shelfkeeper::systems::catalog::store::Known;
use shelfkeeper::systems::catalog::{Base, Wanted, decide};

/// Items of the feeds that are read.
const ITEMS: usize = 10_000;

/// Knows every row or none.
struct Counter {
    hasher: Hasher,
    knows_all: bool,
    rows: u64,
}

impl RowSink for Counter {
    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    fn knows_some(&self) -> bool {
        true
    }

    fn knows(&mut self, _: RowDigest, _: u64) -> Result<bool, SinkError> {
        self.rows += u64::from(self.knows_all);
        Ok(self.knows_all)
    }

    fn first(&mut self, _: &str, _: RowPlace) -> Result<Option<RowPlace>, SinkError> {
        Ok(None)
    }

    fn row(&mut self, row: Row, _: Option<RowDigest>) -> Result<(), SinkError> {
        black_box(row);
        self.rows += 1;
        Ok(())
    }
}

fn shape() -> ParseOptions {
    ParseOptions::at(Timestamp::UNIX_EPOCH)
}

fn reading(criterion: &mut Criterion) {
    let mut feeds = [("tsv", Vec::new()), ("yml", Vec::new())];
    let catalog = Catalog { seed: 1, items: ITEMS, changed: 0.0, shuffled: false };
    let written = [catalog.write_tsv(&mut feeds[0].1), catalog.write_yml(&mut feeds[1].1)];
    assert!(written.iter().all(Result::is_ok), "a feed in memory is always written");
    let mut group = criterion.benchmark_group("reading");
    for (format, bytes) in &feeds {
        let Ok(file) = spooled(bytes) else { return };
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        for (name, knows_all) in [("cut and digested", true), ("parsed", false)] {
            group.bench_function(format!("{format}, {name}"), |bencher| {
                bencher.iter(|| {
                    let mut counter = Counter { hasher: Hasher::without_secret(), knows_all, rows: 0 };
                    let read = feed::read_into(&feed::open(&file, u64::MAX), &shape(), &mut counter);
                    assert!(read.is_ok() && counter.rows == ITEMS as u64);
                });
            });
        }
    }
    group.finish();
}

fn spooled(bytes: &[u8]) -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    Ok(file)
}

fn item(price: &str) -> Option<Item> {
    Some(Item {
        id: Id::parse("A10007").ok()?,
        category: path_category("Home > Garden > Tools").map(Arc::<Category>::new),
        title: "Compact cordless drill".into(),
        price: Some(Money::parse(price).ok()?.price),
        currency: Money::parse(price).ok()?.currency,
        description: Some("<p>Light and quiet.</p> ".repeat(12)),
        url: Some("https://shop.example/p/7".into()),
        image_url: Some("https://cdn.shop.example/img/7.jpg".into()),
        in_stock: true,
        local: Default::default(),
    })
}

fn items(criterion: &mut Criterion) {
    for text in ["13953.90 EUR", "1 234,50", "8654"] {
        criterion.bench_function(&format!("price {text:?}"), |bencher| bencher.iter(|| Money::parse(black_box(text))));
    }
    let hasher = Hasher::without_secret();
    let (Some(old), Some(new)) = (item("10.00 EUR"), item("11.00 EUR")) else { return };
    criterion.bench_function("digest of an item", |bencher| bencher.iter(|| black_box(&new).digest(&hasher)));
    let wanted = Wanted { fields: product_fields(&new), digest: new.digest(&hasher) };
    let known = Known { id: new.id.to_string(), acked: product_fields(&old), ..Known::default() };
    let bases =
        [("create", Base::Absent), ("change", Base::Ours { known, drift: Default::default(), has_new_picture: false })];
    for (name, base) in &bases {
        let decided = || decide(Kind::Product, &new.id, black_box(base), black_box(&wanted));
        criterion.bench_function(&format!("decide: {name}"), |bencher| bencher.iter(decided));
    }
}

criterion_group!(benches, reading, items);
criterion_main!(benches);
