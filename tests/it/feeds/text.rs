//! Google Merchant, delimited text.

use super::{case, check};

/// Two rows that many files have, to see that both come out whole.
const LAMP_AND_CHAIR: &[&str] = &[
    "1 | title=Lamp | price=15.00 | currency=usd | in_stock=true | category=null",
    "2 | title=Chair | price=20.00 | currency=usd | in_stock=false",
];

#[test]
fn google_text_delimiters_encodings_and_packings() {
    let same = [
        "tab.tsv",
        "comma.csv",
        "semicolon.txt",
        "pipe.txt",
        "tilde.txt",
        "crlf.tsv",
        "bom-on-first-header.tsv",
        "no-line-end-at-the-end.tsv",
        "text-behind-an-xml-name.xml",
        "packed.tsv.gz",
        "gzip-behind-a-txt-name.txt",
        "packed.zip",
    ];
    check(&same.map(|file| case(file, LAMP_AND_CHAIR, &[])), "google-csv");
    check(
        &[
            case("bom-and-quoted-header.csv", &["1 | title=Lamp | price=15.00"], &[]),
            case("utf16le-bom.txt", &["1 | title=Лампа für 5 € | price=15.00 | currency=eur"], &[]),
            case("utf16be-bom.txt", &["1 | title=Лампа für 5 € | price=15.00 | currency=eur"], &[]),
            case("latin1.tsv", &["1 | title=Café crème | price=15.00", "2 | title=Grün"], &[]),
            case("windows1252.tsv", &["1 | title=Tea – “finest” 5 €"], &[]),
            case("windows1251.tsv", &["1 | title=Настольная лампа | currency=rub"], &[]),
        ],
        "google-csv",
    );
}

#[test]
fn google_text_rows_and_headers() {
    check(
        &[
            case(
                "quoted-cells.tsv",
                &[
                    "1 | description=Two\tcells, a \"quote\"\nand a second line | price=15.00",
                    "2 | description=One\n\nmore | price=20.00",
                ],
                &["7 3 title: no title"],
            ),
            case(
                "raw-quotes.tsv",
                &[
                    "1 | title=12\" pan | description=It is 30 cm\" wide | price=15.00",
                    "2 | title=\"Best\" chair | price=20.00",
                    "3 | title=\"Open | description=never closed | price=30.00",
                    "4 | title=Table | description=as it is | price=40.00",
                ],
                &[],
            ),
            case(
                "headers-with-labels.tsv",
                &["1 | title=Lamp | image_url=https://shop.example/1.jpg | price=15.00 | category=Home"],
                &[],
            ),
            case(
                "headers-of-other-tools.csv",
                &[
                    "1 | image_url=https://shop.example/1.jpg | url=https://shop.example/1 | category=Home | price=12.00",
                ],
                &[],
            ),
            case(
                "headers-of-ads.csv",
                &["1 | title=Lamp | url=https://shop.example/1 | image_url=https://shop.example/1.jpg"],
                &[],
            ),
            case("headers-with-sub-attributes.csv", &["1 | title=Lamp | price=15.00"], &[]),
            case("trailing-empty-columns.csv", &["1 | title=Lamp | price=15.00", "2 | title=Chair | price=20.00"], &[]),
            case("blank-lines.tsv", &["1 | title=Lamp"], &["6 2 title: no title"]),
            case(
                "broken-in-two.tsv",
                &["1 | title=Lamp", "4 | title=Stool"],
                &["3 2 row: 2 cells where", "4 half row: 3 cells where", "5 3 row: 5 cells where"],
            ),
            case("control-character.tsv", &["1 | title=Lamp", "2 | title=Chair"], &[]),
            case(
                "html-in-description.csv",
                &["1 | description=<p class=\"a\">Bright &amp; <b>cheap</b></p> | price=15.00"],
                &[],
            ),
            case("header-only.tsv", &[], &[]),
        ],
        "google-csv",
    );
}

#[test]
fn google_text_prices() {
    check(
        &[
            case(
                "prices.tsv",
                &[
                    "1 | price=15.00 | currency=usd",
                    "2 | price=11995 | currency=gbp",
                    "3 | price=199.00 | currency=usd",
                    "4 | price=8654 | currency=usd",
                    "5 | price=0 | currency=rub",
                    "6 | price=15 | currency=aed",
                    "7 | price=490.00 | currency=usd",
                    "8 | price=1234.50 | currency=eur",
                    "9 | price=1234567.5 | currency=eur",
                    "10 | price=1234.50 | currency=usd",
                    "11 | price=1234567 | currency=eur",
                    "17 | price=null",
                ],
                &[
                    "13 12 price: \"1.234 EUR\" can be read as thousands or as decimals",
                    "14 13 price: \"12,345\" can be read",
                    "15 14 price: \"free\" is not a number",
                    "16 15 price: \"XQQ\" names no currency",
                    "17 16 price: \"-5.00 USD\" is below zero",
                ],
            ),
            case(
                "sale-prices.tsv",
                &[
                    "1 | price=12.00",
                    "2 | price=12.00",
                    "3 | price=12.00",
                    "4 | price=15.00",
                    "5 | price=15.00",
                    "6 | price=15.00",
                ],
                &["8 7 sale_price: \"1.234 USD\" can be read"],
            ),
            case("many-currencies.tsv", &["1 | currency=usd", "2 | currency=eur", "3 | currency=rub"], &[]),
            case("no-price-or-nought.tsv", &["1 | price=null", "2 | price=0", "3 | price=0.00"], &[]),
        ],
        "google-csv",
    );
}

#[test]
fn google_text_values() {
    check(
        &[
            case(
                "availability.tsv",
                &[
                    "1 | in_stock=true",
                    "2 | in_stock=true",
                    "3 | in_stock=true",
                    "4 | in_stock=true",
                    "5 | in_stock=true",
                    "6 | in_stock=false",
                    "7 | in_stock=false",
                    "8 | in_stock=false",
                    "9 | in_stock=false",
                    "10",
                ],
                &[],
            ),
            case(
                "product-types.tsv",
                &[
                    "1 | category=Home > Light",
                    "2 | category=Clothing, Shoes > Men",
                    "3 | category=Lamps",
                    "4 | category=Home & Garden > Lighting",
                    "5 | category=594",
                    "6 | category=Lamps",
                    "7 | category=Home > Light",
                    "8 | category=null",
                ],
                &[],
            ),
            case(
                "duplicate-ids.tsv",
                &["1 | title=First", "2 | title=Chair"],
                &["4 1 id: same id as line 2, which is used"],
            ),
            case(
                "no-id-or-title.tsv",
                &["3 | title=Table"],
                &["2 - id: no id", "3 2 title: no title", "5 .. id: the id \"..\" cannot be part of an address"],
            ),
            case("stock-only.tsv", &[], &["2 1 title: no title", "3 2 title: no title"]),
        ],
        "google-csv",
    );
}

/// Lines are those that an editor shows, also where a lone CR ends them.
#[test]
fn lines_that_end_with_cr() {
    check(&[case("cr-only.tsv", &["1 | title=Lamp | price=1.00"], &["3 2 title: no title"])], "google-csv");
}
