//! What people read, kept as it is in `snapshots/`.

use sandbox::{Fault, Rule};

use super::{MIAMI, chosen, configure, fixed, shop};
use crate::kit::Shop;

fn same(shop: &Shop, name: &str, text: &str) {
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let folder = shop.path("").display().to_string();
    let text = text.replace(folder.trim_end_matches('/'), "FOLDER");
    insta::with_settings!({
        omit_expression => true,
        filters => [
            (r"127\.0\.0\.1:\d+", "HOST"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
            // It depends on the port.
            (r"(Plan|--plan) [0-9a-f]{12}", "$1 DIGEST"),
        ],
    }, { insta::assert_snapshot!(name, text) });
}

#[test]
fn plans_and_what_comes_of_them() {
    let odd = "[[newstore.store]]\nid = \"2b8f8a5e-65b3-4cb0-9b0c-6f3fd1c6b0a7\"\nchoose = { prefix = \"+1850\" }\n";
    let stores = fixed("10001", MIAMI) + &chosen("10002") + "enable = true\n" + &fixed("10003", "+13055559999") + odd;
    let shop = shop("ecom_link = \"https://shop.example\"", &stores);
    same(&shop, "plan", &shop.run(&["newstore"]).expect_code(3).stdout);
    let lost =
        Rule { id: Some("10002".into()), method: Some("POST".into()), applied: true, ..Rule::new(Fault::status(502)) };
    shop.newstore().add_fault(lost);
    same(&shop, "apply", &shop.run(&["newstore", "apply", "--yes"]).expect_code(1).stdout);
    same(&shop, "plan_afterwards", &shop.run(&["newstore"]).expect_code(3).stdout);
    same(&shop, "status", &shop.run(&["status"]).expect_code(0).stdout);
    configure(&shop, "", "");
    same(&shop, "plan_of_nothing", &shop.run(&["newstore"]).expect_code(3).stdout);
    same(&shop, "help", &shop.run(&["help", "newstore"]).expect_code(0).stdout);
}
