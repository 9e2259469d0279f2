//! The program from outside: each test runs the real one against vendors in memory, and looks at what it leaves.
//!
//! One binary on purpose: it links once. A folder a system; `kit` is what they share.

#![allow(clippy::expect_used, reason = "a test has nothing better to do")]

mod availability;
mod catalog;
mod cli;
mod daemon;
mod events;
mod feeds;
mod hooks;
mod house;
mod kit;
mod monitoring;
mod newstore;
mod oct8ne;
mod orders;
mod pace;
mod packages;
mod pages;
mod state;
