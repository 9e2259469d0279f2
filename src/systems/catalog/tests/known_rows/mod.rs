//! The fast way, which doesn't parse what it knows, against the plain one: the same plan, whatever the
//! feeds, and whatever became of the passes before.

mod feeds;
mod shelf;

use proptest::collection::vec;
use tokio::runtime::Runtime;

use self::feeds::{Change, Line, Visit, feed, line, visit};
use super::*;
use crate::catalog::Rejection;
use crate::clock::Stamp;
use crate::pass::{Figures, Outcome, PassEntry, PassKind, PassRow};
use crate::state::Writer;
use crate::systems::catalog::plan::risk::Risk;
use crate::systems::catalog::store::Field;
use crate::systems::catalog::store::ReadObjects as _;
use crate::systems::catalog::store::WritePass as _;
use crate::systems::catalog::store::WriteRequests as _;
use crate::systems::catalog::store::{Adopted, Ending, GuardEnding, InUse, Intent, RowsEnding, Settled, Waiting, Was};

/// All that a comparison comes to.
#[derive(Debug, PartialEq)]
struct Outline {
    operations: Vec<Operation>,
    summary: Summary,
    rejected: Vec<Rejection>,
}

fn result(comparison: &Comparison) -> Outline {
    let mut operations = Vec::new();
    for stage in Stage::ALL {
        let mut cursor = Cursor::default();
        operations.extend(comparison.store.operations(stage, &mut cursor, usize::MAX).expect("read"));
    }
    let rejected = comparison.store.rejected(0, usize::MAX).expect("read");
    let mut summary = comparison.summary.clone();
    // Of other fields nobody needs to know.
    let lost = Field::ALL.into_iter().filter(|field| summary.risks.of(Risk::Emptied(*field)) > 0);
    summary.fields_seen &= lost.map(Field::bit).sum::<u16>();
    Outline { operations, summary, rejected }
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
    fn listing(&self, differ: &mut Differ, dice: u64) {
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
            differ.observe(kind, listed).expect("observed");
        }
        differ.listing_ends((dice >> 60) & 7 != 0);
    }

    fn compare(&self, feed: &[u8], visit: &Visit, fast: bool) -> Result<Comparison, String> {
        let (shape, policy) = (visit.shape(), visit.policy());
        let now = shape.now;
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(feed).expect("written");
        let input = feed::open(&file, 1 << 20);
        let mut differ = match fast && !visit.listing {
            true => Differ::with_known_rows(self.reader(), policy, now),
            false => Differ::new(self.reader(), policy),
        }
        .expect("a differ");
        if visit.listing {
            self.listing(&mut differ, visit.dice);
            if fast {
                differ.recall_rows(now).expect("read");
            }
        }
        let read = if fast {
            differ.keep_rows(now);
            feed::read_into(&input, &shape, &mut differ).map(|reading| reading.format)
        } else {
            feed::read(&input, &shape, &mut |row| Ok(differ.row(row)?)).map(|reading| reading.format)
        };
        read.map_err(|error| error.to_string())?;
        Ok(differ.finish().expect("a comparison"))
    }

    /// Objects are counted as they come and go.
    fn is_counted(&self) {
        let reader = self.reader();
        for kind in Kind::ALL {
            let mut keys = 0;
            reader.keys(kind, |_| keys += 1).expect("read");
            assert_eq!(reader.owned(kind).expect("read"), keys);
        }
    }

    /// Carries operations out, each with the luck that the dice give it.
    fn carry_out(&self, result: Outline, rows: Option<RowsEnding>, visit: &Visit) {
        let mut dice = visit.dice | 1;
        self.runtime.block_on(async {
            let waiting = Waiting { all: result.summary.operations(), urgent: 0 };
            self.writer.begin(waiting, Timestamp::UNIX_EPOCH).await.expect("begun");
            for operation in result.operations.into_iter().take(visit.tried) {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let Operation { kind, id, action, record, send, .. } = operation;
                if action == Action::RecordOnly {
                    match record {
                        Some(record) => {
                            self.writer.adopt(vec![Adopted { kind, id, record, change: None }]).await.expect("adopted")
                        }
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
                self.writer.settle((kind, id), settled, None, Was::default()).await.expect("settled");
            }
            let rows = rows.filter(|_| !visit.is_killed);
            let row = PassRow {
                started: Timestamp::UNIX_EPOCH,
                finished: Stamp::by_wall(Timestamp::UNIX_EPOCH),
                kind: PassKind::Sync,
                outcome: Outcome::Ok,
                figures: Figures::default(),
                requests: 0,
                reason: None,
            };
            let pass = PassEntry { job: "sync", subject: String::new(), row, telling: None };
            let ending = Ending {
                pass,
                mark: None,
                listed: None,
                nameless: None,
                foreign: None,
                timings: None,
                rows,
                guard: GuardEnding::default(),
                missing: None,
                unproven: None,
                columns: None,
                loaded: None,
            };
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
                    shop.is_counted();
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
        (1..10).map(|id| Line { id, title: 1 + id % 4, price: 1, category: id % 4, sale: false, local: 1 }).collect();
    let visit = Visit::PLAIN;
    for format in 0..4 {
        let feed = feed(format, &lines, &visit);
        let mut first = shop.compare(&feed, &visit, true).expect("a plan");
        let mut done = result(&first);
        done.summary = Summary::default();
        shop.runtime.block_on(async {
            shop.writer.begin(Waiting { all: 1, urgent: 0 }, Timestamp::UNIX_EPOCH).await.expect("begun");
            for Operation { kind, id, record, .. } in done.operations {
                let settled = record.map_or(Settled::Deleted, Settled::Done);
                shop.writer.settle((kind, id), settled, None, Was::default()).await.expect("settled");
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
        // Beside a listing that has everything as it was acknowledged, too; and none of a listing that has nothing so.
        let listed = |dice| shop.compare(&feed, &Visit { listing: true, dice, ..Visit::PLAIN }, true).expect("a plan");
        let same = listed(u64::MAX);
        assert!(matches!(same.rows, Some(RowsEnding::Same(InUse { rows: 9, owned: 9, .. }))), "{:?}", same.rows);
        let Some(RowsEnding::New(log)) = listed(0).rows else { panic!("{format}") };
        assert_eq!(log.known_rows(), 0);
    }
}
