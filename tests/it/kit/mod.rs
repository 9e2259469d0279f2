//! What the tests share: a shop with a sandbox to talk to, and the real program.

pub(crate) mod browser;
pub(crate) mod devtools;
pub(crate) mod door;
pub(crate) mod events;
pub(crate) mod goods;
pub(crate) mod machine;
pub(crate) mod mailserver;
pub(crate) mod orders;
pub(crate) mod process;
pub(crate) mod receiver;
mod shop;

pub(crate) use shop::{FEED, HEADER, Output, Shop, finish, gzip, program, tsv, wait_until};
