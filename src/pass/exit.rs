//! The codes that the program ends with.

use super::row::Outcome;

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, nothing wrong.
    Done = 0,
    /// Network, service, state, or a feed that is incomplete or no feed.
    Failed = 1,
    /// Usage or config, a missing secret included.
    Config = 2,
    /// Done, but some rows are rejected, or objects refused.
    Partial = 3,
    /// Something is held back until a person decides.
    Held = 4,
    /// Another instance holds the state.
    Locked = 5,
    /// `plan --detailed-exitcode`: changes are pending.
    Changes = 10,
}

impl Exit {
    /// Of the exits of two jobs, the one that the program ends with.
    pub fn or_worse(self, other: Exit) -> Exit {
        let order = [Exit::Config, Exit::Failed, Exit::Held, Exit::Partial];
        order.into_iter().find(|exit| [self, other].contains(exit)).unwrap_or(self)
    }

    /// The exit of a pass that ended so.
    pub fn of(outcome: Outcome) -> Exit {
        match outcome {
            Outcome::Failed => Exit::Failed,
            Outcome::Held => Exit::Held,
            Outcome::Partial => Exit::Partial,
            Outcome::Ok | Outcome::Unchanged => Exit::Done,
        }
    }
}

/// An error with the exit code that it ends the program with.
#[derive(Debug)]
pub struct Failure {
    /// What is wrong.
    pub error: anyhow::Error,
    /// How the program ends.
    pub exit: Exit,
}

impl Failure {
    /// Something that may do better another time.
    pub fn new(error: impl Into<anyhow::Error>) -> Failure {
        Failure { error: error.into(), exit: Exit::Failed }
    }
}
