//! What the state keeps of the catalogue: what NiceChat last acknowledged to us, what is in doubt or refused, the feed
//! that all that equals, and imports.
//!
//! Each file has what it reads and writes as a trait over the state's `Reader` and `Writer`; a pass begins and ends in
//! `pass`.

mod columns;
mod feed;
mod guard;
mod history;
mod idle_rules;
mod imports;
mod keys;
mod known_rows;
mod missing;
mod object_set;
mod objects;
mod packed;
mod pass;
mod presence;
mod requests;
mod troubles;

pub use feed::{FeedColumns, FeedMark, Foreign, ListingScope, ReadFeed, Unproven};
pub use guard::{ApprovedHash, FeedKind, GuardEnding, ReadGuard, Recent, WriteGuard};
pub use history::{Change, ChangeKind, ChangesPage, Entry, HeldNote, HistoryFilter};
pub use history::{Loaded, Noted, PassId, ReadHistory, Why, WriteHistory};
pub use idle_rules::{ReadIdleRules, RuleFit, WriteIdleRules};
pub use imports::{AtLarge, Failures, Import, ImportEnd, ImportState, NewImport, ReadImports, Timings, WriteImports};
pub use keys::KeyRow;
pub use known_rows::{FeedRow, FeedRows, InUse, NewRow, ReadKnownRows, RowLog, RowsEnding};
pub use missing::{Due, Missing, ReadMissing, WriteMissing};
pub use object_set::Objects;
pub use objects::{Known, ReadObjects, Record};
pub use pass::{Ending, ReadPlan, TakenListing, Waiting, WritePass};
pub use presence::{Field, ReadPresence};
pub use requests::{Adopted, InDoubt, Intent, ReadRequests, Refused, Settled, Was, WriteRequests};
pub(super) use troubles::rejection;
pub use troubles::{FailedObject, ReadTroubles, RefusedCount};
