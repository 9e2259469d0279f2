//! How imports end.

use crate::remote::nicechat::ImportResult;

/// How an import ended.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::systems::catalog) struct ImportOutcome {
    /// Its row.
    pub(in crate::systems::catalog) import: i64,
    /// `None` = NiceChat says that it succeeded.
    pub(in crate::systems::catalog) failure: Option<String>,
    /// Whether it is sure that nothing was imported.
    pub(in crate::systems::catalog) had_no_effect: bool,
    /// Whether NiceChat may still be at it.
    pub(in crate::systems::catalog) is_at_large: bool,
    /// What NiceChat counted less than the feed has.
    pub(in crate::systems::catalog) shortfall: Option<String>,
    /// How long NiceChat took.
    pub(in crate::systems::catalog) seconds: f64,
    /// Items in its feed.
    pub(in crate::systems::catalog) items: u64,
    /// Objects that it was to create.
    pub(in crate::systems::catalog) to_create: u64,
    /// Objects that it was to change.
    pub(in crate::systems::catalog) to_update: u64,
    /// Whether NiceChat fetched it from us.
    pub(in crate::systems::catalog) was_served: bool,
}

/// How polling ended.
pub(super) enum PollOutcome {
    Success(ImportResult),
    Failed(ImportResult),
    /// It may still be under way.
    Unknown(String),
    /// Nobody knows whether it was begun at all.
    Lost(String),
    /// It can't be asked after any more.
    Forgotten,
}
