//! Reading NiceChat's whole listing into a comparison, page by page.

use std::collections::HashSet;

use tracing::warn;

use super::error::PassError;
use super::prepare::blocking;
use super::session::Session;
use crate::catalog::{Digest, Kind, digest_bytes};
use crate::nicechat::Reader;

/// Takes the listing of both kinds into the session. Absence counts as proven only when every page
/// was read and there were as many objects as NiceChat says that there are.
///
/// Gives as well how many objects a page has, if there is more than one.
pub(super) async fn take_in(reader: &Reader, mut session: Session) -> Result<(Session, Option<u64>), PassError> {
    let mut is_whole = true;
    let mut page_size = None;
    for kind in Kind::ALL {
        let mut address = reader.first_page(kind).map_err(PassError::Listing)?;
        let mut visited = HashSet::from([address.clone()]);
        let mut seen: HashSet<Digest> = HashSet::new();
        let count = loop {
            let page = reader.page(&address).await.map_err(PassError::Listing)?;
            if page.next.is_some() {
                page_size = page_size.max(Some(page.objects.len() as u64));
            }
            seen.extend(page.objects.iter().map(|(id, _)| digest_bytes(id.as_str().as_bytes())));
            session = blocking(move || {
                session.observe(kind, page.objects)?;
                Ok(session)
            })
            .await?;
            match page.next {
                None => break page.count,
                Some(next) if visited.insert(next.clone()) => address = next,
                Some(_) => {
                    warn!(r#type = %kind, "NiceChat's listing goes round in a circle");
                    is_whole = false;
                    break None;
                }
            }
        };
        let listed = seen.len() as u64;
        if count.is_some_and(|count| count > listed) {
            warn!(
                r#type = %kind, listed, counted = count,
                "NiceChat lists fewer objects than it counts; what is missing is not taken for deleted"
            );
            is_whole = false;
        }
    }
    session.listing_ends(is_whole);
    Ok((session, page_size))
}
