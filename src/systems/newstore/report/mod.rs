//! What people and programs are told.

mod plan;
mod standing;

pub use plan::ShownPlan;
pub(super) use standing::NewStoreLook;
