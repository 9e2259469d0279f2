//! How fast unchanged rows are read, as a ratio that holds on any machine.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use sandbox::Catalog;
use shelfkeeper::catalog::Hasher;
use shelfkeeper::feed::{self, ParseOptions, Row, RowDigest, RowPlace, RowSink, SinkError};

/// How often both are timed, one after the other: whatever else the machine does hits both.
const ROUNDS: usize = 9;
/// So many times as long as by the csv crate it may take to go through a file whose rows are known. Without any
/// optimisation, beside other tests on two processors, it takes up to three times as long.
const MOST: f64 = 8.0;

/// Knows every row.
struct Known {
    hasher: Hasher,
    rows: u64,
}

impl RowSink for Known {
    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    fn knows_some(&self) -> bool {
        true
    }

    fn knows(&mut self, _: RowDigest, _: u64) -> Result<bool, SinkError> {
        self.rows += 1;
        Ok(true)
    }

    fn first(&mut self, _: &str, _: RowPlace) -> Result<Option<RowPlace>, SinkError> {
        Ok(None)
    }

    fn row(&mut self, _: Row, _: Option<RowDigest>) -> Result<(), SinkError> {
        Ok(())
    }
}

fn timed(work: impl FnOnce() -> u64) -> (Duration, u64) {
    let began = Instant::now();
    let rows = work();
    (began.elapsed(), rows)
}

#[test]
fn known_rows_take_little_longer_than_to_tokenise_them() {
    const ITEMS: usize = 20_000;
    let mut feed = Vec::new();
    Catalog { seed: 1, items: ITEMS, ..Catalog::default() }.write_tsv(&mut feed).expect("a feed");
    let mut file = tempfile::tempfile().expect("a file");
    std::io::Write::write_all(&mut file, &feed).expect("written");
    let shape =
        ParseOptions { format: None, default_currency: None, default_category: None, now: Timestamp::UNIX_EPOCH };
    let ours = || {
        let mut known = Known { hasher: Hasher::random().expect("a secret"), rows: 0 };
        feed::read_into(&feed::open(&file, u64::MAX), &shape, &mut known).expect("read");
        known.rows
    };
    let theirs = || {
        let reader = std::io::BufReader::new(feed.as_slice());
        let mut reader = csv::ReaderBuilder::new().delimiter(b'\t').from_reader(reader);
        let (mut record, mut rows) = (csv::ByteRecord::new(), 0);
        while reader.read_byte_record(&mut record).expect("read") {
            rows += 1;
        }
        rows
    };
    let mut ratios: Vec<f64> = Vec::new();
    for _ in 0..ROUNDS {
        let ((took, ours), (would_take, theirs)) = (timed(ours), timed(theirs));
        assert_eq!((ours, theirs), (ITEMS as u64, ITEMS as u64));
        ratios.push(took.as_secs_f64() / would_take.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    assert!(ratios[ROUNDS / 2] < MOST, "times as long as by the csv crate: {ratios:.2?}");
}
