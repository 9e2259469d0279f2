//! The sandbox: an in-memory NiceChat, a Lagerkoll, an Emplifi, a NewStore, an Oct8ne and a small feed host on one loopback port.
//!
//! It checks signatures and credentials, answers as the vendors' pages say, remembers what it was sent, and misbehaves
//! on demand. `shelfkeeper sandbox`, the demo and the black-box tests all use this one.
//!
//! The way of a request: `server` accepts it and hands it by its path to a service of the `site`. What services have
//! in common is in `handle`: `faults` decide whether a request is answered well, and its log has what came of it. A
//! service's `api` says what the vendor would answer; NiceChat's `imports` fetch pushed feeds into its `store`.
//! `/sandbox/` goes to `control`, by which people look inside. `catalog` writes feeds to put into the `shop`.
//!
//! Nothing here is shared with the client it tests, the signature least of all: a mistake made twice
//! would go unseen.

pub mod catalog;
mod control;
mod emplifi;
mod faults;
mod handle;
mod lagerkoll;
mod newstore;
mod nicechat;
mod oct8ne;
mod pace;
mod reply;
mod server;
mod shop;
mod sign;
mod site;
mod store;
#[cfg(test)]
mod tests;
mod validate;
mod window;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use site::Site;

pub use catalog::Catalog;
pub use emplifi::{Advisor, DEMO_ADVISOR, DEMO_EMPLIFI_KEY, Emplifi, EmplifiLogged, EmplifiRules};
pub use faults::{Fault, Rule};
pub use handle::{Handle, Record, Service};
pub use lagerkoll::{
    Credentials, DEMO_STORE, DEMO_STORE_KEY, DEMO_USER_ID, DEMO_USER_TOKEN, Lagerkoll, LagerkollLogged, LagerkollRules,
    LagerkollUser, RetryAfter,
};
pub use newstore::{
    DEMO_NEWSTORE_CLIENT_ID, DEMO_NEWSTORE_CLIENT_SECRET, DEMO_NEWSTORE_TENANT, DEMO_NEWSTORE_TOKEN, NewStore,
    NewStoreLogged, NewStoreNumber, NewStorePaths, NewStoreRules, NewStoreStore,
};
pub use nicechat::{
    ImportFails, ImportFailure, ImportFormat, ImportSeen, ImportState, Logged, NiceChat, Rules, cdn_address,
};
pub use oct8ne::{
    DEMO_OCT8NE_EMAIL, DEMO_OCT8NE_LICENSE, DEMO_OCT8NE_PASSWORD, DEMO_OCT8NE_TOKEN, DEMO_OWN_SECRET, Oct8ne,
};
pub use shop::{Feed, Fetched, Shop};
pub use store::{Kind, Object};

/// The API key that a sandbox accepts unless told otherwise.
pub const DEMO_KEY: &str = "SANDBOX000000001";

/// The API secret that goes with [`DEMO_KEY`]. It protects nothing: the sandbox listens on loopback.
pub const DEMO_SECRET: &str = "sandbox-secret-that-protects-nothing";

/// How a sandbox starts.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The only `X-API-Key` that is accepted.
    pub key: String,
    /// What requests must be signed with.
    pub secret: String,
    /// Objects per page of a listing, at least 1; can be changed later through [`Rules`].
    pub page_size: usize,
}

impl Default for Options {
    /// A free loopback port, [`DEMO_KEY`] and [`DEMO_SECRET`], 100 objects a page.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            key: DEMO_KEY.to_owned(),
            secret: DEMO_SECRET.to_owned(),
            page_size: Rules::default().page_size,
        }
    }
}

/// A running sandbox. Dropping it closes its port and every connection.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    key: String,
    secret: String,
    site: Site,
    _stop: DropGuard,
}

impl Sandbox {
    /// Opens the port and starts to serve on the current tokio runtime.
    ///
    /// # Errors
    /// When the address can't be listened on.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let addr = listener.local_addr()?;
        let stop = CancellationToken::new();
        let nicechat = NiceChat::new(&options.key, &options.secret, options.page_size, stop.clone());
        let site = Site::new(nicechat, addr);
        tokio::spawn(server::serve(listener, site.clone(), stop.clone()));
        let _stop = stop.drop_guard();
        Ok(Self { addr, key: options.key, secret: options.secret, site, _stop })
    }

    /// The address it listens on, with the port it was given.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What to set as `base_url`: `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The API key it was started with.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The API secret it was started with.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// A `[nicechat]` section to paste into a config file.
    pub fn config_section(&self) -> String {
        format!(
            "[nicechat]\nbase_url = {}\napi_key = {}\napi_secret = {}\n",
            quoted(&self.base_url()),
            quoted(&self.key),
            quoted(&self.secret),
        )
    }

    /// What to set as the `base_url` of Lagerkoll: `http://127.0.0.1:PORT/v1/events/`.
    pub fn lagerkoll_url(&self) -> String {
        format!("{}/v1/events/", self.base_url())
    }

    /// A `[lagerkoll]` section to paste into a config file, for [`DEMO_STORE`] and its API key.
    pub fn lagerkoll_section(&self) -> String {
        format!(
            "[lagerkoll]\nbase_url = {}\nstore = {}\napi_key = {}\n",
            quoted(&self.lagerkoll_url()),
            quoted(DEMO_STORE),
            quoted(DEMO_STORE_KEY),
        )
    }

    /// `[oct8ne]` sections to paste into a config file: Oct8ne's own addresses, and the shop's four.
    pub fn oct8ne_section(&self) -> String {
        let own = format!("{}/own", self.base_url());
        format!(
            "[oct8ne]\nshop_url = {}\nserver = {}\nlicense = {}\napi_token = {}\n[oct8ne.shop]\nsession_url = {}\n\
             wishlist_url = {}\norders_url = {}\norder_url = {}\nsecret = {}\n",
            quoted("http://127.0.0.1:8788"),
            quoted(&self.base_url()),
            quoted(DEMO_OCT8NE_LICENSE),
            quoted(DEMO_OCT8NE_TOKEN),
            quoted(&format!("{own}/session")),
            quoted(&format!("{own}/wishlist")),
            quoted(&format!("{own}/orders?email={{email}}&page={{page}}&size={{page_size}}")),
            quoted(&format!("{own}/orders/{{reference}}")),
            quoted(DEMO_OWN_SECRET),
        )
    }

    /// What Oct8ne and the shop's own addresses were told.
    pub fn oct8ne(&self) -> Oct8ne {
        self.site.oct8ne.clone()
    }

    /// An `[emplifi]` section to paste into a config file; who is watched is for somebody to say.
    pub fn emplifi_section(&self) -> String {
        format!("[emplifi]\nbase_url = {}\napi_key = {}\n", quoted(&self.base_url()), quoted(DEMO_EMPLIFI_KEY))
    }

    /// A `[newstore]` section to paste into a config file, with an API client; which stores is for somebody to say.
    pub fn newstore_section(&self) -> String {
        let NewStorePaths { retailer, onboard, numbers, .. } = NewStorePaths::default();
        format!(
            "[newstore]\ntenant = {}\nbase_url = {}\ntoken_url = {}\nclient_id = {}\nclient_secret = {}\n\
             retailer_path = {}\nonboard_path = {}\nnumbers_path = {}\n",
            quoted(DEMO_NEWSTORE_TENANT),
            quoted(&self.base_url()),
            quoted(&format!("{}{}", self.base_url(), NewStore::token_path())),
            quoted(DEMO_NEWSTORE_CLIENT_ID),
            quoted(DEMO_NEWSTORE_CLIENT_SECRET),
            quoted(&retailer),
            quoted(&onboard),
            quoted(&numbers),
        )
    }

    /// A handle to look into NewStore and to make it misbehave; as cheap as that to NiceChat.
    pub fn newstore(&self) -> NewStore {
        self.site.newstore.clone()
    }

    /// A handle to look into Emplifi and to make it misbehave; as cheap as that to NiceChat.
    pub fn emplifi(&self) -> Emplifi {
        self.site.emplifi.clone()
    }

    /// A handle to look into Lagerkoll and to make it misbehave; as cheap as that to NiceChat.
    pub fn lagerkoll(&self) -> Lagerkoll {
        self.site.lagerkoll.clone()
    }

    /// A handle to look into NiceChat and to make it misbehave; cheap, and good as long as anyone wants it.
    pub fn nicechat(&self) -> NiceChat {
        self.site.nicechat.clone()
    }

    /// A handle to the feed host.
    pub fn shop(&self) -> Shop {
        self.site.shop.clone()
    }
}

/// A string as TOML.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
