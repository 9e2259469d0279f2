//! What somebody's word lets through, and what needs none.

use sandbox::Kind;
use serde_json::{Value, json};

use crate::kit::Shop;
use crate::kit::goods::{Good, goods, object, publish, run, sync, synced};

fn held(shop: &Shop) -> Value {
    shop.json(&["status", "--format", "json"])["held"].clone()
}

/// A resync knows of more that would be sent than other passes do: what is approved is what it held.
#[test]
fn what_a_resync_held_is_approved_as_a_resync_holds_it() {
    let before = goods("p", 12);
    for next in [&[][..], &goods("q", 3)[..]] {
        let shop = synced(&before, "");
        assert!(shop.nicechat().edit(Kind::Product, "p003", object(json!({"title": "By hand"}))));
        if next.is_empty() {
            // Rows there are, and none that could be taken.
            let nameless: Vec<Good> = before.iter().cloned().map(|good| good.with(|good| good.title.clear())).collect();
            publish(&shop, &nameless);
        } else {
            shop.put_feed(xml(next));
        }
        run(&shop, &["run", "--resync"]).ended(4);
        shop.run(&["approve", held(&shop)["digest"].as_str().expect("a digest")]).expect_code(0);
        sync(&shop).ended(if next.is_empty() { 3 } else { 0 });
        assert_eq!(held(&shop), Value::Null);
    }
}

fn xml(goods: &[Good]) -> Vec<u8> {
    let offers = goods.iter().map(|good| format!("<offer id=\"{}\"><name>{}</name></offer>", good.id, good.title));
    format!("<yml_catalog><shop><offers>{}</offers></shop></yml_catalog>", offers.collect::<String>()).into_bytes()
}

/// What comes back and goes again is no more than all.
#[test]
fn of_all_no_more_than_all_can_go() {
    let shop = synced(&goods("p", 40), "[guard]\nmax_delete_percent = 100");
    for left in [16, 40, 16] {
        publish(&shop, &goods("p", left));
        sync(&shop).ended(0);
    }
}
