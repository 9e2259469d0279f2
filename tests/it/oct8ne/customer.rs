//! What only the shop knows: asked with the customer's own cookies, told to the shop's own pages.

use serde_json::json;

use super::face::{Face, OwnShop, shop};

fn lines(own: &OwnShop) -> String {
    let url = own.url();
    format!(
        "api_token = \"t0ken\"\ntimezone = \"Europe/Madrid\"\nlocale = \"es-ES\"\n[oct8ne.shop]\nsecret = \"s3cret\"\n\
             session_url = \"{url}/session\"\nwishlist_url = \"{url}/wish\"\n\
             orders_url = \"{url}/orders?e={{email}}&p={{page}}&s={{page_size}}\"\norder_url = \"{url}/order/{{reference}}\"\n"
    )
}

const ROWS: [&str; 2] = ["1|Lamp|||||10 EUR||in stock|Home|||", "2|Chair|||||20 EUR||in stock|Home|||"];
const OWN: &str = "Cookie: s=1\r\nOrigin: https://shop.example\r\n";

#[test]
fn a_customer_is_known_to_the_shops_own_pages_alone() {
    let own = OwnShop::start(
        "200 OK",
        json!({"id": 7, "firstName": "Ada", "email": "ada@a.example", "wishlist": ["2", "x"], "currency": "EUR",
               "cart": [{"id": "1", "qty": 2, "price": 9.5}, {"id": "x", "qty": 1}, {"qty": 1, "title": "Wrapping"},
               {"id": "y", "qty": 1, "title": "Own", "price": 1}]}),
    );
    let shop = shop(&ROWS, &lines(&own));
    let face = Face::ready(&shop);
    let ask = |method: &str, headers: &str| face.ask(&format!("GET /oct8ne/frame/{method}"), headers);
    let nobody = json!({"id": null, "firstName": null, "lastName": null, "email": null, "wishlist": [], "cart": []});
    for headers in [
        "",
        "Cookie: s=1\r\n",
        "Cookie: s=1\r\nOrigin: https://evil.example\r\n",
        "Cookie: s=1\r\nSec-Fetch-Site: cross-site\r\n",
        "Cookie: s=1\r\nOrigin: null\r\nReferer: https://shop.example/x\r\n",
        "Origin: https://shop.example\r\n",
    ] {
        let answer = ask("customerData?callback=f", headers);
        assert_eq!(answer.body, format!("f({nobody});"), "{headers}");
        assert_eq!(
            answer.header("access-control-allow-credentials").is_some(),
            headers.contains("Origin: https://shop.example")
        );
    }
    assert_eq!(own.asked(), [""; 0]);
    for headers in [
        OWN,
        "Cookie: s=1\r\nSec-Fetch-Site: same-origin\r\n",
        "Cookie: s=1\r\nReferer: https://static.oct8ne.com/x\r\n",
    ] {
        let answer = ask("customerData", headers);
        let data = answer.json();
        assert_eq!((&data["id"], &data["firstName"], &data["lastName"]), (&json!("7"), &json!("Ada"), &json!(null)));
        assert_eq!(data["wishlist"].as_array().map(Vec::len), Some(1));
        assert_eq!((&data["cart"][0]["formattedPrice"], &data["cart"][0]["qty"]), (&json!("9,50\u{a0}€"), &json!(2)));
        assert_eq!((&data["cart"][1]["title"], &data["cart"][2]["title"]), (&json!("Wrapping"), &json!("Own")));
        assert_eq!(data["cart"].as_array().map(Vec::len), Some(3));
        assert_eq!(
            (answer.header("set-cookie"), answer.header("cache-control")),
            (Some("s=2; httponly"), Some("no-store"))
        );
    }
    let asked = own.asked().remove(0).to_lowercase();
    for line in ["get /session", "cookie: s=1", "authorization: bearer s3cret", "x-forwarded-for: 127.0.0.1"] {
        assert!(asked.contains(line), "{asked}");
    }
    let cart = ask("getCart", OWN).json();
    assert_eq!(
        (&cart["price"], &cart["finalPrice"], &cart["totalItems"], &cart["currency"]),
        (&json!(20), &json!(20), &json!(4), &json!("EUR"))
    );
    assert_eq!(cart["cart"][0], json!({"internalId": "1", "title": "Lamp", "qty": 2, "price": 9.5}));
    let wish = ask("addToWishList?productIds=1,x,1", OWN);
    assert_eq!(wish.json(), json!({"result": "true"}));
    assert!(own.asked().pop().expect("a wish").ends_with("{\"add\":[\"1\"]}"));
    assert_eq!(ask("addToWishList?productIds=x", OWN).json(), json!({"result": "false"}));
    assert!(!face.process.log().contains("ada@") && !face.process.log().contains("s3cret"), "{}", face.process.log());
}

#[test]
fn the_shop_sees_the_whole_way_of_a_request() {
    let own = OwnShop::start("200 OK", json!({"firstName": "Ada"}));
    let shop = shop(&ROWS, &lines(&own));
    let face = Face::ready(&shop);
    let way = "X-Forwarded-For: 203.0.113.7, 192.0.2.1\r\nX-Forwarded-For: 198.51.100.2\r\n";
    assert_eq!(face.ask("GET /oct8ne/frame/customerData", &format!("{OWN}{way}")).json()["firstName"], "Ada");
    let asked = own.asked().remove(0).to_lowercase();
    let told: Vec<&str> = asked.lines().filter_map(|line| line.strip_prefix("x-forwarded-for: ")).collect();
    assert_eq!(told.join(", "), "203.0.113.7, 192.0.2.1, 198.51.100.2", "{asked}");
}

#[test]
fn orders_are_for_who_knows_the_token() {
    let order =
        json!({"reference": "R/1", "date": "2019-02-28T15:19:15Z", "total": 55.3, "currency": "EUR", "state": "sent"});
    let own = OwnShop::start("200 OK", json!([order]));
    let shop = shop(&ROWS, &lines(&own));
    let face = Face::ready(&shop);
    let orders = face.json("getOrders?customerEmail=a%2Bb@c.example&apiToken=t0ken&pageSize=5");
    assert_eq!(
        orders,
        json!([{"date": "2019-02-28 16:19:15", "reference": "R/1", "total": "55,30\u{a0}€", "currency": "EUR",
                "labelState": "sent", "deliveryDate": ""}])
    );
    assert!(own.asked()[0].starts_with("GET /orders?e=a%2Bb%40c.example&p=1&s=5 "), "{}", own.asked()[0]);
    assert_eq!(face.json("getOrderDetails?reference=R%2F1&apiToken=t0ken"), json!([]), "an array is no order");
    assert!(own.asked()[1].starts_with("GET /order/R%2F1 "), "{}", own.asked()[1]);
    assert_eq!(face.json("getSalesReport?apiToken=t0ken&from=2020-01-01"), json!([]));
    for _ in 0..20 {
        assert_eq!(face.json("getOrders?customerEmail=a@c.example&apiToken=wrong"), json!([]));
    }
    let late = face.get("getOrders?customerEmail=a@c.example&apiToken=t0ken");
    assert_eq!((late.status, late.header("retry-after")), (429, Some("60")));
    assert_eq!(own.asked().len(), 2);
}

#[test]
fn a_shop_that_fails_makes_everybody_nobody() {
    let own = OwnShop::start("500 Oops", json!({"firstName": "Ada"}));
    let shop = shop(&ROWS, &lines(&own));
    let face = Face::ready(&shop);
    for _ in 0..3 {
        assert_eq!(face.ask("GET /oct8ne/frame/customerData", OWN).json()["firstName"], json!(null));
    }
    face.process.wait_for_log("the shop doesn't say what only it knows", 1);
    assert_eq!(face.process.log().matches("the shop doesn't say").count(), 1);
    assert_eq!(face.json("getOrderDetails?reference=1&apiToken=t0ken"), json!([]));
    let answer = face.ask("GET /oct8ne/frame/getCart", OWN);
    assert_eq!((answer.status, answer.header("set-cookie")), (200, Some("s=2; httponly")), "cookies go through");
}

#[test]
fn what_fails_is_told_once_though_something_else_works() {
    let (up, down) = (OwnShop::start("200 OK", json!([])), OwnShop::start("500 Oops", json!({})));
    let lines = lines(&up).replace(&format!("{}/session", up.url()), &format!("{}/session", down.url()));
    let shop = shop(&ROWS, &lines);
    let face = Face::ready(&shop);
    for _ in 0..3 {
        face.ask("GET /oct8ne/frame/customerData", OWN);
        face.json("getOrders?customerEmail=a@c.example&apiToken=t0ken");
    }
    face.process.wait_for_log("the shop doesn't say what only it knows (session)", 1);
    assert_eq!(face.process.log().matches("the shop doesn't say").count(), 1, "{}", face.process.log());
    assert!(!face.process.log().contains("answers again"));
}

#[test]
fn pages_beside_the_shop_may_read_what_they_are_told() {
    let own = OwnShop::start("200 OK", json!({"firstName": "Ada"}));
    let shop = shop(&ROWS, &lines(&own));
    let face = Face::ready(&shop);
    let beside = "Cookie: s=1\r\nSec-Fetch-Site: same-site\r\nOrigin: https://www.shop.example\r\n";
    let answer = face.ask("GET /oct8ne/frame/customerData", beside);
    assert_eq!(answer.json()["firstName"], "Ada");
    let allowed = (answer.header("access-control-allow-origin"), answer.header("access-control-allow-credentials"));
    assert_eq!(allowed, (Some("https://www.shop.example"), Some("true")));
    let other = beside.replace("same-site", "cross-site");
    assert_eq!(face.ask("GET /oct8ne/frame/customerData", &other).header("access-control-allow-origin"), None);
}

#[test]
fn carts_of_any_size_and_currency_are_told() {
    let line = json!({"id": "1", "qty": 1e28, "price": 1e28});
    let own = OwnShop::start(
        "200 OK",
        json!({"cart": [line, {"id": "3", "qty": 1, "price": 8}, {"id": "y", "title": "Own", "url": "httpx:y"}],
               "currency": "usd"}),
    );
    let rows = [ROWS[0], ROWS[1], "3|Table|||||20 EUR|15 EUR|in stock|Home|||"];
    let shop = shop(&rows, &lines(&own));
    let face = Face::ready(&shop);
    let cart = face.ask("GET /oct8ne/frame/getCart", OWN);
    assert_eq!((cart.status, &cart.json()["currency"]), (200, &json!("USD")));
    let data = face.ask("GET /oct8ne/frame/customerData", OWN).json();
    let table = (&data["cart"][1]["formattedPrice"], &data["cart"][1]["formattedPrevPrice"]);
    assert_eq!(table, (&json!("8,00\u{a0}US$"), &json!("8,00\u{a0}US$")), "an old price isn't converted");
    assert_eq!(data["cart"][2]["productUrl"], "");
}

#[test]
fn a_reference_leads_nowhere_else() {
    let own = OwnShop::start("200 OK", json!({"reference": "x", "total": -1500.5, "currency": "eur"}));
    let shop = shop(&ROWS, &lines(&own));
    let face = Face::ready(&shop);
    for reference in ["..", "."] {
        assert_eq!(face.json(&format!("getOrderDetails?reference={reference}&apiToken=t0ken")), json!([]));
    }
    assert_eq!(own.asked(), [""; 0]);
    let order = face.json("getOrderDetails?reference=..%2Fx&apiToken=t0ken");
    assert_eq!(order["total"], "-1500,50\u{a0}€", "a refund, and the grouping of es");
    assert!(own.asked()[0].starts_with("GET /order/..%2Fx "), "{}", own.asked()[0]);
}

#[test]
fn a_cart_adds_no_prices_of_two_currencies() {
    let (lamp, table) = (json!({"id": "1", "qty": 2}), json!({"id": "2", "qty": 1, "price": 7}));
    let own = OwnShop::start("200 OK", json!({"currency": "GBP", "cart": [lamp, table]}));
    let rows = ["1|Lamp|||||10 EUR||in stock|Home|||", "2|Table|||||20 EUR||in stock|Home|||"];
    let shop = shop(&rows, &lines(&own));
    let cart = Face::ready(&shop).ask("GET /oct8ne/frame/getCart", OWN).json();
    assert_eq!((&cart["currency"], &cart["price"], &cart["cart"][0]["price"]), (&json!("GBP"), &json!(7), &json!(0)));
    // Nobody names one that can be read: that of the products.
    for (named, price) in [(json!(null), 20), (json!(""), 20), (json!(" eur"), 20), (json!("€"), 20)] {
        let own = OwnShop::start("200 OK", json!({"currency": named, "cart": [{"id": "1", "qty": 2}]}));
        let shop = self::shop(&rows, &format!("currency = \"usd\"\n{}", lines(&own)));
        let cart = Face::ready(&shop).ask("GET /oct8ne/frame/getCart", OWN).json();
        assert_eq!((&cart["currency"], &cart["price"]), (&json!("EUR"), &json!(price)), "{named}");
    }
}
