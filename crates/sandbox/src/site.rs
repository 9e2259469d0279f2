//! All that is served.

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
