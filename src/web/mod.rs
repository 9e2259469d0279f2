//! What we serve: the listener and its limits, and what an operator looks at.

pub mod listener;
pub mod private;
