//! Hooks: who is told of what happens.

mod alerts;
mod authorities;
mod availability;
mod command;
mod each;
mod heartbeat;
mod mail;
mod mail_faults;
mod mail_tls;
mod post;
mod unwritable;
