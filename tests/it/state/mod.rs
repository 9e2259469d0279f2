//! The state file.

mod backup;
mod damaged_rows;
mod digests;
mod file;
