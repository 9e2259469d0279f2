//! What the tests share: a shop with a sandbox to talk to, and the real program.

pub mod events;
pub mod goods;
pub mod orders;
pub mod process;
pub mod receiver;
mod shop;

pub use shop::{FEED, HEADER, Output, Shop, finish, gzip, program, tsv, wait_until};
