//! The daemon and its listener.

mod doors;
mod http;
mod kept;
mod overtaking;
mod pause;
mod service;
mod sync;
