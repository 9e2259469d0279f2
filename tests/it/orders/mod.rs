//! NiceChat's orders.

mod alone;
mod mirror;
mod odd;
mod personal;
mod shared;
mod sold;
mod vanished;
