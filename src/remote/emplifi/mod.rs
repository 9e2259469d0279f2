//! Emplifi Live Commerce: whether advisors are there. There is nothing to write.

mod client;
mod reply;
mod service;

pub use client::{Reader, connect};
