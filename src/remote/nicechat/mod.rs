//! NiceChat's REST API, as its own page describes it and as its own plug-in uses it.

mod client;
mod complaint;
mod fields;
mod import;
mod object;
mod orders;
mod page;
mod reply;
mod service;
mod sign;

pub use client::{Page, PageAddress, Reader, Writer, connect};
pub use fields::{ProductFields, category_fields, product_fields, product_text_fields};
pub use import::{ImportFormat, ImportResult, ImportStatus, Push};
pub use object::FIELDS;
pub use orders::{OrdersAddress, OrdersPage, OrdersReader};
pub use sign::signature;
