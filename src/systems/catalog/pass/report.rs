//! What a pass came to.

use std::time::Duration;

use crate::pass::PassRow;
use crate::remote::Traffic;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::summary::Summary;
use crate::systems::catalog::store::RefusedCount;

/// What a pass came to.
#[derive(Debug)]
pub(crate) struct Report {
    /// The row that it left in the state.
    pub row: PassRow,
    /// What the comparison came to, if there was one.
    pub summary: Option<Summary>,
    /// What went wrong.
    pub error: Option<PassError>,
    /// Objects that NiceChat refuses, from this pass or an earlier one.
    pub refused: RefusedCount,
    /// How long it took, whatever the wall clock did meanwhile.
    pub took: Duration,
    /// What went to NiceChat and back.
    pub traffic: Traffic,
    /// What became of the import, if there was one.
    pub import: Option<ImportReport>,
}

/// What became of a pass's import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImportReport {
    /// Why it failed; `None` = it succeeded.
    pub failure: Option<String>,
    /// What NiceChat counted less than the feed has.
    pub shortfall: Option<String>,
}
