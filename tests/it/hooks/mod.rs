//! Hooks: who is told of what happens.

mod availability;
mod command;
mod each;
mod post;
