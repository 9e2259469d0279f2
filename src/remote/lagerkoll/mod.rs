//! Lagerkoll's API of scheduled events.

mod client;
mod reply;
mod service;
mod unique;

pub use client::{Reader, Writer, connect};
