//! Makes the state file that a shop has when everything in a feed was sent and acknowledged, without
//! sending anything: for measurements.
//!
//!     cargo run --release --example acknowledged -- FEED STATE BASE_URL

use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use shelfkeeper::catalog::Currency;
use shelfkeeper::config::{Prune, VanishedCategory};
use shelfkeeper::feed::{self, ParseOptions};
use shelfkeeper::pass::{Outcome, PassEntry, PassKind, PassRow};
use shelfkeeper::state::{Reader, Writer};
use shelfkeeper::systems::catalog::store::WritePass as _;
use shelfkeeper::systems::catalog::store::WriteRequests as _;
use shelfkeeper::systems::catalog::store::{Adopted, Ending, GuardEnding, ListingScope, TakenListing, Waiting};
use shelfkeeper::systems::catalog::{Comparison, Cursor, Differ, Operation, Policy, Stage};
use url::Url;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [feed, state, base_url] = arguments.as_slice() else { bail!("usage: acknowledged FEED STATE BASE_URL") };
    let now = Timestamp::now();
    let file = std::fs::File::open(feed).with_context(|| feed.clone())?;
    // As the settings have it when they say nothing.
    let shape = ParseOptions { default_currency: Currency::parse("usd"), ..ParseOptions::at(now) };
    let policy = Policy {
        prune: Prune::Owned,
        vanished_category: VanishedCategory::Delete,
        default_category: None,
        retry_refused: false,
        price_factor: rust_decimal::Decimal::from(3),
    };
    // As the settings have it.
    let writer = Writer::open(Path::new(state), Some(Url::parse(base_url)?.as_str()))?;
    let mut differ = Differ::new(Reader::open(Path::new(state))?, policy)?;
    differ.keep_rows(now);
    feed::read_into(&feed::open(&file, u64::MAX), &shape, &mut differ)?;
    let comparison = differ.finish()?;
    tokio::runtime::Builder::new_current_thread().build()?.block_on(acknowledge(&writer, comparison, now))
}

/// Writes all that would be sent as if it had been.
async fn acknowledge(writer: &Writer, comparison: Comparison, now: Timestamp) -> anyhow::Result<()> {
    writer.begin(Waiting { all: comparison.summary.operations(), urgent: 0 }, now).await?;
    for stage in Stage::ALL {
        let mut cursor = Cursor::default();
        loop {
            let operations = comparison.store.operations(stage, &mut cursor, 10_000)?;
            if operations.is_empty() {
                break;
            }
            writer.adopt(operations.into_iter().filter_map(adopted).collect()).await?;
        }
    }
    let row = PassRow {
        started: now,
        finished: shelfkeeper::clock::Stamp::by_wall(now),
        kind: PassKind::Sync,
        outcome: Outcome::Ok,
        figures: [("read", comparison.summary.items), ("created", comparison.summary.created())].into_iter().collect(),
        requests: 0,
        reason: None,
    };
    let ending = Ending {
        pass: PassEntry { job: "sync", subject: String::new(), row, telling: None },
        mark: None,
        listed: Some(TakenListing { scope: ListingScope::Ours, is_whole: true }),
        nameless: None,
        foreign: None,
        timings: None,
        guard: GuardEnding::default(),
        rows: comparison.rows,
        missing: None,
        unproven: None,
        columns: None,
        loaded: None,
    };
    writer.finish(ending).await?;
    Ok(())
}

fn adopted(operation: Operation) -> Option<Adopted> {
    Some(Adopted { kind: operation.kind, id: operation.id, record: operation.record?, change: None })
}
