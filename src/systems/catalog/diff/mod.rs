//! The feed against what NiceChat acknowledged.

pub(super) mod decide;
pub(super) mod differ;
pub(super) mod error;
mod feed_view;
pub(super) mod fields;
mod index;
mod inventory;
mod known_rows;
pub(super) mod patience;
