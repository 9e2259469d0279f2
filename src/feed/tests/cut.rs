//! Text feeds that are cut anywhere, where nothing proves their end.

use super::*;

/// What a body comes to when it may be only the beginning of one.
fn unproven(body: &[u8]) -> Result<Vec<String>, FeedError> {
    let now = "2026-06-01T12:00:00Z".parse().expect("a time");
    let options = ParseOptions { default_currency: Currency::parse("usd"), ..ParseOptions::at(now) };
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(body).expect("written");
    rows_of(&open(&file, 64 << 20).unproven()?, &options)
}

/// Feeds whose rows look like whole ones when they are cut: the price is the last cell, cells have line ends, ...
const FEEDS: [&str; 8] = [
    "id\ttitle\tprice\n1\tLamp\t10.00 USD\n2\tChair\t1999.00 USD\n3\tTable\t30\n",
    "id,price,title\r\n1,10.00,Lamp\r\n2,1999.00,\"Chair,\r\nred\"\r\n3,30,\"Table 12\"\" long\"\r\n",
    "id\tprice\ttitle\n1\t10.00\t\"Lamp\nbright\"\n2\t1999\t\"Chair\n3\tand\tmore\"\n3\t30\tTable\n",
    "id;title;price\n\"1\";\"La\"\"mp\";\"10,00\"\n\"2\";\"Chair\";\"1 999,00\"\n",
    "id\ttitle\tprice\r1\tLamp\t10.00\r2\tChair\t1999.00\r",
    "id\ttitle\tprice\r1\tLamp\t10.00\r2\tChair\t1999.00\r\n",
    "id,title,\"note\n(long)\",price\n1,Lamp,x,10.00\n2,Chair,y,1999.00\n",
    "id\ttitle\n1\tPan 12\" steel\n2\t\"Pan 12\" steel\"\n3\t5\" nail\n",
];

/// Each cut gives the first of the whole feed's rows and nothing else, or is noticed.
#[test]
fn a_cut_text_says_nothing_false() {
    for feed in FEEDS {
        let whole = good(feed);
        for at in 1..=feed.len() {
            match unproven(&feed.as_bytes()[..at]) {
                Ok(rows) => assert!(whole.starts_with(&rows), "{:?}\n{rows:#?}\n{whole:#?}", &feed[..at]),
                Err(FeedError::Incomplete(_) | FeedError::NotAFeed(_)) => {}
                Err(error) => panic!("{error} of {:?}", &feed[..at]),
            }
        }
        assert_eq!(unproven(feed.as_bytes()).expect("a whole feed"), whole);
    }
}
