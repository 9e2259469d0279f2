//! The daemon and its listener.

mod doors;
mod http;
mod pause;
mod service;
