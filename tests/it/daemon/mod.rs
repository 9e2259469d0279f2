//! The daemon and its listener.

mod http;
mod pause;
mod service;
