//! Whether changes go by the API or by an import, and where NiceChat would fetch the feed.

pub(super) mod address;
pub(super) mod cost;
pub(super) mod polls;
