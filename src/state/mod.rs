//! One SQLite file for what must outlive the process, whatever that is: each system keeps its own tables and values in
//! it, with functions of its own over what is here.
//!
//! A [`Reader`] only reads, works beside a running daemon and creates nothing. The one [`Writer`]
//! of a state file holds its lock and writes from a thread of its own.

mod backup;
mod beside;
mod doubt;
mod error;
mod file;
mod identity;
mod idle;
mod key;
mod lock;
mod migrate;
mod open;
mod own;
mod place;
pub(crate) mod private;
mod reader;
mod schema;
mod secret;
mod writer;

pub use beside::{Board, Glance, Illegible};
pub use doubt::{begin_sending, end_doubt, end_orders_doubt, end_sending};
pub use error::StateError;
pub use file::Durable;
pub use key::{Key, json, value};
pub use lock::is_in_use;
pub use own::OwnFile;
pub(crate) use private::give_to_owner_of_folder;
pub use reader::{Reader, limit};
#[cfg(test)]
pub(crate) use schema::STEPS;
pub use schema::{
    AVAILABILITY_SINCE, COUNTED_SINCE, GUARD_SINCE, HISTORY_SINCE, JOBS_SINCE, ORDERS_SINCE, OWNED_SINCE, SECRET_SINCE,
    TAKEN_BY_SINCE, VERSION,
};
pub use writer::{Pending, Writer};
