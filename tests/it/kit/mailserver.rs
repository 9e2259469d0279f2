//! A mail server that keeps what it is handed, and misbehaves to order.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::{Message, MessageParser, MimeHeaders as _};
use rcgen::CertifiedKey;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A mail as it was handed in.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub raw: Vec<u8>,
    /// Whether the connection was secured.
    pub is_secured: bool,
    /// Who handed it in.
    pub user: Option<String>,
}

impl Mail {
    pub(crate) fn parsed(&self) -> Message<'_> {
        MessageParser::default().parse(&self.raw).expect("a mail")
    }

    pub(crate) fn subject(&self) -> String {
        self.parsed().subject().expect("a subject").to_owned()
    }

    pub(crate) fn text(&self) -> String {
        self.parsed().body_text(0).expect("a text").replace("\r\n", "\n")
    }

    /// The attached file's name and contents.
    pub(crate) fn file(&self) -> Option<(String, String)> {
        let parsed = self.parsed();
        let file = parsed.attachment(0)?;
        let name = file.attachment_name().expect("a name").to_owned();
        Some((name, String::from_utf8(file.contents().to_vec()).expect("text")))
    }
}

/// What the server does instead of what is right.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Says this.
    Say(&'static str),
    /// Says nothing any more.
    Hang,
    /// Goes away.
    Drop,
    /// Does what is right, and goes away without a word of it.
    Mute,
    /// Says something without an end.
    Flood,
}

/// What it offers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tls {
    #[default]
    None,
    Later,
    FromBegin,
}

#[derive(Default)]
struct Inner {
    mails: Vec<Mail>,
    /// By what the client says, such as `RCPT TO:<a@b>`, its begin; `GREETING` and `.` stand for what it doesn't say.
    faults: Vec<(String, Fault, usize)>,
    commands: Vec<String>,
    login: Option<(String, String)>,
    connections: usize,
}

/// Who listens on a free port as long as the test runs.
pub(crate) struct MailServer {
    inner: Arc<Mutex<Inner>>,
    pub(crate) port: u16,
    /// Its certificate (PEM).
    pub(crate) certificate: String,
}

impl MailServer {
    pub(crate) fn new(tls: Tls) -> MailServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let inner = Arc::<Mutex<Inner>>::default();
        let shared = Arc::clone(&inner);
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions").with_no_client_auth().with_single_cert(vec![cert.der().clone()], key);
        let config = Arc::new(config.expect("a certificate"));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, config) = (Arc::clone(&shared), Arc::clone(&config));
                // One that goes away is none.
                thread::spawn(move || Session::begin(stream, shared, (tls, config)).map(Session::serve));
            }
        });
        MailServer { inner, port, certificate: cert.pem() }
    }

    /// Asks for this user and password from now on.
    pub(crate) fn ask_for(&self, user: &str, password: &str) {
        self.lock().login = Some((user.to_owned(), password.to_owned()));
    }

    /// Misbehaves so many times when the client says something that begins so.
    pub(crate) fn add_fault(&self, at: &str, fault: Fault, times: usize) {
        self.lock().faults.push((at.to_owned(), fault, times));
    }

    pub(crate) fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.lock().mails.clone()
    }

    /// What clients said, but for mails and passwords.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.lock().commands.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.lock().connections
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// A `[notify]` section with a hook `mail` to these, and the server with further settings of its own.
    pub(crate) fn section(&self, events: &str, to: &str, smtp: &str) -> String {
        let port = self.port;
        format!(
            "[notify]\nshop = \"north\"\n[notify.smtp]\nhost = \"127.0.0.1\"\nport = {port}\n\
             from = \"Shelf <keeper@shop.example>\"\n{smtp}\n[[notify.hook]]\nname = \"mail\"\nevents = {events}\nmail = {to}\n"
        )
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

struct Session {
    stream: Box<dyn Stream>,
    tcp: TcpStream,
    inner: Arc<Mutex<Inner>>,
    tls: (Tls, Arc<ServerConfig>),
    is_secured: bool,
    user: Option<String>,
    from: String,
    to: Vec<String>,
}

/// Why a session ends.
type Ended = std::io::Error;

impl Session {
    fn begin(tcp: TcpStream, inner: Arc<Mutex<Inner>>, tls: (Tls, Arc<ServerConfig>)) -> Result<Session, Ended> {
        lock(&inner).connections += 1;
        let stream = Box::new(tcp.try_clone()?);
        let (is_secured, user, from, to) = (false, None, String::new(), Vec::new());
        let mut session = Session { stream, tcp, inner, tls, is_secured, user, from, to };
        if session.tls.0 == Tls::FromBegin {
            session.secure()?;
        }
        Ok(session)
    }

    fn serve(mut self) -> Result<(), Ended> {
        self.answer("GREETING", "220 mail.example ESMTP")?;
        loop {
            let line = self.line()?;
            lock(&self.inner).commands.push(line.clone());
            if !self.obey(&line)? {
                return Ok(());
            }
        }
    }

    /// Gives whether it goes on.
    fn obey(&mut self, line: &str) -> Result<bool, Ended> {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        match verb.as_str() {
            "EHLO" => {
                let mut offers = vec!["mail.example".to_owned(), "8BITMIME".to_owned()];
                offers.extend((self.tls.0 == Tls::Later && !self.is_secured).then(|| "STARTTLS".to_owned()));
                offers.extend(lock(&self.inner).login.is_some().then(|| "AUTH LOGIN PLAIN".to_owned()));
                let last = offers.len() - 1;
                let lines: Vec<String> = offers
                    .iter()
                    .enumerate()
                    .map(|(at, offer)| format!("250{}{offer}", if at == last { ' ' } else { '-' }))
                    .collect();
                self.answer(line, &lines.join("\r\n"))?;
            }
            "STARTTLS" => {
                self.answer(line, "220 go on")?;
                self.secure()?;
            }
            "AUTH" => self.login(line)?,
            "MAIL" if lock(&self.inner).login.is_some() && self.user.is_none() => {
                self.answer(line, "530 log in")?;
            }
            "MAIL" => {
                address(line).clone_into(&mut self.from);
                self.to.clear();
                self.answer(line, "250 ok")?;
            }
            "RCPT" => {
                if self.answer(line, "250 ok")? == "250 ok" {
                    self.to.push(address(line).to_owned());
                }
            }
            "DATA" => {
                if self.answer(line, "354 go on")? == "354 go on" {
                    self.take()?;
                }
            }
            "NOOP" => {
                self.answer(line, "250 ok")?;
            }
            "QUIT" => {
                self.answer(line, "221 bye")?;
                return Ok(false);
            }
            _ => {
                self.answer(line, "502 what?")?;
            }
        }
        Ok(true)
    }

    fn login(&mut self, line: &str) -> Result<(), Ended> {
        let given = line.rsplit(' ').next().and_then(|word| STANDARD.decode(word).ok()).unwrap_or_default();
        let given = String::from_utf8_lossy(&given).into_owned();
        let mut words = given.split('\0').skip(1).map(str::to_owned);
        let given = words.next().zip(words.next());
        let wanted = lock(&self.inner).login.clone();
        if given.is_some() && given == wanted {
            self.user = given.map(|(user, _)| user);
            return self.answer("AUTH", "235 welcome").map(|_| ());
        }
        // As some do, it repeats what it was given.
        let password = given.map(|(_, password)| password).unwrap_or_default();
        self.answer("AUTH", &format!("535 {password} is wrong")).map(|_| ())
    }

    /// Takes a mail.
    fn take(&mut self) -> Result<(), Ended> {
        let mut raw = Vec::new();
        loop {
            let line = self.bytes()?;
            if line == b".\r\n" {
                break;
            }
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        let fault = fault(&self.inner, ".");
        if matches!(fault, None | Some(Fault::Mute)) {
            let (from, to, user) = (self.from.clone(), self.to.clone(), self.user.clone());
            lock(&self.inner).mails.push(Mail { from, to, raw, is_secured: self.is_secured, user });
        }
        self.act(fault, "250 taken").map(|_| ())
    }

    fn answer(&mut self, at: &str, right: &str) -> Result<String, Ended> {
        let fault = fault(&self.inner, at);
        self.act(fault, right)
    }

    /// Gives what was said.
    fn act(&mut self, fault: Option<Fault>, right: &str) -> Result<String, Ended> {
        let said = match fault {
            None => right,
            Some(Fault::Say(words)) => words,
            Some(Fault::Hang) => loop {
                // Until the client goes away.
                if self.stream.read(&mut [0; 64])? == 0 {
                    return Err(Ended::other("hung up"));
                }
            },
            Some(Fault::Flood) => loop {
                self.stream.write_all(&[b'x'; 1 << 16])?;
            },
            Some(Fault::Drop | Fault::Mute) => return Err(Ended::other("dropped")),
        };
        self.stream.write_all(format!("{said}\r\n").as_bytes())?;
        self.stream.flush()?;
        Ok(said.to_owned())
    }

    fn secure(&mut self) -> Result<(), Ended> {
        let connection = ServerConnection::new(Arc::clone(&self.tls.1)).map_err(Ended::other)?;
        self.stream = Box::new(StreamOwned::new(connection, self.tcp.try_clone()?));
        self.is_secured = true;
        Ok(())
    }

    fn line(&mut self) -> Result<String, Ended> {
        Ok(String::from_utf8_lossy(&self.bytes()?).trim_end().to_owned())
    }

    /// A line with its end.
    fn bytes(&mut self) -> Result<Vec<u8>, Ended> {
        let (mut line, mut byte) = (Vec::new(), [0]);
        while !line.ends_with(b"\n") {
            self.stream.read_exact(&mut byte)?;
            line.extend(byte);
        }
        Ok(line)
    }
}

/// The fault that comes next where something begins so.
fn fault(inner: &Mutex<Inner>, at: &str) -> Option<Fault> {
    let mut inner = lock(inner);
    let (_, fault, times) =
        inner.faults.iter_mut().find(|(begin, _, times)| at.starts_with(begin.as_str()) && *times > 0)?;
    *times -= 1;
    Some(fault.clone())
}

/// What stands between `<` and `>`.
fn address(line: &str) -> &str {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address).unwrap_or_default()
}
