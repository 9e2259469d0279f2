//! Feeds that are far larger inside than outside, or that would have everything behind a place looked through again
//! and again: what is beyond the bounds is not taken, and what is beside it is.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::feed::bounds::{MAX_ATTRIBUTES, MAX_COLUMNS, MAX_ITEM, MAX_NAMESPACES, MAX_NODES, MAX_PATH};

const OFFER: &str = "<offer id='2'><name>M</name></offer>";

fn yml(inside: &str) -> String {
    format!("<yml_catalog><shop><offers>{inside}{OFFER}</offers></shop></yml_catalog>")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("packed");
    packed.finish().expect("packed")
}

/// The one row that is not taken, of a feed whose second offer is.
#[track_caller]
fn rejected(body: &str) -> String {
    let rows = good(yml(body));
    let [rejected, taken] = rows.as_slice() else { panic!("{} rows: {:?}", rows.len(), rows.iter().take(3)) };
    assert!(taken.contains(": 2 | - | M |"), "{taken}");
    assert!(rejected.len() < 700, "{} bytes", rejected.len());
    rejected.clone()
}

#[test]
fn an_offer_has_so_many_attributes_and_elements() {
    let attributes = "a='1' ".repeat(MAX_ATTRIBUTES);
    assert!(
        rejected(&format!("<offer id='1' {attributes}><name>N</name></offer>")).contains("1 offer: <offer> has more")
    );
    for tags in ["<t/>", "<t>1</t>", "<t><u/>"] {
        let tags = tags.repeat(MAX_NODES);
        let row = rejected(&format!("<offer id='1'><name>N</name>{tags}</offer>"));
        assert!(row.contains("1 offer: "), "{row}");
    }
    let tags = "<t/>".repeat(200_000);
    let html = rejected(&format!("<offer id='1'><name>N</name><description>{tags}</description></offer>"));
    assert!(html.contains("1 offer: more than 100000 tags in it"), "{html}");
    let strays = "< ".repeat(1_000_000);
    assert!(rejected(&format!("<offer id='1'><name>N{strays}</name></offer>")).contains("1 offer: "));
    let deep = "<d>".repeat(1_000_000);
    assert!(rejected(&format!("<offer id='1'>{deep}</offer>")).contains("nested deeper than 64 levels"));
}

#[test]
fn an_item_has_texts_of_so_many_bytes() {
    let long = "x".repeat(MAX_ITEM);
    assert!(rejected(&format!("<offer id='1'><name>N{long}</name></offer>")).contains("1 row: its texts take more"));
    let whole = format!("<offer id='1'><name>N</name><description>{}</description></offer>", &long[..MAX_ITEM / 2]);
    assert_eq!(good(yml(&whole)).len(), 2);
    let id = rejected(&format!("<offer id='{long}'><name>N</name></offer>"));
    assert!(id.contains("! - row: its id is longer than 1 KiB"), "{id}");
    for child in [format!("<price>{long}</price>"), format!("<quantity>{long}</quantity>"), format!("<{long}/>x")] {
        rejected(&format!("<offer id='1'><name>N</name>{child}</offer>"));
    }
    rejected(&format!("<offer id='1' available='{long}'><name>N</name></offer>"));
}

#[test]
fn a_text_row_has_cells_and_a_path_of_so_many() {
    let cells = "\tx".repeat(2_000_000);
    let rows = good(format!("id\ttitle\n1\tA{cells}\n2\tB\n"));
    assert!(rows[0].contains("cells where the header has 2") && rows[2].contains("| B |"), "{rows:?}");
    let path = "a>".repeat(MAX_PATH);
    let rows = good(format!("id\ttitle\tproduct_type\n1\tA\t{path}\n2\tB\tHome\n"));
    assert_eq!(rows[0], "2: ! 1 category: its path is longer than 4 KiB");
    assert!(rows[1].contains("| B |"));
    let columns = "\tx".repeat(MAX_COLUMNS);
    let refused = rows_as(format!("id\ttitle{columns}\n1\tA\n").as_bytes(), None).expect_err("too many columns");
    assert!(refused.to_string().contains("more than 10000 columns"), "{refused}");
}

#[test]
fn namespaces_have_an_end() {
    let item = "<item><g:id>1</g:id><title>A</title></item>";
    let open: String = (0..=MAX_NAMESPACES).map(|n| format!("<a xmlns:n{n}='urn:{n}'>")).collect();
    let feed = |inside: &str| format!("<rss><channel>{inside}{item}</channel></rss>");
    assert!(matches!(rows(feed(&open).as_bytes()), Err(FeedError::NotAFeed(_))));
    let closed = "<a xmlns:n='urn:n'></a>".repeat(100_000);
    assert_eq!(good(feed(&closed)).len(), 1);
}

/// Each of these had the rest of the feed looked through once for each of a million beginnings.
#[test]
fn what_never_ends_is_looked_for_once() {
    for begin in ["<!--", "<!-- x ", "<?", "<? x ", "<![CDATA[", "</", "<x", "<a b=\"", "<a '", "<!D[ ", "<"] {
        let many = begin.repeat((6 << 20) / begin.len());
        // Some of them hide the end of the feed.
        match rows(yml(&many).as_bytes()) {
            Ok(rows) => assert!(rows.len() <= 1, "{begin}"),
            Err(error) => {
                assert!(matches!(error, FeedError::Incomplete(_) | FeedError::NotAFeed(_)), "{begin}: {error}")
            }
        }
    }
    let open = "<offer id='1'><name><![CDATA[N</name></offer>".repeat(50_000);
    assert_eq!(good(yml(&open)).len(), 50_001);
}

/// Quotes that break the rules are made out by a look at the lines behind them, of which there are only so many.
#[test]
fn quotes_that_nobody_can_make_out() {
    for line in ["\"x\n", "\"a\"b\"\n\n\"\n", "\"1\t\"T\t5 USD\tx\n", "\"1\"x\t\"T\t5\tx\n", "1\t\"T\n"] {
        let lines = line.repeat(400_000 / line.len());
        let rows = good(format!("id\ttitle\tprice\tdescription\na\tA\t5\tx\n{lines}z\tZ\t5\tx\n"));
        assert!(rows[0].contains(": a | - | A |"), "{}", rows[0]);
    }
}

#[test]
fn blank_lines_are_passed_over() {
    for blank in ["\n", "\r\n", "\t\t\n", " \n"] {
        let blank = blank.repeat(20_000_000 / blank.len());
        let lines = blank.matches('\n').count();
        let rows = good(format!("id\ttitle\n{blank}1\tA\n"));
        assert!(rows[0].starts_with(&format!("{}: 1 |", lines + 2)), "{}", rows[0]);
    }
}

/// Each byte comes alone: the row that they make must not be looked through from its beginning for each of them.
#[test]
fn a_row_in_a_million_pieces() {
    let mut feed = gzip(b"id\ttitle\n1\t");
    feed.extend(gzip(b"x").repeat(90_000));
    feed.extend(gzip(b"\n2\tB\n"));
    assert_eq!(good(&feed).len(), 2);
    feed.extend(gzip(b"\n").repeat(20_000));
    let refused = rows(&feed).expect_err("too many members").to_string();
    assert!(refused.contains("more than 100000 gzip members"), "{refused}");
}

/// Nothing in it that anybody would be asked about, and far more of it than anybody reads in time.
#[test]
fn reading_is_stopped_while_nothing_comes_of_it() {
    let stop = CancellationToken::new();
    let blank = gzip(&vec![b'\n'; 1 << 20]);
    let mut file = tempfile::tempfile().expect("a temporary file");
    let rows: String = (0..100_000).map(|n| format!("{n}\tA\n")).collect();
    file.write_all(&gzip(format!("id\ttitle\n{rows}").as_bytes())).expect("written");
    (0..1_000).for_each(|_| file.write_all(&blank).expect("written"));
    let now = "2026-06-01T12:00:00Z".parse().expect("a time");
    let options = ParseOptions::at(now);
    let input = open(&file, u64::MAX).stopped_by(&stop);
    let stopped = read(&input, &options, &mut |_| {
        stop.cancel();
        Ok(())
    });
    assert!(matches!(stopped, Err(FeedError::Interrupted)), "{stopped:?}");
}

#[test]
fn zip_archives_are_unpacked_as_they_are_read() {
    let archive = |names: usize, text: &[u8]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for name in 0..names {
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file(format!("{name}.txt"), options).expect("begun");
            zip.write_all(text).expect("packed");
        }
        zip.finish().expect("packed").into_inner()
    };
    let feed = b"id\ttitle\n1\tA\n";
    assert_eq!(good(archive(1, feed)).len(), 1);
    assert!(rows(&archive(2, feed)).expect_err("two files").to_string().contains("a zip archive of 2 files"));
    assert!(matches!(rows(&archive(100_000, b"")), Err(FeedError::Incomplete(_))), "a list of megabytes");
    let large = [feed.as_slice(), &vec![b'\n'; 65 << 20]].concat();
    assert!(matches!(rows(&archive(1, &large)), Err(FeedError::TooLarge(_))));
    let mut damaged = archive(1, feed);
    let at = memchr::memmem::find(&damaged, b"0.txt").expect("its name") + 7;
    damaged[at] ^= 0x10;
    assert!(matches!(rows(&damaged), Err(FeedError::Incomplete(_))));
    let whole = archive(1, feed);
    // The checksum in the list of files.
    let list = memchr::memmem::find(&whole, b"PK\x01\x02").expect("a list");
    let mut damaged = whole;
    damaged[list + 16] ^= 1;
    assert!(matches!(rows(&damaged), Err(FeedError::Incomplete(_))));
}
