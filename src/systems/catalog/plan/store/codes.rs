//! How stages, urgencies and kinds are written: as numbers, by which the database brings operations into their order.

use crate::catalog::Kind;
use crate::systems::catalog::plan::operation::{Stage, Urgency};

/// What stands for a stage, an urgency or a kind in the temporary file: they sort there as they do here.
pub(super) trait Code: Copy {
    fn code(self) -> u8;
}

impl Code for Stage {
    fn code(self) -> u8 {
        self as u8
    }
}

impl Code for Urgency {
    fn code(self) -> u8 {
        self as u8
    }
}

impl Code for Kind {
    fn code(self) -> u8 {
        self as u8
    }
}

pub(super) fn code(of: impl Code) -> u8 {
    of.code()
}

pub(super) fn kind_of(number: i64) -> Kind {
    if number == i64::from(code(Kind::Category)) { Kind::Category } else { Kind::Product }
}
