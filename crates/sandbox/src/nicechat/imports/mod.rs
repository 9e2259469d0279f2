//! Feed imports: NiceChat fetches a feed by itself and makes objects of it (NiceChat API page, section Feeds).
//!
//! The way of an import: `push` reads the request, which `requests` answers, `work` goes through its states, `fetch` gets the feed and
//! calls back, `google` and `yml` make `contents` of it, `apply` puts those into the store.

mod apply;
mod contents;
mod fetch;
mod google;
mod push;
mod record;
mod requests;
mod work;
mod yml;

pub(super) use record::Imports;
pub use record::{ImportFails, ImportFailure, ImportFormat, ImportSeen, ImportState};
pub(super) use work::run;
