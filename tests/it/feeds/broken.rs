//! Damage that costs more than a row: what may have been in it stays at NiceChat until the feed is whole again.

use crate::kit::Shop;
use crate::kit::goods::sync;
use sandbox::Kind;

fn rss(items: &[&str]) -> String {
    let items: String = items.iter().map(|item| format!("<item>\n{item}</item>\n")).collect();
    format!(
        "<?xml version=\"1.0\"?><rss xmlns:g=\"http://base.google.com/ns/1.0\"><channel>\n{items}</channel></rss>\n"
    )
}

fn item(id: &str) -> String {
    format!("<g:id>{id}</g:id>\n<title>Good {id}</title>\n<g:price>10.00 USD</g:price>\n")
}

fn whole() -> String {
    rss(&["S-1", "S-2", "S-3", "S-4"].map(item).each_ref().map(String::as_str))
}

fn yml() -> String {
    let offer = |id: &str| {
        format!(
            "<offer id=\"{id}\" available=\"true\">\n<url>https://shop.example/{id}</url><price>10</price>\
                 <currencyId>USD</currencyId><name>Good {id}</name>\n</offer>\n"
        )
    };
    let offers: String = ["S-1", "S-2", "S-3", "S-4"].map(offer).concat();
    format!("<yml_catalog><shop>\n<offers>\n{offers}</offers></shop></yml_catalog>\n")
}

fn text() -> String {
    let row = |n: usize| {
        format!("S-{n},Good {n},{n}.00 USD,in stock,https://shop.example/{n},https://shop.example/{n}.jpg\n")
    };
    let rows: String = (1..=4).map(row).collect();
    format!("id,title,price,availability,link,image_link\n{rows}")
}

/// A pass over the whole feed, one over the damaged one, and what the second did.
#[track_caller]
fn nothing_is_lost(feed: &str, damaged: &[u8]) {
    assert_ne!(feed.as_bytes(), damaged, "the damage is none");
    let shop = Shop::new();
    shop.put_feed(feed);
    sync(&shop).ended(0);
    let before = shop.nicechat().objects(Kind::Product);
    shop.put_feed(damaged);
    let pass = sync(&shop);
    let told = String::from_utf8_lossy(damaged).into_owned();
    assert_eq!(pass.lines(), [""; 0], "{told}");
    assert_eq!(shop.nicechat().objects(Kind::Product), before, "{told}");
}

#[test]
fn an_end_of_the_root_in_the_middle_ends_nothing() {
    for tag in ["</rss>", "</channel></rss>", "</channel>"] {
        nothing_is_lost(&whole(), whole().replacen("</item>\n", &format!("</item>\n{tag}\n"), 2).as_bytes());
    }
    nothing_is_lost(&yml(), yml().replacen("</offer>\n", "</offer>\n</yml_catalog>\n", 1).as_bytes());
}

#[test]
fn two_items_in_one_element_are_not_one() {
    nothing_is_lost(&whole(), whole().replacen("</item>\n<item>\n", "", 1).as_bytes());
    nothing_is_lost(&whole(), whole().replacen("</item>\n<item>\n<g:id>S-2</g:id>\n", "", 1).as_bytes());
    nothing_is_lost(&yml(), yml().replacen("</offer>\n<offer id=\"S-2\" available=\"true\">\n", "", 1).as_bytes());
    nothing_is_lost(&yml(), yml().replacen(">\n</offer>\n<", "", 1).as_bytes());
}

#[test]
fn an_id_that_cannot_be_read_is_nobody_elses() {
    for id in ["S-<2/g:id>", "S-2&nbsp;</g:id>", "</g:id>", "#REF!</g:id>"] {
        nothing_is_lost(&whole(), whole().replace("S-2</g:id>", id).as_bytes());
    }
    nothing_is_lost(&whole(), whole().replace("<g:id>S-2", "<g:idS>-2").as_bytes());
    for tag in ["id=\"S-2x available", "di=\"S-2\" available", "id=\"\" available"] {
        nothing_is_lost(&yml(), yml().replace("id=\"S-2\" available", tag).as_bytes());
    }
    for id in ["#N/A", "", "#REF!"] {
        nothing_is_lost(&text(), text().replace("S-2,", &format!("{id},")).as_bytes());
    }
    for feed in [whole(), yml(), text()] {
        let mut damaged = feed.clone().into_bytes();
        let at = feed.find("S-2").expect("it") + 1;
        damaged.insert(at, 0xff);
        nothing_is_lost(&feed, &damaged);
    }
}

#[test]
fn rows_that_run_together_keep_both() {
    let rest = "in stock,https://shop.example/2,https://shop.example/2.jpg\n";
    nothing_is_lost(&text(), text().replace(rest, "").as_bytes());
    nothing_is_lost(&text(), text().replace(&format!("{rest}S-3,Good 3"), "in sto").as_bytes());
}

#[test]
fn a_byte_more_or_less_in_utf16_costs_its_row() {
    for big in [false, true] {
        let encode = |text: &str| -> Vec<u8> {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        let feed = text().replace(',', "\t");
        let shop = Shop::new();
        shop.put_feed(encode(&feed));
        sync(&shop).ended(0);
        let at = 2 + 2 * feed[..feed.find("in stock").expect("a cell") + 3].encode_utf16().count();
        for is_more in [true, false] {
            let mut damaged = encode(&feed);
            if is_more {
                damaged.insert(at, 0);
            } else {
                damaged.remove(at);
            }
            shop.put_feed(damaged);
            let pass = sync(&shop);
            assert!(pass.lines().iter().all(|line| line == "PATCH products S-1"), "{:?}", pass.lines());
            assert_eq!(shop.nicechat().objects(Kind::Product).len(), 4);
        }
    }
}

#[test]
fn rows_without_an_id_are_a_habit_of_some_feeds() {
    let nameless = ",Stock only,,in stock,,\n";
    let shop = Shop::new();
    shop.put_feed(text() + nameless);
    sync(&shop).ended(3);
    // As many as ever: what is gone is gone.
    shop.put_feed(
        text().replace("S-4,Good 4,4.00 USD,in stock,https://shop.example/4,https://shop.example/4.jpg\n", nameless),
    );
    assert_eq!(sync(&shop).ended(3).lines(), ["DELETE products S-4"]);
    // One more than ever may be anybody's.
    shop.put_feed(text().replace("S-4,Good 4", ",Good 4").replace("S-3,", ",") + nameless);
    assert_eq!(sync(&shop).ended(3).lines(), [""; 0]);
}

#[test]
fn a_stray_byte_makes_no_mojibake_of_a_file() {
    let bytes = windows_1251("id,title,price\n1,Лампа,1.00 USD\n2,Полка,2.00 USD\n3,Стол дубовый,3.00 USD\n");
    let shop = Shop::new();
    shop.put_feed(bytes.clone());
    sync(&shop).ended(0);
    let mut damaged = bytes;
    let at = damaged.iter().rposition(|byte| *byte == b' ').expect("a blank") - 10;
    damaged.insert(at, 0x98);
    shop.put_feed(damaged);
    let changed = sync(&shop).lines();
    assert!(changed.iter().all(|line| line == "PATCH products 3"), "{changed:?}");
}

/// In windows-1251.
fn windows_1251(text: &str) -> Vec<u8> {
    let byte = |c: char| match c {
        'А'..='я' => u8::try_from(c as u32 - 'А' as u32 + 0xc0).expect("a letter"),
        c => u8::try_from(c as u32).expect("ASCII"),
    };
    text.chars().map(byte).collect()
}
