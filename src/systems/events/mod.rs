//! Lagerkoll's scheduled events: a mirror of them, and keeping those that are ours as they should be.
//!
//! Reading and writing are different types over one connection, as with NiceChat: a plan is given a
//! `Reader`, and so can't change anything.

mod apply;
mod job;
mod lost;
mod plan;
mod reconcile;
pub mod store;
mod survey;

pub use job::{MirrorError, Names, Report, StoreName, place, run};
pub use plan::{Plan, PlannedStore, plan};
pub use reconcile::{Step, Terms, Wanted, Work, guard, reconcile};
