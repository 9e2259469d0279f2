//! What is done with the vendors, a folder each.

pub mod catalog;
pub mod events;
