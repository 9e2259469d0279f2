//! Writing what rounds come to.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{LAPSED, Left, LeftRound, until};
use crate::clock::boot_id;
use crate::outbox::post;
use crate::pass;
use crate::state::{StateError, Writer};

/// Writing what rounds come to.
pub(crate) trait WriteAvailability: AsRef<Writer> {
    /// Leaves what a round came to, with what hooks are told of it, and forgets what was too long ago. What a power cut
    /// takes of it is read anew, so it isn't waited for.
    ///
    /// # Errors
    /// When it can't be written.
    fn leave_round(&self, round: LeftRound) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run_lightly(move |transaction| {
            let LeftRound { left, at, terms, history_days, events, subscribers, pass } = &round;
            let boot = boot_id();
            for left in left {
                end_span(transaction, left, *at)?;
                put(transaction, left, *at, terms.unknown_after, boot.as_deref())?;
            }
            let lapsed = left.iter().filter(|left| left.is_lapsed).map(|left| left.watch.clone()).collect();
            if LAPSED.get(transaction)?.unwrap_or_default() != lapsed {
                LAPSED.set(transaction, &lapsed)?;
            }
            let kept = SignedDuration::from_hours(24 * i64::from(*history_days));
            let oldest = at.checked_sub(kept).unwrap_or(Timestamp::MIN).as_millisecond();
            transaction.prepare_cached("DELETE FROM watch_span WHERE ended < ?1")?.execute([oldest])?;
            events.iter().try_for_each(|event| post(transaction, subscribers, event))?;
            pass::tell(transaction, pass)
        })
    }
}

impl WriteAvailability for Writer {}

/// What was known before is over by then, if this is no part of it.
fn end_span(transaction: &Transaction<'_>, left: &Left, at: Timestamp) -> rusqlite::Result<()> {
    let sql = "SELECT available, since, until FROM watch WHERE watch = ?1 AND available IS NOT NULL";
    let before = transaction
        .prepare_cached(sql)?
        .query_row([&left.watch], |row| Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))
        .optional()?;
    let Some((is_available, began, until)) = before else { return Ok(()) };
    let since = left.known.map(|known| (known.is_available, known.since.as_millisecond()));
    if since == Some((is_available, began)) {
        return Ok(());
    }
    let ended = until.min(since.map_or(at.as_millisecond(), |(_, since)| since)).max(began);
    let sql = "INSERT INTO watch_span (watch, available, began, ended) VALUES (?1, ?2, ?3, ?4)";
    transaction.prepare_cached(sql)?.execute(params![left.watch, is_available, began, ended]).map(|_| ())
}

fn put(
    transaction: &Transaction<'_>,
    left: &Left,
    at: Timestamp,
    unknown_after: Duration,
    boot: Option<&str>,
) -> rusqlite::Result<()> {
    let Left { watch, question, known, trouble, .. } = left;
    let known = known.as_ref();
    let began = known.map_or(at, |known| known.since.min(known.last.wall));
    // A clock that was ahead when it began would leave nothing of its history once it is set right. Only a reading says
    // that it is: a round without one may be by a clock that nobody has set yet.
    let sql = "INSERT INTO watch (watch, question, began, available, since, checked, checked_up, boot, contrary, until,
                   trouble) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
               ON CONFLICT (watch) DO UPDATE SET question = excluded.question,
                   began = CASE WHEN began > excluded.checked THEN excluded.began ELSE began END,
                   available = excluded.available, since = excluded.since, checked = excluded.checked,
                   checked_up = excluded.checked_up, boot = excluded.boot, contrary = excluded.contrary,
                   until = excluded.until, trouble = excluded.trouble";
    let values = params![
        watch,
        question,
        began.as_millisecond(),
        known.map(|known| known.is_available),
        known.map(|known| known.since.as_millisecond()),
        known.map(|known| known.last.wall.as_millisecond()),
        known.map(|known| i64::try_from(known.last.up.as_millis()).unwrap_or(i64::MAX)),
        boot,
        known.map_or(0, |known| known.contrary),
        known.map(|known| until(known, unknown_after).as_millisecond()),
        trouble,
    ];
    transaction.prepare_cached(sql)?.execute(values).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::systems::availability::hysteresis::Known;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    /// When a watch began, after rounds: when each ended, and when the last reading was. The first brought its state.
    async fn began(rounds: &'static [(i64, i64)]) -> Timestamp {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = Writer::open(&folder.path().join("s.db"), None).expect("a state");
        let left = |read: i64| {
            let last = Moment { wall: second(read), up: SignedDuration::ZERO };
            let known = Known { is_available: true, since: second(rounds[0].1), last, contrary: 0 };
            let (watch, question) = ("sofas".to_owned(), "a".to_owned());
            Left { watch, question, known: Some(known), trouble: None, is_lapsed: false }
        };
        let rounds = rounds.iter().map(|(at, read)| (second(*at), left(*read))).collect::<Vec<_>>();
        let began = writer.run(move |transaction| {
            for (at, left) in &rounds {
                put(transaction, left, *at, Duration::from_secs(60), None)?;
            }
            transaction.query_row("SELECT began FROM watch", [], |row| row.get(0))
        });
        Timestamp::from_millisecond(began.await.expect("written")).expect("a time")
    }

    #[tokio::test]
    async fn it_began_earlier_only_by_a_reading_that_says_so() {
        // A clock that was ahead, and one that nobody had set for a round.
        assert_eq!(began(&[(5_000, 5_000), (1_000, 1_000), (1_030, 1_030)]).await, second(1_000));
        assert_eq!(began(&[(1_000, 1_000), (5, 1_000), (1_030, 1_030)]).await, second(1_000));
    }
}
