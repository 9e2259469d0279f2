//! Objects that nobody would ever delete, because nobody knows any more whose they are.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use crate::kit::goods::{good, object, publish, resync, sync};
use crate::kit::process::Process;
use crate::kit::{Shop, wait_until};
use sandbox::{Fault, ImportFails, ImportFailure, Kind, Rule, Rules};
use serde_json::{Value, json};

const IMPORT: &str = "[nicechat]\nstrategy = \"import\"\n";

fn shop(config: &str) -> Shop {
    let shop = Shop::new();
    shop.config(config);
    shop
}

fn ids(shop: &Shop) -> Vec<String> {
    shop.nicechat().objects(Kind::Product).into_keys().collect()
}

fn publish_ids(shop: &Shop, ids: &[&str]) {
    publish(shop, &ids.iter().map(|id| good(id)).collect::<Vec<_>>());
}

fn status(shop: &Shop) -> Value {
    shop.json(&["status", "--format", "json"])
}

/// A pass that is killed when NiceChat has imported the feed and nobody knows of it.
fn kill_while_importing(shop: &Shop) {
    // The answer to the first poll never comes.
    let path = Some("import-products-result/".to_owned());
    shop.nicechat().add_fault(Rule { path, times: Some(1), ..Rule::new(Fault::Hang) });
    let pass = Process::start(shop.command(&["run", "--once"]));
    wait_until("the first poll", || shop.nicechat().counts().contains_key("GET import-products-result"));
    pass.kill();
}

#[test]
fn what_an_import_created_and_the_feed_then_drops_is_deleted_after_a_kill() {
    for is_listed in [true, false] {
        let shop = shop(IMPORT);
        publish_ids(&shop, &["a", "b", "dropped"]);
        kill_while_importing(&shop);
        // Else as on a page that moved while it was read.
        if !is_listed {
            shop.nicechat().remove(Kind::Product, "dropped");
        }
        publish_ids(&shop, &["a", "b"]);
        let next = sync(&shop).ended(0);
        assert!(next.lines().contains(&"DELETE products dropped".to_owned()), "{:?}", next.lines());
        assert_eq!(ids(&shop), ["a", "b"]);
        assert_eq!(sync(&shop).ended(0).lines(), [""; 0], "once");
    }
}

#[test]
fn an_import_that_comes_to_something_after_it_was_given_up_leaves_nothing() {
    let shop = shop("[nicechat]\nstrategy = \"import\"\nimport_timeout = \"1s\"\n");
    publish_ids(&shop, &["a", "b", "dropped"]);
    let nicechat = shop.nicechat();
    let rules = nicechat.rules();
    let stuck = ImportFails::always(ImportFailure::StuckStarted);
    nicechat.set_rules(Rules { import_fails: Some(stuck), ..rules.clone() });
    sync(&shop).ended(1);
    nicechat.set_rules(rules);
    // The pass that looks finds nothing yet, and by the time that the import is done the feed has dropped one.
    shop.config("[nicechat]\nstrategy = \"api\"\n");
    publish_ids(&shop, &["a", "b"]);
    sync(&shop).ended(0);
    assert_eq!(ids(&shop), ["a", "b"]);
    for id in ["dropped", "somebodys"] {
        nicechat.put(Kind::Product, object(json!({"id": id, "title": id, "price": 10.0})));
    }
    let repair = resync(&shop).ended(0);
    assert_eq!(repair.lines(), ["DELETE products dropped"]);
    assert_eq!(ids(&shop), ["a", "b", "somebodys"]);
}

/// With an import that NiceChat has put into its queue and that was given up.
fn give_up(shop: &Shop) {
    shop.config("[nicechat]\nstrategy = \"import\"\nimport_timeout = \"1s\"\nretries = 0\n");
    let nicechat = shop.nicechat();
    let rules = nicechat.rules();
    // NiceChat does not begin before it is asked for the third time.
    nicechat.set_rules(Rules { import_enqueued: Duration::from_secs(600), ..rules.clone() });
    sync(shop).ended(1);
    nicechat.set_rules(rules);
    shop.config("[nicechat]\nstrategy = \"api\"\n");
}

/// It is done, with what it was pushed with.
fn end_late(shop: &Shop, ids: &[&str]) {
    let nicechat = shop.nicechat();
    for id in ids {
        nicechat.put(Kind::Product, object(json!({"id": id, "title": "Late", "price": 10.0})));
    }
    let result = json!({"status": "ok", "code": 200, "result": {"state": "success", "imported elements count": 3}});
    let told = Fault::Json { code: 200, body: result };
    nicechat.add_fault(Rule { path: Some("import-products-result/".to_owned()), ..Rule::new(told) });
}

#[test]
fn what_the_api_was_refused_and_an_import_created_is_ours() {
    let shop = shop("[nicechat]\nstrategy = \"api\"\n");
    publish_ids(&shop, &["a"]);
    sync(&shop).ended(0);
    let refused = Rule { method: Some("POST".to_owned()), kind: Some(Kind::Product), ..Rule::new(Fault::status(400)) };
    shop.nicechat().add_fault(Rule { times: Some(1), ..refused });
    publish_ids(&shop, &["a", "x"]);
    sync(&shop).ended(3);
    assert_eq!(ids(&shop), ["a"]);
    shop.config(IMPORT);
    publish(&shop, &[good("a").at_price("11.00"), good("x")]);
    sync(&shop).ended(0);
    assert_eq!(status(&shop)["owned"]["products"], 2);
    shop.config("[nicechat]\nstrategy = \"api\"\n");
    publish(&shop, &[good("a").at_price("11.00")]);
    assert_eq!(sync(&shop).ended(0).lines(), ["DELETE products x"]);
}

#[test]
fn what_an_import_created_is_remembered_while_it_may_not_be_deleted() {
    let shop = shop(IMPORT);
    publish_ids(&shop, &["a", "b", "dropped"]);
    kill_while_importing(&shop);
    // A row that is too broken to tell its id may be anybody's.
    let feed = |rows: &str| format!("id\ttitle\tprice\n{rows}");
    shop.put_feed(feed("a\tGood a\t10.00 USD\nb\tGood b\t10.00 USD\n\tGood\t1.00 USD\textra\n"));
    let next = sync(&shop).ended(3);
    assert!(!next.lines().iter().any(|line| line.starts_with("DELETE")), "{:?}", next.lines());
    assert_eq!(ids(&shop), ["a", "b", "dropped"]);
    shop.put_feed(feed("a\tGood a\t10.00 USD\nb\tGood b\t10.00 USD\n"));
    let last = sync(&shop).ended(0);
    assert!(last.lines().contains(&"DELETE products dropped".to_owned()), "{:?}", last.lines());
}

/// Answers each request with the next of these bodies, and all later ones with the last.
fn series(bodies: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/feed.xml", listener.local_addr().expect("it"));
    thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let body = bodies.get(n).or(bodies.last()).cloned().unwrap_or_default();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                request.push(byte[0]);
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
        }
    });
    address
}

fn yml(ids: &[&str]) -> String {
    let offers: String = ids
        .iter()
        .map(|id| format!("<offer id=\"{id}\" available=\"true\"><name>{id}</name><price>1</price></offer>\n"))
        .collect();
    format!("<yml_catalog><shop><offers>\n{offers}</offers></shop></yml_catalog>")
}

#[test]
fn what_nicechat_read_in_a_newer_feed_than_we_did_is_ours() {
    let (old, newer) = (yml(&["a", "b"]), yml(&["a", "b", "new"]));
    // We, NiceChat, we again; and then the next pass.
    let address = series(vec![old.clone(), newer.clone(), newer, old]);
    let shop = shop(&format!("{IMPORT}[source]\nlocation = {address:?}\n"));
    sync(&shop).ended(0);
    assert_eq!(ids(&shop), ["a", "b", "new"]);
    assert_eq!(status(&shop)["owned"]["products"], 3);
    let next = sync(&shop).ended(0);
    assert_eq!(next.lines(), ["DELETE products new"]);
}

/// What it left of the feed that was there before is put right all the same.
#[test]
fn a_page_in_the_feeds_place_after_an_import_changes_nothing() {
    let (feed, page) = (yml(&["a", "b"]), "<!DOCTYPE html><html><body>Sorry</body></html>".to_owned());
    // We, NiceChat, and we again.
    let address = series(vec![feed.clone(), feed, page]);
    let shop = shop(&format!("{IMPORT}[source]\nlocation = {address:?}\n"));
    let partly = ImportFails::always(ImportFailure::Partial { every: NonZeroUsize::new(2).expect("two") });
    shop.nicechat().set_rules(Rules { import_fails: Some(partly), ..shop.nicechat().rules() });
    sync(&shop).ended(0);
    assert_eq!(ids(&shop), ["a", "b"]);
}

/// It stays as long as a product that can't be deleted lies in it, and no other listing is read.
#[test]
fn a_category_that_an_import_created_and_the_feed_then_drops_is_deleted_after_its_products() {
    let offer = |id: &str, category: &str| {
        format!("<offer id='{id}'><name>{id}</name><price>1</price><categoryId>{category}</categoryId></offer>")
    };
    let feed = |offers: &str| {
        let categories = "<categories><category id='A'>A</category><category id='K'>K</category></categories>";
        format!("<yml_catalog><shop>{categories}<offers>{offers}</offers></shop></yml_catalog>")
    };
    let shop = shop(&format!("{IMPORT}retries = 0\n"));
    shop.put_feed(feed(&(offer("a", "A") + &offer("dropped", "K"))));
    kill_while_importing(&shop);
    shop.put_feed(feed(&offer("a", "A")));
    shop.nicechat().add_fault(Rule { method: Some("DELETE".to_owned()), ..Rule::new(Fault::status(500)) });
    assert!(sync(&shop).ended(1).lines().contains(&"DELETE products dropped".to_owned()));
    let categories = || shop.nicechat().objects(Kind::Category).into_keys().collect::<Vec<_>>();
    assert_eq!(categories(), ["A", "K"], "the product is in it");
    shop.config("[nicechat]\nstrategy = \"api\"\nretries = 0\n");
    assert_eq!(sync(&shop).ended(1).lines(), ["DELETE products dropped"], "as long as it is");
    shop.nicechat().clear_faults();
    assert_eq!(sync(&shop).ended(0).lines(), ["DELETE products dropped", "DELETE categories K"]);
    assert_eq!((ids(&shop), categories()), (vec!["a".to_owned()], vec!["A".to_owned()]));
    assert_eq!(sync(&shop).ended(0).lines(), [""; 0], "once");
}

#[test]
fn what_no_request_of_ours_created_is_not_ours() {
    for code in [401, 403, 429] {
        let shop = shop("[nicechat]\nstrategy = \"api\"\nretries = 0\n");
        publish_ids(&shop, &["a"]);
        sync(&shop).ended(0);
        // Somebody makes by hand what the feed has from then on, and no create gets through.
        shop.nicechat().put(Kind::Product, object(json!({"id": "x", "title": "By hand"})));
        shop.nicechat().add_fault(Rule { method: Some("POST".to_owned()), ..Rule::new(Fault::status(code)) });
        publish_ids(&shop, &["a", "x"]);
        for _ in 0..2 {
            sync(&shop).ended(1);
        }
        shop.nicechat().clear_faults();
        publish_ids(&shop, &["a"]);
        assert_eq!(sync(&shop).ended(0).lines(), [""; 0], "{code}");
        assert_eq!(ids(&shop), ["a", "x"]);
        assert_eq!((&status(&shop)["failed"], &status(&shop)["pending"]), (&json!([]), &json!(0)));
    }
}

#[test]
fn what_a_lost_create_may_have_made_is_ours_whatever_becomes_of_the_next_one() {
    let shop = shop("[nicechat]\nstrategy = \"api\"\nretries = 0\n");
    publish_ids(&shop, &["a"]);
    sync(&shop).ended(0);
    publish_ids(&shop, &["a", "x"]);
    let busy = || Rule::new(Fault::status(429));
    for rule in [busy(), Rule { applied: true, ..Rule::new(Fault::Reset) }, busy()] {
        shop.nicechat().add_fault(Rule { method: Some("POST".to_owned()), times: Some(1), ..rule });
        sync(&shop).ended(1);
    }
    publish_ids(&shop, &["a"]);
    assert_eq!(sync(&shop).ended(0).lines(), ["DELETE products x"]);
    assert_eq!(ids(&shop), ["a"]);
}

#[test]
fn how_many_objects_are_nobodys_is_told() {
    let shop = shop("");
    publish_ids(&shop, &["a"]);
    let nicechat = shop.nicechat();
    sync(&shop).ended(0);
    assert_eq!(status(&shop).get("foreign"), None);
    for id in ["x", "y"] {
        nicechat.put(Kind::Product, object(json!({"id": id, "title": id})));
    }
    nicechat.put(Kind::Category, object(json!({"id": "k", "name": "K"})));
    let repair = resync(&shop).ended(0);
    let told = "Not ours at NiceChat: 2 products, 1 category, left alone";
    assert!(repair.output.stdout.contains(told), "{}", repair.output.stdout);
    assert!(shop.run(&["status"]).stdout.contains(told));
    assert_eq!(status(&shop)["foreign"], json!({"categories": 1, "products": 2}));
    // One that the feed has from now on is adopted, one that is taken away is nobody's no more.
    publish_ids(&shop, &["a", "x"]);
    resync(&shop).ended(0);
    assert_eq!(status(&shop)["foreign"], json!({"categories": 1, "products": 1}));
    shop.config("[nicechat]\nprune = \"all\"\n");
    resync(&shop).ended(0);
    assert_eq!(status(&shop).get("foreign"), None);
    assert_eq!(ids(&shop), ["a", "x"]);
}

#[test]
fn a_row_that_we_do_not_take_but_an_import_does_is_deleted_when_it_goes() {
    let shop = shop(IMPORT);
    let offer = |id: &str, price: &str| {
        format!("<offer id=\"{id}\" available=\"true\"><name>{id}</name><price>{price}</price></offer>\n")
    };
    let feed = |offers: &str| format!("<yml_catalog><shop><offers>\n{offers}</offers></shop></yml_catalog>");
    // NiceChat makes something of a price that can't be read for sure.
    shop.put_feed(feed(&format!("{}{}", offer("a", "1"), offer("unsure", "1..2"))));
    sync(&shop).ended(3);
    assert_eq!(ids(&shop), ["a", "unsure"]);
    shop.put_feed(feed(&offer("a", "1")));
    assert_eq!(sync(&shop).ended(0).lines(), ["DELETE products unsure"]);
}

#[test]
fn somebody_elses_product_stays_also_when_the_feed_had_a_row_of_its_id() {
    for config in [IMPORT, "[nicechat]\nstrategy = \"api\"\n"] {
        let shop = shop(config);
        shop.nicechat().put(Kind::Product, object(json!({"id": "theirs", "title": "Theirs", "price": 1.0})));
        let feed = |rows: &str| format!("id\ttitle\tprice\na\tA\t1.00 USD\n{rows}");
        shop.put_feed(feed("theirs\tTheirs\tnot a price\n"));
        sync(&shop).ended(3);
        shop.put_feed(feed(""));
        let next = sync(&shop).ended(0);
        assert!(!next.lines().iter().any(|line| line.starts_with("DELETE")), "{:?}", next.lines());
        assert_eq!(ids(&shop), ["a", "theirs"]);
    }
}

#[test]
fn an_import_that_ends_after_the_pass_that_looked_for_it_is_noticed() {
    let shop = shop("");
    publish_ids(&shop, &["a", "b", "dropped"]);
    give_up(&shop);
    publish_ids(&shop, &["a", "b"]);
    sync(&shop).ended(0);
    assert_eq!(ids(&shop), ["a", "b"]);
    // It is still enqueued: one request a pass.
    assert_eq!(sync(&shop).ended(0).tally(), "1 GET ?");
    end_late(&shop, &["dropped"]);
    let found = sync(&shop).ended(0);
    assert!(found.lines().contains(&"DELETE products dropped".to_owned()), "{:?}", found.lines());
    assert_eq!(ids(&shop), ["a", "b"]);
    assert_eq!(sync(&shop).ended(0).tally(), "", "and asked after no more");
}

/// One answer is no proof: the first poll doesn't take it for one either.
#[test]
fn an_import_that_was_given_up_and_is_not_found_may_come_to_something_yet() {
    let shop = shop("");
    publish_ids(&shop, &["a", "b", "dropped"]);
    give_up(&shop);
    publish_ids(&shop, &["a", "b"]);
    sync(&shop).ended(0);
    let path = Some("import-products-result/".to_owned());
    shop.nicechat().add_fault(Rule { path, times: Some(1), ..Rule::new(Fault::status(404)) });
    sync(&shop).ended(0);
    shop.nicechat().put(Kind::Product, object(json!({"id": "dropped", "title": "Late", "price": 10.0})));
    assert_eq!(sync(&shop).ended(0).lines(), ["DELETE products dropped"]);
    assert_eq!(ids(&shop), ["a", "b"]);
}

#[test]
fn what_an_import_that_ends_late_brings_back_is_deleted_although_it_was_ours_meanwhile() {
    let shop = shop("[nicechat]\nstrategy = \"api\"\n");
    publish_ids(&shop, &["a", "had"]);
    sync(&shop).ended(0);
    publish_ids(&shop, &["a", "had", "new"]);
    give_up(&shop);
    sync(&shop).ended(0);
    assert_eq!(ids(&shop), ["a", "had", "new"]);
    publish_ids(&shop, &["a"]);
    sync(&shop).ended(0);
    assert_eq!(ids(&shop), ["a"]);
    end_late(&shop, &["had", "new"]);
    let mut found = sync(&shop).ended(0).lines();
    // Side by side.
    found.sort();
    assert_eq!(found, ["DELETE products had", "DELETE products new"]);
    assert_eq!(sync(&shop).ended(0).tally(), "", "and asked after no more");
}
