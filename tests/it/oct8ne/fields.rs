//! What a row says besides NiceChat's fields: read in every format, shown by `feed`, sent to nobody.

use serde_json::{Value, json};

use crate::kit::{Shop, finish, program};

/// What `feed` shows of the only item of a feed.
fn local(name: &str, feed: &str) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(name), feed).expect("written");
    let mut command = program(folder.path());
    command.args(["feed", name, "--format", "json"]);
    let report = finish(command).expect_code(0).json();
    report["items"][0]["local"].clone()
}

#[test]
fn every_format_says_it() {
    let expected = json!({
        "old_price": 12.75,
        "images": ["https://a/1.jpg", "https://a/2.jpg", "https://a/3.jpg"],
        "brand": "Acme",
        "codes": ["4006381333931", "A-1"],
        "group": "G1",
    });
    let text = "id\tprice\tsale_price\ttitle\tadditional_image_link\timage_link\tbrand\tgtin\tmpn\titem_group_id\n\
                1\t12.75 EUR\t10 EUR\tLamp\thttps://a/2.jpg,https://a/3.jpg\thttps://a/1.jpg\tAcme\t4006381333931\tA-1\tG1\n";
    assert_eq!(local("feed.txt", text), expected);
    let xml = "<?xml version='1.0'?><rss xmlns:g='http://base.google.com/ns/1.0'><channel><item><g:id>1</g:id>\
               <title>Lamp</title><g:price>12.75 EUR</g:price><g:sale_price>10</g:sale_price>\
               <g:additional_image_link>https://a/2.jpg</g:additional_image_link><g:image_link>https://a/1.jpg</g:image_link>\
               <g:additional_image_link>https://a/3.jpg</g:additional_image_link><g:brand>Acme</g:brand>\
               <g:gtin>4006381333931</g:gtin><g:mpn>A-1</g:mpn><g:item_group_id>G1</g:item_group_id></item></channel></rss>";
    assert_eq!(local("feed.xml", xml), expected);
    let yml = "<yml_catalog><shop><offers><offer id='1' group_id='G1'><name>Lamp</name><price>10</price>\
               <oldprice>12.75</oldprice><picture>https://a/1.jpg</picture><picture>https://a/2.jpg | https://a/3.jpg\
               </picture><vendor>Acme</vendor><vendorCode>4006381333931</vendorCode><barcode>A-1</barcode></offer>\
               </offers></shop></yml_catalog>";
    assert_eq!(local("feed.yml", yml), expected);
}

#[test]
fn what_is_damaged_or_missing_costs_itself_alone() {
    let none = json!({"old_price": null, "images": [], "brand": null, "codes": [], "group": null});
    assert_eq!(local("feed.txt", "id\ttitle\tprice\tbrand\tgtin\n1\tLamp\t10\n"), none);
    assert_eq!(local("feed.txt", "id\ttitle\tprice\tsale_price\tbrand\n1\tLamp\t10\t12\t#N/A\n"), none);
    let yml = "<yml_catalog><shop><offers><offer id='1'><name>Lamp</name><price>10</price><oldprice>9</oldprice>\
               <barcode><b>1</b></barcode></offer></offers></shop></yml_catalog>";
    assert_eq!(local("feed.yml", yml), none);
}

#[test]
fn a_change_in_it_alone_sends_nothing() {
    let shop = Shop::new();
    let feed = |brand: &str| format!("id\ttitle\tprice\tbrand\tgtin\n1\tLamp\t10\t{brand}\t{brand}\n2\tChair\t5\t\t\n");
    shop.put_feed(feed("Acme"));
    shop.pass(0);
    shop.take_writes();
    shop.put_feed(feed("Other"));
    let plan = shop.json(&["plan", "--format", "json"]);
    assert_eq!((&plan["operations"], &plan["source"]["unchanged"]), (&json!([]), &json!(2)), "{plan}");
    shop.pass(0);
    assert_eq!(shop.take_writes(), [""; 0]);
}
