//! Plans and passes over the catalog, for people and for programs.

mod changes;
mod explain;
mod history;
mod imports;
mod listings;
mod page;
mod pass;
mod plan;
mod product;
mod rejected;
mod shown;
mod standing;
mod unproven;

pub use explain::{explanation_json, explanation_text};
pub use history::{history_csv, history_json, history_text};
pub(crate) use pass::report;
pub(crate) use plan::PlannedCatalog;
pub use plan::held_text;
pub use rejected::{rejected_csv, rejected_json, rejected_text, was_feed_read};
pub(crate) use standing::CatalogLook;
