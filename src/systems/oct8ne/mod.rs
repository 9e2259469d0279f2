//! The Oct8ne face: what the feed says, answered to a co-viewing widget (adapter API 2.4).

mod index;
mod money;
mod product;
mod text;
