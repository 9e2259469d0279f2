//! What a state's digests are made with: a secret of its own, also in a file from before there was one.

use std::collections::HashMap;
use std::fs::File;

use crate::kit::Shop;
use crate::kit::goods::{Good, feed, good, goods as many, publish, sync, synced};
use rusqlite::{Connection, params};
use sandbox::{Fault, Kind, Rule};
use serde_json::{Value, json};
use shelfkeeper::catalog::{Category, Currency, Digest, Hasher, digest_bytes};
use shelfkeeper::feed::{self as feeds, ParseOptions, Row};
use shelfkeeper::state::Reader;
use shelfkeeper::systems::catalog::store::ReadKnownRows as _;

fn column(shop: &Shop, sql: &str) -> Vec<Vec<u8>> {
    let state = Connection::open(shop.state_path()).expect("a state");
    let mut statement = state.prepare(sql).expect("SQL");
    statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("BLOBs")
}

/// Whoever knows the program and the feed doesn't know the digests.
#[test]
fn no_two_states_have_the_same_digests() {
    let products = many("p", 5);
    let shops = [synced(&products, ""), synced(&products, "")];
    for sql in [
        "SELECT key FROM object_key JOIN object USING (object) ORDER BY id",
        "SELECT digest FROM object_key JOIN object USING (object) ORDER BY id",
        "SELECT rows FROM feed_row",
        "SELECT CAST(value ->> '$.body' AS BLOB) FROM meta WHERE key = 'feed_mark'",
    ] {
        let [one, other] = shops.each_ref().map(|shop| column(shop, sql));
        assert!(!one.is_empty() && one.len() == other.len(), "{sql}");
        assert!(one.iter().zip(&other).all(|(one, other)| one != other), "{sql}");
    }
    let keys = column(&shops[0], "SELECT key FROM object_key");
    assert!(products.iter().all(|good| !keys.contains(&digest_bytes(good.id.as_bytes()).to_be_bytes().to_vec())));
}

/// What a text feed of these products digests to without a secret, by id.
fn old_digests(goods: &[Good]) -> HashMap<String, Digest> {
    let mut digests = HashMap::new();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("feed");
    std::fs::write(&path, feed(goods)).expect("written");
    let file = File::open(path).expect("a file");
    let now = jiff::Timestamp::now();
    let shape = ParseOptions { default_currency: Currency::parse("usd"), ..ParseOptions::at(now) };
    let hasher = Hasher::without_secret();
    let read = feeds::read(&feeds::open(&file, 1 << 20), &shape, &mut |row| {
        let Row::Offer(offer) = row else { panic!("{row:?}") };
        if let Some(Category { id, name }) = offer.item.category.as_deref() {
            digests.insert(id.to_string(), Category::digest(name.as_deref().expect("a name"), &hasher));
        }
        digests.insert(offer.item.id.to_string(), offer.item.digest(&hasher));
        Ok(())
    });
    read.expect("a feed");
    digests
}

/// Makes of a state what the format before would have been, when these goods are acknowledged and those wanted.
fn make_old(shop: &Shop, acknowledged: &[Good], goods: &[Good]) {
    let state = Connection::open(shop.state_path()).expect("a state");
    let digests = old_digests(acknowledged);
    let mut objects = state.prepare("SELECT object, id FROM object").expect("SQL");
    let objects = objects.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).expect("rows");
    for (object, id) in objects.collect::<Result<Vec<_>, _>>().expect("ids") {
        let sql = "UPDATE object_key SET key = ?2, digest = ?3 WHERE object = ?1";
        let key = digest_bytes(id.as_bytes()).to_be_bytes();
        state.execute(sql, params![object, key, digests[&id].to_be_bytes()]).expect("written");
    }
    for (id, digest) in old_digests(goods) {
        let sql = "UPDATE refused SET digest = ?2 WHERE id = ?1";
        state.execute(sql, params![id, digest.to_be_bytes()]).expect("written");
    }
    let get = |key: &str| -> Value {
        let text: String =
            state.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).expect("a value");
        // Behind its sum, if it has one.
        serde_json::from_str(&text[text.find('{').expect("JSON")..]).expect("JSON")
    };
    let mut mark = get("feed_mark");
    mark["body"] = serde_json::from_str(&digest_bytes(feed(goods).as_bytes()).to_string()).expect("a number");
    // The server sends the feed again.
    for tag in ["etag", "last_modified"] {
        mark[tag] = Value::Null;
    }
    let in_use = get("feed_rows");
    let in_use = json!({"rows": in_use["rows"], "owned": in_use["owned"], "judged": in_use["judged"]});
    for (key, value) in [("feed_mark", mark), ("feed_rows", in_use)] {
        let value = value.to_string();
        state.execute("UPDATE meta SET value = ?2 WHERE key = ?1", [key, &value]).expect("written");
    }
    let sql = "DELETE FROM meta WHERE key = 'digest_key' OR key LIKE 'owned_%'; ALTER TABLE refused DROP COLUMN has_secret;
               DROP TABLE import_object;
               DROP INDEX pass_of; ALTER TABLE pass DROP COLUMN job; ALTER TABLE pass DROP COLUMN subject;
               ALTER TABLE object_key DROP COLUMN has; DROP TABLE rejected_count; DROP TABLE approved; DROP TABLE missing; DROP TABLE held;
               DROP TABLE change_pass; DROP TABLE change; DROP TABLE change_key;
               DROP TABLE orders; DROP TABLE order_personal; DROP TABLE order_email; DROP TABLE order_old;
               DROP TABLE order_aside; DROP TABLE hook_event; DROP TABLE watch; DROP TABLE watch_span;
               ALTER TABLE rejected DROP COLUMN title; ALTER TABLE rejected DROP COLUMN column_name;
               ALTER TABLE rejected DROP COLUMN value; ALTER TABLE rejected DROP COLUMN first;
               PRAGMA user_version = 6;";
    state.execute_batch(sql).expect("written");
}

#[test]
fn a_state_without_a_secret_gets_one_and_nothing_is_sent_for_that() {
    let products: Vec<Good> = many("p", 20).into_iter().chain([good("refused")]).collect();
    let shop = synced(&products, "");
    shop.nicechat().add_fault(Rule {
        method: Some("PATCH".to_owned()),
        kind: Some(Kind::Product),
        id: Some("refused".to_owned()),
        ..Rule::new(Fault::status(400))
    });
    let acknowledged = products;
    let mut products = acknowledged.clone();
    products[20] = products[20].clone().at_price("99.00");
    publish(&shop, &products);
    sync(&shop).ended(3);
    make_old(&shop, &acknowledged, &products);
    // A reader leaves the file as it is.
    let plan = shop.run(&["plan"]).expect_code(0).stdout;
    assert!(!plan.contains("POST") && !plan.contains("create "), "{plan}");
    shop.run(&["status"]).expect_code(0);
    assert_eq!(column(&shop, "SELECT CAST(user_version AS BLOB) FROM pragma_user_version"), [b"6"]);

    assert_eq!(sync(&shop).ended(3).tally(), "");
    let keys = column(&shop, "SELECT key FROM object_key");
    assert_eq!(keys.len(), 22);
    assert!(products.iter().all(|good| !keys.contains(&digest_bytes(good.id.as_bytes()).to_be_bytes().to_vec())));
    assert!(Reader::open(&shop.state_path()).expect("a state").feed_rows().expect("read").is_some());
    assert_eq!(sync(&shop).ended(3).tally(), "");

    let mut changed = products;
    changed[3] = changed[3].clone().at_price("11.00");
    changed.remove(5);
    publish(&shop, &changed);
    let mut sent = sync(&shop).ended(3).lines();
    sent.sort();
    assert_eq!(sent, ["DELETE products p005", "PATCH products p003"]);
    changed[19] = changed[19].clone().at_price("11.00");
    shop.nicechat().clear_faults();
    publish(&shop, &changed);
    assert_eq!(sync(&shop).ended(0).lines(), ["PATCH products refused"]);
}

/// Objects would all be new ones.
#[test]
fn another_secret_than_was_written_stops_the_pass() {
    let shop = synced(&many("p", 3), "");
    let state = Connection::open(shop.state_path()).expect("a state");
    state.execute("UPDATE meta SET value = replace(value, '-', 'a-') WHERE key = 'digest_key'", []).expect("written");
    publish(&shop, &many("p", 2));
    let ran = sync(&shop).ended(1);
    assert_eq!(ran.tally(), "");
    assert!(ran.output.stderr.contains("the secret of its digests is not the one"), "{}", ran.output.stderr);
}
