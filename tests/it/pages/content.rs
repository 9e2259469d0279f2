//! What the first page and a product's page say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::{HOST, NASTY, OPEN, SECRET, complete, get, get_with, holding, lively, request, serve};
use crate::kit::process::Process;
use crate::kit::{Shop, door, goods};

#[test]
fn the_first_page_answers_what_somebody_asks_at_night() {
    let shop = holding(OPEN);
    let (_daemon, address) = serve(&shop);
    let page = get(address, "/");
    let text = page.text();
    assert_eq!((page.status, page.body.matches("<h1").count()), (200, 1), "{text}");
    // Is it running, when was the last good pass, what comes next.
    assert!(page.has("<h1>Held since ") && text.contains("next in 1"), "{text}");
    // Numbers.
    for figure in ["42 products", " categories", "0 rows to mend", "0 waiting", "22 held", "0 refused or failed"] {
        assert!(text.contains(figure), "{figure} in {text}");
    }
    // What is held, and what to do.
    let digest = shop.json(&["status", "--format", "json"])["held"]["digest"].as_str().expect("a digest").to_owned();
    assert!(text.contains(&format!("shelfkeeper approve {digest}")) && text.contains("would go"), "{text}");
    // What changed, from what to what, by how much and why.
    assert!(
        text.contains("removed: Chair 19") && text.contains("price 21.00 → becomes 20.00 −4.8 % feed line 5"),
        "{text}"
    );
    let updated = get(address, "/history?kind=updated");
    let told = updated.text();
    assert!(told.contains("price 10.00 → becomes 1.00 −90 %, a large step feed line 2"), "{told}");
    assert!(get(address, "/history").text().contains("held 20.00 usd it would go gone from the feed of"), "{told}");
    assert!(updated.has("class=\"marked\"") && told.contains("in_stock true → becomes false"), "{told}");
    // A strip of passes, each told in words.
    assert!(page.has("<rect class=\"held\"") && page.has("<rect class=\"changed\"") && page.has("role=\"img\""));
    assert!(text.contains("1 held by the guard") || text.contains("2 held by the guard"), "{text}");
    // Nothing can be done here.
    assert!(!page.has("method=\"post\"") && !page.has("name=\"token\""), "{text}");
}

#[test]
fn what_is_held_is_counted_by_object_and_alike_everywhere() {
    let told = |shop: &Shop, number: u64, words: &str| {
        shop.pass(4);
        assert_eq!(shop.json(&["status", "--format", "json"])["held"]["objects"], number);
        let digest = shop.json(&["status", "--format", "json"])["held"]["digest"].clone();
        for arguments in [&["status"] as &[&str], &["approve"]] {
            let text = shop.run(arguments).stdout;
            assert!(text.contains(words) && text.contains(digest.as_str().expect("a digest")), "{text}");
        }
        let (_daemon, address) = serve(shop);
        let text = get(address, "/").text();
        assert!(text.contains(&format!(" {number} held ")) && text.contains(words), "{text}");
    };
    // One product for two reasons.
    let shop = Shop::new();
    shop.config(OPEN);
    goods::publish(&shop, &goods::goods("p", 30));
    shop.pass(0);
    let mut next = goods::goods("p", 30);
    for (at, good) in next.iter_mut().enumerate() {
        let is_emptied = [at < 15, (5..20).contains(&at)];
        good.price = if is_emptied[0] { String::new() } else { good.price.clone() };
        good.description = if is_emptied[1] { String::new() } else { good.description.clone() };
    }
    goods::publish(&shop, &next);
    told(&shop, 20, "20 objects are held in all, each counted once.");
    // What went before counts for what may go still, and is held no more.
    let shop = Shop::new();
    shop.config(OPEN);
    for (left, code) in [(100, 0), (85, 0), (70, 4)] {
        goods::publish(&shop, &goods::goods("p", left));
        shop.pass(code);
    }
    told(&shop, 15, "15 objects are held now: what went in the last day counts with them.");
}

#[test]
fn rows_to_mend_are_told_with_what_to_do() {
    let shop = lively(OPEN);
    let (_daemon, address) = serve(&shop);
    let page = get(address, "/");
    let text = page.text();
    assert!(page.has("<h1>Equal but for 3 rows of the feed.</h1>") && text.contains("3 rows to mend"), "{text}");
    assert!(text.contains("Could be 1234 or 1.234: write 1234.00"), "{text}");
    assert!(page.has("href=\"/rejected?format=csv\"") && text.contains("the other is on line 2"), "{text}");
    assert!(
        text.contains("Nothing is held.") && text.contains("Nothing is refused, and nothing has failed."),
        "{text}"
    );
    // Sections of systems that the shop hasn't are not there.
    for id in ["orders", "events", "advisors", "availability", "hooks", "imports"] {
        assert!(!page.has(&format!("id=\"{id}\"")), "{id}");
    }
}

#[test]
fn texts_stay_texts_and_nothing_else_is_allowed() {
    let shop = lively(OPEN);
    let (_daemon, address) = serve(&shop);
    for path in [
        "/",
        "/history",
        "/rejected",
        "/product?id=lamp",
        "/product?id=%3Cscript%3Ealert(1)%3C/script%3E",
        "/%3Cscript%3E",
    ] {
        let page = get(address, path);
        assert!(!page.has(NASTY) && !page.has(" style=") && !page.has("onclick"), "{path}: {}", page.body);
        let policy = page.header("content-security-policy").expect("a policy").to_owned();
        for rule in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (tag, rule) in [("style", "style-src"), ("script", "script-src")] {
            let parts: Vec<&str> = page.body.split(&format!("<{tag}>")).skip(1).collect();
            for part in parts {
                let inner = part.split_once(&format!("</{tag}>")).expect("its end").0;
                let digest = STANDARD.encode(Sha256::digest(inner));
                assert!(policy.contains(&format!("{rule} 'sha256-{digest}'")), "{path}: {tag} {digest} in {policy}");
            }
        }
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"),
            ("content-type", "text/html; charset=utf-8"),
        ] {
            assert_eq!(page.header(name), Some(value), "{path}");
        }
    }
    assert!(get(address, "/").has("Lamp &lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn only_systems_that_the_shop_has_are_shown_and_nothing_of_persons() {
    let shop = complete(OPEN);
    let (_daemon, address) = serve(&shop);
    let page = get(address, "/");
    let text = page.text();
    for id in
        ["passes", "held", "rejected", "changes", "hours", "orders", "events", "advisors", "availability", "hooks"]
    {
        assert!(page.has(&format!("<section id=\"{id}\"")), "{id}: {text}");
    }
    assert!(page.has("Brook &amp; Sons") && text.contains("70 orders"), "{text}");
    assert!(page.has("<th scope=\"row\">Mon</th>") && page.has("<th scope=\"col\">23</th>"), "{text}");
    for path in ["/", "/orders", "/orders?by=agent", "/orders?format=json", "/orders?format=csv"] {
        let body = get(address, path).body;
        for personal in ["client-1@", "Client-1", "First-1", "City-1", "11111"] {
            assert!(!body.contains(personal), "{personal} on {path}");
        }
    }
}

#[test]
fn without_a_state_the_page_says_so() {
    let shop = Shop::new();
    shop.config("[source]\nlocation = \"http://127.0.0.1:9/no.txt\"\nschedule = \"every 12h\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    let daemon = Process::start(shop.command(&["run"]));
    let page = get(door::private(&daemon), "/");
    assert!(page.status == 200 && page.has("<h1>"), "{}", page.text());
    let text = page.text();
    assert!(text.contains("No change is known yet.") || text.contains("There is no state at"), "{text}");
}

/// A small file of this machine is read for the page: what its row says, and what comes of it.
#[test]
fn a_products_page_has_its_row_where_the_feed_is_a_small_file() {
    let shop = Shop::new();
    let goods = goods::goods("p", 3);
    let file = shop.write("feed.txt", goods::feed(&goods));
    let settings =
        format!("[source]\nlocation = {file:?}\nschedule = \"every 12h\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    shop.config(&settings);
    shop.run(&["run", "--once"]);
    // The file is watched: what it says then is to wait.
    shop.run(&["pause"]).expect_code(0);
    let (_daemon, address) = serve(&shop);
    shop.write("feed.txt", goods::feed(&[goods[0].clone().at_price("77.00"), goods::good("new")]));
    let text = get(address, "/product?id=p000").text();
    assert!(text.contains("on line 2") && text.contains("77.00"), "{text}");
    assert!(text.contains("What the next pass does") && text.contains("Changes it:"), "{text}");
    let json = get(address, "/product?id=p000&format=json").json();
    assert_eq!(json["feed"], shop.json(&["explain", "p000", "--format", "json"])["feed"]);
    let new = get(address, "/product?id=new");
    assert!(new.status == 200 && new.text().contains("Creates it."), "{}", new.text());
    assert!(get(address, "/product?id=p001").text().contains("It has no row of this id now"));
    assert_eq!(get(address, "/product?id=nobody").status, 404);
}

#[test]
fn a_product_has_a_page_and_the_same_for_programs() {
    let shop = lively(OPEN);
    let (_daemon, address) = serve(&shop);
    let page = get(address, "/product?id=lamp");
    let text = page.text();
    assert!(page.status == 200 && text.contains("At NiceChat, as it acknowledged"), "{text}");
    assert!(text.contains("was not asked") && text.contains("shelfkeeper explain lamp"), "{text}");
    assert!(text.contains("price 10.00 → becomes 1.00"), "{text}");
    let json = get(address, "/product?id=lamp&format=json").json();
    let mut told = shop.json(&["explain", "lamp", "--offline", "--format", "json"]);
    assert_eq!(json["acknowledged"], told["acknowledged"]);
    assert_eq!(json["history"], told["history"].take());
    assert_eq!(json["id"], "lamp");
    let rejected = get(address, "/product?id=dear").text();
    assert!(rejected.contains("write 1234.00"), "{rejected}");
    let unknown = get(address, "/product?id=nobody");
    assert!(unknown.status == 404 && unknown.text().contains("Nothing is known of it"), "{}", unknown.text());
    for path in ["/product", "/product?id=", "/product?id=a&since=7d", "/product?id=a&format=xml"] {
        assert_eq!(get(address, path).status, 400, "{path}");
    }
}

#[test]
fn what_is_not_there_is_told_and_what_was_there_stays() {
    let shop = lively(OPEN);
    let (_daemon, address) = serve(&shop);
    for path in ["/nothing", "/orders", "/approve/x"] {
        let page = get(address, path);
        assert!(page.status == 404 && page.has("<h1>Nothing is here</h1>"), "{path}: {}", page.body);
    }
    for path in ["/status", "/metrics", "/healthz", "/readyz"] {
        let page = get(address, path);
        assert!(page.status == 200 && !page.has("<html"), "{path}");
    }
    for path in ["/", "/history", "/product?id=lamp", "/history?format=csv"] {
        let head = request(address, &format!("HEAD {path}"), HOST);
        assert!(head.status == 200 && head.body.is_empty(), "{path}: {}", head.body);
    }
    assert_eq!(request(address, "POST /history", HOST).status, 405);
    assert_eq!(request(address, "POST /", HOST).status, 405);
    for host in ["Host: evil.example\r\n", "Host: \r\n"] {
        let refused = get_with(address, "/", host);
        assert_eq!(refused.status, 421, "{host}");
        assert_eq!(refused.header("cache-control"), Some("no-store"), "{host}");
        assert_eq!(refused.header("x-content-type-options"), Some("nosniff"), "{host}");
    }
}

#[test]
fn a_password_is_asked_for_everywhere() {
    let shop = lively(&format!("{OPEN}password = \"correct horse\"\n"));
    let (_daemon, address) = serve(&shop);
    for path in ["/", "/history", "/rejected?format=csv", "/product?id=lamp", "/nothing"] {
        assert_eq!(get(address, path).status, 401, "{path}");
    }
    assert_eq!(get_with(address, "/", SECRET).status, 200);
}
