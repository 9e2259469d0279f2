//! NiceChat: `service` is the handle on it, `api` answers requests from the `store`, and `imports` fetch pushed feeds
//! into it.

mod api;
mod imports;
mod orders;
mod rules;
mod service;
mod tidy;

pub(crate) use api::ROOT;
pub use imports::{ImportFails, ImportFailure, ImportFormat, ImportSeen, ImportState};
pub use rules::Rules;
pub use service::{Logged, NiceChat};
pub use tidy::cdn_address;
