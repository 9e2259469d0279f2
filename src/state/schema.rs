//! The tables of all systems, step by step: the one list of what was ever in a state file.

use rusqlite::{Transaction, params};

use crate::digest::Hasher;

/// Each step takes a file from one format to the next; `PRAGMA user_version` counts them.
pub(crate) const STEPS: [&str; 17] = [
    OBJECTS,
    IMPORTS,
    EVENTS,
    OLD_ROWS,
    GONE_EVENTS,
    ROWS,
    IMPORTED,
    SECRET,
    JOBS,
    GUARD,
    HISTORY,
    AVAILABILITY,
    ORDERS,
    TAKEN_BY,
    EMAILS_OF,
    COUNTED,
    OWNED,
];

const OBJECTS: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

    -- A thin table for what every pass reads whole: a digest of the id, one of the fields, and
    -- where the rest lies. The wide rows are only read for objects that changed.
    CREATE TABLE object_key (
        kind INTEGER NOT NULL, key BLOB NOT NULL, digest BLOB NOT NULL, object INTEGER NOT NULL,
        PRIMARY KEY (kind, key)
    ) WITHOUT ROWID;
    CREATE TABLE object (
        object INTEGER PRIMARY KEY, kind INTEGER NOT NULL, id TEXT NOT NULL,
        acked TEXT NOT NULL, answered TEXT, repaired TEXT
    );

    -- Requests that may be under way, or that failed in a way that leaves their effect in doubt.
    CREATE TABLE journal (
        kind INTEGER NOT NULL, id TEXT NOT NULL, fields TEXT, reason TEXT,
        PRIMARY KEY (kind, id)
    ) WITHOUT ROWID;
    -- Objects that NiceChat refuses as they are, until they change.
    CREATE TABLE refused (
        kind INTEGER NOT NULL, id TEXT NOT NULL, digest BLOB NOT NULL, category TEXT,
        reason TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (kind, id)
    ) WITHOUT ROWID;

    CREATE TABLE rejected (line INTEGER NOT NULL, id TEXT, field TEXT NOT NULL, reason TEXT NOT NULL);
    CREATE TABLE pass (pass INTEGER PRIMARY KEY, row TEXT NOT NULL);
";

const IMPORTS: &str = "
    -- Feed imports, the last one possibly still under way. A row is written before its push is sent;
    -- door is the part of our own addresses that nobody can guess.
    CREATE TABLE import (
        import INTEGER PRIMARY KEY, door TEXT NOT NULL, token TEXT, is_served INTEGER NOT NULL,
        state TEXT NOT NULL, pushed TEXT NOT NULL, updated TEXT, imported INTEGER, expected INTEGER NOT NULL,
        to_create INTEGER NOT NULL, to_update INTEGER NOT NULL, left_over INTEGER, reason TEXT
    );
    -- What the feed that we serve for an import has otherwise than object: fields, or NULL where it
    -- has nothing.
    CREATE TABLE served (
        kind INTEGER NOT NULL, id TEXT NOT NULL, fields TEXT, PRIMARY KEY (kind, id)
    ) WITHOUT ROWID;
";

const EVENTS: &str = "
    -- Lagerkoll's scheduled events as they were listed last. A place is a store and whose events of it.
    CREATE TABLE event (
        place TEXT NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (place, id)
    ) WITHOUT ROWID;
    CREATE TABLE event_change (
        entry INTEGER PRIMARY KEY, place TEXT NOT NULL, at TEXT NOT NULL, change TEXT NOT NULL, old TEXT, new TEXT
    );
    CREATE TABLE event_mirror (place TEXT PRIMARY KEY, mirrored_at TEXT, pass TEXT) WITHOUT ROWID;

    -- Events that we added to a store, and what each is for; NULL = for nothing any more. sent is what
    -- was sent, seen how the service listed it first.
    CREATE TABLE event_own (
        store TEXT NOT NULL, id INTEGER NOT NULL, key TEXT, sent TEXT NOT NULL, seen TEXT,
        PRIMARY KEY (store, id)
    ) WITHOUT ROWID;
    -- Adds that may be under way. twins are the ids of all events that were there before.
    CREATE TABLE event_add (
        store TEXT NOT NULL, key TEXT NOT NULL, sent TEXT NOT NULL, twins TEXT NOT NULL,
        PRIMARY KEY (store, key)
    ) WITHOUT ROWID;
    -- Events that Lagerkoll refuses as they are, until they change.
    CREATE TABLE event_refused (
        store TEXT NOT NULL, key TEXT NOT NULL, sent TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (store, key)
    ) WITHOUT ROWID;
";

const OLD_ROWS: &str = "
    -- An earlier shape of what ROWS has.
    CREATE TABLE feed_row (chunk INTEGER PRIMARY KEY, rows BLOB NOT NULL, moments BLOB NOT NULL);
";

const GONE_EVENTS: &str = "
    -- Since when an event of ours is in no listing: it is still ours should it come back.
    ALTER TABLE event_own ADD COLUMN gone_at TEXT;
    -- How many requests of an add may have had their effect.
    ALTER TABLE event_add ADD COLUMN tries INTEGER NOT NULL DEFAULT 1;
";

const ROWS: &str = "
    -- The rows of the feed that the state equals, in its order, some thousands in each BLOB, with their
    -- categories (NULL = one that only the settings name) and the products that none of them became.
    -- From here on object.acked is written packed: see packed.rs.
    DROP TABLE feed_row;
    DELETE FROM meta WHERE key = 'feed_rows';
    CREATE TABLE feed_row (chunk INTEGER PRIMARY KEY, rows BLOB NOT NULL);
    CREATE TABLE feed_category (category INTEGER PRIMARY KEY, id TEXT NOT NULL, name TEXT);
    CREATE TABLE feed_stray (object INTEGER PRIMARY KEY);
";

const IMPORTED: &str = "
    -- What an import that was pushed may have created.
    CREATE TABLE import_object (kind INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
";

const SECRET: &str = "
    -- From here on everything is digested with a secret, which [`secret::make`] adds. What was digested without it
    -- can't be told any more from what was made to look like it: rows and bytes are read again. What NiceChat
    -- refuses keeps its digest until it is refused anew.
    DELETE FROM meta WHERE key = 'feed_rows';
    DELETE FROM feed_row; DELETE FROM feed_category; DELETE FROM feed_stray;
    UPDATE meta SET value = json_remove(value, '$.body') WHERE key = 'feed_mark' AND json_valid(value);
    ALTER TABLE refused ADD COLUMN has_secret INTEGER NOT NULL DEFAULT 0;
";

const JOBS: &str = "
    -- The passes of every job, with what each job was about.
    ALTER TABLE pass ADD COLUMN job TEXT NOT NULL DEFAULT 'sync';
    ALTER TABLE pass ADD COLUMN subject TEXT NOT NULL DEFAULT '';
    CREATE INDEX pass_of ON pass (job, subject, pass);
    INSERT INTO pass (job, subject, row) SELECT 'events', place, pass FROM event_mirror WHERE pass IS NOT NULL;
    UPDATE event_mirror SET pass = NULL;
";

const HISTORY: &str = "
    -- What NiceChat acknowledged, change by change, the latest last: at in milliseconds since the pass began, what
    -- and why codes, fields packed. Numbers have no gaps: nothing but the oldest is ever deleted.
    CREATE TABLE change_pass (pass INTEGER PRIMARY KEY, started TEXT NOT NULL);
    CREATE TABLE change (
        change INTEGER PRIMARY KEY, pass INTEGER NOT NULL, at INTEGER NOT NULL, what INTEGER NOT NULL,
        why INTEGER NOT NULL, id TEXT NOT NULL, fields BLOB
    );
    -- Four bytes of the digest of each change's id, from the change first on: an index that is written when a pass
    -- ends, since one that is kept while requests are sent would cost them more than the changes themselves.
    CREATE TABLE change_key (first INTEGER PRIMARY KEY, keys BLOB NOT NULL);
    -- What the guard holds, as far as changes tell of it: digests of objects and of what would become of them, and
    -- the last pass that held them.
    CREATE TABLE held (hash BLOB PRIMARY KEY, pass INTEGER NOT NULL) WITHOUT ROWID;
    -- Of a rejected row besides: its title, its column's own name, what the cell holds, and the row that has its id.
    ALTER TABLE rejected ADD COLUMN title TEXT;
    ALTER TABLE rejected ADD COLUMN column_name TEXT;
    ALTER TABLE rejected ADD COLUMN value TEXT;
    ALTER TABLE rejected ADD COLUMN first INTEGER;
";

const AVAILABILITY: &str = "
    -- How watches of advisors stand, times in milliseconds: the last reading by both clocks, with the start of the
    -- machine that the second one counts from, and until when it counts. No availability = there was no reading.
    CREATE TABLE watch (
        watch TEXT PRIMARY KEY, question TEXT NOT NULL, began INTEGER NOT NULL, available INTEGER, since INTEGER,
        checked INTEGER, checked_up INTEGER, boot TEXT, contrary INTEGER NOT NULL, until INTEGER, trouble TEXT
    ) WITHOUT ROWID;
    -- What was known of them before; of the time between, nobody knows.
    CREATE TABLE watch_span (
        span INTEGER PRIMARY KEY, watch TEXT NOT NULL, available INTEGER NOT NULL, began INTEGER NOT NULL,
        ended INTEGER NOT NULL
    );
    CREATE INDEX watch_span_of ON watch_span (watch, ended);
    CREATE INDEX watch_span_ended ON watch_span (ended);
";

/// The first format that has watches.
pub const AVAILABILITY_SINCE: i64 = 12;

/// The first format that remembers changes.
pub const HISTORY_SINCE: i64 = 11;

/// The first format whose passes tell their job.
pub const JOBS_SINCE: i64 = 9;

const GUARD: &str = "
    -- Which fields of a product have a value, a bit each; NULL = it was written before this.
    ALTER TABLE object_key ADD COLUMN has INTEGER;
    -- What somebody approved, until the pass that does it has ended.
    CREATE TABLE approved (hash BLOB PRIMARY KEY) WITHOUT ROWID;
    -- Products that whole feeds don't have any more, and that wait to be deleted.
    CREATE TABLE missing (id TEXT PRIMARY KEY, since TEXT NOT NULL, feeds INTEGER NOT NULL, body BLOB) WITHOUT ROWID;
";

const ORDERS: &str = "
    -- NiceChat's orders as they were listed last, without what is personal. sold is the date, else when it was first
    -- seen, in milliseconds; known is what our snapshot said of each line's product then.
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY, sold INTEGER NOT NULL, body TEXT NOT NULL, known TEXT NOT NULL,
        first_seen TEXT NOT NULL, gone TEXT
    );
    CREATE INDEX orders_sold ON orders (sold, id);
    -- What is kept of persons. It is a table of its own so that it can be erased for good: all of its pages at once.
    CREATE TABLE order_personal (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
    -- Digests of the e-mail addresses in the addresses of orders.
    CREATE TABLE order_email (hash BLOB NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (hash, id)) WITHOUT ROWID;
    -- Orders that are listed, and too old to be held.
    CREATE TABLE order_old (id INTEGER PRIMARY KEY);
    -- Entries of the listing that are no orders, by a digest: how many there are of each.
    CREATE TABLE order_aside (
        hash BLOB PRIMARY KEY, why TEXT NOT NULL, times INTEGER NOT NULL, since TEXT NOT NULL
    ) WITHOUT ROWID;
    -- Events that hooks have not taken yet, the first first; body is what is sent, and gone once it was given up.
    CREATE TABLE hook_event (
        event INTEGER PRIMARY KEY AUTOINCREMENT, hook TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
        at TEXT NOT NULL, body TEXT, personal_until INTEGER, posted TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
        failed TEXT, wait INTEGER, asked INTEGER NOT NULL DEFAULT 0, error TEXT, given_up TEXT
    );
    CREATE INDEX hook_event_of ON hook_event (hook, event);
";

const TAKEN_BY: &str = "
    -- Who has taken an event already, of several whom a hook tells: a list of JSON.
    ALTER TABLE hook_event ADD COLUMN taken_by TEXT;
";

const EMAILS_OF: &str = "
    -- Which digests an order has: one that it has no more is forgotten.
    CREATE INDEX order_email_of ON order_email (id);
";

const COUNTED: &str = "
    -- How many objects of each kind are ours: a page that shows it reads no table of a million rows for it.
    CREATE TABLE object_count (kind INTEGER PRIMARY KEY, objects INTEGER NOT NULL);
    INSERT INTO object_count SELECT kind, count(*) FROM object_key GROUP BY kind;
    -- How many rows of the feed are rejected, by what is wrong with them.
    CREATE TABLE rejected_count (
        field TEXT NOT NULL, is_duplicate INTEGER NOT NULL, rows INTEGER NOT NULL, PRIMARY KEY (field, is_duplicate)
    ) WITHOUT ROWID;
    INSERT INTO rejected_count
        SELECT field, field = 'id' AND (reason LIKE 'same id as %' OR reason LIKE 'duplicate:%'), count(*)
        FROM rejected GROUP BY 1, 2;
";

const OWNED: &str = "
    -- The count of our objects lies with the other values that each request changes: one page of the file, not two.
    INSERT INTO meta (key, value) SELECT 'owned_' || kind, CAST(objects AS TEXT) FROM object_count;
    DROP TABLE object_count;
";

/// The first format whose count of our objects is read.
pub const OWNED_SINCE: i64 = 17;

/// The first format that keeps count of rejected rows.
pub const COUNTED_SINCE: i64 = 16;

/// The first format that knows who has taken an event.
pub const TAKEN_BY_SINCE: i64 = 14;

/// The first format that has orders.
pub const ORDERS_SINCE: i64 = 13;

/// The first format that has what the guard needs.
pub const GUARD_SINCE: i64 = 10;

/// The first format whose digests are made with a secret.
pub const SECRET_SINCE: i64 = 8;

/// The format that this program writes.
pub const VERSION: i64 = STEPS.len() as i64;

/// Has objects of a file that had no secret found with it from here on; by their digests none of them counts as known
/// any more, so that the next pass compares them field by field.
pub(super) fn rekey(transaction: &Transaction<'_>, hasher: &Hasher) -> rusqlite::Result<()> {
    let mut keys: Vec<(i64, [u8; 16], i64)> = Vec::new();
    let sql = "SELECT kind, id, object FROM object WHERE object IN (SELECT object FROM object_key)";
    let mut statement = transaction.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key = hasher.digest(row.get_ref(1)?.as_str()?.as_bytes()).to_be_bytes();
        keys.push((row.get(0)?, key, row.get(2)?));
    }
    // In the table's order, at its end each.
    keys.sort_unstable();
    transaction.execute("DELETE FROM object_key", [])?;
    let sql = "INSERT INTO object_key (kind, key, digest, object) VALUES (?1, ?2, zeroblob(16), ?3)";
    let mut insert = transaction.prepare(sql)?;
    keys.into_iter().try_for_each(|(kind, key, object)| insert.execute(params![kind, key, object]).map(|_| ()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_formats_is_so() {
        assert_eq!(STEPS[SECRET_SINCE as usize - 1], SECRET);
        assert_eq!(STEPS[AVAILABILITY_SINCE as usize - 1], AVAILABILITY);
        assert_eq!(STEPS[TAKEN_BY_SINCE as usize - 1], TAKEN_BY);
        assert_eq!(STEPS[COUNTED_SINCE as usize - 1], COUNTED);
        assert_eq!(STEPS[OWNED_SINCE as usize - 1], OWNED);
    }
}
