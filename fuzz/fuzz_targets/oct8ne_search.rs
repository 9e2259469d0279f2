//! Any text in a search field: what is told about it holds together. `cargo +nightly fuzz run oct8ne_search`
#![no_main]

use libfuzzer_sys::fuzz_target;
use shelfkeeper_fuzz::Trial;

thread_local! {
    static TRIAL: Trial = Trial::default();
}

fuzz_target!(|text: &str| TRIAL.with(|trial| trial.search(text)));
