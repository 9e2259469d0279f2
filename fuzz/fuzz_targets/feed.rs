//! Any bytes as a feed: read or refused, never a panic. `cargo +nightly fuzz run feed`
#![no_main]

use std::io::Write as _;

use libfuzzer_sys::fuzz_target;
use shelfkeeper::feed::{self, ParseOptions};

fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(bytes).expect("written");
    let shape = ParseOptions::at(jiff::Timestamp::UNIX_EPOCH);
    let _ = feed::read(&feed::open(&file, 1 << 20), &shape, &mut |_| Ok(()));
});
