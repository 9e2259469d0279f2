//! The comparison of the source with the state, the plan that follows, its guard and its
//! application.

mod apply;
mod columns;
mod context;
mod diff;
mod error;
mod explain;
mod filter;
mod guard;
mod import;
mod input;
mod job;
mod listing;
mod overtaking;
mod pass;
mod plan;
mod planner;
mod probe;
mod rejections;
mod report;
mod request;
mod seen;
mod shelf;
mod stock;
pub mod store;
mod strategy;
mod system;
mod wait;

pub use apply::{Applied, Stop};
pub use columns::{fields_of, gone, of_fields, of_header};
pub use context::Context;
pub use diff::decide::{Base, Observation, Since, Wanted, acknowledged, decide, observe};
pub use diff::differ::{Comparison, Differ, Policy};
pub use diff::error::DifferError;
pub use diff::fields::{changes, overlaid, same};
pub use error::PassError;
pub use explain::{ExplainedBy, Explanation, explain};
pub use plan::Plan;
pub use plan::gone::GoneColumn;
pub use plan::operation::{Action, Operation, Stage, Urgency};
pub use plan::store::{Cursor, Group, PlanStore, PlanStoreError, SharedPlanStore};
pub use plan::summary::{Summary, Tally};
pub use plan::verdict::{Example, Held, HeldRisk};
pub(crate) use planner::body;
pub use rejections::record_rejections;
pub use report::was_feed_read;
pub use report::{explanation_json, explanation_text};
pub use report::{held_text, history_csv, history_json, history_text, rejected_csv, rejected_json, rejected_text};
pub use shelf::{About, Blocks, Draft, Generation, Note, Shelf, ShelfError, Stocked, Walk};
pub use shelf::{FOOT, MAGIC, Span, foot, pack, put, read_foot, take, take_number, take_text, unpack};
pub use stock::{Outcome as StockOutcome, Preview, SHOWN, Showing, Stocking, Word, is_of as is_shown, shown};
pub use strategy::address::Address;
pub use strategy::cost::{ChosenStrategy, Cost, Decision};
pub use system::CatalogSystem;

#[cfg(test)]
mod tests;
