//! Products that the feed doesn't have any more wait before they are deleted, where the settings say so.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::catalog::{Digest, Kind};
use crate::clock::{Moment, boot_id};
use crate::config;
use crate::state::{Reader, StateError};
use crate::systems::catalog::store::{Due, Missing};
use crate::systems::catalog::store::{ReadMissing as _, ReadObjects as _, ReadRequests as _};

/// What a product must be missing for before it is deleted.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For so long.
    pub after: Duration,
    /// From so many whole feeds of other bytes.
    pub feeds: u32,
    /// What becomes of it until then.
    pub until_then: config::Missing,
    /// The bytes of this feed; `None` = one feed is enough.
    pub body: Option<Digest>,
}

/// The products that are missing, and for how long.
pub(in crate::systems::catalog) struct Waiting {
    patience: Patience,
    now: Moment,
    boot: Option<String>,
    earlier: HashMap<String, Missing>,
    /// Those that are missing still.
    all: Vec<Missing>,
    /// How many of them aren't deleted yet.
    pub(in crate::systems::catalog) count: u64,
    /// When the first of them has waited long enough, if no other feed is needed for that.
    pub(in crate::systems::catalog) until: Option<Timestamp>,
}

impl Waiting {
    pub(in crate::systems::catalog) fn begin(reader: &Reader, patience: Patience) -> Result<Waiting, StateError> {
        let earlier = reader.missing()?.into_iter().map(|missing| (missing.id.clone(), missing)).collect();
        let (now, boot) = (Moment::now(), boot_id());
        Ok(Waiting { patience, now, boot, earlier, all: Vec::new(), count: 0, until: None })
    }

    pub(in crate::systems::catalog) fn until_then(&self) -> config::Missing {
        self.patience.until_then
    }

    /// This feed, which is whole, doesn't have a product. Gives whether that has lasted long enough.
    pub(in crate::systems::catalog) fn is_over(&mut self, id: &str) -> bool {
        let body = self.patience.body;
        let mut missing = self.earlier.remove(id).unwrap_or_else(|| Missing::from_now(id.to_string(), body));
        missing.since.put_right(self.now, self.boot.as_deref());
        missing.again(body);
        let Patience { after, feeds, .. } = self.patience;
        let due = missing.due(after, feeds, self.now, self.boot.as_deref());
        self.all.push(missing);
        if let Due::At(at) = due {
            self.until = Some(self.until.map_or(at, |first| first.min(at)));
        }
        self.count += u64::from(due != Due::Now);
        due == Due::Now
    }

    /// Nothing proves that this feed doesn't have a product: what is known of it stays.
    pub(in crate::systems::catalog) fn stays(&mut self, id: &str) {
        self.all.extend(self.earlier.remove(id));
    }

    /// Those of earlier passes that this one hasn't met.
    pub(in crate::systems::catalog) fn unmet(&self) -> Vec<String> {
        self.earlier.keys().cloned().collect()
    }

    /// Those that are missing from now on.
    pub(in crate::systems::catalog) fn into_all(self) -> Vec<Missing> {
        self.all
    }
}

/// Whether a product that isn't ours has been missing for long enough: only a listing tells whether it is still there.
/// One that NiceChat refuses to delete waits for a resync, as all that is refused does.
pub(in crate::systems::catalog) fn is_foreign_due(guard: &config::Guard, reader: &Reader) -> Result<bool, StateError> {
    let (now, boot) = (Moment::now(), boot_id());
    let mut missing = reader.missing()?;
    missing.retain(|missing| missing.due(guard.delete_after, guard.delete_feeds, now, boot.as_deref()) == Due::Now);
    if missing.is_empty() {
        return Ok(false);
    }
    let refused = reader.refused()?.into_iter().map(|refused| (refused.kind, refused.id));
    // What is in doubt is deleted without a listing.
    let in_doubt = reader.journal()?.into_iter().map(|object| (object.kind, object.id));
    let others = refused.chain(in_doubt).filter(|(kind, _)| *kind == Kind::Product);
    let others: HashSet<String> = others.map(|(_, id)| id).collect();
    for id in missing.into_iter().map(|missing| missing.id).filter(|id| !others.contains(id)) {
        if reader.key(Kind::Product, reader.hasher().digest(id.as_bytes()))?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}
