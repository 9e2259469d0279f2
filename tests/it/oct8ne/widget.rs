//! The example page in a real browser: every method by JSONP, from a page of the shop and from none.

use super::face::{Face, config, feed};
use crate::kit::Shop;
use crate::kit::browser::{Page, browser, visit};

const ROWS: [&str; 3] = [
    "1|Lamp </script><b>big</b>|<p onclick=x>Bright</p>||http://127.0.0.1:9/1.jpg|||10 EUR|in stock|Home > Light|Acme||",
    "2|Red lamp|||||12 EUR||out of stock|Home > Light|Acme||",
    "3|Chair|||||1500 EUR||in stock|Home > Chairs|Other||",
];

fn widget() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/widget.html");
    std::fs::read_to_string(path).expect("the example")
}

/// The text of the cell beside a method's name.
fn answer<'a>(page: &'a str, method: &str) -> &'a str {
    let row = page.split_once(&format!(">{method}</th><td>")).unwrap_or_else(|| panic!("no {method} in {page}")).1;
    row.split_once("</td>").expect("the end of a cell").0
}

#[test]
fn every_method_is_answered_to_a_page() {
    let Some(browser) = browser() else { return };
    // The shop's pages are its own, and a customer is known by a cookie.
    let page = Page::serve(widget().replacen("\"use strict\";", "document.cookie = \"customer=ada\";", 1));
    let shop = Shop::new();
    shop.put_feed(feed(&ROWS));
    let own = shop.oct8ne_section().replace("http://127.0.0.1:8788", &page.origin());
    shop.config(&config("").replace("[oct8ne]\nshop_url = \"https://shop.example/es\"\n", &own));
    let face = Face::ready(&shop);
    let base = format!("http://{}/oct8ne/frame/", face.address);
    let (dom, console) = visit(&browser, &format!("{}/?base={base}&search=lamp", page.origin()));
    assert_eq!(console, "", "{dom}");
    assert!(dom.contains("data-state=\"done\"") && !dom.contains("data-state=\"failed\""), "{dom}");
    assert!(answer(&dom, "getAdapterInfo").contains("\"enabled\":true"));
    assert!(answer(&dom, "search").ends_with("\"total\":2}"), "{dom}");
    assert!(dom.contains("2 products. Category: "), "{dom}");
    assert!(answer(&dom, "productInfo").contains("10,00&nbsp;€"), "{dom}");
    assert!(answer(&dom, "customerData").contains("\"firstName\":\"Ada\""), "{dom}");
    assert_eq!(answer(&dom, "addToWishlist"), "{\"result\":\"true\"}");
    assert_eq!(shop.oct8ne().wishes(), ["1"]);
    for method in ["getOrders", "getOrderDetails", "getSalesReport"] {
        assert_eq!(answer(&dom, method), "[]", "the page doesn't know the token");
    }
    // What a shop writes into a title is text, wherever it lands.
    assert!(!dom.contains("<b>big") && !dom.contains("onclick=x&gt;"), "{dom}");
}

#[test]
fn a_page_of_somebody_else_is_told_nothing_of_a_customer() {
    let Some(browser) = browser() else { return };
    // Another site, with the customer's cookie all the same: `localhost` isn't the shop's host.
    let page = Page::serve(widget());
    let shop = Shop::new();
    shop.put_feed(feed(&ROWS));
    let own = shop.oct8ne_section().replace("http://127.0.0.1:8788", "https://shop.example");
    shop.config(&config("").replace("[oct8ne]\nshop_url = \"https://shop.example/es\"\n", &own));
    let face = Face::ready(&shop);
    let base = format!("http://localhost:{}/oct8ne/frame/", face.address.port());
    let (dom, console) = visit(&browser, &format!("{}/?base={base}&search=lamp", page.origin()));
    assert_eq!(console, "", "{dom}");
    assert!(answer(&dom, "search").ends_with("\"total\":2}"), "{dom}");
    assert!(answer(&dom, "customerData").contains("\"firstName\":null"), "{dom}");
    assert_eq!(answer(&dom, "addToWishlist"), "{\"result\":\"false\"}");
    assert_eq!(shop.oct8ne().wishes(), [""; 0]);
}
