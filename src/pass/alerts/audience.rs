//! Who is told of passes, and what of a pass they are told besides its row.

use std::sync::Arc;

use crate::outbox::{EventKind, Subscriber};

/// Who is told of passes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audience {
    /// What the shop is called; `None` = it is the only one.
    pub shop: Option<Arc<str>>,
    /// How this program is called by hand for it.
    pub program: String,
    /// The hooks.
    pub hooks: Arc<[Subscriber]>,
    /// So many failures of a job in a row are told.
    pub fail_after: u32,
    /// Less room than this, in bytes, is told.
    pub disk_low: u64,
}

impl Audience {
    /// Whether a hook wants this.
    pub fn wants(&self, kind: EventKind) -> bool {
        self.hooks.iter().any(|hook| hook.events.contains(&kind))
    }

    /// Whether a hook wants anything of passes.
    pub(in crate::pass) fn listens(&self) -> bool {
        self.hooks.iter().flat_map(|hook| &hook.events).any(|kind| kind.is_of_passes())
    }
}

/// What is told of a pass besides its row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Telling {
    /// To whom.
    pub audience: Audience,
    /// Somebody asked it to stop: that it did not end well says nothing.
    pub is_interrupted: bool,
    /// By what a person approves of what it holds; `None` = it holds nothing, or that can't be approved so.
    pub digest: Option<String>,
    /// Rows of the feed that can't be taken; `None` = the pass does not know.
    pub rejected: Option<u64>,
    /// Objects that a service refuses; `None` = the pass does not know.
    pub refused: Option<u64>,
}
