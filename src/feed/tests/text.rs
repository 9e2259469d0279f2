//! Delimited text.

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
        let bytes = text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() });
        assert_eq!(good(bytes.collect::<Vec<u8>>()), good(FULL), "little {little}, mark {mark}");
    }
    assert_eq!(titles(b"id,title\n1,Caf\xe9\n"), ["Café"]);
    assert_eq!(titles(b"id,title\n1,\xcb\xe0\xec\xef\xe0\n"), ["Лампа"]);
}

#[test]
fn a_name_in_any_language_is_one() {
    let seen = good("id;name_ua;name_ru;price\n1;;Лампа;10.00 UAH\n2;Стіл;Стол;20.00 UAH\n");
    assert!(seen[0].contains("| Лампа |") && seen[1].contains("| Стіл |"), "{seen:?}");
    assert_eq!(titles(b"id,name,title\n1,Other,Own\n2,Other,\n"), ["Own", "Other"]);
}

#[test]
fn quoted_rows_may_have_fewer_or_more_cells_at_their_end() {
    assert_eq!(titles("id,title,price,,,\n1,Lamp,5.00 EUR,,,\n2,\"Chair, oak\",20.00 EUR\n"), ["Lamp", "Chair, oak"]);
    let exported = "\"id\",\"title\",\"price\"\n\"1\",\"Lamp\",\"5.00 EUR\",\n\"2\",\"Chair, oak\",\"\",\n";
    assert_eq!(titles(exported), ["Lamp", "Chair, oak"]);
    assert_eq!(titles("\"id\",\"title\",\"price\",\"brand\"\n\"1\",\"Lamp\",\"5.00 EUR\"\n2,b,6,c\n"), ["Lamp", "b"]);
    // What stands under no column, too little, and two cells that lost what was between them.
    for row in ["\"Lamp, big\",5,u,red,more", "\"Lamp, big\"", "\"Lamp\"\"5.00 EUR\",u,red", "\"Lamp, big\","] {
        let seen = good(format!("id,title,price,brand,color\n1,{row}\n2,\"b\",6,u,red\n"));
        assert!(seen[0].starts_with("2: ! ") && seen[1].starts_with("3: 2 |"), "{row}: {seen:?}");
    }
}

#[test]
fn line_ends_of_a_mac_stay_so_when_a_cell_has_another_one() {
    let text = "id,title,description\r1,Lamp,\"Bright\nand warm\"\r2,Desk,Oak\r";
    assert_eq!(titles(text), ["Lamp", "Desk"]);
    assert_eq!(titles("\"id\",\"title\r\"\r\n1,Lamp\r\n2,\"De\rsk\"\r\n").len(), 2);
    for end in ["\n", "\r\n", "\r\n\r\n", "\n \n"] {
        assert_eq!(titles(format!("id\ttitle\r1\tLamp\r2\tDesk{end}")), ["Lamp", "Desk"], "{end:?}");
    }
    assert_eq!(titles("id\ttitle\r\n1\tLamp\r\n"), ["Lamp"]);
}

#[test]
fn a_name_in_the_header_may_have_lines() {
    for delimiter in [",", ";", "|", "~", "\t"] {
        for end in ["\n", "\r\n", "\r"] {
            let feed = "id,title,\"note\n(long)\",price\n1,Lamp,x,5\n2,Desk,y,6\n";
            let seen = good(feed.replace(',', delimiter).replace('\n', end));
            let begins = ["3: 1 | - | Lamp | 5 usd |", "4: 2 | - | Desk | 6 usd |"];
            let are_read = seen.iter().zip(begins).all(|(row, begin)| row.starts_with(begin));
            assert!(seen.len() == 2 && are_read, "{delimiter:?} {end:?}: {seen:?}");
        }
    }
    assert_eq!(titles("\"ID\n[id]\",title\n1,Lamp\n"), ["Lamp"]);
    // A quote that is never closed holds no rows.
    assert_eq!(titles("id,title,price,\"note\n1,Lamp,5,x\n2,Desk,6,12\"\n"), ["Lamp", "Desk"]);
}

#[test]
fn of_columns_with_the_same_name_the_first_value_counts() {
    let rows = "1,Lamp,,15.00 EUR,,Home\n2,Desk,5.00 EUR,15.00 EUR,Work,Home\n3,Sofa,,,,\n";
    let seen = good(format!("id,title,price,price,product_type,product_type\n{rows}"));
    let begins = ["2: 1 | Home | Lamp | 15.00 eur |", "3: 2 | Work | Desk | 5.00 eur |", "4: 3 | - | Sofa | - - |"];
    assert!(seen.iter().zip(begins).all(|(row, begin)| row.starts_with(begin)), "{seen:?}");
    let seen = good("id,title,url,link,link\n1,Lamp,no,,yes\n2,Desk,no,,\n");
    assert!(seen[0].contains("| yes |") && !seen[1].contains("| no |"), "{seen:?}");
    // But no product is known by another id, and a row that ends before the second column is half of one.
    let seen = good("id,title,price,id\n,Lamp,5.00 EUR,7\n7,Desk,9.00 EUR,1\n");
    assert!(seen[0].starts_with("2: ! ") && seen[1].starts_with("3: 7 | - | Desk"), "{seen:?}");
    let seen = good("id,title,price,link,price\n1,Lamp,,https://a.example/,5.00 EUR\n2,Desk,,https://a.example/\n");
    assert!(seen[1].starts_with("3: ! "), "{seen:?}");
    // Where the first one says it, the others may trail away, and cells that moved cost their own row alone.
    let seen = good("id,title,price,product_type,product_type\n1,Lamp,5.00 EUR,Home\n2,Desk,5.00 EUR,Work,Home\n");
    assert!(seen[0].starts_with("2: 1 | Home | Lamp") && seen[1].starts_with("3: 2 | Work | Desk"), "{seen:?}");
    let seen = good("id,title,price,price\n1,Lamp, red,5.00 EUR,5.00 EUR\n2,Desk,5.00 EUR,\n");
    assert!(seen.len() == 2 && seen[1].starts_with("3: 2 | - | Desk"), "{seen:?}");
}

#[test]
fn a_number_is_no_name_in_indonesian() {
    let seen = good("id,title,title_id\n1,Lamp,4711\n2,,4712\n");
    assert!(seen[0].contains("| Lamp |") && seen[1].starts_with("3: ! 2 title"), "{seen:?}");
}

#[test]
fn wide_blanks_and_lines_are_no_bytes_out_of_step() {
    for row in ["\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}", "──────────", "一一一一一一", "日本語"]
    {
        let feed = format!("id\ttitle\tprice\tdescription\n1\tランプ\t990.00\t{row}明るい\n2\tLamp\t5.00\tWarm\n");
        for little in [true, false] {
            let bytes =
                feed.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() });
            assert_eq!(good(bytes.collect::<Vec<u8>>()), good(&feed), "{row} little {little}");
        }
    }
}

#[test]
fn utf16_is_known_by_its_first_line() {
    let words = "Кабель силовой медный негорючий для прокладки в помещениях и кабельных каналах";
    let feed = format!("id\ttitle\tprice\r\n1\t{words}\t990.00\r\n2\tЛампа настольная\t1490.00\r\n");
    let quoted = feed.replacen("id\ttitle\tprice", "\"id\"\t\"title\"\t\"price\"", 1);
    for (text, little) in [(&feed, true), (&feed, false), (&quoted, true), (&quoted, false)] {
        let bytes = text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() });
        assert_eq!(good(bytes.collect::<Vec<u8>>()), good(&feed), "little {little}");
    }
    assert!(good(&feed)[0].contains(words));
}

#[test]
fn ids_beyond_ascii_are_read_wherever_the_file_ends() {
    for title in ["Лампа", "Ламп", "Lamp Л", "L"] {
        for end in ["\r\n", "\n", "\n\n", "\r\n\r\n", ""] {
            let seen = good(format!("id\ttitle\r\nАБ-1\t{title}{end}"));
            assert!(seen.len() == 1 && seen[0].starts_with("2: АБ-1 |"), "{title:?} {end:?}: {seen:?}");
        }
    }
    // A byte that is damaged costs its own cell.
    let seen = good(b"id\ttitle\n\xd0\x90-1\tA\xffB\n\xd0\x90-2\tC\n");
    assert!(seen[0].starts_with("2: А-1 | - | A\u{fffd}B") && seen[1].starts_with("3: А-2 | "), "{seen:?}");
}

#[test]
fn what_follows_a_row_that_lacks_its_sale_may_be_the_rest_of_it() {
    let header = "id,title,availability,price,sale_price\n1,Lamp,in stock,20.00 USD,15.00 USD\n";
    for rest in [",149.00 USD", "PHP Fatal error:  Allowed memory size exhausted"] {
        for table in ["Table", "\"Table, oak\""] {
            let seen = good(format!("{header}5,{table},in stock,199.00 USD\n{rest}\n6,Desk,in stock,9.00 USD\n"));
            assert_eq!(seen[1], "3: ! 5 row: the next line seems to be the rest of it", "{seen:?}");
            assert!(seen[3].starts_with("5: 6 | "), "{seen:?}");
        }
    }
    // What lacks its sale among other rows is a row, also before one whose line ends in its quotes.
    let header = "id,title,description,price,sale_price,brand\n1,Lamp,Nice,20.00 USD,15.00 USD\n";
    let seen = good(format!("{header}2,Table,Nice,199.00 USD\n3,Desk,\"Oak.\nSolid\",9.00 USD,8.00 USD,Ash\n"));
    assert!(seen.len() == 3 && seen.iter().all(|row| !row.contains('!')), "{seen:?}");
    let header = "id,title,availability,price,sale_price\n1,Lamp,in stock,20.00 USD,15.00 USD\n";
    let seen = good(format!("{header}5,Table,in stock,199.00 USD\n6,Desk,in stock,9.00 USD\n\n"));
    assert!(seen.len() == 3 && seen[1].starts_with("3: 5 | ") && seen[2].starts_with("4: 6 | "), "{seen:?}");
}

#[test]
fn what_is_left_of_a_row_takes_no_other_rows_id() {
    let seen = good("id,title,price,description\n1,Shirt,10 USD,Cotton in percent:\n100\n100,Lamp,5 USD,x\n");
    assert!(seen[1].starts_with("3: ! - row: ") && seen[2].starts_with("4: 100 | "), "{seen:?}");
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
    let options = zip::write::SimpleFileOptions::default();
    for (beside, folder) in [(&[][..], ""), (&["export/._feed.txt", "export/.DS_Store"], "export/")] {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        if !folder.is_empty() {
            zip.add_directory(folder, options).expect("an entry");
        }
        for name in beside {
            zip.start_file(format!("__MACOSX/{name}"), options).expect("an entry");
            zip.write_all(b"Mac OS X").expect("packed");
        }
        zip.start_file(format!("{folder}feed.txt"), options).expect("an entry");
        zip.write_all(FULL.as_bytes()).expect("packed");
        assert_eq!(good(zip.finish().expect("packed").into_inner()), good(FULL));
    }
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
    assert_eq!(seen[1], "3: ! 1 id: same id as line 2, which is rejected, too");
    assert!(seen[2].starts_with("4: 2 | - | c"));
    assert!(seen[3].starts_with("5: ! 2 id: same id as line 4, which is used"));
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

#[test]
fn two_cells_run_together_are_nobodys_id() {
    let feed = "id,title,price\n\"1\",\"Pan\",5\n\"2\"\0\"Pot\",6\n\"3\",\"Lid\",7\n";
    let rows = good(feed);
    assert!(rows[0].contains("| Pan |") && rows[2].contains("| Lid |"), "{rows:#?}");
    assert!(rows[1].starts_with("3: ! - row: "), "{rows:#?}");
}

#[test]
fn a_last_quote_that_is_lost_costs_its_row_and_not_the_feed() {
    for end in ["\n", "\n\n", "\r\n\r\n"] {
        let rows = good(format!("\"id\",\"title\"\n\"1\",\"Pan\"\n\"2\",\"Pot, red{end}"));
        assert!(rows[0].contains("| Pan |"), "{rows:#?}");
        assert!(rows[1].starts_with("3: ! 2 row: "), "{rows:#?}");
    }
}

#[test]
fn a_last_line_needs_no_line_end_whatever_the_size() {
    for quote in ["", "\""] {
        for end in ["\n", "\r\n", "\r"] {
            // Around the sizes of the first reading and of the window.
            for size in [64 << 10, 128 << 10, 256 << 10, 512 << 10] {
                for length in size - 3..=size + 3 {
                    let mut feed = format!("id\ttitle{end}1\tPan{end}2\t{quote}");
                    feed += &"x".repeat(length - feed.len() - quote.len());
                    feed += quote;
                    assert_eq!((feed.len(), good(&feed).len()), (length, 2), "{quote:?} {end:?}");
                    assert!(!good(&feed)[1].contains("! "), "{length} {quote:?} {end:?}");
                }
            }
        }
    }
}
