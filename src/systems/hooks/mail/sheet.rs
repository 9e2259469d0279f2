//! What a shop has to mend: whoever knows hands it in.

use crate::report::PrintError;
use crate::state::Reader;

/// What a shop has to mend, in words, and the sheet that is attached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToMend {
    /// The first rows, in words.
    pub words: String,
    /// All of them, or as many as a mail should carry: CSV.
    pub csv: Vec<u8>,
    /// How many rows there are, and how many are in the sheet.
    pub rows: (u64, u64),
}

/// Finds out what a shop has to mend.
pub type FindToMend = fn(&Reader) -> Result<ToMend, PrintError>;
