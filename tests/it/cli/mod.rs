//! Commands by hand, their words, the config, and the units.

mod alone;
mod broken;
mod by_hand;
mod check;
mod commands;
mod config;
mod dump;
mod init;
mod many;
mod packaging;
mod pause;
mod snapshots;
mod units;
mod unknown;
mod words;
