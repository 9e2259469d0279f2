//! What we serve: the listener and its limits, what an operator looks at, and the door for everybody else.

pub mod attempts;
mod client;
pub mod listener;
pub mod private;
pub mod public;
