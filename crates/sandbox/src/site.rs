//! All that is served.

use std::net::SocketAddr;

use crate::emplifi::Emplifi;
use crate::lagerkoll::Lagerkoll;
use crate::newstore::NewStore;
use crate::nicechat::NiceChat;
use crate::oct8ne::Oct8ne;
use crate::shop::Shop;

/// What the port gives access to.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) nicechat: NiceChat,
    pub(super) lagerkoll: Lagerkoll,
    pub(super) emplifi: Emplifi,
    pub(super) newstore: NewStore,
    pub(super) shop: Shop,
    pub(super) oct8ne: Oct8ne,
}

impl Site {
    /// As everything is at the start, at this address.
    pub(super) fn new(nicechat: NiceChat, addr: SocketAddr) -> Site {
        Site {
            nicechat,
            lagerkoll: Lagerkoll::new(),
            emplifi: Emplifi::new(),
            newstore: NewStore::new(),
            shop: Shop::new(addr),
            oct8ne: Oct8ne::default(),
        }
    }
}
