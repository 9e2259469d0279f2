//! Plans and passes over the catalog, for people and for programs.

mod pass;
mod plan;

pub(crate) use pass::{foreign, line, report};
pub(crate) use plan::PlannedCatalog;
