//! The Oct8ne face: what the feed says, answered to a widget.

mod alone;
mod any_request;
mod catalogue;
mod commands;
mod customer;
mod face;
mod fields;
mod methods;
mod orders;
mod search;
mod widget;
