//! NewStore's clienteling set-up: which numbers there are to be had, and what is bought for ever.

mod client;
mod connection;
mod error;
mod reply;
mod service;
mod token;

pub use client::{Connected, Numbers, Reader, Writer};
pub use error::{ReadError, Sent};
