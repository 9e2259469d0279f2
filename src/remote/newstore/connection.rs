//! A connection to NewStore with a token in it: fetched when it is needed first, again before it ends, and once more when
//! NewStore doesn't accept it.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::service::NewStore;
use super::token::{Token, Tokens};
use crate::config::{self, Login};
use crate::http_client::Clients;
use crate::remote::error::{CallError, ConnectError};
use crate::remote::http::{Client, Settings};
use crate::remote::limit::Limit;
use crate::remote::redact::Secrets;
use crate::remote::traffic::Traffic;

/// A token that ends sooner is fetched anew.
const MARGIN: Duration = Duration::from_secs(30);

/// Why a call came to nothing.
pub(super) enum Trouble {
    /// There was no token to send it with.
    NoToken(CallError),
    /// It was sent, or there was nobody to send it to.
    Failed {
        error: CallError,
        /// Whether NewStore answered it at all.
        is_answered: bool,
    },
}

pub(super) struct Connection {
    settings: config::NewStore,
    limit: Arc<Limit>,
    tokens: Option<Tokens>,
    session: Mutex<Option<Arc<Session>>>,
    /// Ends its waits.
    stop: CancellationToken,
}

/// What is sent with one token. Whatever NewStore says is told without it.
struct Session {
    client: Client<NewStore>,
    /// When the token is too old; `None` = nobody knows.
    until: Option<Instant>,
}

impl Connection {
    pub(super) fn new(settings: &config::NewStore, stop: CancellationToken) -> Result<Connection, ConnectError> {
        let (limit, tokens) = (Arc::new(Limit::new(None)), Tokens::new(settings, &stop)?);
        Ok(Connection { settings: settings.clone(), limit, tokens, session: Mutex::default(), stop })
    }

    pub(super) fn settings(&self) -> &config::NewStore {
        &self.settings
    }

    /// Makes sure that there is a token.
    pub(super) async fn log_in(&self) -> Result<(), CallError> {
        self.session(false).await.map(|_| ())
    }

    /// Sends something; once more with a fresh token when NewStore doesn't accept the one that there is.
    pub(super) async fn call<T>(
        &self,
        send: impl AsyncFn(&Client<NewStore>) -> Result<T, CallError>,
    ) -> Result<T, Trouble> {
        let session = self.session(false).await.map_err(Trouble::NoToken)?;
        match attempt(&session, &send).await {
            Err(Trouble::Failed { error: CallError::Unauthorized(_), .. }) if self.tokens.is_some() => {
                let session = self.session(true).await.map_err(Trouble::NoToken)?;
                attempt(&session, &send).await
            }
            other => other,
        }
    }

    async fn session(&self, is_refused: bool) -> Result<Arc<Session>, CallError> {
        let mut session = self.session.lock().await;
        let is_good = |session: &&Arc<Session>| session.until.is_none_or(|until| Instant::now() < until);
        if let Some(good) = session.as_ref().filter(|_| !is_refused).filter(is_good) {
            return Ok(Arc::clone(good));
        }
        let token = match (&self.tokens, &self.settings.login) {
            (Some(tokens), _) => tokens.fetch().await?,
            (None, Login::Token(token)) => Token { secret: token.clone(), lasts: None },
            (None, Login::Client { .. }) => return Err(CallError::unsendable("there is no login")),
        };
        let made = Arc::new(self.connect(&token).map_err(CallError::unsendable)?);
        *session = Some(Arc::clone(&made));
        Ok(made)
    }

    fn connect(&self, token: &Token) -> Result<Session, ConnectError> {
        let service = NewStore::new(&self.settings.tenant, &token.secret)?;
        let secrets = || Secrets::new(self.secrets().into_iter().chain([&token.secret]));
        let calls = Settings {
            base: &self.settings.base_url,
            timeout: self.settings.timeout,
            retries: self.settings.retries,
            told: secrets(),
            kept: secrets(),
        };
        let until = token.lasts.map(|lasts| Instant::now() + lasts.saturating_sub(MARGIN));
        let client = Client::new(service, calls, Arc::clone(&self.limit), &Clients::default())?;
        Ok(Session { client: client.stopped_by(self.stop.clone()), until })
    }

    fn secrets(&self) -> Option<&SecretString> {
        match &self.settings.login {
            Login::Client { secret, .. } => Some(secret),
            Login::Token(_) => None,
        }
    }
}

async fn attempt<T>(
    session: &Session,
    send: &impl AsyncFn(&Client<NewStore>) -> Result<T, CallError>,
) -> Result<T, Trouble> {
    *session.client.traffic() = Traffic::default();
    let sent = send(&session.client).await;
    let is_answered = !session.client.traffic().answered.is_empty();
    sent.map_err(|error| Trouble::Failed { error, is_answered })
}
