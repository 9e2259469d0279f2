//! The Oct8ne face: what the feed says, answered to a widget.

mod fields;
