//! YML.

use super::*;

fn yml(categories: &str, offers: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE yml_catalog SYSTEM \"shops.dtd\">\n\
         <yml_catalog date=\"yesterday\"><shop><categories>{categories}</categories>\n<offers>{offers}</offers></shop></yml_catalog>"
    )
}

#[test]
fn a_plain_one() {
    let offer = "<offer id=\"1\" available=\"true\"><url>u</url><price>490,00</price><currencyId>RUR</currencyId>\
                 <categoryId>2</categoryId><categoryId>1</categoryId><picture>i1</picture><picture>i2</picture><name>N</name>\
                 <description><![CDATA[<p>A &amp; B</p>]]></description></offer>";
    let seen = good(yml("<category id=\"1\">Root</category><category id=\"2\" parentId=\"1\">Leaf</category>", offer));
    assert_eq!(seen, ["4: 1 | Root > Leaf | N | 490.00 rub | <p>A &amp; B</p> | u | i1 | yes"]);
}

#[test]
fn a_broken_category_costs_no_neighbour_below_0() {
    let categories =
        "<category id=\"1\" parentId=\"0\">Lamps</category><category id=\"2\" parentId=0\">Chairs</category>";
    let offer =
        "<offer id=\"1\"><name>N</name><price>5</price><currencyId>USD</currencyId><categoryId>1</categoryId></offer>";
    let seen = good(yml(categories, offer));
    assert!(seen[0].contains(": 1 | Lamps | N |"), "{seen:?}");
}

#[test]
fn category_names_are_read_as_the_offers_are() {
    let (many, _, _) = encoding_rs::WINDOWS_1251.encode("Лампы");
    let filler: String = (10..3_000).map(|n| format!("<category id=\"{n}\">Plain words</category>\n")).collect();
    let [head, tail] = ["<category id=\"1\">", "</category>"];
    let offer =
        "<offer id=\"1\"><name>N</name><price>5</price><currencyId>USD</currencyId><categoryId>1</categoryId></offer>";
    let feed = yml(&format!("{filler}{head}@{tail}"), offer);
    let at = feed.find('@').expect("the place");
    let bytes = [&feed.as_bytes()[..at], &many[..], &feed.as_bytes()[at + 1..]].concat();
    let seen = good(bytes);
    assert!(seen[0].contains("| Лампы | N |"), "{seen:?}");
}

#[test]
fn a_dollar_is_the_one_of_the_settings() {
    for offer in ["<price>5</price><currencyId>$</currencyId>", "<price currency=\"$\">5</price>", "<price>5 $</price>"]
    {
        let feed = yml("", &format!("<offer id='1'><name>N</name>{offer}</offer>"));
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(feed.as_bytes()).expect("written");
        let seen = |default| {
            let default_currency = Currency::parse(default);
            let options = ParseOptions { default_currency, ..ParseOptions::at(Timestamp::UNIX_EPOCH) };
            rows_of(&open(&file, 64 << 20), &options).expect("a whole feed")
        };
        assert!(seen("cad")[0].contains(" 5 cad "), "{offer}: {:?}", seen("cad"));
        assert!(seen("eur")[0].contains("! 1"), "{offer}: {:?}", seen("eur"));
    }
}

#[test]
fn ids_with_an_ampersand() {
    for (written, id) in
        [("x&amp;y", "x&y"), ("x&#38;y", "x&y"), ("x&y", "x&y"), ("M&amp;M;", "M&M;"), ("&lt;b&gt;", "<b>")]
    {
        let seen = good(yml("", &format!("<offer id='{written}'><name>N</name></offer>")));
        assert!(seen[0].contains(&format!(": {id} |")), "{written}: {seen:?}");
    }
    for written in ["x&nbsp;y", "x&am", "x&amp", "x&"] {
        let seen = good(yml("", &format!("<offer id='{written}'><name>N</name></offer>")));
        assert!(seen[0].contains("id can't be read"), "{written}: {seen:?}");
    }
}

#[test]
fn categories_of_every_shape() {
    let categories = "<category id='0'>Zero</category><category id='122072.0' parentId='0'>Dot</category>\
                      <category id='s' parentId='s'>Self</category><category id='d' parentId='none'>Dangling</category>\
                      <category id='x' parentId='y'>X</category><category id='y' parentId='x'>Y</category>\
                      <category id='p' parent_id='0'>P</category><category id='0'>Again</category><category id='n'/>";
    let ids = ["0", "122072.0", "s", "d", "x", "y", "p", "n", "undefined"];
    let offers: String =
        ids.iter().map(|id| format!("<offer id='o{id}'><name>N</name><categoryId>{id}</categoryId></offer>")).collect();
    let paths = |body: String| -> Vec<String> {
        good(body).iter().map(|row| row.split(" | ").nth(1).unwrap_or_default().to_owned()).collect()
    };
    let expected = ["Zero", "Zero > Dot", "Self", "Dangling", "Y > X", "X > Y", "Zero > P", "n", "-"];
    assert_eq!(paths(yml(categories, &offers)), expected);
    let after = format!(
        "<yml_catalog><shop><offers>{offers}</offers><categories>{categories}</categories></shop></yml_catalog>"
    );
    assert_eq!(paths(after), expected);
}

#[test]
fn a_category_that_is_not_closed_keeps_its_items() {
    let seen = good(yml(
        "<category id='1'>A<category id='2'>B</category>",
        "<offer id='1'><name>N</name><categoryId>1</categoryId></offer>",
    ));
    assert!(seen[0].contains("| A |"), "{}", seen[0]);
}

#[test]
fn a_cdata_section_that_is_not_closed_costs_its_own_offer() {
    let offers = "<offer id='1'><name>N</name><description><![CDATA[cut</description></offer>\n\
                  <offer id='2'><name>M</name><description><![CDATA[whole]]></description></offer>\n<offer id='3'><name>O</name></offer>";
    let seen = good(yml("", offers));
    assert!(seen[0].starts_with("4: ! 1 offer: a CDATA section or comment in it is not closed"), "{}", seen[0]);
    assert!(seen[1].starts_with("5: 2 |") && seen[2].starts_with("6: 3 |"), "{seen:?}");
}

#[test]
fn names() {
    let offers = "<offer id='1' type='vendor.model'><typePrefix>Printer</typePrefix><vendor>HP</vendor><model>L1</model></offer>\
                  <offer id='2'><vendor></vendor><model>M</model></offer><offer id='3'><title>Title</title><vendor>V</vendor></offer>\
                  <offer id='4' type='who knows'><name>N</name><model>M</model></offer><offer id='5'><vendor>V</vendor></offer>";
    let seen = titles(yml("", offers));
    assert_eq!(seen[..4], ["Printer HP L1", "M", "Title", "N"]);
    assert_eq!(seen[4], "4: ! 5 title: no name");
}

#[test]
fn stock() {
    let offers = [
        ("available='true'", "", "yes"),
        ("available='false'", "", "no"),
        ("", "", "yes"),
        ("available='true' disabled='true'", "", "no"),
        ("", "<count>0</count>", "no"),
        ("available='true'", "<stock_quantity>0</stock_quantity>", "no"),
        ("", "<quantity_in_stock>3</quantity_in_stock>", "yes"),
        ("", "<outlets><outlet instock='0'/><outlet instock='2'/></outlets>", "yes"),
        ("", "<outlets><outlet instock='0'/><outlet instock='0'/></outlets>", "no"),
        ("", "<outlets><outlet/></outlets>", "yes"),
    ];
    for (at, (attributes, inside, expected)) in offers.into_iter().enumerate() {
        let row = &good(yml("", &format!("<offer id='1' {attributes}><name>N</name>{inside}</offer>")))[0];
        assert!(row.ends_with(expected), "offer {at}: {row}");
    }
}

#[test]
fn prices_and_pictures() {
    let offers = "<offer id='1'><name>N</name><price from=\"true\">490.000000</price><currencyId>BYN</currencyId>\
                  <picture> a | b | c</picture></offer><offer id='2'><name>N</name><price>0</price></offer>\
                  <offer id='3'><name>N</name><currencyId>RUB</currencyId></offer>\
                  <offer id='4'><name>N</name><price>5</price><currencyId>Рубли</currencyId></offer>";
    let seen = good(yml("", offers));
    assert_eq!(seen[0], "4: 1 | - | N | 490.000000 byn | - | - | a | yes");
    assert_eq!(seen[1], "4: 2 | - | N | 0 usd | - | - | - | yes");
    assert_eq!(seen[2], "4: 3 | - | N | - rub | - | - | - | yes");
    assert!(seen[3].starts_with("4: ! 4 currency:"));
}

#[test]
fn stock_only_feeds_reject_every_row() {
    let seen = good("<yml_catalog><shop><offers><offer id='1'><price>5</price></offer></offers></shop></yml_catalog>");
    assert_eq!(seen, ["1: ! 1 title: no name"]);
}

#[test]
fn descriptions_in_cdata_escaped_and_escaped_twice() {
    let offers = "<offer id='1'><name>N</name><description>&lt;b&gt;x&lt;/b&gt; &amp;amp;</description></offer>\
                  <offer id='2'><name>N</name><description><![CDATA[a</offer>b]]></description></offer>\
                  <offer id='3'><name>N</name><description>a<br/>b <b>c</b></description></offer>";
    let seen = good(yml("", offers));
    let descriptions: Vec<&str> = seen.iter().map(|row| row.split(" | ").nth(4).unwrap_or_default()).collect();
    assert_eq!(descriptions, ["<b>x</b> &amp;", "a</offer>b", "a<br/>b <b>c</b>"]);
}

#[test]
fn windows_1251() {
    let feed = yml("", "<offer id='1'><name>XX</name></offer>").replace("utf-8", "windows-1251");
    let at = feed.find("XX").expect("a name");
    let mut bytes = feed.into_bytes();
    bytes.splice(at..at + 2, *b"\xcb\xe0\xec\xef\xe0");
    assert_eq!(titles(bytes), ["Лампа"]);
}

#[test]
fn dot_ids_are_refused() {
    let seen = good(yml("", "<offer id='..'><name>N</name></offer><offer><name>N</name></offer>"));
    assert!(seen[0].contains("cannot be part of an address"));
    assert!(seen[1].ends_with("id: no id"));
}
