//! Clients of the vendors' services. Each vendor has a folder; what they share is here.
//!
//! In a folder, reading and writing are different types over one connection: a plan is given a `Reader`, and so can't
//! change anything, whatever it does.

mod adaptive;
pub mod emplifi;
mod error;
mod http;
mod json;
pub mod lagerkoll;
mod limit;
#[cfg(test)]
mod limit_tests;
pub mod newstore;
pub mod nicechat;
pub mod oct8ne;
mod pace;
mod redact;
mod traffic;

pub use error::{CallError, ConnectError};
pub use limit::{AtOnce, Limit, Limits, Permit, Quota, Silence, Terms};
pub use traffic::Traffic;
