//! Google's RSS and Atom.

use super::*;

fn rss(items: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<rss xmlns:g=\"http://base.google.com/ns/1.0\"><channel><title>Shop</title>\n{items}\n</channel></rss>"
    )
}

#[test]
fn an_empty_g_id_is_not_made_good_by_atoms_own() {
    let feed = |id: &str| {
        format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:g=\"http://base.google.com/ns/1.0\"><entry>\
             <id>https://s.example/p/1</id>{id}<title>Lamp</title><g:price>5 USD</g:price></entry></feed>"
        )
    };
    let seen = good(feed("<g:id></g:id>"));
    assert!(seen[0].contains('!') && !seen[0].contains("s.example/p/1 |"), "{seen:?}");
    assert!(good(feed("<g:id>A</g:id>"))[0].contains(": A |"));
    assert!(good(feed(""))[0].contains(": https://s.example/p/1 |"));
}

#[test]
fn the_id_of_an_item_whose_end_tag_is_broken_is_decoded() {
    let item = "<item><g:id>A&amp;B</g:d><title>Lamp</title></item>";
    let feed = format!("<rss xmlns:g=\"http://base.google.com/ns/1.0\"><channel>{item}</channel></rss>");
    assert!(good(&feed)[0].contains("A&B"), "{:?}", good(&feed));
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
fn names_in_other_letters_hold_markup_as_well() {
    for category in ["product-type", "Product_Type", "item_category"] {
        let item = format!(
            "<item><ID>1</ID><Title>Filter for H<sub>2</sub>O</Title><DESCRIPTION><p>Bright</p></DESCRIPTION>\
             <{category}>Ho<b>me</b></{category}></item>"
        );
        assert_eq!(good(rss(&item)), ["3: 1 | Home | Filter for H2O | - - | <p>Bright</p> | - | - | no"], "{category}");
    }
}

#[test]
fn a_sign_beside_the_number_and_the_same_currency_in_an_attribute() {
    for (price, seen) in [
        ("<g:price unit='EUR'>12,50 €</g:price>", "12.50 eur"),
        ("<g:price unit='USD'>$12.00</g:price>", "12.00 usd"),
        ("<g:price currency='CAD'>$12.00 CAD</g:price>", "12.00 cad"),
        ("<g:price unit='PLN'>12 zł</g:price>", "12 pln"),
    ] {
        let seen_as = good(rss(&format!("<item><g:id>1</g:id><title>T</title>{price}</item>")));
        assert!(seen_as[0].contains(&format!("| {seen} |")), "{price}: {seen_as:?}");
    }
    let seen = good(rss("<item><g:id>1</g:id><title>T</title><g:price unit='USD'>12,50 €</g:price></item>"));
    assert!(seen[0].contains("! 1 price"), "{seen:?}");
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
fn ids_with_an_ampersand() {
    for (written, id) in [
        ("x&amp;y", "x&y"),
        ("x&#38;y", "x&y"),
        ("x&y", "x&y"),
        ("<![CDATA[x&y]]>", "x&y"),
        ("<![CDATA[x&amp;y]]>", "x&amp;y"),
    ] {
        let seen = good(rss(&format!("<item><g:id>{written}</g:id><title>T</title></item>")));
        assert!(seen[0].contains(&format!(": {id} |")), "{written}: {seen:?}");
    }
    for written in ["x&nbsp;y", "x&am", "x&amp", "x&"] {
        let seen = good(rss(&format!("<item><g:id>{written}</g:id><title>T</title></item>")));
        assert!(seen[0].contains("an entity in it that nobody knows"), "{written}: {seen:?}");
    }
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
fn a_root_in_a_comment_is_none() {
    let yml = "<yml_catalog><shop><offers><offer id='1'><name>N</name></offer></offers></shop></yml_catalog>";
    let own = rss("<item><g:id>1</g:id><title>a --> b</title></item>");
    for before in [
        "<?xml version=\"1.0\"?><!-- converted from <rss> -->",
        "<!-- <FEED> --><!-- <rss> -->\n",
        "<!-- never closed <!-- <rss> -->",
    ] {
        assert_eq!(titles(format!("{before}{yml}")), ["N"], "{before}");
        assert_eq!(titles(format!("{before}{own}")), ["a --> b"], "{before}");
    }
    // Comments that aren't closed where they should be hide nothing.
    for before in ["<!-- made by us -- >", "<!-- made by us -- ><!-- and them -->"] {
        assert_eq!(titles(format!("{before}{own}")), ["a --> b"], "{before}");
    }
}

#[test]
fn lines_may_end_with_cr() {
    let feed = rss("<item><g:id>1</g:id><title>T</title></item>\n\n<item><g:id>2</g:id>\n<title>U</title></item>");
    assert!(good(&feed)[1].starts_with("5: 2 |"), "{:?}", good(&feed));
    for end in ["\r", "\r\n"] {
        assert_eq!(good(feed.replace('\n', end)), good(&feed), "{end:?}");
    }
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
