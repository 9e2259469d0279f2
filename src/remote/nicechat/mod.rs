//! NiceChat's REST API, as its own page describes it and as its own plug-in uses it.

mod client;
mod complaint;
mod import;
mod object;
mod page;
mod reply;
mod service;
mod sign;

pub use client::{Page, PageAddress, Reader, Writer, connect};
pub use import::{ImportFormat, ImportResult, ImportStatus, Push};
pub use sign::signature;
