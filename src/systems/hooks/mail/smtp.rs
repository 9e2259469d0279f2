//! The conversation with a mail server (RFC 5321).

use std::error::Error as _;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::wire::Wire;
use crate::config::{Smtp, SmtpTls};
use crate::http_client::{NO_TLS, root_cause, tls_config};
use crate::text::{one_line, shorten_to};

/// How long a server may take to say goodbye: by then it has said what we wanted to know.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a server that is only greeted may take.
const GREETING: Duration = Duration::from_secs(10);
/// The most characters of a server's words.
const WORDS: usize = 300;

/// What servers are known by: read when there is something to send, as that takes longer than sending does.
#[derive(Default)]
pub(in crate::systems::hooks) struct Certificates {
    at_begin: OnceLock<TlsConnector>,
    after_starttls: Mutex<Option<TlsParameters>>,
}

/// What became of a mail.
pub(super) struct Delivered {
    /// Those who have it.
    pub(super) taken_by: Vec<Address>,
    /// Whom the server did not take it for, and why; empty = nobody.
    pub(super) refused: String,
}

impl Certificates {
    fn at_begin(&self) -> Result<&TlsConnector, String> {
        if let Some(connector) = self.at_begin.get() {
            return Ok(connector);
        }
        let connector = TlsConnector::from(Arc::new(tls_config()?));
        Ok(self.at_begin.get_or_init(|| connector))
    }

    fn after_starttls(&self, host: &str) -> Result<TlsParameters, String> {
        let mut known = self.known();
        if let Some(parameters) = &*known {
            return Ok(parameters.clone());
        }
        let parameters = TlsParameters::new(host.to_owned()).map_err(words)?;
        Ok(known.insert(parameters).clone())
    }

    /// A server was refused by them: they are read again for the next try, as the machine may trust it by then.
    fn refused(&self) {
        *self.known() = None;
    }

    fn known(&self) -> MutexGuard<'_, Option<TlsParameters>> {
        self.after_starttls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands a mail in for these. `Err` = nobody has it.
pub(super) async fn deliver(
    certificates: &Certificates,
    smtp: &Smtp,
    to: &[&Address],
    mail: &[u8],
    within: Duration,
) -> Result<Delivered, String> {
    let late = |_| format!("no answer within {} s", within.as_secs_f32());
    let begun = Instant::now();
    let mut server = timeout(within, connect(certificates, smtp)).await.map_err(late)??;
    let left = within.saturating_sub(begun.elapsed());
    let delivered = timeout(left, hand_in(&mut server, smtp, to, mail)).await.map_err(late)?;
    // Whatever comes of that: by now it has said what became of the mail.
    let _ = timeout(GOODBYE, server.quit()).await;
    delivered
}

async fn hand_in(
    server: &mut AsyncSmtpConnection,
    smtp: &Smtp,
    to: &[&Address],
    mail: &[u8],
) -> Result<Delivered, String> {
    let from = &smtp.from.email;
    let sender = server.command(Mail::new(Some(from.clone()), Vec::new())).await;
    sender.map_err(|error| format!("{from} (notify.smtp.from) is refused: {}", words(error)))?;
    let (mut taken_by, mut refused) = (Vec::new(), Vec::new());
    for address in to {
        match server.command(Rcpt::new((*address).clone(), Vec::new())).await {
            Ok(_) => taken_by.push((*address).clone()),
            Err(error) if error.status().is_some() => refused.push(format!("{address} is refused: {}", words(error))),
            Err(error) => return Err(words(error)),
        }
    }
    let refused = refused.join("; ");
    if taken_by.is_empty() {
        return Err(refused);
    }
    server.command(Data).await.map_err(words)?;
    server.message(mail).await.map_err(|error| format!("the mail is refused: {}", words(error)))?;
    Ok(Delivered { taken_by, refused })
}

/// Asks a server whether it would take a mail from us; it is sent none.
pub(in crate::systems::hooks) async fn greet(smtp: &Smtp) -> Result<String, String> {
    let certificates = Certificates::default();
    let ask = async {
        let mut server = connect(&certificates, smtp).await?;
        server.command(Noop).await.map_err(words)?;
        let how = if is_secured(&server, smtp) { "with TLS" } else { "without TLS" };
        let _ = timeout(GOODBYE, server.quit()).await;
        Ok(how)
    };
    let how = match timeout(GREETING, ask).await {
        Err(_) => Err(format!("no answer within {} s", GREETING.as_secs())),
        Ok(answered) => answered.map_err(|error| hidden(smtp, error)),
    };
    let login = smtp.login.as_ref().map(|(user, _)| format!(", and takes the password of {user}"));
    how.map(|how| format!("{} answers {how}{}", smtp.place(), login.unwrap_or_default()))
}

fn is_secured(server: &AsyncSmtpConnection, smtp: &Smtp) -> bool {
    smtp.tls == SmtpTls::Tls || server.is_encrypted()
}

/// A connection that is protected as the settings say, to a server that knows who we are.
async fn connect(certificates: &Certificates, smtp: &Smtp) -> Result<AsyncSmtpConnection, String> {
    let stream = TcpStream::connect((smtp.host.as_str(), smtp.port)).await;
    let stream = stream.map_err(|error| format!("no connection: {}", root_cause(&error)))?;
    // Without it small commands wait for each other; a connection works all the same.
    let _ = stream.set_nodelay(true);
    let wire = match smtp.tls {
        SmtpTls::Tls => {
            let connector = certificates.at_begin()?;
            let name = ServerName::try_from(smtp.host.clone()).map_err(|_| "its name is none for TLS".to_owned())?;
            let secured = connector.connect(name, stream).await;
            Wire::secured(secured.map_err(|error| no_tls(smtp, &root_cause(&error)))?)
        }
        SmtpTls::StartTls | SmtpTls::IfOffered | SmtpTls::None => Wire::plain(stream),
    };
    let us = us();
    let server = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &us).await;
    let mut server = server.map_err(|error| {
        // A server that waits for a TLS handshake says nothing, and one that is told to speak TLS says so.
        format!("it does not greet as a mail server does: {}", words(error))
    })?;
    let is_offered = smtp.tls != SmtpTls::Tls && server.can_starttls();
    match smtp.tls {
        SmtpTls::StartTls | SmtpTls::IfOffered if is_offered => {
            let parameters = certificates.after_starttls(&smtp.host)?;
            let secured = server.starttls(parameters, &us).await;
            secured.map_err(|error| {
                certificates.refused();
                no_tls(smtp, &words(error))
            })?;
        }
        SmtpTls::StartTls => {
            return Err("it offers no STARTTLS, and nothing is sent without; is tls = \"tls\" right?".to_owned());
        }
        _ => {}
    }
    if let Some((user, password)) = &smtp.login {
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        let known = server.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
        known.map_err(|error| match error.status() {
            Some(_) => format!("it does not take the password of {user}: {}", words(error)),
            None => format!("it can't be asked whether it takes the password of {user}: {}", words(error)),
        })?;
    }
    Ok(server)
}

/// Why a connection can't be secured, and what may help.
fn no_tls(smtp: &Smtp, why: &str) -> String {
    let advice = match smtp.tls {
        SmtpTls::Tls if why.contains(NO_TLS) => {
            return "no TLS: it speaks none from the begin; is tls = \"starttls\" right?".to_owned();
        }
        // One that this machine has made for itself.
        SmtpTls::IfOffered => "; on this machine tls = \"none\" does without",
        _ => "",
    };
    format!("no TLS: {why}{advice}")
}

/// Who we say that we are: this machine.
fn us() -> ClientId {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    ClientId::Domain(
        Some(name).filter(|name| !name.is_empty() && name.chars().all(is_plain)).unwrap_or("localhost".into()),
    )
}

/// A server's words, without the password that it may repeat.
pub(super) fn hidden(smtp: &Smtp, words: String) -> String {
    match &smtp.login {
        Some((_, password)) if !password.expose_secret().is_empty() => words.replace(password.expose_secret(), "***"),
        _ => words,
    }
}

/// An error in a line: the server's own words, if it has said any.
fn words(error: Error) -> String {
    let said = match error.status() {
        Some(code) => format!("{code} {}", error.source().map(ToString::to_string).unwrap_or_default()),
        None => root_cause(&error),
    };
    shorten_to(one_line(&said).trim(), WORDS)
}
