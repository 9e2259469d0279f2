//! Reading NiceChat's whole listing into a comparison, page by page.

mod walk;

use futures_util::future::OptionFuture;
use tracing::warn;

use crate::catalog::Kind;
use crate::remote::CallError;
use crate::remote::nicechat::{Page, PageAddress, Reader};
use crate::systems::catalog::diff::differ::Differ;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::wait::blocking;
use walk::{Walk, Walked};

/// Takes the listing of both kinds into a comparison. Absence counts as proven only when every page
/// was read and there were as many objects as NiceChat says that there are.
///
/// Gives as well how many objects a page has, if there is more than one.
pub(super) async fn take_in(reader: &Reader, mut differ: Differ) -> Result<(Differ, Option<u64>), PassError> {
    let mut is_whole = true;
    let mut page_size = None;
    for kind in Kind::ALL {
        let first = reader.first_page(kind).map_err(PassError::Listing)?;
        let mut walk = Walk::new(first.clone(), differ.hasher().clone());
        let mut wanted = Some(reader.page(&first).await.map_err(PassError::Listing)?);
        while let Some(page) = wanted.take() {
            let problem = |problem| {
                PassError::Listing(CallError::Strange(format!(
                    "what it gives for {} is none, {problem}",
                    kind.plural(2)
                )))
            };
            walk.take(&page).map_err(problem)?;
            let next = page.next;
            if next.is_some() {
                page_size = page_size.max(Some(page.objects.len() as u64));
            }
            let observed = blocking(move || {
                differ.observe(kind, page.objects)?;
                Ok(differ)
            });
            // The next page comes while this one is compared.
            let (observed, following) =
                tokio::join!(observed, OptionFuture::from(next.map(|next| page_at(reader, next))));
            differ = observed?;
            wanted = following.transpose().map_err(PassError::Listing)?;
        }
        is_whole &= tell(kind, walk.end());
    }
    differ.listing_ends(is_whole);
    Ok((differ, page_size))
}

async fn page_at(reader: &Reader, address: PageAddress) -> Result<Page, CallError> {
    reader.page(&address).await
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
