//! Hooks: who is told of what happens.

mod command;
mod post;
