//! Any text as a price: what is read prints as the same JSON number. `cargo +nightly fuzz run price`
#![no_main]

use libfuzzer_sys::fuzz_target;
use shelfkeeper::catalog::Money;

fuzz_target!(|text: &str| {
    if let Ok(money) = Money::parse(text) {
        assert_eq!(money.price.to_number().to_string(), money.price.to_string());
    }
});
