//! Hooks: who is told of what happens.

mod alerts;
mod availability;
mod command;
mod each;
mod heartbeat;
mod post;
