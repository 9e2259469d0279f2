//! Plans and passes over the catalog, for people and for programs.

mod pass;
mod plan;
mod standing;

pub(crate) use pass::report;
pub(crate) use plan::PlannedCatalog;
pub(crate) use standing::CatalogLook;
