//! `[guard]`, and what the state remembers.

use rust_decimal::Decimal;

use super::*;

fn guard(lines: &str) -> Guard {
    catalog(load(&source(lines)).expect(lines)).guard
}

#[test]
fn every_setting_is_read() {
    let set = guard(
        "[guard]\nmax_delete_percent = 5\nmax_emptied_percent = 6\nmax_out_of_stock_percent = 7\nmax_price_percent = 8\n\
         price_factor = 2.5\nmin_count = 0\ndelete_after = \"48h\"\ndelete_feeds = 3\nmissing = \"out_of_stock\"",
    );
    assert_eq!(
        set,
        Guard {
            max_delete_percent: 5,
            max_emptied_percent: 6,
            max_out_of_stock_percent: 7,
            max_price_percent: 8,
            price_factor: Decimal::new(25, 1),
            min_count: 0,
            delete_after: Duration::from_secs(48 * 3600),
            delete_feeds: 3,
            missing: Missing::OutOfStock,
        }
    );
    assert_eq!(guard("[guard]\nprice_factor = 2").price_factor, Decimal::TWO);
    let state = load(&source("[state]\nhistory_days = 7\nhistory_rows = 0")).expect("a config").state;
    assert_eq!(state.history, History { days: 7, rows: 0 });
}

#[test]
fn the_older_place_of_a_setting() {
    assert_eq!(guard("[nicechat]\nmax_delete_percent = 7").max_delete_percent, 7);
    assert_eq!(guard("[nicechat]\nmax_delete_percent = 7\n[guard]\nmin_count = 3").max_delete_percent, 7);
    let told = error(&source("[nicechat]\nmax_delete_percent = 7\n[guard]\nmax_delete_percent = 7"));
    let expected = ":6:22: guard.max_delete_percent = 7: nicechat.max_delete_percent says the same; keep this one";
    assert_eq!(told, expected);
}

#[test]
fn values_that_are_not_right() {
    for (lines, expected) in [
        ("[guard]\nmax_price_percent = 101", "expected a whole number from 0 to 100"),
        ("[guard]\nprice_factor = 1", "expected a number above 1 and up to 1000, without quotes"),
        ("[guard]\nprice_factor = 0.5", "expected a number above 1"),
        ("[guard]\nprice_factor = inf", "expected a number above 1"),
        ("[guard]\nprice_factor = \"3\"", "expected a number above 1"),
        ("[guard]\ndelete_after = 30", "write a time in quotes, such as \"30s\""),
        ("[guard]\ndelete_after = \"9000h\"", "expected a time from 0ms to 8760h"),
        ("[guard]\ndelete_feeds = 0", "expected a whole number from 1 to 1000"),
        ("[guard]\nmissing = \"drop\"", "expected \"keep\" or \"out_of_stock\""),
        ("[guard]\nmin_cuont = 1", "did you mean min_count?"),
        ("[state]\nhistory_days = 0", "expected a whole number from 1 to 36500"),
    ] {
        let told = error(&source(lines));
        assert!(told.contains(expected), "{lines}: {told}");
    }
}
