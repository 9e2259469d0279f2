//! The state file.

mod damaged_rows;
mod digests;
mod file;
