//! The daemon and its listener.

mod doors;
mod http;
mod kept;
mod pause;
mod service;
mod sync;
