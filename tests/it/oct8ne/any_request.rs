//! Whatever is asked, what comes back is harmless to the page that asks.

use proptest::prelude::*;
use serde_json::Value;

use super::face::{Answer, Face, shop};

const ROWS: [&str; 3] = [
    "1|Lamp </script><b>big</b>|<p onclick=x>Bright</p><script>no</script>|||| 10 EUR||in stock|Home & Light|A&B||",
    "a,b|\u{2028}Comma <!--|||||||in stock||||",
    "2|Straße|||||1500 USD||out of stock|Home > Chairs|O'Neil|4006|G",
];

/// One of these as it is, or percent-encoded wherever it could be.
fn word() -> impl Strategy<Value = String> {
    let odd = [
        "",
        "1",
        "a,b",
        "2,1,1",
        "lamp",
        "<script>",
        "</script>",
        "*/alert(1)//",
        "cb",
        "a.b.c",
        "1a",
        "é",
        "0",
        "-1",
        "99999999999999999999",
        "10-20",
        "-",
        "in",
        "es_ES",
        "zz-ZZ",
        "ja-JP",
        "EUR",
        "XQQ",
        "price",
        "desc",
        "#1",
        "#",
        "%",
        "%00",
        "\u{2028}",
        "../..",
        "null",
        "[]",
        "{}",
        "strasse",
    ];
    let known = prop::sample::select(odd.to_vec()).prop_map(str::to_owned);
    prop_oneof![6 => known, 2 => "\\PC{0,12}", 1 => "[a-z ]{200,400}"]
}

fn request() -> impl Strategy<Value = String> {
    let methods = [
        "search",
        "productSummary",
        "PRODUCTINFO",
        "productRelated/",
        "customerData",
        "getCart",
        "addToWishlist",
        "getOrders",
        "getOrderDetails",
        "getSalesReport",
        "getAdapterInfo",
        "getReportData",
        "placeholder.svg",
        "",
        "x<y",
    ];
    let names = [
        "search",
        "productIds",
        "productId",
        "callback",
        "CALLBACK",
        "locale",
        "currency",
        "page",
        "pageSize",
        "start",
        "count",
        "orderBy",
        "dir",
        "category",
        "brand",
        "price",
        "availability",
        "color",
        "apiToken",
        "reference",
        "_",
    ];
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let pair = (prop::sample::select(names.to_vec()), word())
        .prop_map(move |(name, word)| format!("{name}={}", encoded(&word)));
    (prop::sample::select(methods.to_vec()), prop::collection::vec(pair, 0..6)).prop_map(move |(method, pairs)| {
        let method = method.replace('<', "%3C");
        format!("{method}?{}", pairs.join("&"))
    })
}

fn is_harmless(request: &str, answer: &Answer) -> Result<(), TestCaseError> {
    prop_assert!([200, 400, 404].contains(&answer.status), "{} {:?}", request, answer);
    let kind = answer.header("content-type").unwrap_or_default();
    if kind == "image/svg+xml" {
        return Ok(());
    }
    prop_assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{} {:?}", request, answer);
    prop_assert!(!answer.body.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{} {:?}", request, answer);
    let json = match kind {
        "application/json; charset=utf-8" => answer.body.as_str(),
        "application/javascript; charset=utf-8" => {
            let (name, rest) = answer.body.split_once('(').expect("a call");
            let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "_$.".contains(letter);
            prop_assert!(!name.is_empty() && name.chars().all(is_letter), "{}: {}", request, name);
            rest.strip_suffix(");").expect("the end of a call")
        }
        other => return Err(TestCaseError::fail(format!("{request}: {other}"))),
    };
    prop_assert!(serde_json::from_str::<Value>(json).is_ok(), "{} {:?}", request, answer);
    Ok(())
}

#[test]
fn no_answer_is_markup_or_another_script() {
    let shop = shop(&ROWS, "api_token = \"1\"");
    let face = Face::ready(&shop);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(600));
    let result = runner.run(&request(), |request| is_harmless(&request, &face.get(&request)));
    result.unwrap_or_else(|failure| panic!("{failure}"));
}
