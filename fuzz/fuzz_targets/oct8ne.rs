//! Any path and query: an answer, never a panic, and nothing in it that a page could take for markup or a script.
//! `cargo +nightly fuzz run oct8ne`
#![no_main]

use libfuzzer_sys::fuzz_target;
use shelfkeeper_fuzz::Trial;

thread_local! {
    static TRIAL: Trial = Trial::default();
}

fuzz_target!(|request: &str| TRIAL.with(|trial| trial.ask(request)));
