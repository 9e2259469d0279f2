//! What is done with Oct8ne by hand.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::face::{Face, OwnShop, config, shop};
use crate::kit::{Shop, finish};

const ROWS: [&str; 1] = ["a&b|Lamp|||http://a/1.jpg||10 EUR||in stock|Home|||"];

fn with(lines: &str) -> Shop {
    shop(&ROWS, lines)
}

#[test]
fn linking_up_keeps_the_token_and_tells_nobody() {
    let backoffice = OwnShop::start(
        "200 OK",
        json!({"ApiToken": "t0ken", "LicenseId": "L1C", "Server": "backoffice-eu.oct8ne.com/", "UrlStatic": "static-eu.oct8ne.com/"}),
    );
    let shop = with(&format!("server = \"{}/\"", backoffice.url()));
    let password = shop.write("password", "hunter2\n");
    let link = ["oct8ne", "link", "--email", "a@b.example", "--password-file", password.to_str().expect("a path")];
    let linked = shop.run(&link).expect_code(0);
    for line in [
        "[oct8ne]",
        "license = \"L1C\"",
        "server = \"backoffice-eu.oct8ne.com\"",
        "static_server = \"static-eu.oct8ne.com\"",
    ] {
        assert!(linked.stdout.lines().any(|other| other == line), "{}", linked.stdout);
    }
    let token = shop.path("state/oct8ne_api_token");
    assert_eq!(std::fs::read_to_string(&token).expect("a token").trim(), "t0ken");
    assert_eq!(token.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    let asked = backoffice.asked();
    assert!(asked[0].starts_with("POST /platformConnection/linkup ") && asked.len() == 1, "{asked:?}");
    let form = "email=a%40b.example&pass=hunter2&platform=Custom&urlDomain=https%3A%2F%2Fshop.example%2Fes&statusPlatform=true";
    assert!(asked[0].ends_with(form), "{}", asked[0]);
    let again = shop.run(&link).expect_code(1);
    assert!(again.stderr.contains("not written over") && backoffice.asked().len() == 1, "{}", again.stderr);
    for output in [linked, again] {
        let told = output.stdout + &output.stderr;
        assert!(!told.contains("hunter2") && !told.contains("t0ken"), "{told}");
    }
}

#[test]
fn what_is_printed_holds_wherever_it_is_read() {
    let backoffice = OwnShop::start("200 OK", json!({"apiToken": "t0ken", "licenseId": "L1C"}));
    let shop = with(&format!("server = \"{}\"", backoffice.url()));
    shop.write("password", "hunter2");
    let arguments =
        ["oct8ne", "link", "--email", "a@b.example", "--password-file", "password", "--token-file", "own_token"];
    let mut command = shop.command(&arguments);
    command.current_dir(shop.path(""));
    let linked = finish(command).expect_code(0);
    let line = linked.stdout.lines().find_map(|line| line.strip_prefix("api_token_file = \"")).expect("a line");
    let path = std::path::Path::new(line.trim_end_matches('"'));
    assert!(path.is_absolute() && path.ends_with("own_token"), "{line}");
    assert_eq!(std::fs::read_to_string(path).expect("a token").trim(), "t0ken");
}

#[test]
fn a_shop_in_the_open_is_asked_by_https() {
    let shop = with("");
    shop.config(&super::face::config("").replace("https://shop.example", "http://shop.example"));
    let refused = shop.run(&["check"]).expect_code(2);
    assert!(refused.stderr.contains("oct8ne.shop_url") && refused.stderr.contains("use https"), "{}", refused.stderr);
}

#[test]
fn a_refusal_leaves_nothing() {
    let backoffice = OwnShop::start("200 OK", json!({"apiToken": null, "message": "Unknown account hunter2"}));
    let shop = with(&format!("server = \"{}\"", backoffice.url()));
    shop.write("password", "hunter2");
    let arguments = ["oct8ne", "link", "--email", "a@b.example", "--password-file", "password", "--disabled"];
    let mut command = shop.command(&arguments);
    command.current_dir(shop.path(""));
    let refused = finish(command).expect_code(1);
    assert!(
        refused.stderr.contains("Oct8ne refuses: Unknown account") && !refused.stderr.contains("hunter2"),
        "{}",
        refused.stderr
    );
    assert!(!shop.path("state/oct8ne_api_token").exists());
    assert!(backoffice.asked()[0].ends_with("statusPlatform=false"));
}

#[test]
fn scripts_are_safe_in_a_page() {
    let shop = with("license = \"L\\\"1</script>\"\nadd_to_cart_method = \"GET\"");
    shop.run(&["run", "--once"]).expect_code(0);
    let snippet = shop.run(&["oct8ne", "snippet", "--product", "a&b"]).expect_code(0).stdout;
    assert_eq!(snippet.matches("</script").count(), 1, "{snippet}");
    for line in [
        "oct8ne.server = \"backoffice.oct8ne.com/\";",
        "oct8ne.baseUrl = \"//shop.example/es\";",
        "oct8ne.checkoutUrl = \"https://shop.example/es/checkout\";",
        "oct8ne.currencyCode = \"EUR\";",
        "oct8ne.apiVersion = \"2.4\";",
        "oct8ne.addToCartHttpVerb = \"GET\";",
        "oct8ne.license = \"L\\\"1\\u003c/script\\u003e\";",
        "oct8ne.currentProduct = {\"id\":\"a\\u0026b\",\"thumbnail\":\"//a/1.jpg\"};",
        "oct8ne.src = \"https://static.oct8ne.com/api/v2/oct8ne.js?\" + Math.round(new Date().getTime() / 86400000);",
    ] {
        assert!(snippet.contains(line), "{line}: {snippet}");
    }
    let sale = shop.run(&["oct8ne", "sale", "--value", "589,32 €", "--reference", "\"><b>"]).expect_code(0).stdout;
    assert!(sale.starts_with("<script id=\"oct8ne-sale-notification\"") && sale.matches('<').count() == 2, "{sale}");
    assert!(sale.contains("&amp;value=589%2C32%20%E2%82%AC&amp;reference=%22%3E%3Cb%3E\""), "{sale}");
    let none = with("").run(&["oct8ne", "snippet"]).expect_code(2);
    assert!(none.stderr.contains("oct8ne link"), "{}", none.stderr);
    shop.run(&["oct8ne", "snippet", "--product", "nobody"]).expect_code(1);
}

#[test]
fn the_widget_is_told_of_a_visitors_changes() {
    let backoffice = OwnShop::start("200 OK", json!({}));
    let shop = with(&format!("server = \"{}\"", backoffice.url()));
    shop.run(&["oct8ne", "update", "", "cart"]).expect_code(0);
    assert_eq!(backoffice.asked(), [""; 0]);
    shop.run(&["oct8ne", "update", "v 1", "wishlist"]).expect_code(0);
    assert!(
        backoffice.asked()[0].starts_with("POST /platformConnection/update?visitor=v+1&what=wishlist "),
        "{:?}",
        backoffice.asked()
    );
    let away = with("server = \"http://127.0.0.1:9\"");
    away.run(&["oct8ne", "update", "v", "cart"]).expect_code(1);
}

#[test]
fn the_way_through_the_shops_web_server_is_checked() {
    let shop = with("");
    let face = Face::ready(&shop);
    // As if the shop's web server were ours.
    shop.config(&config("").replace("https://shop.example/es", &format!("http://{}/es", face.address)));
    let checked = shop.run(&["check", "--online"]);
    assert!(
        checked.stdout.contains("/es/oct8ne/frame/getAdapterInfo is answered by shelfkeeper, enabled"),
        "{}",
        checked.stdout
    );
    let other = OwnShop::start("200 OK", json!({"adapterName": "WooCommerce"}));
    shop.config(&config("").replace("https://shop.example/es", &other.url()));
    let checked = shop.run(&["check", "--online"]).expect_code(1);
    assert!(checked.stdout.contains("another adapter answers: WooCommerce"), "{}", checked.stdout);
}

#[test]
fn the_sandbox_plays_oct8ne_and_the_shop() {
    let shop = with("");
    let sections = shop.oct8ne_section();
    shop.config(&format!("{}{}", config("").split("[oct8ne]").next().expect("a head"), sections));
    shop.write("password", sandbox::DEMO_OCT8NE_PASSWORD);
    let path = shop.path("password");
    let link =
        ["oct8ne", "link", "--email", sandbox::DEMO_OCT8NE_EMAIL, "--password-file", path.to_str().expect("a path")];
    let linked = shop.run(&link).expect_code(0);
    assert!(linked.stdout.contains(sandbox::DEMO_OCT8NE_LICENSE), "{}", linked.stdout);
    shop.run(&["oct8ne", "update", "v1", "cart"]).expect_code(0);
    assert_eq!(shop.oct8ne().updates(), [("v1".to_owned(), "cart".to_owned())]);
    let face = Face::ready(&shop);
    let own = "Cookie: customer=1\r\nSec-Fetch-Site: same-origin\r\n";
    assert_eq!(face.ask("GET /oct8ne/frame/customerData", own).json()["firstName"], "Ada");
    assert_eq!(face.ask("GET /oct8ne/frame/addToWishList?productIds=a%26b", own).json()["result"], "true");
    assert_eq!(shop.oct8ne().wishes(), ["a&b"]);
    let details = face.json(&format!("getOrderDetails?reference=1001&apiToken={}", sandbox::DEMO_OCT8NE_TOKEN));
    assert_eq!((&details["total"], &details["products"][0]["quantity"]), (&json!("€55.30"), &json!("1")));
}

#[test]
fn what_is_asked_is_counted() {
    let shop = with("");
    shop.config(&config("").replace("listen = \"\"\npublic", "listen = \"127.0.0.1:0\"\npublic"));
    let face = Face::ready(&shop);
    face.get("search?search=lamp");
    face.get("search?search=nothingofthekind");
    face.get("search?callback=1");
    face.get("madeUp");
    let words = " listening on http://";
    face.process.wait_for_log(words, 1);
    let log = face.process.log();
    let private = log.split_once(words).expect("a door").1.lines().next().expect("an address").trim().to_owned();
    let door = Face { process: face.process, address: private.parse().expect("an address") };
    let metrics = door.ask("GET /metrics", "").status;
    assert_eq!(metrics, 421, "by a name of the shop's");
    let text = {
        use std::io::{Read as _, Write as _};
        let mut client = std::net::TcpStream::connect(door.address).expect("a connection");
        client.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("sent");
        let mut text = String::new();
        client.read_to_string(&mut text).expect("text");
        text
    };
    for line in [
        "shelfkeeper_oct8ne_requests_total{method=\"search\",outcome=\"ok\"} 1",
        "shelfkeeper_oct8ne_requests_total{method=\"search\",outcome=\"empty\"} 1",
        "shelfkeeper_oct8ne_requests_total{method=\"search\",outcome=\"refused\"} 1",
        "shelfkeeper_oct8ne_requests_total{method=\"other\",outcome=\"refused\"} 1",
        "shelfkeeper_oct8ne_products 1",
        "shelfkeeper_oct8ne_catalogue_age_seconds ",
        "shelfkeeper_oct8ne_request_duration_seconds_count{method=\"search\"} 3",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}
