//! Google Merchant as XML, and YML.

use super::{case, check};

#[test]
fn google_xml_names_and_prefixes() {
    check(
        &[
            case(
                "rss.xml",
                &[
                    "1 | title=Lamp | url=https://shop.example/1 | image_url=https://shop.example/1.jpg | in_stock=true \
                     | category=Home > Light | price=15.00 | currency=usd",
                    "2 | title=Chair | price=20.00",
                ],
                &[],
            ),
            case(
                "plain-field-names.xml",
                &["1 | title=Lamp | url=https://shop.example/1 | description=Bright | price=15.00"],
                &[],
            ),
            case("no-namespace.xml", &["1 | title=Lamp | image_url=https://shop.example/1.jpg | price=15.00"], &[]),
            case("undeclared-prefix.xml", &["1 | title=Lamp | price=15.00"], &[]),
            case("other-prefix.xml", &["1 | title=Lamp | price=15.00"], &[]),
            case(
                "atom.xml",
                &[
                    "1 | title=Lamp | url=https://shop.example/1?a=1&b=2 | description=Bright",
                    "2 | title=Chair | url=https://shop.example/2",
                ],
                &[],
            ),
            case("nested-price.xml", &["1 | price=15.00"], &[]),
        ],
        "google-xml",
    );
}

#[test]
fn google_xml_texts() {
    check(
        &[
            case(
                "raw-ampersands.xml",
                &[
                    "1 | title=Salt & pepper",
                    "2 | title=Black&white | url=https://shop.example/?a=1&b=2",
                    "3 | title=AT&T;",
                    "4 | title=Last",
                ],
                &[],
            ),
            case(
                "bad-entities.xml",
                &["1 | title=A&nbsp;B", "2 | title=A&#xD800;B", "3 | title=1 < 2", "4 | title=Last & least"],
                &[],
            ),
            case("control-character.xml", &["1 | title=Lamp", "2 | title=Chair"], &[]),
            case("text-before-the-declaration.xml", &["1 | title=Lamp"], &[]),
            case("script-left-in-the-file.xml", &["1 | title=Lamp", "2 | title=Chair"], &[]),
            case("windows1251-behind-a-utf8-declaration.xml", &["1 | title=Настольная лампа", "2 | title=Chair"], &[]),
            case(
                "descriptions.xml",
                &[
                    "1 | description=<p>Bright & <b>cheap</b></p>",
                    "2 | description=<p>Bright</p>",
                    "3 | description=Salt &amp; pepper",
                    "4 | description=<p>Bare</p>",
                ],
                &[],
            ),
            case("duplicate-ids.xml", &["1 | title=First"], &["11 1 id: same id as line 6, which is used"]),
            case("several-product-types.xml", &["1 | category=Home > Light"], &[]),
            case("no-items.xml", &[], &[]),
        ],
        "google-xml",
    );
}

#[test]
fn yml_categories_and_letters() {
    const LAMP: &[&str] = &["1 | title=Лампа | price=490 | currency=rub | category=Home > Light | in_stock=true"];
    let same = [
        "windows1251.xml",
        "date-iso.xml",
        "date-nonsense.xml",
        "categories-after-the-offers.xml",
        "text-before-the-declaration.xml",
        "nested-elements.xml",
    ];
    check(&same.map(|file| case(file, LAMP, &[])), "yml");
    check(
        &[
            case(
                "plain.xml",
                &[
                    "A1 | title=Лампа | url=https://shop.example/1 | image_url=https://shop.example/1.jpg | description=Bright",
                ],
                &[],
            ),
            case("windows1251-behind-a-utf8-declaration.xml", &["1 | title=Лампа", "2 | title=Lamp"], &[]),
            case("doctype-with-entities.xml", &["1 | title=&shop; lamp"], &[]),
            case("no-categories.xml", &["1 | category=null"], &[]),
            case(
                "odd-category-ids.xml",
                &[
                    "1 | category=Nought",
                    "2 | category=Nought > Point",
                    "3 | category=Nought > Long",
                    "4 | category=Slash",
                ],
                &[],
            ),
            case(
                "broken-category-trees.xml",
                &["1 | category=Own parent", "2 | category=Dangling", "3 | category=Three > Four"],
                &[],
            ),
            case("repeated-categories.xml", &["1 | category=First"], &[]),
            case("undefined-and-several-categories.xml", &["1 | category=null", "2 | category=Home"], &[]),
            case(
                "raw-ampersand-and-control-character.xml",
                &["1 | title=Salt & pepper", "2 | title=Lamp", "3 | title=Chair"],
                &[],
            ),
            case("no-offers.xml", &[], &[]),
        ],
        "yml",
    );
}

#[test]
fn yml_values() {
    check(
        &[
            case(
                "currencies.xml",
                &[
                    "1 | currency=rub",
                    "2 | currency=rub",
                    "3 | currency=rub",
                    "4 | currency=usd",
                    "5 | currency=eur",
                    "6 | currency=uah",
                    "7 | currency=kzt",
                    "8 | currency=byn",
                    "9 | currency=byr",
                    "11 | currency=usd",
                ],
                &["66 10 currency: \"XQQ\" is no currency"],
            ),
            case(
                "names.xml",
                &[
                    "1 | title=Lamp Acme L1",
                    "2 | title=Acme L1",
                    "3 | title=A record",
                    "4 | title=A name",
                    "5 | title=Anything",
                ],
                &["47 6 title: no name"],
            ),
            case(
                "prices.xml",
                &[
                    "1 | price=490",
                    "2 | price=490.00",
                    "3 | price=490.000000",
                    "4 | price=0",
                    "5 | price=null",
                    "6 | price=1.234",
                ],
                &["47 7 price: \"ask\" is not a number"],
            ),
            case(
                "pictures.xml",
                &["1 | image_url=https://shop.example/a.jpg", "2 | image_url=https://shop.example/a.jpg"],
                &[],
            ),
        ],
        "yml",
    );
}

#[test]
fn yml_offers() {
    check(
        &[
            case(
                "stock.xml",
                &[
                    "says-nothing | in_stock=true",
                    "available-true | in_stock=true",
                    "available-false | in_stock=false",
                    "available-empty | in_stock=true",
                    "disabled | in_stock=false",
                    "count-0 | in_stock=false",
                    "count-3 | in_stock=true",
                    "stock-quantity-0 | in_stock=false",
                    "quantity-in-stock-0 | in_stock=false",
                    "outlets-0 | in_stock=false",
                    "outlets-2 | in_stock=true",
                ],
                &[],
            ),
            case(
                "descriptions.xml",
                &[
                    "1 | description=<p>Ярко & <b>дёшево</b></p>",
                    "2 | description=<p>Bright</p>",
                    "3 | description=&lt;b&gt;Twice&amp;",
                ],
                &[],
            ),
            case(
                "duplicate-ids.xml",
                &["A | title=First", "B | title=Other"],
                &["24 A id: same id as line 12, which is used"],
            ),
            case("stock-only.xml", &[], &["8 1 title: no name", "9 2 title: no name"]),
            case("no-id.xml", &["2 | title=Chair"], &["12 - id: no id"]),
        ],
        "yml",
    );
}

/// A broken offer costs only itself, and is told by its id where that can be read: a rejection with
/// an id keeps the product, one without would delete it.
#[test]
fn broken_elements_keep_their_id() {
    check(
        &[case("unclosed-item.xml", &["1", "3 | title=Table"], &["11 2 item: its element is not closed"])],
        "google-xml",
    );
    check(
        &[
            case("unclosed-offer.xml", &["1", "3 | title=Chair"], &["18 2 offer: its element is not closed"]),
            case("nested-too-deep.xml", &["2 | title=Chair"], &["12 1 offer: nested deeper than"]),
        ],
        "yml",
    );
}
