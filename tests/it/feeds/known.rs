//! Rows that are known by their bytes mean what they would mean if they were read for the first time.

use sandbox::Kind;
use serde_json::Value;

use crate::kit::Shop;

fn item(id: &str, title: &[u8]) -> Vec<u8> {
    let begin = format!("<item><g:id>{id}</g:id><title>");
    [begin.as_bytes(), title, b"</title><g:price>1 USD</g:price></item>"].concat()
}

fn titles(shop: &Shop) -> Vec<Value> {
    let products = shop.nicechat().objects(Kind::Product);
    products.into_values().map(|product| product["title"].clone()).collect()
}

/// Two feeds one after the other, the second of which reads as it would for the first time. Gives its titles.
fn reads_as_anew(first: Vec<u8>, second: Vec<u8>) -> Vec<Value> {
    let (shop, anew) = (Shop::new(), Shop::new());
    for feed in [first, second.clone()] {
        shop.put_feed(feed);
        shop.pass(0);
    }
    anew.put_feed(second);
    anew.pass(0);
    assert_eq!(titles(&shop), titles(&anew));
    titles(&shop)
}

#[test]
fn an_encoding_that_a_later_row_decides_is_that_of_known_rows_too() {
    let plain: Vec<u8> = (0..1_000).flat_map(|n| item(&format!("p{n:04}"), b"Lamp of brass, for the wall")).collect();
    let feed = |last: &[Vec<u8>]| {
        let begin = br#"<rss xmlns:g="http://base.google.com/ns/1.0"><channel>"#.to_vec();
        [begin, plain.clone(), last.concat(), b"</channel></rss>".to_vec()].concat()
    };
    let cafe = item("q1", b"Caf\xE9 au lait");
    let first = feed(std::slice::from_ref(&cafe));
    let more = ["q2", "q3", "q4"].map(|id| item(id, b"Th\xE9 \xE0 la menthe, tr\xE8s frais, pour l'\xE9t\xE9"));
    let titles = reads_as_anew(first, feed(&[&[cafe], more.as_slice()].concat()));
    assert!(titles.contains(&"Caf\u{e9} au lait".into()), "{:?}", titles.last());
}

#[test]
fn an_encoding_that_was_decided_at_another_place_is_that_of_known_offers_too() {
    let offer = |id: &str, name: &[u8]| {
        let begin = format!("<offer id=\"{id}\"><price>1</price><currencyId>USD</currencyId><name>");
        [begin.as_bytes(), name, b"</name></offer>"].concat()
    };
    let plain: Vec<u8> = (0..1_000).flat_map(|n| offer(&format!("p{n:04}"), b"Lamp of brass, for the wall")).collect();
    let feed = |first: &[u8], last: &[Vec<u8>]| {
        let begin = b"<yml_catalog><shop><offers>".to_vec();
        [begin, offer("a", first), plain.clone(), last.concat(), b"</offers></shop></yml_catalog>".to_vec()].concat()
    };
    let cafe = offer("q1", b"Caf\xE9 au lait");
    let first = feed(b"Lampe \xE9", std::slice::from_ref(&cafe));
    let more = ["q2", "q3", "q4"].map(|id| offer(id, b"Th\xE9 \xE0 la menthe, tr\xE8s frais, pour l'\xE9t\xE9"));
    reads_as_anew(first, feed(b"Lampe", &[&[cafe], more.as_slice()].concat()));
}

#[test]
fn a_last_row_whose_quotes_end_nowhere_proves_nothing_gone_when_it_is_known_either() {
    let shop = Shop::new();
    let feed = |rows: &[&str]| {
        let last = "77,\"9.90 USD\",in stock,\"Photo frame, 12\\\"\"\n";
        format!("id,price,availability,title\n{}{last}", rows.concat())
    };
    shop.put_feed(feed(&["1,1 USD,in stock,Lamp\n", "2,2 USD,in stock,Rug\n"]));
    let first = shop.run(&["run", "--once"]).code;
    shop.put_feed(feed(&["2,2 USD,in stock,Rug\n"]));
    assert_eq!(shop.run(&["run", "--once"]).code, first, "{first:?}");
    shop.put_feed(feed(&["2,3 USD,in stock,Rug\n"]));
    assert_eq!(shop.run(&["run", "--once"]).code, first);
    assert!(shop.nicechat().object(Kind::Product, "1").is_some(), "a row behind the last one may be missing");
}
