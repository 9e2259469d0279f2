//! What history costs: fills a state with changes, and measures bytes a change, and how long they are looked for and
//! taken away.
//!
//!     cargo run --release --example history -- [CHANGES [STATE]]
//!
//! With STATE, that file is filled, and left there for other measurements.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shelfkeeper::catalog::{Fields, Id, Kind};
use shelfkeeper::state::{Reader, Writer};
use shelfkeeper::systems::catalog::store::{Adopted, Change, ChangeKind, HistoryFilter, Noted, Record, Waiting, Why};
use shelfkeeper::systems::catalog::store::{ReadHistory as _, WriteHistory as _, WritePass as _, WriteRequests as _};

/// Changes of a pass.
const PASS: u64 = 10_000;
/// Products that they are of.
const PRODUCTS: u64 = 100_000;
/// Lookups that are measured.
const LOOKUPS: u64 = 21;

fn main() -> anyhow::Result<()> {
    let changes = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse::<u64>())?;
    let folder = tempfile::tempdir()?;
    let given = std::env::args_os().nth(2).map(PathBuf::from);
    let path = given.clone().unwrap_or_else(|| folder.path().join("state.db"));
    let writer = Writer::open(&path, Some("https://nicechat.example/"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        // Every product is there before.
        fill(&writer, PRODUCTS, false).await?;
        let before = size(&path)?;
        fill(&writer, changes, true).await?;
        let grown = size(&path)?.saturating_sub(before);
        writeln!(io::stdout(), "{changes} changes: {:.1} bytes each", grown as f64 / changes as f64)?;
        let mut times = Vec::new();
        let mut found = 0;
        for lookup in 0..LOOKUPS {
            let began = Instant::now();
            let id = format!("SKU-{:06}", lookup * (PRODUCTS / LOOKUPS));
            let filter = HistoryFilter { id: Some(id), ..HistoryFilter::default() };
            Reader::open(&path)?.each_change(&filter, |_| {
                found += 1;
                anyhow::Ok(())
            })?;
            times.push(began.elapsed());
        }
        writeln!(io::stdout(), "those of an id: {:?} ({} changes a lookup)", median(&mut times), found / LOOKUPS)?;
        if given.is_some() {
            return anyhow::Ok(());
        }
        let began = Instant::now();
        // As if the limit were lower by one pass.
        writer.forget_changes(Timestamp::MIN, changes.saturating_sub(PASS)).await?;
        writeln!(io::stdout(), "taking {PASS} old ones away, in pieces of 500: {:?}", began.elapsed())?;
        anyhow::Ok(())
    })
}

async fn fill(writer: &Writer, count: u64, are_noted: bool) -> anyhow::Result<()> {
    let mut started = Timestamp::now().checked_sub(SignedDuration::from_hours(24))?;
    for first in (0..count).step_by(usize::try_from(PASS)?) {
        started += SignedDuration::from_secs(60);
        let pass = writer.begin(Waiting { all: PASS, urgent: 0 }, started).await?;
        let objects = (first..(first + PASS).min(count)).map(|at| {
            let number = at % PRODUCTS;
            let price =
                |round: u64| json!(format!("{}.50", 10 + (number + round) % 90).parse::<f64>().unwrap_or_default());
            let (old, new) = (price(first / PRODUCTS), price(first / PRODUCTS + 1));
            let change = Change::new(ChangeKind::Updated, Why::Line(number + 2), [("price", Some(&old), Some(&new))]);
            let acked =
                Fields::from_iter([("price".to_owned(), new), ("title".to_owned(), json!(format!("Good {number}")))]);
            let record = Record { acked, digest: 1, answered: Fields::new(), repaired: Fields::new() };
            let id = Id::parse(&format!("SKU-{number:06}"))?;
            anyhow::Ok(Adopted { kind: Kind::Product, id, record, change: are_noted.then_some(Noted { pass, change }) })
        });
        writer.adopt(objects.collect::<Result<_, _>>()?).await?;
        writer.index_changes().await?;
    }
    Ok(writer.take_log_in().await?)
}

/// Of the file, and of what was written beside it.
fn size(path: &Path) -> anyhow::Result<u64> {
    let log = path.with_extension("db-wal");
    Ok(path.metadata()?.len() + log.metadata().map_or(0, |log| log.len()))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
