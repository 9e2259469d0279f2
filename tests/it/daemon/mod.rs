//! The daemon and its listener.

mod doors;
mod http;
mod overtaking;
mod pause;
mod service;
