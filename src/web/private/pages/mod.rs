//! Pages for people: what an operator looks at in a browser, and the few things that can be done there.
//!
//! They are made on the server from what the systems have to show (`view`), and need neither a script nor another host.
//! Texts of feeds and services go through `text`, which makes them harmless, and maud, which escapes them.

mod actions;
mod answer;
mod asked;
mod blocks;
mod charts;
mod file;
mod frame;
mod home;
mod listing;
mod passes;
mod policy;
mod product;
mod routes;
mod text;
mod times;
mod token;
mod tone;
mod words;

pub(super) use routes::routes;
pub(super) use token::Key;
