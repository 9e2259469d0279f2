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
