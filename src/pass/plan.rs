//! A plan, whatever it is about: what the next pass of a job would do.

use std::io::{self, Write};
use std::ops::Add;

use serde_json::{Map, Value};

use super::exit::Failure;

/// How many objects a plan is about, by what would be done to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Created.
    pub create: u64,
    /// Changed.
    pub update: u64,
    /// Deleted.
    pub delete: u64,
    /// Disabled.
    pub disable: u64,
}

impl Add for Counts {
    type Output = Counts;

    fn add(self, other: Counts) -> Counts {
        Counts {
            create: self.create + other.create,
            update: self.update + other.update,
            delete: self.delete + other.delete,
            disable: self.disable + other.disable,
        }
    }
}

/// Told of an operation of a plan.
pub type EachOperation<'a> = &'a mut dyn FnMut(&Value) -> io::Result<()>;

/// What the next pass of a job would do; where nothing else is said, it sends nothing and could read everything.
pub trait Planned: Send {
    /// Prints it for people, who call the program so for the shop.
    ///
    /// # Errors
    /// When it can't be printed, or not be read.
    fn print(&self, program: &str, out: &mut dyn Write) -> io::Result<()>;

    /// Gives each operation as programs read it: there may be more of them than memory holds.
    ///
    /// # Errors
    /// When it can't be read, or `each` fails.
    fn each_operation(&self, _each: EachOperation<'_>) -> io::Result<()> {
        Ok(())
    }

    /// Gives each operation that the guard holds, likewise.
    ///
    /// # Errors
    /// When it can't be read, or `each` fails.
    fn each_held_operation(&self, _each: EachOperation<'_>) -> io::Result<()> {
        Ok(())
    }

    /// How many there are.
    fn counts(&self) -> Counts {
        Counts::default()
    }

    /// What would be sent: requests, or objects.
    fn changes(&self) -> u64;

    /// What the guard holds back, as programs read it; `None` = nothing.
    fn guard(&self) -> Option<Value>;

    /// What else programs are told.
    fn fields(&self) -> Map<String, Value> {
        Map::new()
    }

    /// What could not be read, so that the plan lacks it.
    fn failures(&mut self) -> Vec<Failure> {
        Vec::new()
    }
}
