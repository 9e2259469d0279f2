//! shelfkeeper keeps a shop's NiceChat categories and products equal to its source feed.
//!
//! The way of a product, one module a step: `source` fetches the bytes, `feed` makes items of
//! them, `systems::catalog` compares them with `state`, plans, asks its guard and applies through `remote::nicechat`.

/// The version, with the commit it was built of and that commit's day where they are known: `0.1.0 (0123456789ab
/// 2026-01-31)`.
pub const VERSION: &str = env!("SHELFKEEPER_VERSION");

pub mod approval;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod daemon;
pub mod digest;
pub mod event;
pub mod feed;
mod files;
pub mod heartbeat;
mod http_client;
mod inflow;
pub mod logging;
pub mod moment;
pub mod order;
pub mod outbox;
pub mod pass;
pub mod pause;
pub mod phone;
pub mod remote;
pub mod report;
pub mod shop;
mod sorter;
pub mod source;
mod spill;
pub mod state;
pub mod status;
pub mod systemd;
pub mod systems;
pub mod task;
mod text;
pub mod view;
pub mod web;
