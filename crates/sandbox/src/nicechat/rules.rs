//! The ways in which NiceChat may rightly behave, each of which a client has to get along with.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::imports::ImportFails;
use crate::pace::milliseconds;

/// Switches of the in-memory NiceChat; all off by default. For errors see [`crate::Fault`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// An image address sent is kept as an address on NiceChat's CDN, see [`crate::cdn_address`]
    /// (NiceChat API page, sections List exists Products and Edit Product).
    pub cdn: bool,
    /// Listings give HTML without white space around its tags.
    pub trim_html: bool,
    /// Listings give prices the way floating-point numbers are printed: `10.00` as `10.0`.
    pub float_prices: bool,
    /// Replies to writes give what listings give, not what was sent.
    pub rewrite_replies: bool,
    /// `next` and `previous` are paths, not whole URLs; NiceChat's page calls them paths, its plug-in takes both.
    pub next_as_path: bool,
    /// A DELETE is answered with 200 and an envelope whose code is 204, not with 204 and nothing.
    pub delete_with_body: bool,
    /// Ids that differ in case only are the same id.
    pub ignore_case: bool,
    /// A product whose category doesn't exist is refused with 400.
    pub strict_categories: bool,
    /// How long each request takes, half of it before it has its effect; milliseconds in JSON.
    #[serde(rename = "latency_ms", with = "milliseconds")]
    pub latency: Duration,
    /// How many requests are served in any second; those beyond are refused with 429. 0 = any number.
    pub most_per_second: usize,
    /// What such a refusal says in `Retry-After`, in seconds; 0 = nothing.
    pub refused_for: u64,
    /// How many requests a second are worked off, one after the other, while those that come meanwhile wait; 0 = any
    /// number.
    pub worked_off_per_second: u32,
    /// Objects per page of a listing, at least 1.
    pub page_size: usize,
    /// Orders are listed as they came, not the newest first; NiceChat's page doesn't tell which.
    pub orders_oldest_first: bool,
    /// The listing of orders says that there are so many, whatever there is.
    pub orders_count: Option<usize>,
    /// How long an import is enqueued; milliseconds in JSON.
    #[serde(rename = "import_enqueued_ms", with = "milliseconds")]
    pub import_enqueued: Duration,
    /// How long an import is started before the feed is fetched; milliseconds in JSON.
    #[serde(rename = "import_started_ms", with = "milliseconds")]
    pub import_started: Duration,
    /// Imports that go wrong.
    pub import_fails: Option<ImportFails>,
    /// Every import copies every picture to the CDN again, so that its address there is another one each time.
    pub import_recopies_images: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            cdn: false,
            trim_html: false,
            float_prices: false,
            rewrite_replies: false,
            next_as_path: false,
            delete_with_body: false,
            ignore_case: false,
            strict_categories: false,
            latency: Duration::ZERO,
            most_per_second: 0,
            refused_for: 0,
            worked_off_per_second: 0,
            page_size: 100,
            orders_oldest_first: false,
            orders_count: None,
            import_enqueued: Duration::ZERO,
            import_started: Duration::ZERO,
            import_fails: None,
            import_recopies_images: false,
        }
    }
}
