//! Every quirk and defect that real feeds have, each with a small feed of its own.

use std::io::Write as _;

use super::*;

/// Everything a feed comes to, in a line a row.
fn rows(body: &[u8]) -> Result<Vec<String>, FeedError> {
    rows_as(body, None)
}

fn rows_as(body: &[u8], format: Option<FeedType>) -> Result<Vec<String>, FeedError> {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(body).expect("written");
    let now = "2026-06-01T12:00:00Z".parse().expect("a time");
    let shape = Shape { format, default_currency: Currency::parse("usd"), default_category: None, now };
    let mut rows = Vec::new();
    read(&open(&file, 64 << 20), &shape, &mut |row| {
        rows.push(match row {
            Row::Offer(offer) => tell(&offer),
            Row::Rejected(Rejection { line, id, field, reason, .. }) => {
                format!("{line}: ! {} {field}: {reason}", id.as_deref().unwrap_or("-"))
            }
        });
        Ok(())
    })?;
    Ok(rows)
}

fn tell(offer: &Offer) -> String {
    let item = &offer.item;
    let text = |text: &Option<String>| text.clone().unwrap_or("-".into());
    let category = item.category.as_ref().and_then(|category| category.name.clone());
    let price = item.price.map_or("-".into(), |price| price.to_string());
    let currency = item.currency.map_or("-".into(), |currency| currency.to_string());
    let stock = if item.in_stock { "yes" } else { "no" };
    let (description, url, image) = (text(&item.description), text(&item.url), text(&item.image_url));
    let category = category.unwrap_or("-".into());
    format!(
        "{}: {} | {category} | {} | {price} {currency} | {description} | {url} | {image} | {stock}",
        offer.line, item.id, item.title
    )
}

fn good(body: impl AsRef<[u8]>) -> Vec<String> {
    rows(body.as_ref()).expect("a whole feed")
}

fn titles(body: impl AsRef<[u8]>) -> Vec<String> {
    good(body).iter().map(|row| row.split(" | ").nth(2).unwrap_or(row).to_owned()).collect()
}

mod text {
    use super::*;

    const FULL: &str = "id\ttitle\tdescription\tlink\timage_link\tprice\tavailability\tproduct_type\n\
                        A1\tLamp\tBright\thttps://s.example/a1\thttps://i.example/a1\t15.00 USD\tin stock\tHome > Light\n";

    #[test]
    fn a_plain_one() {
        let expected =
            "2: A1 | Home > Light | Lamp | 15.00 usd | Bright | https://s.example/a1 | https://i.example/a1 | yes";
        assert_eq!(good(FULL), [expected]);
    }

    #[test]
    fn delimiters_line_ends_marks_and_encodings() {
        for delimiter in [",", ";", "|", "~"] {
            assert_eq!(good(FULL.replace('\t', delimiter)), good(FULL), "{delimiter}");
        }
        assert_eq!(good(FULL.replace('\n', "\r\n")), good(FULL));
        assert_eq!(good(FULL.replace('\n', "\r")), good(FULL));
        assert_eq!(good(format!("\u{feff}{FULL}")), good(FULL));
        assert_eq!(good(format!("\n\n{FULL}\n\n")), [good(FULL)[0].replacen('2', "4", 1)]);
        for (little, mark) in [(true, true), (true, false), (false, true), (false, false)] {
            let text = if mark { format!("\u{feff}{FULL}") } else { FULL.to_owned() };
            let bytes =
                text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() });
            assert_eq!(good(bytes.collect::<Vec<u8>>()), good(FULL), "little {little}, mark {mark}");
        }
        assert_eq!(titles(b"id,title\n1,Caf\xe9\n"), ["Café"]);
        assert_eq!(titles(b"id,title\n1,\xcb\xe0\xec\xef\xe0\n"), ["Лампа"]);
    }

    #[test]
    fn packed() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(FULL.as_bytes()).expect("packed");
        let packed = gzip.finish().expect("packed");
        assert_eq!(good(&packed), good(FULL));
        let mut again = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        again.write_all(&packed).expect("packed");
        assert_eq!(good(again.finish().expect("packed")), good(FULL), "packed twice");
        for end in [packed.len() - 1, packed.len() - 8, packed.len() / 2] {
            assert!(matches!(rows(&packed[..end]), Err(FeedError::Incomplete(_))), "cut at {end}");
        }
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("feed.txt", zip::write::SimpleFileOptions::default()).expect("an entry");
        zip.write_all(FULL.as_bytes()).expect("packed");
        assert_eq!(good(zip.finish().expect("packed").into_inner()), good(FULL));
    }

    #[test]
    fn headers_in_every_spelling() {
        let row = "2: 1 | T | 5 usd";
        for header in [
            "ID [id],TITLE,g:price",
            "\"Id\",\"Item title\",Price",
            "id,name,PRICE,,,",
            "id,title,price,shipping(country:price)",
        ] {
            let seen = &good(format!("{header}\n1,T,5\n"))[0];
            assert!(seen.starts_with("2: 1 | - | T | 5 usd"), "{header}: {seen} {row}");
        }
        let seen = good("ID,Image,URL,Category,Sale_Price,title\n1,i,u,A > B,3.50 eur,T\n");
        assert_eq!(seen, ["2: 1 | A > B | T | 3.50 eur | - | u | i | no"]);
        let seen = good("ID,Item title,Final URL,Image URL\n1,T,u,i\n");
        assert_eq!(seen, ["2: 1 | - | T | - - | - | u | i | no"]);
    }

    #[test]
    fn quotes() {
        assert_eq!(titles("id,title,price\n1,\"a, \"\"b\"\"\nc\",5\n2,d,6\n"), ["a, \"b\"\nc", "d"]);
        assert_eq!(good("id,title\n1,\"a\nb\"\n2,c\n")[1].split(':').next(), Some("4"), "physical lines are told");
        assert_eq!(titles("id\ttitle\tprice\n1\t\"\"\"Lake\"\" shirt\"\t5\n"), ["\"Lake\" shirt"]);
        assert_eq!(
            titles("id\ttitle\tprice\n1\t5\" nail\t5\n2\t\"Best\" nail\t5\n3\tc\t5\n"),
            ["5\" nail", "\"Best\" nail", "c"]
        );
        // A quote that would swallow the lines after it.
        assert_eq!(titles("id\ttitle\tprice\n1\t\"Best\t5\n2\tb\t5\n3\t\"Two\"\t5\n"), ["\"Best", "b", "Two"]);
        assert_eq!(titles("id\ttitle\tprice\n1\t\"Best\t5\n2\tb\t5\n3\tc\t5\n"), ["\"Best", "b", "c"]);
    }

    #[test]
    fn rows_that_do_not_fit_are_rejected_and_cost_themselves() {
        let seen = good("id,title,price,link\n1,a,5,u,EXTRA\n2,b\n3,c,5,u,,\n,d,5,u\n5,,5,u\n,,,\n");
        let expected = [
            "2: ! 1 row: 5 cells where the header has 4",
            "3: ! 2 row: 2 cells where the header has 4",
            "4: 3 | - | c | 5 usd | - | u | - | no",
            "5: ! - id: no id",
            "6: ! 5 title: no title",
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn prices() {
        let seen = good("id,title,price\n1,a,\"490,00\"\n2,b,\"1,234\"\n3,c,AED 15\n4,d,\n5,e,free\n");
        assert!(seen[0].contains("| 490.00 usd |"));
        assert_eq!(seen[1], "3: ! 2 price: \"1,234\" can be read as thousands or as decimals");
        assert!(seen[2].contains("| 15 aed |"));
        assert!(seen[3].contains("| - - |"));
        assert!(seen[4].starts_with("6: ! 5 price:"), "{}", seen[4]);
    }

    #[test]
    fn sales() {
        let feed = "id,title,price,sale_price,sale_price_effective_date\n\
                    1,a,10.00 EUR,8.00,\n\
                    2,b,10.00 EUR,8.00 EUR,2026-05-01T00:00Z/2026-07-01T00:00Z\n\
                    3,c,10.00 EUR,8.00 EUR,2026-07-01T00:00Z/2026-08-01T00:00Z\n\
                    4,d,10.00 EUR,8.00 EUR,some day\n\
                    5,e,10.00 EUR,x,2025-07-01T00:00Z/2025-08-01T00:00Z\n\
                    6,f,10.00 EUR,x,\n\
                    7,g,10.00 EUR,0,\n";
        let seen = good(feed);
        let prices: Vec<&str> = seen.iter().map(|row| row.split(" | ").nth(3).unwrap_or("rejected")).collect();
        assert_eq!(prices, ["8.00 eur", "8.00 eur", "10.00 eur", "10.00 eur", "10.00 eur", "rejected", "10.00 eur"]);
        assert!(seen[5].starts_with("7: ! 6 sale_price:"));
    }

    #[test]
    fn the_first_of_duplicates_wins_even_when_it_is_bad() {
        let seen = good("id,title,price\n1,a,x\n1,b,5\n2,c,5\n2,d,5\n");
        assert!(seen[0].starts_with("2: ! 1 price:"));
        assert_eq!(seen[1], "3: ! 1 id: duplicate: an earlier row has this id, and the first counts");
        assert!(seen[2].starts_with("4: 2 | - | c"));
        assert!(seen[3].starts_with("5: ! 2 id: duplicate"));
    }

    #[test]
    fn what_is_cut_short_is_not_a_shorter_feed() {
        for cut in [
            "",
            "  \n",
            "id,title,price\n1,a,5\n2,b",
            "id,title,price\n1,a,5\n2,\"b\nc",
            "id,title,price,x\n1,a,5,x\n2,b,5",
        ] {
            assert!(matches!(rows(cut.as_bytes()), Err(FeedError::Incomplete(_))), "{cut:?}");
        }
        assert_eq!(titles("id,title,price\n1,a,5\n2,b,5"), ["a", "b"]);
        assert!(good("id,title,price\n").is_empty());
    }

    #[test]
    fn what_is_no_feed() {
        for body in ["<!doctype html><p>404", "<html><body>", "{\"a\":1}", "[]", "hello world", "<a><b/></a>"] {
            assert!(matches!(rows(body.as_bytes()), Err(FeedError::NotAFeed(_))), "{body:?}");
        }
        let wrong = rows_as(FULL.as_bytes(), Some(FeedType::Yml));
        assert!(matches!(wrong, Err(FeedError::WrongType { found: FeedType::GoogleCsv, wanted: FeedType::Yml })));
    }
}

mod google_xml {
    use super::*;

    fn rss(items: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<rss xmlns:g=\"http://base.google.com/ns/1.0\"><channel><title>Shop</title>\n{items}\n</channel></rss>"
        )
    }

    #[test]
    fn rss_and_atom_with_and_without_prefix() {
        let fields = "<g:id>1</g:id><title>T</title><link>u</link><g:image_link>i</g:image_link><g:price>5 EUR</g:price>\
                      <g:availability>in_stock</g:availability><g:product_type>A &gt; B</g:product_type><description>d</description>";
        let expected = "3: 1 | A > B | T | 5 eur | d | u | i | yes";
        assert_eq!(good(rss(&format!("<item>{fields}</item>"))), [expected]);
        assert_eq!(good(rss(&format!("<item>{}</item>", fields.replace("g:", "")))), [expected]);
        let other = rss(&format!("<item>{}</item>", fields.replace("g:", "m:"))).replace("xmlns:g", "xmlns:m");
        assert_eq!(good(other), [expected]);
        let atom = "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:g='http://base.google.com/ns/1.0'><title>x</title>\n\
                    <entry><id>tag:x</id><g:id>1</g:id><title>T</title><link rel='self' href='no'/><link href='u'/>\
                    <summary>s</summary></entry><entry><g:id>2</g:id><title>T2</title><link>u2</link></entry></feed>";
        assert_eq!(good(atom), ["2: 1 | - | T | - - | s | u | - | no", "2: 2 | - | T2 | - - | - | u2 | - | no"]);
    }

    #[test]
    fn only_direct_children_count_and_the_first_of_several() {
        let item = "<item><g:id>1</g:id><g:title>Own</g:title><title>Plain</title><g:price>5 EUR</g:price>\
                    <g:shipping><g:price>99 EUR</g:price></g:shipping>\
                    <g:product_type>A > B</g:product_type><g:product_type>C > D</g:product_type></item>";
        assert_eq!(good(rss(item)), ["3: 1 | A > B | Own | 5 eur | - | - | - | no"]);
    }

    #[test]
    fn raw_ampersands_bad_entities_and_stray_signs_are_text() {
        let item = "<item><g:id>1</g:id><title>A & B &nbsp; C &amp; D < E</title><link>u?a=1&b=2</link></item>\n\
                    <item><g:id>2</g:id><title>Next\u{b}one</title></item>";
        let seen = good(rss(item));
        assert_eq!(seen[0], "3: 1 | - | A & B &nbsp; C & D < E | - - | - | u?a=1&b=2 | - | no");
        assert_eq!(seen[1], "4: 2 | - | Nextone | - - | - | - | - | no");
    }

    #[test]
    fn text_and_scripts_around_the_document_do_no_harm() {
        let plain = rss("<item><g:id>1</g:id><title>T</title></item>");
        for before in ["Warning: fopen() failed\n", "<script>if (a < b && c > d) {}</script>", "\u{feff}\n\n"] {
            assert_eq!(titles(format!("{before}{plain}")), ["T"], "{before:?}");
        }
        assert_eq!(titles(format!("{plain}\n<!-- 0.3 s --> <b> & bye")), ["T"]);
    }

    #[test]
    fn a_broken_item_costs_itself() {
        let deep = "<a>".repeat(100);
        let items = format!(
            "<item><g:id>1</g:id><title>open\n<item><g:id>2</g:id><title>T</title></item>\
             <item><g:id>3</g:id>{deep}</item><item><g:id>4</g:id><title>U</title></item>"
        );
        let seen = good(rss(&items));
        assert!(seen[0].starts_with("3: ! 1 item: its element is not closed"), "{}", seen[0]);
        assert!(seen[1].starts_with("4: 2 |"));
        assert!(seen[2].starts_with("4: ! 3 item: nested deeper"), "{}", seen[2]);
        assert!(seen[3].starts_with("4: 4 |"));
    }

    #[test]
    fn code_pages_behind_a_utf8_declaration() {
        let feed = rss("<item><g:id>1</g:id><title>XX</title></item>").replace("?>", " encoding=\"UTF-8\"?>");
        let at = feed.find("XX").expect("a title");
        let mut bytes = feed.into_bytes();
        bytes.splice(at..at + 2, *b"\xcb\xe0\xec\xef\xe0");
        assert_eq!(titles(bytes), ["Лампа"]);
    }

    #[test]
    fn an_end_that_is_missing() {
        let whole = rss("<item><g:id>1</g:id><title>T</title></item>");
        for cut in [whole.len() - 1, whole.len() - 6, whole.len() - 20, whole.len() / 2] {
            assert!(matches!(rows(&whole.as_bytes()[..cut]), Err(FeedError::Incomplete(_))), "{}", &whole[..cut]);
        }
        assert!(good("<rss/>").is_empty());
    }
}

mod yml {
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
        let seen =
            good(yml("<category id=\"1\">Root</category><category id=\"2\" parentId=\"1\">Leaf</category>", offer));
        assert_eq!(seen, ["4: 1 | Root > Leaf | N | 490.00 rub | <p>A &amp; B</p> | u | i1 | yes"]);
    }

    #[test]
    fn categories_of_every_shape() {
        let categories = "<category id='0'>Zero</category><category id='122072.0' parentId='0'>Dot</category>\
                          <category id='s' parentId='s'>Self</category><category id='d' parentId='none'>Dangling</category>\
                          <category id='x' parentId='y'>X</category><category id='y' parentId='x'>Y</category>\
                          <category id='p' parent_id='0'>P</category><category id='0'>Again</category><category id='n'/>";
        let ids = ["0", "122072.0", "s", "d", "x", "y", "p", "n", "undefined"];
        let offers: String = ids
            .iter()
            .map(|id| format!("<offer id='o{id}'><name>N</name><categoryId>{id}</categoryId></offer>"))
            .collect();
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
        let seen =
            good("<yml_catalog><shop><offers><offer id='1'><price>5</price></offer></offers></shop></yml_catalog>");
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
}

mod any_bytes {
    use proptest::prelude::*;

    use super::*;

    /// A small feed of each format, with the markup that the cutters know.
    const FEEDS: [&str; 3] = [
        "id\ttitle\tprice\tdescription\n1\t\"A \"\"b\"\"\nc\"\t5 EUR\td\n2\tB\t\"6,50\"\te\n3\tC\t7\tf\n",
        "<?xml version='1.0'?><rss xmlns:g='http://base.google.com/ns/1.0'><channel><item><g:id>1</g:id><title>A &amp; <![CDATA[</item>]]>\
         </title><!-- <item> --></item><item><g:id>2</g:id><title a='>'>B</title></item></channel></rss>",
        "<yml_catalog><shop><categories><category id='1'>A</category></categories><offers><offer id='1'><name>N</name>\
         <categoryId>1</categoryId></offer><offer id='2' available='false'><name>M</name></offer></offers></shop></yml_catalog>",
    ];

    proptest! {
        /// Damaged feeds are read or refused; nothing panics, nothing goes on for ever.
        #[test]
        fn damage_is_survived(which in 0..3_usize, edits in proptest::collection::vec((any::<u16>(), any::<u8>(), 0..4_u8), 0..6)) {
            let mut bytes = FEEDS[which].as_bytes().to_vec();
            for (at, byte, what) in edits {
                let at = at as usize % bytes.len().max(1);
                let byte = if byte < 128 { b"<>\"'&;/\t\n,![]-"[byte as usize % 14] } else { byte };
                match what {
                    0 if at < bytes.len() => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    2 if at < bytes.len() => _ = bytes.remove(at),
                    _ => bytes.extend_from_within(at.min(bytes.len())..),
                }
            }
            let _ = rows(&bytes);
        }

        /// An XML feed that is cut anywhere before its end tag is never a feed with fewer items.
        #[test]
        fn a_cut_is_noticed(which in 1..3_usize, at in any::<u16>()) {
            let feed = FEEDS[which];
            let at = at as usize % feed.len();
            prop_assert!(rows(&feed.as_bytes()[..at]).is_err());
        }
    }
}
