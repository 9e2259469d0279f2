//! NiceChat's REST API, as its own page describes it and as its own plug-in uses it.
//!
//! Reading and writing are different types over one connection: a plan is given a [`Reader`], and
//! so can't change anything, whatever it does.

mod client;
mod complaint;
mod error;
mod import;
mod object;
mod page;
mod reply;
mod sign;
mod traffic;
mod transport;

pub use client::{Page, PageAddress, Reader, Writer, connect};
pub use error::CallError;
pub use import::{ImportFormat, ImportResult, Push};

pub use sign::signature;
pub use traffic::Traffic;
