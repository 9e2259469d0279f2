//! What a pass is going to do.

pub(super) mod gone;
pub(super) mod operation;
pub(super) mod risk;
pub(super) mod store;
pub(super) mod summary;
pub(super) mod verdict;

use jiff::Timestamp;

use self::store::SharedPlanStore;
use self::summary::Summary;
use self::verdict::Verdict;
use super::strategy::cost::Decision;
use crate::catalog::{Id, Kind};
use crate::systems::catalog::store::{FeedColumns, FeedKind, Missing, RowsEnding};

/// What a pass is going to do.
pub struct Plan {
    /// The operations and the rejected rows.
    pub store: SharedPlanStore,
    /// What they come to.
    pub summary: Summary,
    /// What the guard says of it.
    pub verdict: Verdict,
    /// What the feed is.
    pub(super) kind: FeedKind,
    /// Its columns.
    pub(super) columns: FeedColumns,
    /// Which way the operations are carried out.
    pub decision: Decision,
    /// When a sale in the feed begins or ends next.
    pub(super) changes_at: Option<Timestamp>,
    /// Whether the feed was there to its end.
    pub(super) is_whole: bool,
    /// Whether NiceChat's listing was taken in.
    pub(super) is_listed: bool,
    /// Objects on a page of the listing, if it has more than one page.
    pub(super) page_size: Option<u64>,
    /// The products that whole feeds don't have any more; see [`Comparison::missing`](super::Comparison::missing).
    pub missing: Option<Vec<Missing>>,
    /// What the state is to know of the feed's rows, once the operations have been carried out.
    pub(super) rows: Option<RowsEnding>,
    /// See [`Comparison::left`](super::Comparison::left).
    pub(super) left: Vec<(Kind, Id)>,
}
