//! Plans and passes over the catalog, for people and for programs.

mod pass;
mod plan;
mod standing;

pub(crate) use pass::report;
pub(crate) use plan::PlannedCatalog;
pub use plan::print_held;
pub(crate) use standing::CatalogLook;
