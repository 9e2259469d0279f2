//! Is an advisor there? Emplifi is asked in rounds, and its answers become a state that doesn't flicker: for the shop's
//! pages, for people, and for whoever wants to know when somebody was there.

mod asides;
mod faces;
mod hysteresis;
mod job;
mod memory;
mod probe;
mod question;
mod report;
mod round;
mod routes;
mod store;
mod system;
mod timeline;

pub use hysteresis::State;
pub use report::{
    WatchState, history_json, history_text, hours_json, hours_text, watch_spans, watch_states, watches_json,
    watches_text,
};
pub use system::AvailabilitySystem;
