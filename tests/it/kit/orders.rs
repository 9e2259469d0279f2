//! Shops that mirror NiceChat's orders: their config, their orders, and what is told of them.

use serde_json::{Value, json};

use super::{Output, Shop};

/// The one product of these shops.
pub(crate) const ROW: &str = "1|Lamp|10.00 USD|in stock|Home > Light";

/// A shop with a feed that gives no trouble, and a config that mirrors orders. `more` goes on below `[orders]`.
pub(crate) fn shop(more: &str) -> Shop {
    let shop = Shop::with_rows(&[ROW]);
    configure(&shop, more);
    shop
}

/// Writes the config of such a shop anew.
pub(crate) fn configure(shop: &Shop, more: &str) {
    shop.config(&format!("[nicechat]\nretries = 0\n[orders]\nresync_schedule = \"never\"\n{more}"));
}

/// A config that has nothing but the keys and the orders.
pub(crate) fn configure_alone(shop: &Shop, more: &str) {
    let keys = format!(
        "[nicechat]\nbase_url = {:?}\napi_key = {:?}\napi_secret = {:?}\nretries = 0\n",
        shop.feed_url().split("/shop/").next().expect("an address"),
        sandbox::DEMO_KEY,
        sandbox::DEMO_SECRET,
    );
    let state = format!("[state]\npath = {:?}\n", shop.state_path());
    shop.write("shelfkeeper.toml", format!("{state}{keys}[orders]\nresync_schedule = \"never\"\n{more}"));
}

/// An order of so many lamps, with an address.
pub(crate) fn order(id: i64, date: &str, qty: u64) -> Value {
    json!({
        "id": id,
        "deal": {
            "website": "shop.example", "num": format!("o-{id}"), "agents": ["ann@shop.example"], "chat": 70 + id,
            "date": date,
            "products": [{"url": "http://shop.example/1", "price": 10.5, "qty": qty, "id": "1", "title": "Lamp"}],
        },
        "contacts": {
            "info": {"geoCity": format!("City-{id}")},
            "billing_address": {"E-mail": format!("client-{id}@mail.example")},
            "client": {"name": format!("Client-{id}"), "visits": 3, "id": 95},
            "shipping_address": {"First name": format!("First-{id}"), "POST/ZIP": "11111"},
        },
    })
}

/// A date so many days ago, as NiceChat writes it.
pub(crate) fn days_ago(days: i64) -> String {
    let at = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days);
    at.strftime("%Y-%m-%d %H:%M:%S.000000+00:00").to_string()
}

/// Makes a pass of this kind, and gives how NiceChat was asked for orders: `/marketplaces/v1/orders/`, `…?page=2`.
pub(crate) fn pass(shop: &Shop, argument: &str, code: i32) -> (Output, Vec<String>) {
    shop.nicechat().take_requests();
    let output = shop.run(&["run", argument]).expect_code(code);
    let requests = shop.nicechat().take_requests();
    let asked = requests.into_iter().filter(|request| request.path.contains("/orders/")).map(|request| request.path);
    (output, asked.collect())
}

/// Makes a pass that must succeed, and gives how many requests for orders it took.
pub(crate) fn requests(shop: &Shop) -> usize {
    pass(shop, "--once", 0).1.len()
}

/// The mirrored orders, as the program tells them.
pub(crate) fn mirrored(shop: &Shop) -> Vec<Value> {
    let orders = shop.run(&["orders", "--format", "json"]).expect_code(0).json();
    orders.as_array().expect("a list").clone()
}

/// Their ids.
pub(crate) fn ids(shop: &Shop) -> Vec<i64> {
    mirrored(shop)
        .iter()
        .filter(|order| order["gone"].is_null())
        .map(|order| order["id"].as_i64().expect("an id"))
        .collect()
}

/// What was sold.
pub(crate) fn sold(shop: &Shop, by: &str) -> Value {
    shop.run(&["orders", "--by", by, "--format", "json"]).expect_code(0).json()
}
