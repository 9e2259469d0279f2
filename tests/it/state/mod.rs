//! The state file.

mod file;
