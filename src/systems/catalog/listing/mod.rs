//! Reading NiceChat's whole listing into a comparison, page by page.

mod listed;
mod walk;

use jiff::Timestamp;
use tokio::sync::mpsc::{self, Sender};
use tracing::warn;

use crate::catalog::{Fields, Hasher, Id, Kind};
use crate::remote::CallError;
use crate::remote::nicechat::Reader;
use crate::systems::catalog::diff::differ::Differ;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::wait::blocking;
use walk::{Walk, Walked};

/// One that may be read in vain is read after 1, 2, 4 ... and so many passes.
pub(super) const LAST_LISTING: u32 = 64;

/// Objects of a page.
type Objects = (Kind, Vec<(Id, Fields)>);

/// A listing that was read.
struct Read {
    /// Every page, and as many objects as are counted.
    is_whole: bool,
    /// How many objects a page has, if there is more than one.
    page_size: Option<u64>,
}

/// Whether one that may be read in vain is read after so many passes.
pub(super) fn is_due_after(passes: u32) -> bool {
    passes <= LAST_LISTING && passes.is_power_of_two()
}

/// Takes the listing of both kinds into a comparison. Absence counts as proven only when every page
/// was read and there were as many objects as NiceChat says that there are. `recalled` = the moment at which sales are judged,
/// when rows of the feed may be known by their bytes.
///
/// Gives as well how many objects a page has, if there is more than one.
pub(super) async fn take_in(
    reader: &Reader,
    mut differ: Differ,
    recalled: Option<Timestamp>,
) -> Result<(Differ, Option<u64>), PassError> {
    let hasher = differ.hasher().clone();
    // The next page comes while one is compared.
    let (pages, mut inbox) = mpsc::channel::<Objects>(1);
    let observed = blocking(move || {
        while let Some((kind, objects)) = inbox.blocking_recv() {
            differ.observe(kind, objects)?;
        }
        Ok(differ)
    });
    let (observed, read) = tokio::join!(observed, read(reader, &hasher, pages));
    // Without anybody who takes pages there is nothing wrong with the listing.
    let (mut differ, Read { is_whole, page_size }) = (observed?, read?);
    let differ = blocking(move || {
        differ.listing_ends(is_whole);
        recalled.map_or(Ok(()), |now| differ.recall_rows(now))?;
        Ok(differ)
    });
    Ok((differ.await?, page_size))
}

/// Reads the listing as long as somebody takes its pages.
async fn read(reader: &Reader, hasher: &Hasher, pages: Sender<Objects>) -> Result<Read, PassError> {
    let (mut is_whole, mut page_size) = (true, None);
    for kind in Kind::ALL {
        let mut address = reader.first_page(kind).map_err(PassError::Listing)?;
        let mut walk = Walk::new(address.clone(), hasher.clone());
        loop {
            let page = match reader.page(&address).await {
                Err(CallError::Missing) => {
                    walk.breaks_off();
                    break;
                }
                page => page.map_err(PassError::Listing)?,
            };
            walk.take(&page).map_err(|problem| {
                let none = format!("what it gives for {} is none, {problem}", kind.plural(2));
                PassError::Listing(CallError::Strange(none))
            })?;
            if page.next.is_some() {
                page_size = page_size.max(Some(page.objects.len() as u64));
            }
            if pages.send((kind, page.objects)).await.is_err() {
                return Ok(Read { is_whole: false, page_size });
            }
            let Some(next) = page.next else { break };
            address = next;
        }
        is_whole &= tell(kind, walk.end());
    }
    Ok(Read { is_whole, page_size })
}

/// Logs what is odd about a listing that was read to its end. Gives whether it proves absence.
fn tell(kind: Kind, walked: Walked) -> bool {
    let Walked { listed, odd, counted, .. } = walked;
    if odd > 0 {
        warn!(
            r#type = %kind, odd,
            "NiceChat lists {odd} {} whose ids are none that can be asked for (empty, padded, not a text); \
             they are left alone",
            kind.plural(odd)
        );
    }
    let is_whole = walked.is_whole();
    if !is_whole {
        warn!(
            r#type = %kind, listed, counted,
            "NiceChat lists other objects than it counts; what is missing is not taken for deleted"
        );
    }
    is_whole
}
