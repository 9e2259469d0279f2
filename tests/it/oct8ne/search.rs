//! What is found, in which order, and what it can be narrowed by.

use serde_json::{Value, json};

use super::face::{Face, shop};

const ROWS: [&str; 8] = [
    "L1|Desk lamp|Bright light|||| 30 EUR||in stock|Home > Light|Acme|ABC-1|",
    "L2|Floor lamp 500ml|For reading|||| 80 EUR||in stock|Home > Light|Acme||",
    "L3|Lamps for all|A lantern|||| 10 EUR||out of stock|Home > Light|Other||",
    "C1|Chair|Stands beside a lamp|||| 120 EUR||in stock|Home > Chairs|Other|4006|",
    "C2|Élégant chair||||| 150 EUR||in stock|Home > Chairs|||",
    "T1|Table|||| | 300 EUR||in stock|Garden > Chairs|Acme||",
    "T2|Ёлка straße||||| ||in stock|Garden|||",
    "U1|US lamp||||| 5 USD||in stock|Home > Light|||",
];

fn options(found: &Value, param: &str) -> Vec<(String, String, String)> {
    let available = found["filters"]["available"].as_array().expect("a list").clone();
    let facet = available.into_iter().find(|facet| facet["param"] == param);
    let options = facet.map(|facet| facet["options"].as_array().expect("options").clone()).unwrap_or_default();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    options.iter().map(|option| (text(&option["value"]), text(&option["valueLabel"]), text(&option["count"]))).collect()
}

#[test]
fn words_forms_beginnings_and_typos_are_found() {
    let shop = shop(&ROWS, "");
    let face = Face::ready(&shop);
    let found = |text: &str| face.found(&format!("search={text}&pageSize=50"));
    assert_eq!(found("lamp"), ["L1", "U1", "L2", "L3", "C1"].map(str::to_owned).to_vec(), "titles first, then stock");
    for (text, ids) in [
        ("LAMPS", vec!["L1", "L2", "L3", "U1", "C1"]),
        ("elegant", vec!["C2"]),
        ("елка+strasse", vec!["T2"]),
        ("500+ml", vec!["L2"]),
        ("500ml", vec!["L2"]),
        ("floo", vec!["L2"]),
        ("tabel", vec!["T1"]),
        ("lanten", vec!["L3"]),
        ("acme+desk", vec!["L1"]),
        ("garden+table", vec!["T1"]),
        ("chair+nonsense", vec!["C1", "C2", "T1"]),
        ("%23l3", vec!["L3"]),
        ("%23lamp", vec![]),
        ("abc-1", vec!["L1"]),
        ("***", vec![]),
        ("", vec![]),
    ] {
        let mut some = found(text);
        some.sort();
        let mut ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        ids.sort();
        assert_eq!(some, ids, "{text}");
    }
    assert_eq!(found("c1")[0], "C1", "an id comes first");
}

#[test]
fn filters_count_exactly() {
    let shop = shop(&ROWS, "locale = \"es-ES\"");
    let face = Face::ready(&shop);
    let found = face.json("search?search=lamp&currency=EUR");
    assert_eq!(found["total"], 5);
    assert_eq!(found["filters"]["applied"], json!([]));
    let brands = options(&found, "brand");
    assert_eq!(
        brands.iter().map(|(value, _, count)| (value.as_str(), count.as_str())).collect::<Vec<_>>(),
        [("Acme", "2"), ("Other", "2")]
    );
    assert_eq!(
        options(&found, "availability"),
        [("in", "En stock", "4"), ("out", "Agotado", "1")].map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()))
    );
    for param in ["category", "brand", "price", "availability"] {
        for (value, label, count) in options(&found, param) {
            let value = value.replace('&', "%26");
            let narrowed = face.json(&format!("search?search=lamp&currency=EUR&{}={value}", param.to_uppercase()));
            assert_eq!(narrowed["total"].to_string(), count, "{param}={value}");
            assert_eq!(narrowed["filters"]["applied"][0]["valueLabel"], label, "{param}={value}");
            assert_eq!(options(&narrowed, param), []);
        }
    }
    let prices = options(&found, "price");
    assert!((2..=6).contains(&prices.len()) && prices[0].1.contains('€'), "{prices:?}");
    assert_eq!(face.found("search=lamp&brand=Acme&brand=Other").len(), 4, "of a repeated one any");
    assert_eq!(face.found("search=lamp&brand=Acme&availability=out"), [""; 0]);
    assert_eq!(face.found("search=lamp&brand=nobody"), [""; 0]);
    let ignored = face.json("search?search=lamp&color=black");
    assert_eq!((&ignored["total"], &ignored["filters"]["applied"]), (&json!(5), &json!([])));
    let both = face.json("search?search=chair");
    let labels: Vec<String> = options(&both, "category").into_iter().map(|(_, label, _)| label).collect();
    assert!(
        labels.contains(&"Home > Chairs".to_owned()) && labels.contains(&"Garden > Chairs".to_owned()),
        "{labels:?}"
    );
    for (value, label, _) in options(&both, "category") {
        let chosen = face.json(&format!("search?search=chair&category={}", value.replace(' ', "%20")));
        assert_eq!(chosen["filters"]["applied"][0]["valueLabel"], label, "as it was called before it was chosen");
    }
}

#[test]
fn pages_and_orders() {
    let shop = shop(&ROWS, "");
    let face = Face::ready(&shop);
    let page = |page: &str| face.found(&format!("search=lamp&{page}"));
    let all = page("");
    assert_eq!((page("page=1&pageSize=2"), page("page=3&pageSize=2")), (all[..2].to_vec(), all[4..].to_vec()));
    assert_eq!((page("page=9&pageSize=2"), page("page=x&pageSize=0")), (vec![], all.clone()));
    assert_eq!(page("start=1&count=2"), all[1..3].to_vec());
    assert_eq!(page("orderBy=price&currency=EUR"), ["L3", "L1", "L2", "C1", "U1"]);
    assert_eq!(page("orderby=price&dir=desc&currency=EUR"), ["C1", "L2", "L1", "L3", "U1"]);
    assert_eq!(page("orderBy=name"), ["C1", "L1", "L2", "L3", "U1"]);
    assert_eq!(page("orderBy=name&dir=desc"), ["U1", "L3", "L2", "L1", "C1"]);
    assert_eq!(page("orderBy=PRICE&dir=DESC"), all);
}

#[test]
fn what_is_out_of_stock_can_be_hidden() {
    let shop = shop(&ROWS, "out_of_stock = \"hidden\"");
    let face = Face::ready(&shop);
    assert!(!face.found("search=lamp").contains(&"L3".to_owned()));
    assert_eq!(face.json("search?search=lamp")["total"], 4);
    assert_eq!(face.json("productSummary?productIds=L3")[0]["internalId"], "L3");
}

#[test]
fn names_are_in_the_order_of_the_alphabet() {
    let rows = ["1|Ös lamp", "2|Zink lamp", "3|Ås lamp", "4|Ark lamp", "5|Äng lamp"];
    let rows: Vec<String> = rows.iter().map(|row| format!("{row}|||||1 SEK||in stock||||")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    for (locale, ids) in [("sv-SE", ["4", "2", "3", "5", "1"]), ("de-DE", ["5", "4", "3", "1", "2"])] {
        let shop = shop(&rows, &format!("locale = \"{locale}\""));
        let face = Face::ready(&shop);
        assert_eq!(face.found("search=lamp&orderBy=name"), ids, "{locale}");
    }
}

#[test]
fn numbers_may_be_larger_than_any() {
    let shop = shop(&ROWS, "");
    let face = Face::ready(&shop);
    let huge = "99999999999999999999999999";
    for (query, found) in [
        (format!("page={huge}"), 0),
        (format!("start={huge}"), 0),
        (format!("page={huge}&pageSize={huge}"), 0),
        (format!("pageSize={huge}"), 5),
        (format!("count={huge}"), 5),
        ("price=0-99999999999999999999".to_owned(), 4),
        ("price=0-999999999999999999999999999999".to_owned(), 4),
    ] {
        let answer = face.json(&format!("search?search=lamp&{query}"));
        assert_eq!(answer["results"].as_array().map(Vec::len), Some(found), "{query}");
    }
}

#[test]
fn what_is_asked_for_is_applied_as_it_was_written() {
    let shop = shop(&ROWS, "facets = [\"price\", \"availability\", \"price\"]");
    let face = Face::ready(&shop);
    let applied = |query: &str| face.json(&format!("search?search=lamp&{query}"))["filters"]["applied"].clone();
    for (query, value, label) in [
        ("price=abc", "abc", "abc"),
        ("price=10.00-50.0", "10.00-50.0", "€10.00 – €50.00"),
        ("availability=maybe", "maybe", "maybe"),
        ("availability=in&availability=in", "in", "In stock"),
    ] {
        let found = applied(query);
        assert_eq!(found.as_array().map(Vec::len), Some(1), "{query}: {found}");
        assert_eq!((&found[0]["value"], &found[0]["valueLabel"]), (&json!(value), &json!(label)));
    }
    assert_eq!(applied("brand=Acme"), json!([]), "no facet of this shop");
    let available = face.json("search?search=lamp")["filters"]["available"].clone();
    assert_eq!(available.as_array().map(Vec::len), Some(2));
}

#[test]
fn prices_near_to_each_other_are_told_apart() {
    let rows = ["1|Lamp|||||1499 EUR||in stock||||", "2|Lamp|||||1500.50 EUR||in stock||||"];
    let shop = shop(&rows, "");
    let face = Face::ready(&shop);
    let prices = options(&face.json("search?search=lamp"), "price");
    assert_eq!(prices.len(), 2, "{prices:?}");
    for (range, _, count) in prices {
        assert_eq!(face.json(&format!("search?search=lamp&price={range}"))["total"].to_string(), count);
    }
    assert_eq!(face.found("search=lamp&price=1499.00004-"), ["2"], "1499 is below");
}

#[test]
fn codes_are_found_as_they_are() {
    let rows = [
        "#9|Lamp|||||1 EUR||in stock||||",
        "9|Chair|||||1 EUR||in stock||||",
        "10|Table|||||1 EUR||in stock|||4006381333931|",
    ];
    let shop = shop(&rows, "");
    let face = Face::ready(&shop);
    for (text, ids) in [
        ("%239", vec!["#9", "9"]),
        ("%23%239", vec!["#9"]),
        ("%23", vec![]),
        ("4006381333931", vec!["10"]),
        // That of another product is no typo.
        ("4006381333932", vec![]),
        ("400638133393", vec!["10"]),
    ] {
        let mut found = face.found(&format!("search={text}"));
        found.sort();
        assert_eq!(found, ids, "{text}");
    }
}

#[test]
fn words_are_whole_whatever_is_written_within_them() {
    let rows = [
        "1|Wasch\u{ad}maschine|<b>K</b>ühlschrank<br>Backofen||||1 EUR||in stock||||",
        "2|Geschirr&shy;spüler <b>X</b>treme|Tauch<wbr>sieder <b>Farbe</b><i>Kupfer</i>||||1 EUR||in stock||||",
        "3|М'ята<br>чай|||||1 EUR||in stock||||",
    ];
    let shop = shop(&rows, "locale = \"de-DE\"");
    let face = Face::ready(&shop);
    for (text, ids) in [
        ("waschmaschine", vec!["1"]),
        ("Wasch\u{ad}maschine", vec!["1"]),
        ("kühlschrank backofen", vec!["1"]),
        ("geschirrspüler xtreme", vec!["2"]),
        ("tauchsieder", vec!["2"]),
        ("kupfer", vec!["2"]),
        ("farbe", vec!["2"]),
        ("м\u{2bc}ята", vec!["3"]),
        ("м’ята чай", vec!["3"]),
        // A mark without a letter is no word, and no beginning of one.
        ("\u{301}", vec![]),
        ("tauchsieder \u{301}", vec!["2"]),
    ] {
        let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        assert_eq!(face.found(&format!("search={text}")), ids, "{text}");
    }
}

#[test]
fn letters_written_as_entities_are_letters() {
    let rows = ["1|Rock&amp;Roll|A caf&eacute; cup <b>for&nbsp;tea</b>||||1 EUR||in stock||||"];
    let shop = shop(&rows, "");
    let face = Face::ready(&shop);
    for text in ["cafe", "caf%C3%A9", "rock+roll", "for+tea"] {
        assert_eq!(face.found(&format!("search={text}")), ["1"], "{text}");
    }
    for text in ["amp", "eacute", "nbsp"] {
        assert_eq!(face.found(&format!("search={text}")), [""; 0], "{text}");
    }
}
