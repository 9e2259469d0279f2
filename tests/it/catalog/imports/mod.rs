//! Feed imports: NiceChat fetches the feed by itself, and what that leaves is put right.

use std::io::{Read as _, Write as _};
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::kit::goods::{self, Ran, assert_equal, good, run, sync};
use crate::kit::process::{self, Process};
use crate::kit::{FEED, Shop, gzip, wait_until};
use sandbox::{Catalog, Fault, ImportFails, ImportFailure, Kind, Rule, Rules};
use serde_json::{Value, json};

mod failures;
pub(super) mod served;

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
    let told = shop.run(&["status"]).stdout;
    let told: Vec<&str> = told.split_whitespace().collect();
    assert!(told.join(" ").contains("2 elements imported, 2 objects put right by the API"), "{told:?}");
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
    // So it does in the history, where a first load is one line.
    let history = shop.json(&["history", "--format", "json"]);
    assert_eq!(history.as_array().map(Vec::len), Some(1), "{history}");
    assert_eq!((&history[0]["change"], &history[0]["why"]), (&json!("created"), &json!("first load")));
    assert_eq!(history[0]["fields"]["products"], json!({"old": 0, "new": 2}));
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
    assert!(requests("api") > 1_000 && requests("import") < 60, "{}", plan["why"]);
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
fn auto_keeps_broken_rows_from_nicechat() {
    let shop = shop(AUTO);
    let rows: String = (0..1_000).map(|n| format!("p{n:03}\tGood\t1.00 USD\n")).collect();
    // Nobody can tell whose the last one is.
    for (more, strategy) in [("", "import"), ("\tGood\t1.00 USD\textra\n", "api")] {
        shop.put_feed(format!("id\ttitle\tprice\n{rows}{more}"));
        let plan = shop.json(&["plan", "--format", "json"]);
        assert_eq!(plan["strategy"], strategy, "{}", plan["why"]);
    }
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
    assert!(reason.contains("no import: local file, and `[http] public_url` is not set"), "{reason}");
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
        assert!(told.contains("nicechat.strategy = \"import\": no import: "), "{told}");
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
fn what_an_import_has_created_otherwise_is_put_right_without_a_word() {
    let shop = shop(IMPORT);
    let ids: Vec<String> = (0..20).map(|n| format!("p{n:02}")).collect();
    // Of RUR, which the feed calls roubles, NiceChat makes a currency of that name.
    let price = |n: usize| if n < 5 { "1.00" } else { "7.00" };
    let all: Vec<(&str, &str)> = ids.iter().enumerate().map(|(n, id)| (id.as_str(), price(n))).collect();
    shop.put_feed(yml(&all[..5]));
    sync(&shop).ended(0);
    shop.put_feed(yml(&all).replace("7.00</price><currencyId>USD", "7.00</price><currencyId>RUR"));
    sync(&shop).ended(0);
    let products = shop.nicechat().objects(Kind::Product);
    assert_eq!(products.values().filter(|product| product["currency"] == "rub").count(), 15, "{products:?}");
}

#[test]
fn what_was_approved_is_done_behind_the_import_too() {
    let shop = shop(IMPORT);
    let ids: Vec<String> = (0..40).map(|n| format!("p{n:02}")).collect();
    let all: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "1.00")).collect();
    shop.put_feed(yml(&all));
    sync(&shop).ended(0);
    // Prices and deletions are held together, under one digest.
    let half: Vec<(&str, &str)> = all.iter().take(20).map(|(id, _)| (*id, "100.00")).collect();
    shop.put_feed(yml(&half));
    sync(&shop).ended(4);
    let held = status(&shop)["held"].clone();
    assert_eq!(held["held"].as_array().map(Vec::len), Some(2), "{held}");
    shop.run(&["approve", held["digest"].as_str().expect("a digest")]).expect_code(0);
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    pass.ended(0);
    assert!(counts.contains(&"20 DELETE products".to_owned()), "{counts:?}");
    assert_eq!(shop.nicechat().imports().len(), 2);
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
