//! shelfkeeper keeps a shop's NiceChat categories and products equal to its source feed.
//!
//! The way of a product, one module a step: `source` fetches the bytes, `feed` makes items of
//! them, `sync` compares them with `state`, plans, asks the guard and applies through `nicechat`.

pub mod catalog;
pub mod feed;
pub mod sandbox;
