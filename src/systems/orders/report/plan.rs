//! The orders' part of a plan: nothing is ever sent, but something may be held.

use std::io::{self, Write};

use serde_json::Value;

use crate::pass::Planned;

/// A plan of the orders among those of other systems.
pub(in crate::systems::orders) struct PlannedOrders {
    /// What the guard holds, as programs are told.
    pub(in crate::systems::orders) held: Option<Value>,
    /// Whether nothing else is planned beside it.
    pub(in crate::systems::orders) is_alone: bool,
}

impl Planned for PlannedOrders {
    fn print(&self, program: &str, out: &mut dyn Write) -> io::Result<()> {
        let Some(held) = &self.held else {
            return if self.is_alone { writeln!(out, "Orders are only read: a pass sends nothing.") } else { Ok(()) };
        };
        let (risk, digest) = (&held["held"][0], held["digest"].as_str().unwrap_or_default());
        writeln!(
            out,
            "\nOrders: HELD by the guard ({digest}): {} of {} are not listed any more.\n\
             They stay as they are. To let them go: {program} approve {digest}",
            risk["count"], risk["of"]
        )
    }

    fn changes(&self) -> u64 {
        0
    }

    fn guard(&self) -> Option<Value> {
        self.held.clone()
    }
}
