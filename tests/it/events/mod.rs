//! Lagerkoll's scheduled events.

mod copies;
mod daemon;
mod declared;
mod doubt;
mod limit;
mod mirror;
