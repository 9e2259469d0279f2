//! Bits that flip in what the state remembers of a feed's rows, or in the keys of its objects.

use crate::kit::Shop;
use crate::kit::goods::{Good, good, goods as many, publish, sync, synced};
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use shelfkeeper::state::Reader;
use shelfkeeper::systems::catalog::store::ReadKnownRows as _;

const TOLD: &str = "what it remembers of the feed's rows is damaged";

/// A row of a table whose value may be damaged.
#[derive(Debug, Clone, Copy)]
struct Place {
    table: &'static str,
    column: &'static str,
    condition: &'static str,
}

const PLACES: [Place; 5] = [
    Place { table: "feed_row", column: "rows", condition: "chunk = (SELECT min(chunk) FROM feed_row)" },
    Place { table: "meta", column: "value", condition: "key = 'feed_rows'" },
    Place { table: "feed_category", column: "id", condition: "category = 0" },
    Place { table: "feed_category", column: "name", condition: "category = 0" },
    Place { table: "feed_stray", column: "object", condition: "1" },
];

struct State(Connection);

impl State {
    fn of(shop: &Shop) -> State {
        let connection = Connection::open(shop.state_path()).expect("a state");
        connection.pragma_update(None, "synchronous", false).expect("set");
        State(connection)
    }

    fn get(&self, Place { table, column, condition }: Place) -> Value {
        let sql = format!("SELECT {column} FROM {table} WHERE {condition}");
        self.0.query_row(&sql, [], |row| row.get(0)).expect("a value")
    }

    fn set(&self, Place { table, column, condition }: Place, value: &Value) {
        let sql = format!("UPDATE {table} SET {column} = ?1 WHERE {condition}");
        assert_eq!(self.0.execute(&sql, [value]).expect("written"), 1);
    }
}

fn bits(value: &Value) -> usize {
    8 * match value {
        Value::Blob(bytes) => bytes.len(),
        Value::Text(text) => text.len(),
        _ => 4,
    }
}

/// As SQLite has it then; `None` = it can't be a value of this kind.
fn flipped(value: &Value, bit: usize) -> Option<Value> {
    let flip = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    Some(match value {
        Value::Blob(bytes) => Value::Blob(flip(bytes)),
        Value::Text(text) => Value::Text(String::from_utf8(flip(text.as_bytes())).ok()?),
        Value::Integer(number) => Value::Integer(number ^ 1 << bit),
        other => panic!("{other:?} has no bits"),
    })
}

fn knows_rows(shop: &Shop) -> bool {
    Reader::open(&shop.state_path()).and_then(|reader| reader.feed_rows()).expect("a state").is_some()
}

/// A shop whose state knows the rows of its feed, and has a product that the feed lacks.
fn shop() -> (Shop, Vec<Good>) {
    let mut products = many("p", 20);
    let shop = synced(&products, "[nicechat]\nprune = \"none\"");
    products.pop();
    publish(&shop, &products);
    sync(&shop).ended(0);
    assert!(knows_rows(&shop));
    (shop, products)
}

fn changed(products: &[Good]) -> Vec<Good> {
    let mut products = products.to_vec();
    products[3] = products[3].clone().at_price("11.00");
    products.swap(1, 7);
    products.push(good("new"));
    products
}

#[test]
fn a_flipped_bit_is_noticed_wherever_it_is() {
    let (shop, _) = shop();
    let state = State::of(&shop);
    for place in PLACES {
        let value = state.get(place);
        for bit in 0..bits(&value) {
            let Some(damaged) = flipped(&value, bit) else { continue };
            state.set(place, &damaged);
            assert!(!knows_rows(&shop), "{place:?} {bit}");
        }
        state.set(place, &value);
        assert!(knows_rows(&shop), "{place:?}");
    }
    let text = Value::Text("no BLOB".to_owned());
    for (place, other) in [(PLACES[0], text), (PLACES[3], Value::Null)] {
        let value = state.get(place);
        state.set(place, &other);
        assert!(!knows_rows(&shop), "{place:?}");
        state.set(place, &value);
    }
    for table in ["feed_row", "feed_category", "feed_stray"] {
        assert!(knows_rows(&shop), "{table}");
        state
            .0
            .execute_batch(&format!("CREATE TABLE kept AS SELECT * FROM {table}; DELETE FROM {table}"))
            .expect("done");
        assert!(!knows_rows(&shop), "{table}");
        state.0.execute_batch(&format!("INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept")).expect("done");
    }
}

#[test]
fn damaged_rows_change_no_plan() {
    let (shop, products) = shop();
    publish(&shop, &changed(&products));
    let state = State::of(&shop);
    let good = shop.run(&["plan"]).expect_code(0);
    assert!(!good.stderr.contains(TOLD), "{}", good.stderr);
    let in_use = state.get(PLACES[1]);
    state.0.execute("DELETE FROM meta WHERE key = 'feed_rows'", []).expect("deleted");
    assert_eq!(shop.run(&["plan"]).expect_code(0).stdout, good.stdout, "every row compared anew");
    let sql = "INSERT INTO meta (key, value) VALUES ('feed_rows', ?1)";
    state.0.execute(sql, [in_use]).expect("written");
    for place in PLACES {
        let value = state.get(place);
        for bit in (0..bits(&value)).step_by(bits(&value) / 6 + 1) {
            let Some(damaged) = flipped(&value, bit) else { continue };
            state.set(place, &damaged);
            let told = shop.run(&["plan"]).expect_code(0);
            assert_eq!(told.stdout, good.stdout, "{place:?} {bit}");
            assert!(told.stderr.contains(TOLD), "{place:?} {bit}: {}", told.stderr);
        }
        state.set(place, &value);
    }
}

#[test]
fn a_pass_mends_damaged_rows() {
    let (shop, products) = shop();
    let state = State::of(&shop);
    let value = state.get(PLACES[0]);
    // The digest of the row that changes, and of one that doesn't.
    for row in [3, 10] {
        state.set(PLACES[0], &flipped(&value, 8 * (4 + 24 * row) + 5).expect("a BLOB"));
    }
    publish(&shop, &changed(&products));
    let ran = sync(&shop).ended(0);
    assert_eq!(ran.tally(), "1 PATCH products, 1 POST products");
    let path = shop.state_path();
    assert_eq!(ran.output.stderr.matches(TOLD).count(), 1, "{}", ran.output.stderr);
    assert!(ran.output.stderr.contains(path.to_str().expect("UTF-8")), "{}", ran.output.stderr);
    assert!(knows_rows(&shop));
    publish(&shop, &products);
    let ran = sync(&shop).ended(0);
    assert_eq!(ran.lines(), ["PATCH products p003"], "nothing is pruned");
    assert!(!ran.output.stderr.contains(TOLD), "{}", ran.output.stderr);
}

/// The object would be created once more, and deleted as one that the feed lacks.
#[test]
fn an_object_whose_key_is_damaged_stops_the_pass() {
    for knows_rows in [true, false] {
        let products = many("p", 20);
        let shop = synced(&products, "");
        let state = State::of(&shop);
        if !knows_rows {
            state.0.execute("DELETE FROM meta WHERE key = 'feed_rows'", []).expect("deleted");
        }
        let sql = "SELECT key, object.object FROM object_key JOIN object USING (object) WHERE id = 'p003'";
        let (mut key, object): (Vec<u8>, i64) =
            state.0.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("a key");
        key[9] ^= 1;
        state.0.execute("UPDATE object_key SET key = ?1 WHERE object = ?2", params![key, object]).expect("written");
        publish(&shop, &changed(&products));
        let ran = sync(&shop).ended(1);
        assert_eq!(ran.tally(), "", "{knows_rows}");
        let told = "damaged (the \"p003\" that it has can't be found by its id); move it away";
        assert!(ran.output.stderr.contains(told), "{}", ran.output.stderr);
    }
}
