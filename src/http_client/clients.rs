//! The HTTP clients of a process: making one reads every certificate that the machine trusts, which takes longer than
//! an unchanged pass.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;

use super::builder;

/// How long a connection that nobody uses is kept. Most servers close it sooner; a pass each quarter of an hour finds
/// it open where they don't.
const KEPT: Duration = Duration::from_secs(3600);

/// The clients of a process, by how they ask: passes come and go, connections and certificates stay. A clone is the
/// same ones.
#[derive(Debug, Clone, Default)]
pub struct Clients(Arc<Mutex<HashMap<Manner, reqwest::Client>>>);

/// How a client asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Manner {
    /// The limit of a whole request, the answer included; `None` = there is none.
    pub(crate) total: Option<Duration>,
    /// How long a connection may take to be made.
    pub(crate) connect: Duration,
    /// How long nothing may come; `None` = as long as the whole.
    pub(crate) read: Option<Duration>,
    /// Whether it goes where a redirect leads.
    pub(crate) follows: bool,
    /// Whether it goes past the environment's proxy.
    pub(crate) is_direct: bool,
}

impl Clients {
    /// The client that asks so, made if there is none yet. Waits for the disk the first time.
    ///
    /// # Errors
    /// When it can't be made: no certificates to trust, for one. Another call tries again.
    pub(crate) fn get(&self, manner: Manner) -> Result<reqwest::Client, reqwest::Error> {
        let mut clients = self.clients();
        if let Some(client) = clients.get(&manner) {
            return Ok(client.clone());
        }
        let client = manner.client()?;
        clients.insert(manner, client.clone());
        Ok(client)
    }

    /// Reads the certificates anew, and makes new connections: for whoever asks from now on.
    pub fn renew(&self) {
        self.clients().clear();
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<Manner, reqwest::Client>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Manner {
    fn client(self) -> Result<reqwest::Client, reqwest::Error> {
        let mut builder = builder().connect_timeout(self.connect).pool_idle_timeout(KEPT);
        if let Some(total) = self.total {
            builder = builder.timeout(total);
        }
        if let Some(read) = self.read {
            builder = builder.read_timeout(read);
        }
        if !self.follows {
            builder = builder.redirect(Policy::none());
        }
        if self.is_direct {
            builder = builder.no_proxy();
        }
        builder.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_made_once_for_each_manner_until_it_is_renewed() {
        let clients = Clients::default();
        let slow = Manner { total: None, connect: Duration::from_secs(9), read: None, follows: false, is_direct: true };
        let count = |clients: &Clients| clients.clients().len();
        for manner in [slow, slow, Manner { follows: true, ..slow }] {
            clients.clone().get(manner).expect("a client");
        }
        assert_eq!(count(&clients), 2);
        clients.renew();
        assert_eq!(count(&clients), 0);
    }
}
