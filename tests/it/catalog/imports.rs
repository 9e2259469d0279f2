//! Feed imports: NiceChat fetches the feed by itself, and what that leaves is put right.

use std::io::{Read as _, Write as _};
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::kit::goods::{self, Ran, assert_equal, good, run, sync};
use crate::kit::process::{self, Process};
use crate::kit::{FEED, Shop, gzip, wait_until};
use sandbox::{Catalog, Fault, ImportFails, ImportFailure, Kind, Rule, Rules};
use serde_json::{Value, json};

const IMPORT: &str = "[nicechat]\nstrategy = \"import\"\n";
const AUTO: &str = "[nicechat]\nstrategy = \"auto\"\n";

/// A YML feed of these products, each at this price, in one category.
fn yml(products: &[(&str, &str)]) -> String {
    let offers = products.iter().map(|(id, price)| {
        format!(
            "<offer id=\"{id}\" available=\"true\"><name>Good {id}</name><price>{price}</price>\
             <currencyId>USD</currencyId><categoryId>7</categoryId><url>https://shop.example/{id}</url>\
             <picture>https://shop.example/{id}.jpg</picture></offer>\n"
        )
    });
    let offers: String = offers.collect();
    format!(
        "<yml_catalog><shop><categories><category id=\"7\">Light</category></categories>\
         <offers>\n{offers}</offers></shop></yml_catalog>"
    )
}

/// A shop whose NiceChat has pictures of its own.
fn shop(config: &str) -> Shop {
    let shop = Shop::new();
    shop.config(config);
    let nicechat = shop.nicechat();
    nicechat.set_rules(Rules { cdn: true, import_recopies_images: true, ..nicechat.rules() });
    shop
}

/// A pass, with what it asked for as `n METHOD what`.
fn counted(shop: &Shop, arguments: &[&str]) -> (Ran, Vec<String>) {
    shop.nicechat().take_requests();
    let output = shop.run(arguments);
    let counts = shop.nicechat().counts();
    let counts = counts.iter().map(|(what, n)| format!("{n} {what}")).collect();
    (Ran { output, requests: shop.nicechat().take_requests(), fetched: Vec::new() }, counts)
}

fn prices(shop: &Shop) -> Vec<String> {
    let products = shop.nicechat().objects(Kind::Product);
    products.iter().map(|(id, object)| format!("{id} {}", object["price"])).collect()
}

fn status(shop: &Shop) -> Value {
    shop.json(&["status", "--format", "json"])
}

#[test]
fn an_import_replaces_a_request_an_object() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "10.00"), ("b", "20.00"), ("c", "30.00")]));
    let (_, counts) = counted(&shop, &["run", "--once"]);
    assert_eq!(
        counts,
        ["2 GET categories", "1 GET import-products-result", "2 GET products", "1 POST import-products"],
        "the listing is read before (it is the first pass) and after"
    );
    assert_eq!(prices(&shop), ["a 10.00", "b 20.00", "c 30.00"]);
    let pushed = &shop.nicechat().imports()[0];
    assert_eq!((pushed.url.as_str(), &pushed.callback), (shop.feed_url().as_str(), &None));
    let status = status(&shop);
    assert_eq!(status["last_pass"]["created"], 4, "what the import created counts as created");
    assert_eq!(status["owned"], json!({"categories": 1, "products": 3}));
    let import = &status["imports"][0];
    assert_eq!((&import["state"], &import["imported"], &import["left"]), (&json!("success"), &json!(3), &json!(0)));
    assert_eq!(import["token"], pushed.token);
    assert!(import["pushed"].is_string() && import["updated"].is_string(), "{import}");
    // And then nothing is left to be done.
    assert_eq!(counted(&shop, &["run", "--once"]).1, [""; 0]);
    let (_, resync) = counted(&shop, &["run", "--resync"]);
    assert_eq!(resync, ["1 GET categories", "1 GET products"]);
}

#[test]
fn what_an_import_leaves_otherwise_goes_by_the_api() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "10.00"), ("b", "20.00"), ("c", "30.00"), ("gone", "1.00")]));
    sync(&shop).ended(0);
    let nicechat = shop.nicechat();
    // Missing, unequal, and still there though gone from the feed.
    let every = NonZeroUsize::new(2).expect("two");
    let partly = ImportFails::always(ImportFailure::Partial { every });
    nicechat.set_rules(Rules { import_fails: Some(partly), ..nicechat.rules() });
    shop.put_feed(yml(&[("a", "11.00"), ("b", "21.00"), ("c", "31.00"), ("new", "5.00")]));
    let (pass, _) = counted(&shop, &["run", "--once"]);
    let pass = pass.ended(0);
    assert!(pass.output.stdout.contains("NiceChat imported 2 of the feed's 4 items"), "{}", pass.output.stdout);
    let mut writes: Vec<String> = pass.lines().into_iter().filter(|line| !line.contains("POST ?")).collect();
    // What is wanted goes side by side, what isn't after it.
    writes[..2].sort();
    assert_eq!(writes, ["PATCH products b", "POST products new", "DELETE products gone"]);
    assert_eq!(pass.body("PATCH", "b"), json!({"price": serde_json::from_str::<Value>("21.00").expect("a number")}));
    assert_eq!(prices(&shop), ["a 11.00", "b 21.00", "c 31.00", "new 5.00"]);
    let told = shop.json(&["history", "--format", "json"]);
    let line = |entry: &Value| format!("{} {} {}", entry["change"], entry["id"], entry["why"]).replace('"', "");
    let mut lines: Vec<String> = told.as_array().expect("a list").iter().map(line).collect();
    lines.retain(|line| !line.contains("first load") && !line.contains("gone"));
    lines.sort();
    // The import did every other one.
    assert_eq!(lines, ["created new feed line 5", "updated a import", "updated b feed line 3", "updated c import"]);
    let status = status(&shop);
    let import = &status["imports"][0];
    assert_eq!((&import["expected"], &import["imported"], &import["left"]), (&json!(4), &json!(2), &json!(2)));
    assert_eq!(import["warning"], "NiceChat imported 2 of the feed's 4 items");
    assert!(shop.run(&["status"]).stdout.contains("2 elements imported, 2 objects put right by the API"));
}

#[test]
fn a_google_feed_gets_our_categories_after_its_import() {
    let shop = shop(IMPORT);
    let goods = [good("a"), good("b").in_category("Home > Garden")];
    goods::publish(&shop, &goods);
    let pass = sync(&shop).ended(0);
    let writes: Vec<String> = pass.lines().into_iter().filter(|line| !line.contains("POST ?")).collect();
    assert_eq!(writes.len(), 4, "{writes:?}");
    assert!(pass.body("PATCH", "a").as_object().expect("fields").keys().eq(["category"]));
    assert_eq!(shop.nicechat().object(Kind::Product, "a").expect("it")["category"], goods::category_id("Home > Light"));
    // What was created and put right counts once.
    let last = &status(&shop)["last_pass"];
    assert_eq!((&last["created"], &last["updated"]), (&json!(4), &json!(0)));
}

#[test]
fn auto_takes_the_cheaper_way_and_says_why() {
    let shop = shop(AUTO);
    let publish = |items: usize, changed: f64| {
        let mut feed = Vec::new();
        Catalog { items, changed, ..Catalog::default() }.write_yml(&mut feed).expect("a feed");
        shop.put_feed(feed);
    };
    publish(1_000, 0.0);
    let plan = shop.json(&["plan", "--format", "json"]);
    assert_eq!(plan["strategy"], "import");
    let requests = |way: &str| plan["why"][way]["requests"].as_u64().expect("a count");
    assert!(requests("api") > 1_000 && requests("import") < 50, "{}", plan["why"]);
    assert!(
        plan["why"]["reason"].as_str().expect("a text").starts_with("By an import of the feed where it is, with what"),
        "{}",
        plan["why"]
    );
    let text = shop.run(&["plan"]).stdout;
    assert!(
        text.contains("\nBy an import of the feed where it is, with what it leaves sent by the API, about "),
        "{text}"
    );
    assert!(text.contains("the API alone would take about 1"), "{text}");
    let (_, counts) = counted(&shop, &["run", "--once"]);
    assert!(counts.contains(&"1 POST import-products".to_owned()), "{counts:?}");
    assert!(!counts.iter().any(|count| count.ends_with("POST products")), "{counts:?}");
    publish(1_000, 1.0);
    let plan = shop.json(&["plan", "--format", "json"]);
    assert_eq!(plan["strategy"], "api", "{}", plan["why"]);
    let (_, counts) = counted(&shop, &["run", "--once"]);
    assert!(!counts.iter().any(|count| count.contains("import")), "{counts:?}");
    publish(1_000, 90.0);
    assert_eq!(shop.json(&["plan", "--format", "json", "--force"])["strategy"], "import");
}

#[test]
fn auto_without_an_address_means_the_api() {
    let shop = shop(AUTO);
    let mut feed = Vec::new();
    Catalog { items: 1_000, ..Catalog::default() }.write_yml(&mut feed).expect("a feed");
    let path = shop.write("feed.xml", feed);
    shop.config(&format!("{AUTO}[source]\nlocation = {path:?}\n"));
    let plan = shop.json(&["plan", "--format", "json"]);
    assert_eq!((&plan["strategy"], &plan["why"]["import"]), (&json!("api"), &Value::Null));
    let reason = plan["why"]["reason"].as_str().expect("a text");
    assert!(reason.contains("it is a file of this machine, and no [http] public_url is set"), "{reason}");
}

/// It is told the whole address of the feed, and may say it to everybody.
#[test]
fn what_nicechat_says_of_the_feed_is_told_without_its_secrets() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00")]));
    let url = format!("{}?token=hunter2", shop.feed_url());
    shop.config(&format!("{IMPORT}[source]\nlocation = {url:?}\n"));
    let words = json!({"status": "error", "code": 400, "description": format!("can't fetch {url}"), "result": null});
    let fault = Fault::Json { code: 400, body: words };
    shop.nicechat().add_fault(Rule { path: Some("import-products/".to_owned()), ..Rule::new(fault) });
    let outputs = [shop.run(&["run", "--once"]), shop.run(&["status"]), shop.run(&["status", "--format", "json"])];
    assert!(outputs[0].stderr.contains("token=***"), "{:?}", outputs[0]);
    for output in outputs {
        assert!(!format!("{output:?}").contains("hunter2"), "{output:?}");
    }
}

#[test]
fn import_without_an_address_is_a_config_error() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00")]));
    for source in ["location = \"feed.xml\"", "username = \"u\"\npassword = \"p\"", "type = \"google-xml\""] {
        shop.config(&format!("{IMPORT}[source]\n{source}\n"));
        let told = shop.run(&["run", "--once"]).expect_code(2).stderr;
        assert!(told.contains("nicechat.strategy = \"import\": NiceChat can't fetch the feed: "), "{told}");
        assert!(told.contains("shelfkeeper.toml:") && told.contains("public_url"), "{told}");
        shop.config(&format!("{IMPORT}[source]\n{source}\n[http]\npublic_listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:1/\"\n"));
        shop.run(&["check"]).expect_code(0);
    }
    // A type that only the feed itself tells.
    shop.put_feed("<rss xmlns:g=\"http://base.google.com/ns/1.0\"><channel><item><g:id>1</g:id><title>A</title></item></channel></rss>");
    shop.config(IMPORT);
    for command in [["run", "--once"].as_slice(), &["plan"]] {
        let told = shop.run(command).expect_code(2).stderr;
        assert!(told.contains("not google-xml"), "{told}");
    }
    assert!(shop.nicechat().take_requests().iter().all(|request| request.method == "GET"));
}

/// A port that was free a moment ago.
pub(super) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port()
}

#[test]
fn a_feed_that_nicechat_cannot_fetch_is_served_and_its_end_called_back() {
    let shop = Shop::new();
    let goods: Vec<_> =
        (0..1_200).map(|n| good(&format!("p{n:04}")).with(|g| g.title = format!("A & <B> {n}"))).collect();
    let path = shop.write("feed.txt", goods::feed(&goods));
    let port = free_port();
    let config = format!(
        "{AUTO}[source]\nlocation = {path:?}\n[http]\npublic_listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n"
    );
    shop.config(&config);
    let nicechat = shop.nicechat();
    let planned = shop.run(&["plan"]).expect_code(0).stdout;
    assert!(planned.contains("By an import of the feed from here"), "{planned}");
    let slow = Duration::from_millis(300);
    nicechat.set_rules(Rules { import_started: slow, ..nicechat.rules() });
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    pass.ended(0);
    assert_eq!(
        counts,
        ["2 GET categories", "1 GET import-products-result", "13 GET products", "1 POST import-products"],
        "nothing is left to be put right: ids of categories and all"
    );
    assert_equal(&shop, &goods);
    let import = nicechat.imports().remove(0);
    assert_eq!((import.fetched, import.called_back, import.imported), (Some(200), Some(204), 1_200));
    // A first change by import, with the unchanged rest served from the state.
    let changed: Vec<_> = goods.iter().skip(1).cloned().map(|good| good.at_price("12.34")).collect();
    std::fs::write(&path, gzip(goods::feed(&changed))).expect("written");
    let (pass, _) = counted(&shop, &["run", "--once"]);
    assert_eq!(pass.ended(0).lines().iter().filter(|line| !line.contains("POST ?")).count(), 1, "one deletion");
    assert_equal(&shop, &changed);
    // The addresses are gone with the import.
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_failed_import_goes_on_by_the_api_and_after_three_it_is_not_tried_again() {
    let shop = shop("");
    // A slow API, so that an import would pay and the pass can be cut off in its middle.
    shop.config("[nicechat]\nstrategy = \"auto\"\nconcurrency = 1\nrequests_per_second = 20\n");
    let nicechat = shop.nicechat();
    let publish = |price: &str| {
        let ids: Vec<String> = (0..300).map(|n| format!("p{n:03}")).collect();
        let products: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), price)).collect();
        shop.put_feed(yml(&products));
    };
    nicechat.set_rules(Rules { import_fails: Some(ImportFails::always(ImportFailure::Before)), ..nicechat.rules() });
    publish("1.00");
    for round in 1..=3 {
        let mut pass = Process::start(shop.command(&["run", "--once"]));
        wait_until("the import has failed and the API is used", || {
            nicechat.imports().len() == round
                && nicechat.requests().iter().any(|request| request.applied && request.kind.is_some())
        });
        assert_eq!(pass.log().matches("changes go by the API until a resync").count(), usize::from(round == 3));
        pass.signal("TERM");
        pass.ends_within(Duration::from_secs(10));
        nicechat.take_requests();
    }
    let plan = shop.json(&["plan", "--format", "json"]);
    assert_eq!(plan["strategy"], "api");
    assert!(
        plan["why"]["reason"].as_str().expect("a text").contains("3 imports failed in a row; a resync tries again")
    );
    assert_eq!(shop.json(&["plan", "--resync", "--format", "json"])["strategy"], "import");
    let imports = status(&shop)["imports"].as_array().expect("imports").clone();
    assert_eq!(imports.len(), 3);
    assert!(imports.iter().all(|import| import["state"] == "failed" && import["reason"].is_string()), "{imports:?}");
}

#[test]
fn with_strategy_import_a_failure_ends_the_pass_and_the_next_one_tries_again() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00")]));
    let nicechat = shop.nicechat();
    nicechat.set_rules(Rules { import_fails: Some(ImportFails::next(1, ImportFailure::Halfway)), ..nicechat.rules() });
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    let pass = pass.ended(1);
    assert!(pass.output.stderr.contains("the import failed: NiceChat says that it failed; the next pass tries again"));
    assert_eq!(
        counts,
        ["1 GET categories", "1 GET import-products-result", "1 GET products", "1 POST import-products"]
    );
    assert_eq!(status(&shop)["last_pass"]["outcome"], "failed");
    let (pass, _) = counted(&shop, &["run", "--once"]);
    pass.ended(0);
    assert_eq!(nicechat.imports().len(), 2);
    assert_eq!(prices(&shop), ["a 1.00"]);
}

#[test]
fn a_token_that_is_forgotten_or_an_import_that_never_ends_is_a_failure() {
    for (failure, reason) in [
        (ImportFailure::Forgotten { imported: true }, "NiceChat has forgotten it (404)"),
        (ImportFailure::StuckStarted, "it is still started after 1s (nicechat.import_timeout)"),
        (ImportFailure::StuckEnqueued, "it is still enqueued after 1s (nicechat.import_timeout)"),
    ] {
        let shop = shop("[nicechat]\nstrategy = \"import\"\nimport_timeout = \"1s\"\n");
        shop.put_feed(yml(&[("a", "1.00")]));
        let nicechat = shop.nicechat();
        nicechat.set_rules(Rules { import_fails: Some(ImportFails::always(failure)), ..nicechat.rules() });
        let told = sync(&shop).ended(1).output.stderr;
        assert!(told.contains(reason), "{told}");
        assert_eq!(status(&shop)["imports"][0]["reason"], reason);
        // It may have come to something after all: the next pass looks.
        shop.config("[nicechat]\nstrategy = \"api\"\n");
        let (pass, counts) = counted(&shop, &["run", "--once"]);
        pass.ended(0);
        assert!(counts.contains(&"1 GET products".to_owned()), "{counts:?}");
        assert_eq!(prices(&shop), ["a 1.00"]);
    }
}

#[test]
fn a_push_whose_answer_is_lost_is_not_repeated() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00")]));
    let nicechat = shop.nicechat();
    let push = || Some("import-products/".to_owned());
    nicechat.add_fault(Rule { path: push(), applied: true, times: Some(1), ..Rule::new(Fault::Reset) });
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    pass.ended(1);
    assert!(counts.contains(&"1 POST import-products".to_owned()), "{counts:?}");
    // The import was made all the same: the next pass finds that out from the listing.
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    pass.ended(0);
    assert_eq!(counts, ["1 GET categories", "1 GET products"]);
    // One that is answered with "try again" is.
    shop.put_feed(yml(&[("a", "2.00")]));
    nicechat.add_fault(Rule { path: push(), times: Some(1), ..Rule::new(Fault::status(503)) });
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    pass.ended(0);
    assert!(counts.contains(&"2 POST import-products".to_owned()), "{counts:?}");
    assert_eq!(nicechat.imports().len(), 2);
}

#[test]
fn polls_that_fail_are_only_asked_again() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00")]));
    let path = Some("import-products-result/".to_owned());
    shop.nicechat().add_fault(Rule { path, times: Some(2), ..Rule::new(Fault::Html200) });
    sync(&shop).ended(0);
    assert_eq!(shop.nicechat().imports().len(), 1);
}

#[test]
fn nicechat_without_imports_costs_one_request() {
    let shop = shop("");
    let ids: Vec<String> = (0..300).map(|n| format!("p{n:03}")).collect();
    let products: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "1.00")).collect();
    shop.put_feed(yml(&products));
    shop.config(AUTO);
    let path = Some("import-products/".to_owned());
    shop.nicechat().add_fault(Rule { path, ..Rule::new(Fault::status(404)) });
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    let pass = pass.ended(0);
    assert!(
        pass.output.stdout.contains("The import failed: NiceChat offers no imports (404)."),
        "{}",
        pass.output.stdout
    );
    assert_eq!(
        counts,
        ["1 GET categories", "1 GET products", "1 POST categories", "1 POST import-products", "300 POST products"]
    );
}

#[test]
fn what_the_guard_holds_is_not_pushed() {
    let shop = shop(IMPORT);
    let ids: Vec<String> = (0..40).map(|n| format!("p{n:02}")).collect();
    let all: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "1.00")).collect();
    shop.put_feed(yml(&all));
    sync(&shop).ended(0);
    let half: Vec<(&str, &str)> = all.iter().take(20).map(|(id, _)| (*id, "2.00")).collect();
    shop.put_feed(yml(&half));
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    pass.ended(4);
    // What is held waits; the prices don't.
    assert_eq!(counts, ["20 PATCH products"]);
    assert_eq!(shop.nicechat().imports().len(), 1);
    let (pass, _) = counted(&shop, &["run", "--once", "--force"]);
    pass.ended(0);
    assert_eq!(shop.nicechat().objects(Kind::Product).len(), 20);
}

#[test]
fn after_a_kill_the_import_is_asked_after_and_never_pushed_twice() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00"), ("b", "2.00")]));
    let nicechat = shop.nicechat();
    let rules = nicechat.rules();
    // Until it is let go on.
    let slow = Duration::from_secs(600);
    nicechat.set_rules(Rules { import_started: slow, ..rules.clone() });
    let pass = Process::start(shop.command(&["run", "--once"]));
    wait_until("the first poll", || nicechat.counts().contains_key("GET import-products-result"));
    let token = nicechat.imports()[0].token.clone();
    assert_eq!(status(&shop)["imports"][0]["token"], token.as_str(), "it is in the state before the first poll");
    pass.kill();
    nicechat.take_requests();
    let mut again = Process::start(shop.command(&["run", "--once"]));
    wait_until("it is asked after", || nicechat.counts().contains_key("GET import-products-result"));
    assert!(!nicechat.counts().contains_key("POST import-products"));
    // Ctrl-C leaves it to the next pass as well.
    again.signal("INT");
    assert_eq!(again.ends_within(Duration::from_secs(10)), Some(1));
    assert_eq!(status(&shop)["imports"][0]["state"], "started");
    run(&shop, &["plan"]).ended(0);
    assert_eq!(nicechat.imports().len(), 1);
}

#[test]
fn a_kill_after_the_import_is_done_costs_a_poll_and_the_listing() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00"), ("b", "2.00")]));
    let nicechat = shop.nicechat();
    // The answer to the first poll never comes.
    let path = Some("import-products-result/".to_owned());
    nicechat.add_fault(Rule { path, times: Some(1), ..Rule::new(Fault::Hang) });
    let pass = Process::start(shop.command(&["run", "--once"]));
    wait_until("the first poll", || nicechat.counts().contains_key("GET import-products-result"));
    pass.kill();
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    pass.ended(0);
    assert_eq!(counts, ["1 GET categories", "1 GET import-products-result", "1 GET products"]);
    assert_eq!(prices(&shop), ["a 1.00", "b 2.00"]);
    assert_eq!(shop.fetches().iter().filter(|fetch| fetch.path.contains(FEED)).count(), 3, "one by NiceChat");
}

/// One request to our own listener, and the status of its answer.
fn ask(port: u16, head: &str, body: &[u8]) -> u16 {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    let head =
        format!("{head} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).expect("sent");
    // What is too long need not be taken to its end.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let line = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {line:?}"))
}

#[test]
fn a_callback_makes_the_daemon_ask_at_once_and_is_not_trusted() {
    let shop = shop("");
    let port = free_port();
    shop.config(&format!(
        "{IMPORT}[source]\nschedule = \"every 1s\"\n\
         [http]\nlisten = \"\"\npublic_listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}/\"\n"
    ));
    shop.put_feed(yml(&[("a", "1.00")]));
    let nicechat = shop.nicechat();
    nicechat.set_rules(Rules { import_started: Duration::from_secs(600), ..nicechat.rules() });
    let polls = || nicechat.counts().get("GET import-products-result").copied().unwrap_or_default();
    let daemon = Process::start(shop.command(&["run"]));
    wait_until("the feed is pushed", || nicechat.imports().len() == 1);
    daemon.wait_for_log("NiceChat was told to import the feed", 1);
    let import = nicechat.imports().remove(0);
    let callback = import.callback.expect("a callback");
    let path = callback.strip_prefix(&format!("http://127.0.0.1:{port}")).expect("our own address").to_owned();
    let began = std::time::Instant::now();
    for _ in 0..5 {
        let before = polls();
        // It says that all is done, which is a lie.
        assert_eq!(ask(port, &format!("POST {path}"), b"imported_elements_count=1&state=success"), 204);
        wait_until("it was asked after", || polls() > before);
    }
    assert!(began.elapsed() < Duration::from_secs(15), "five polls by the clock take 26 s");
    assert_eq!(ask(port, &format!("POST {path}"), &[b'x'; 70_000]), 413);
    assert_eq!(ask(port, &format!("GET {path}"), b""), 405);
    assert_eq!(ask(port, "POST /import/guess/callback", b"a=b"), 404);
    assert_eq!(ask(port, "GET /import/guess/feed.yml", b""), 404);
    // The feed is not ours to serve: NiceChat has it from the shop.
    assert_eq!(ask(port, &format!("GET {}", path.replace("callback", "feed.yml")), b""), 404);
    // Ticks of the schedule wait for the import in flight.
    assert_eq!(nicechat.imports().len(), 1);
    assert_eq!(status(&shop)["imports"][0]["state"], "started");
    drop(daemon);
}

#[test]
fn a_daemon_serves_the_feed_on_its_own_listener_and_counts_the_import() {
    let shop = shop("");
    let (port, private) = (free_port(), free_port());
    let path = shop.write("feed.txt", goods::feed(&goods::goods("p", 30)));
    shop.config(&format!(
        "{IMPORT}[source]\nlocation = {path:?}\nschedule = \"every 12h\"\n\
         [http]\nlisten = \"127.0.0.1:{private}\"\npublic_listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n"
    ));
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log(process::PASS_ENDED, 1);
    let import = shop.nicechat().imports().remove(0);
    assert_eq!((import.imported, import.fetched), (30, Some(200)));
    assert_eq!(import.url.matches('/').count(), 5, "http://…/import/DOOR/feed.yml: {}", import.url);
    let feed = import.url.strip_prefix(&format!("http://127.0.0.1:{port}")).expect("our own address").to_owned();
    assert_eq!(ask(port, &format!("GET {feed}"), b""), 404, "it is gone with the import");
    assert_eq!(ask(private, "GET /readyz", b""), 200);
    let body = {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", private)).expect("somebody listens");
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        answer
    };
    assert!(body.contains("shelfkeeper_imports_total{state=\"success\"} 1"), "{body}");
    drop(daemon);
}

#[test]
fn a_service_that_asks_to_be_left_alone_cannot_hold_an_import_beyond_its_time() {
    let shop = shop("[nicechat]\nstrategy = \"import\"\nimport_timeout = \"1s\"\n");
    shop.put_feed(yml(&[("a", "1.00")]));
    let busy = Fault::Status { code: 429, retry_after: Some("400".to_owned()), html: false };
    let path = Some("import-products-result/".to_owned());
    shop.nicechat().add_fault(Rule { path, ..Rule::new(busy) });
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    assert!(pass.ended(1).output.stderr.contains("it is still enqueued after 1s"));
    assert!(counts.contains(&"1 GET import-products-result".to_owned()), "{counts:?}");
}

#[test]
fn a_wrong_key_says_nothing_about_imports() {
    let shop = shop(AUTO);
    let ids: Vec<String> = (0..600).map(|n| format!("p{n:03}")).collect();
    let products: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "1.00")).collect();
    shop.put_feed(yml(&products));
    let path = Some("import-products/".to_owned());
    shop.nicechat().add_fault(Rule { path, times: Some(3), ..Rule::new(Fault::status(401)) });
    for _ in 0..3 {
        assert!(sync(&shop).ended(1).output.stderr.contains("check api_key and api_secret"));
    }
    assert_eq!(shop.json(&["plan", "--format", "json"])["strategy"], "import");
}

#[test]
fn the_served_feed_has_what_the_feed_has_and_nothing_else() {
    let shop = Shop::new();
    let port = free_port();
    let goods = goods::goods("p", 30);
    let path = shop.write("feed.txt", goods::feed(&goods));
    shop.config(&format!(
        "[nicechat]\nstrategy = \"import\"\nprune = \"none\"\n[source]\nlocation = {path:?}\n\
         [http]\npublic_listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n"
    ));
    sync(&shop).ended(0);
    let fewer: Vec<_> = goods.iter().take(20).cloned().map(|good| good.at_price("9.00")).collect();
    std::fs::write(&path, goods::feed(&fewer)).expect("written");
    sync(&shop).ended(0);
    let imported: Vec<usize> = shop.nicechat().imports().iter().map(|import| import.imported).collect();
    assert_eq!(imported, [30, 20]);
    assert_eq!(shop.nicechat().objects(Kind::Product).len(), 30);
}

#[test]
fn what_an_import_did_before_a_kill_counts_for_the_pass_that_finds_it() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00"), ("b", "2.00")]));
    let path = Some("import-products-result/".to_owned());
    shop.nicechat().add_fault(Rule { path, times: Some(1), ..Rule::new(Fault::Hang) });
    let pass = Process::start(shop.command(&["run", "--once"]));
    wait_until("the first poll", || shop.nicechat().counts().contains_key("GET import-products-result"));
    pass.kill();
    sync(&shop).ended(0);
    assert_eq!(status(&shop)["last_pass"]["created"], 3);
}

#[test]
fn with_prune_all_the_categories_that_an_import_makes_beside_ours_are_no_loss() {
    let shop = shop("[nicechat]\nstrategy = \"import\"\nprune = \"all\"\n");
    let goods: Vec<_> = (0..15).map(|n| good(&format!("p{n:02}")).in_category(&format!("Shelf {n}"))).collect();
    goods::publish(&shop, &goods);
    sync(&shop).ended(0);
    assert!(shop.nicechat().objects(Kind::Category).keys().all(|id| id.starts_with("c-")));
}

/// Changed products of a text feed, of which NiceChat makes products in categories of its own.
fn goods_at(price: &str) -> Vec<goods::Good> {
    goods::goods("p", 30).into_iter().map(|good| good.at_price(price)).collect()
}

#[test]
fn what_imports_overwrite_is_repaired_after_every_one_and_never_learned() {
    let shop = shop(IMPORT);
    for price in ["10.00", "11.00", "12.00", "13.00"] {
        goods::publish(&shop, &goods_at(price));
        sync(&shop).ended(0);
        let products = shop.nicechat().objects(Kind::Product);
        let categories = products.values().map(|product| product["category"].as_str().unwrap_or_default());
        assert!(categories.clone().all(|id| id == goods::category_id("Home > Light")), "{price}: {products:?}");
    }
    // What somebody does to them afterwards is drift as ever.
    shop.config("[nicechat]\nstrategy = \"api\"\n");
    for _ in 0..2 {
        let fields = json!({"price": 0.01, "category": null, "in_stock": false});
        shop.nicechat().edit(Kind::Product, "p007", goods::object(fields));
        let repair = goods::resync(&shop).ended(0);
        assert_eq!(repair.lines(), ["PATCH products p007"]);
        assert_eq!(repair.body("PATCH", "p007").as_object().expect("fields").len(), 3);
    }
}
