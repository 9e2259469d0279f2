//! The daemon and its listener.

mod http;
mod service;
