//! The methods that are about products, edge by edge.

use serde_json::json;

use super::face::{Face, shop};

const ROWS: [&str; 6] = [
    "1|Lamp <b>big</b>|<p onclick=x>Bright</p><script>no</script>|https://a/p?utm_source=f&x=1|http://a/1.jpg|https://a/2.jpg\
     |15.00 EUR|10 EUR|in stock|Home > Light|Acme|4006381333931|",
    "2|Chair|One line||||1500 EUR||in stock|Home > Chairs|||",
    "3|Red lamp||https://a/3|https://a/3.jpg||12 EUR||out of stock|Home > Light|Acme||G",
    "4|Blue lamp||https://a/4|https://a/4.jpg||11 EUR||in stock|Home > Light|Other||G",
    "a,b|Comma|||||||in stock||||",
    "5|Yen lamp|||||1234.5 JPY||in stock|Home > Light|||",
];

#[test]
fn products_are_told_in_the_order_asked_for() {
    let shop = shop(&ROWS, "locale = \"es-ES\"");
    let face = Face::ready(&shop);
    let summaries = face.json("productSummary?productIds=4,%201%20,nobody,1,a%2Cb");
    let ids: Vec<_> = summaries.as_array().expect("a list").iter().map(|one| one["internalId"].clone()).collect();
    assert_eq!(ids, ["4", "1"], "ids with a comma only as a whole");
    assert_eq!(
        summaries[1],
        json!({
            "internalId": "1",
            "title": "Lamp big",
            "formattedPrice": "10,00\u{a0}€",
            "formattedPrevPrice": "15,00\u{a0}€",
            "productUrl": "https://a/p?x=1",
            "thumbnail": "//a/1.jpg",
        })
    );
    assert_eq!(face.json("productSummary?productIds=a%2Cb")[0]["formattedPrice"], json!(null));
    assert_eq!(face.json("PRODUCTSUMMARY/?PRODUCTIDS=2")[0]["formattedPrice"], "1500,00\u{a0}€");
    assert_eq!(face.json("productSummary?productIds=5&locale=ja_JP&currency=EUR")[0]["formattedPrice"], "￥1,235");
    assert_eq!(face.json("productSummary"), json!([]));
    assert_eq!(face.json("productInfo?productIds="), json!([]));
    let info = &face.json("productInfo?productIds=1")[0];
    assert_eq!(
        (&info["description"], &info["useProductUrl"], &info["addToCartUrl"]),
        (&json!("<p>Bright</p>"), &json!(true), &json!(""))
    );
    assert_eq!(info["medias"], json!([{"url": "//a/1.jpg"}, {"url": "https://a/2.jpg"}]));
    let info = &face.json("productInfo?productIds=2")[0];
    assert_eq!(info["medias"], json!([{"url": "https://shop.example/es/oct8ne/frame/placeholder.svg"}]));
    assert_eq!((&info["productUrl"], &info["thumbnail"]), (&json!(""), &info["medias"][0]["url"]));
    let placeholder = face.get("placeholder.svg");
    assert!(
        placeholder.status == 200 && placeholder.header("content-type") == Some("image/svg+xml"),
        "{placeholder:?}"
    );
}

#[test]
fn what_is_put_into_a_cart_is_one_thing() {
    let shop = shop(
        &ROWS,
        "add_to_cart_url = \"/cart/add/{id}\"\nproduct_url = \"/p/{id}\"\nthumbnail_url = \"https://img/{url}\"",
    );
    let face = Face::ready(&shop);
    let info = |id: &str| face.json(&format!("productInfo?productIds={id}"))[0].clone();
    assert_eq!(info("1")["addToCartUrl"], "https://shop.example/es/cart/add/1");
    assert_eq!(info("1")["useProductUrl"], false);
    assert_eq!(info("a%2Cb")["addToCartUrl"], "https://shop.example/es/cart/add/a%2Cb");
    assert_eq!(info("a%2Cb")["productUrl"], "https://shop.example/es/p/a%2Cb");
    assert_eq!(info("1")["thumbnail"], "https://img/http%3A%2F%2Fa%2F1.jpg");
    for id in ["3", "4"] {
        assert_eq!((&info(id)["addToCartUrl"], &info(id)["useProductUrl"]), (&json!(""), &json!(true)), "{id}");
    }
}

#[test]
fn related_products_are_of_the_category() {
    let shop = shop(&ROWS, "");
    let face = Face::ready(&shop);
    let related = |id: &str| {
        let found = face.json(&format!("productRelated?productId={id}"));
        let results = found["results"].as_array().expect("results").clone();
        assert_eq!(found["total"], results.len());
        results.into_iter().map(|one| one["internalId"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(related("1"), ["4", "5", "3"], "in stock first");
    assert_eq!(related("4"), ["1", "5"], "without those of its group");
    for none in ["a%2Cb", "nobody", ""] {
        assert_eq!(related(none), [""; 0], "{none}");
    }
}

#[test]
fn answers_are_safe_wherever_they_are_put() {
    let shop = shop(&ROWS, "cache = \"90s\"");
    let face = Face::ready(&shop);
    let plain = face.get("productSummary?productIds=1");
    assert_eq!(plain.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(plain.header("cache-control"), Some("public, max-age=90"));
    assert_eq!(
        (plain.header("access-control-allow-origin"), plain.header("x-content-type-options")),
        (Some("*"), Some("nosniff"))
    );
    let tag = plain.header("etag").expect("a tag").to_owned();
    let again = face.ask("GET /oct8ne/frame/productSummary?productIds=1", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let called = face.get("productSummary?productIds=1&callback=oct8ne.cb_1&_=123");
    assert_eq!(called.header("content-type"), Some("application/javascript; charset=utf-8"));
    assert_eq!(called.body, format!("oct8ne.cb_1({});", plain.body));
    for bad in ["alert(1)//", "1a", "a-b", "%3Cscript%3E", "a%0A"] {
        let answer = face.get(&format!("search?search=x&callback={bad}"));
        assert_eq!(answer.status, 400, "{bad}");
        assert!(!answer.body.contains("alert") && !answer.body.contains('<'), "{answer:?}");
        assert_eq!(answer.json()["error"], true);
    }
    let unknown = face.get("getReportData?callback=f");
    assert!(unknown.status == 404 && unknown.body.starts_with("f({") && unknown.body.ends_with("});"), "{unknown:?}");
    let post = face.ask("POST /oct8ne/frame/search", "Content-Length: 0\r\n");
    assert_eq!((post.status, post.header("allow")), (405, Some("get, head, options")));
    assert_eq!(face.ask("GET /es/shop/Oct8ne/Frame/getAdapterInfo", "").json()["apiVersion"], "2.4");
    let head = face.ask("HEAD /oct8ne/frame/getAdapterInfo", "");
    assert_eq!((head.status, head.body.as_str(), head.header("cache-control")), (200, "", Some("no-store")));
    let packed = face.ask("GET /oct8ne/frame/productInfo?productIds=1,2,3,4,5", "Accept-Encoding: gzip\r\n");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let long = "x".repeat(40_000);
    for (refused, status) in [
        (face.get(&format!("search?search={long}")), 414),
        (face.ask("GET /oct8ne/frame/search", &format!("X: {long}\r\n")), 431),
    ] {
        assert_eq!((refused.status, refused.header("x-content-type-options")), (status, Some("nosniff")));
    }
    assert_eq!(face.ask("GET /nowhere", "").status, 404);
}

#[test]
fn switched_off_it_says_so_and_shows_nothing() {
    let shop = shop(&ROWS, "enabled = false");
    let face = Face::start(&shop);
    assert_eq!(face.json("getAdapterInfo")["enabled"], false);
    assert_eq!(face.json("productSummary?productIds=1"), json!([]));
    assert_eq!(face.json("search?search=lamp")["total"], 0);
    assert_eq!(face.json("customerData")["email"], json!(null));
}

#[test]
fn descriptions_keep_their_lines_and_pictures() {
    let items = [
        "<description><![CDATA[Fish &amp; chips &lt;3\nfor\r two]]></description>",
        "<description><![CDATA[<section><img src=\"http://a.example/1.jpg\" onerror=\"x()\"></section>]]></description>",
    ];
    let items: Vec<String> = (1..)
        .zip(items)
        .map(|(id, text)| format!("<item><g:id>{id}</g:id><g:title>T</g:title><g:price>1 EUR</g:price>{text}</item>"))
        .collect();
    let shop = shop(&[], "");
    shop.put_feed(format!(
        "<rss version=\"2.0\" xmlns:g=\"http://base.google.com/ns/1.0\"><channel>{}</channel></rss>",
        items.concat()
    ));
    let face = Face::ready(&shop);
    let found = face.json("productInfo?productIds=1,2");
    let text = found[0]["description"].as_str().expect("a text");
    assert!(text.starts_with("Fish &amp; chips &lt;3<br/>for") && !text.contains(['\n', '\r']), "{text}");
    assert_eq!(found[1]["description"], "<section><img src=\"//a.example/1.jpg\"/></section>");
}
