//! The feed against what NiceChat acknowledged.

pub(super) mod decide;
pub(super) mod differ;
pub(super) mod fields;
mod index;
mod known_rows;
