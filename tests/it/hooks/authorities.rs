//! A machine that comes to trust a server while the daemon runs, as by an update of its certificates: nothing has to be
//! read again for that.

use std::io::{BufRead as _, BufReader, Error, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rcgen::{CertificateParams, CertifiedKey, DnType, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::kit::mailserver::{MailServer, Tls};
use crate::kit::orders::{days_ago, order, pass};
use crate::kit::process::Process;
use crate::kit::{Shop, orders, tsv, wait_until};

/// A host with a certificate of its own making, that answers everything with a feed.
struct Host {
    port: u16,
    certificate: String,
    connections: Arc<AtomicUsize>,
    /// Requests that came through.
    asked: Arc<AtomicUsize>,
}

impl Host {
    fn start() -> Host {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]);
        let CertifiedKey { cert, signing_key } = made.expect("a certificate");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions").with_no_client_auth().with_single_cert(vec![cert.der().clone()], key);
        let config = Arc::new(config.expect("a certificate"));
        let (connections, asked) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let shared = (Arc::clone(&connections), Arc::clone(&asked));
        let host = Host { port, certificate: cert.pem(), connections: shared.0, asked: shared.1 };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::Relaxed);
                // One that does not trust us goes away.
                let _ = answer(stream, Arc::clone(&config), &asked);
            }
        });
        host
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}/products.txt", self.port)
    }
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>, asked: &AtomicUsize) -> Result<(), Error> {
    let connection = ServerConnection::new(config).map_err(Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let (mut line, mut length) = (String::new(), 0_usize);
    while line != "\r\n" {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().map_err(Error::other)?;
        }
    }
    stream.read_exact(&mut vec![0; length])?;
    asked.fetch_add(1, Ordering::Relaxed);
    let feed = tsv(&["1|Lamp|10.00 USD|in stock|Home > Light"]);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", feed.len());
    stream.get_mut().write_all((head + &feed).as_bytes())?;
    stream.get_mut().conn.send_close_notify();
    stream.get_mut().flush()
}

/// A daemon of a machine that trusts somebody else as yet.
fn daemon(shop: &Shop) -> Process {
    let mut other = CertificateParams::new(vec!["another.example".to_owned()]).expect("a certificate");
    other.distinguished_name.push(DnType::CommonName, "Somebody else");
    let key = KeyPair::generate().expect("a key");
    let trusted = shop.write("trusted.pem", other.self_signed(&key).expect("a certificate").pem());
    let mut command = shop.command(&["run"]);
    command.env("SSL_CERT_FILE", trusted);
    Process::start(command)
}

/// In one step: whoever reads a file that is half written does not read it again for seconds.
fn trust(shop: &Shop, certificate: &str) {
    let draft = shop.write("trusted.pem.new", certificate);
    std::fs::rename(draft, shop.path("trusted.pem")).expect("renamed");
}

#[test]
fn a_feed_is_read_once_its_host_is_trusted() {
    let host = Host::start();
    let shop = Shop::new();
    shop.config(&format!("[source]\nlocation = {:?}\nschedule = \"every 1s\"\n", host.url()));
    let daemon = daemon(&shop);
    daemon.wait_for_log("this machine does not trust its certificate", 1);
    assert_eq!(host.asked.load(Ordering::Relaxed), 0);
    trust(&shop, &host.certificate);
    wait_until("the feed was read", || !shop.take_writes().is_empty());
}

/// A hook that is told of orders, of which one more comes in with each connection.
fn is_told_once_trusted(hook: &str, certificate: &str, connections: impl Fn() -> usize, is_told: impl Fn() -> bool) {
    let shop = orders::shop(&format!("schedule = \"every 1s\"\n{hook}"));
    pass(&shop, "--once", 0);
    let _daemon = daemon(&shop);
    let mut id = 0_i64;
    let mut add = || {
        if usize::try_from(id).is_ok_and(|orders| orders <= connections()) {
            id += 1;
            shop.nicechat().put_order(order(id, &days_ago(0), 1));
        }
    };
    wait_until("it is tried", || {
        add();
        connections() > 0
    });
    assert!(!is_told());
    trust(&shop, certificate);
    wait_until("it is told", || {
        add();
        is_told()
    });
}

#[test]
fn a_hook_is_told_once_its_host_is_trusted() {
    let host = Host::start();
    let hook = format!("[[notify.hook]]\nname = \"crm\"\nevents = [\"order.new\"]\nurl = {:?}\n", host.url());
    let (connections, asked) = (|| host.connections.load(Ordering::Relaxed), || host.asked.load(Ordering::Relaxed) > 0);
    is_told_once_trusted(&hook, &host.certificate, connections, asked);
}

#[test]
fn a_mail_is_sent_once_its_server_is_trusted() {
    for (offered, tls) in [(Tls::FromBegin, "tls"), (Tls::Later, "starttls")] {
        let server = MailServer::new(offered);
        let hook = server.section("[\"order.new\"]", "\"web@shop.example\"", &format!("tls = {tls:?}"));
        is_told_once_trusted(&hook, &server.certificate, || server.connections(), || !server.mails().is_empty());
    }
}
