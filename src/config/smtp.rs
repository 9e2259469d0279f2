//! `[notify.smtp]`: the mail server by which hooks are told, and mail addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr as _;

use lettre::Address;
use lettre::message::Mailbox;
use secrecy::{ExposeSecret as _, SecretString};
use url::Host;

use super::environment::Environment;
use super::location::is_loopback_host;
use super::names::{PASSWORD, SMTP};
use super::section::{Section, Setting};
use super::units::one_of;
use super::{ConfigError, secret};

/// The ports of RFC 8314 and RFC 5321: TLS from the begin, for whoever hands mail in, and between servers.
const TLS_PORT: u16 = 465;
const SUBMISSION_PORT: u16 = 587;
const PLAIN_PORT: u16 = 25;

/// A longer address is none (RFC 5321, 4.5.3.1).
const LONGEST_ADDRESS: usize = 254;

/// The mail server.
#[derive(Clone)]
pub struct Smtp {
    /// Its name or its number.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// Who we are to it; `None` = it doesn't ask.
    pub login: Option<(String, SecretString)>,
    /// Whom mails come from.
    pub from: Mailbox,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// By TLS from the begin.
    Tls,
    /// By STARTTLS; without it nothing is sent.
    StartTls,
    /// By STARTTLS if that is offered: the server is this machine.
    IfOffered,
    /// Not at all.
    None,
}

/// As the setting says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// What fits the port; on this machine it may be none.
    Auto,
    /// What fits the port.
    Always,
    Only(SmtpTls),
}

impl PartialEq for Smtp {
    fn eq(&self, other: &Smtp) -> bool {
        let login = |smtp: &Smtp| {
            smtp.login.as_ref().map(|(user, password)| (user.clone(), password.expose_secret().to_owned()))
        };
        let rest = |smtp: &Smtp| (smtp.host.clone(), smtp.port, smtp.tls, smtp.from.clone());
        rest(self) == rest(other) && login(self) == login(other)
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Smtp");
        shown.field("host", &self.host).field("port", &self.port).field("tls", &self.tls);
        shown.field("from", &self.from).finish_non_exhaustive()
    }
}

impl Smtp {
    /// The server and its port.
    pub fn place(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Reads the section; `None` = the file has none, or it is not right, which is told in the end.
pub(super) fn read(notify: &Section<'_>, environment: &Environment) -> Option<Smtp> {
    let section = notify.below(&SMTP);
    if !section.exists() {
        return None;
    }
    let host = section.get_filled("host").map(|setting| setting.parse(host));
    let from = section.get_filled("from").map(|setting| setting.parse(mailbox));
    let lacks = |key, what: &str| section.lacks(key, format!("notify.smtp.{key} is missing: set it, {what}"));
    let host =
        host.unwrap_or_else(|| Err(lacks("host", "the name of your mail server, such as \"mail.shop.example\"")));
    let from = from.unwrap_or_else(|| Err(lacks("from", "whom mails come from, such as \"shelfkeeper@shop.example\"")));
    let host = section.keep(host.map(Some), || None);
    let from = section.keep(from.map(Some), || None);
    let wish = section.keep(section.get("tls").map(|setting| wish(&setting)).transpose(), || None);
    if wish.is_none() && section.get("tls").is_none() {
        section.comes_from("tls", Some("\"auto\"".to_owned()), "default".to_owned());
    }
    let wish = wish.unwrap_or(Wish::Auto);
    // Without a host all else is looked at all the same: whatever is wrong is told at once.
    let is_near = host.as_ref().is_some_and(|(_, is_near)| *is_near);
    let usual = wish.port(is_near);
    let port = section.number("port", usual, 1..=65_535);
    let tls = wish.tls(port, is_near);
    let is_open = host.is_some() && tls == SmtpTls::None && !is_near;
    let login = section.keep(login(&section, environment, is_open), || None);
    Some(Smtp { host: host?.0, port, tls, login, from: from? })
}

/// The user and the password. `is_open` = everybody on the way could read them.
fn login(
    section: &Section<'_>,
    environment: &Environment,
    is_open: bool,
) -> Result<Option<(String, SecretString)>, ConfigError> {
    let is_given = !secret::given(section, PASSWORD, environment)?.is_empty();
    let Some(username) = section.get_filled("username") else {
        let lacking = "notify.smtp.username is missing beside the password: set it, or take the password out";
        return if is_given { Err(section.lacks("username", lacking)) } else { Ok(None) };
    };
    if is_open {
        return Err(username.bad(
            "with tls = \"none\" everybody on the way could read the password; set tls = \"auto\", or take username and \
             the password out",
        ));
    }
    let name = username.parse(|text| {
        let is_plain = !text.contains(char::is_control);
        is_plain.then(|| text.to_owned()).ok_or_else(|| "there is a line break or a control character in it".to_owned())
    })?;
    Ok(Some((name, secret::required(section, PASSWORD, environment)?)))
}

impl Wish {
    /// The port when nobody names one.
    fn port(self, is_near: bool) -> u16 {
        match self {
            Wish::Only(SmtpTls::Tls) => TLS_PORT,
            Wish::Only(SmtpTls::None) => PLAIN_PORT,
            Wish::Auto if is_near => PLAIN_PORT,
            Wish::Auto | Wish::Always | Wish::Only(_) => SUBMISSION_PORT,
        }
    }

    fn tls(self, port: u16, is_near: bool) -> SmtpTls {
        match self {
            Wish::Only(tls) => tls,
            Wish::Auto | Wish::Always if port == TLS_PORT => SmtpTls::Tls,
            Wish::Auto if is_near => SmtpTls::IfOffered,
            Wish::Auto | Wish::Always => SmtpTls::StartTls,
        }
    }
}

fn wish(setting: &Setting<'_>) -> Result<Wish, ConfigError> {
    match setting.as_flag() {
        Some(true) => Ok(Wish::Always),
        Some(false) => Ok(Wish::Only(SmtpTls::None)),
        None => {
            let words = [
                ("auto", Wish::Auto),
                ("starttls", Wish::Only(SmtpTls::StartTls)),
                ("tls", Wish::Only(SmtpTls::Tls)),
                ("none", Wish::Only(SmtpTls::None)),
            ];
            setting.parse(|text| one_of(text, &words))
        }
    }
}

/// A server's name, and whether it is this machine.
fn host(text: &str) -> Result<(String, bool), String> {
    let text = text.trim();
    let expected =
        "expected the name of a mail server, such as \"mail.shop.example\", without its port (which is port)";
    let host = match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => Host::Ipv4(address),
        Ok(IpAddr::V6(address)) => Host::Ipv6(address),
        Err(_) => Host::parse(text).map_err(|_| expected.to_owned())?,
    };
    let name = match &host {
        Host::Domain(name) => name.clone(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    Ok((name, is_loopback_host(&host)))
}

/// A mail address, with or without a name: `shop@shop.example`, `Shop <shop@shop.example>`.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, String> {
    let expected = "expected a mail address, such as \"shop@shop.example\" or \"Shop <shop@shop.example>\"";
    if text.contains(char::is_control) {
        return Err(format!("there is a line break or a control character in it; {expected}"));
    }
    let text = text.trim();
    let (name, address) = match text.split_once('<') {
        Some((name, address)) => (name.trim().trim_matches('"').trim(), address.strip_suffix('>').ok_or(expected)?),
        None => ("", text),
    };
    // Servers that take other letters are few, and whoever reads a mail may not be on one.
    if !address.is_ascii() || address.len() > LONGEST_ADDRESS {
        return Err(format!(
            "{expected}, of ASCII letters (a domain in its form with xn--), at most {LONGEST_ADDRESS}"
        ));
    }
    let address = Address::from_str(address.trim()).map_err(|_| expected.to_owned())?;
    Ok(Mailbox::new(Some(name.to_owned()).filter(|name| !name.is_empty()), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, name, address) in [
            ("shop@shop.example", None, "shop@shop.example"),
            (" Shop <a.b+c@shop.example> ", Some("Shop"), "a.b+c@shop.example"),
            ("\"The shop, north\" <n@shop.example>", Some("The shop, north"), "n@shop.example"),
            ("Магазин <n@shop.example>", Some("Магазин"), "n@shop.example"),
            ("root@localhost", None, "root@localhost"),
        ] {
            let mailbox = mailbox(text).expect(text);
            assert_eq!((mailbox.name.as_deref(), mailbox.email.to_string().as_str()), (name, address));
        }
        for text in [
            "",
            "shop",
            "shop@",
            "@shop.example",
            "a@b@c",
            "a b@shop.example",
            "Shop <a@shop.example",
            "a@shop.example, b@shop.example",
            "a@shop.example\r\nBcc: b@shop.example",
            "Shop\nBcc: b@c.example <a@shop.example>",
            "магазин@shop.example",
            "a@магазин.example",
            &format!("{}@shop.example", "x".repeat(300)),
        ] {
            assert!(mailbox(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn hosts() {
        for (text, name, is_near) in [
            ("mail.shop.example", "mail.shop.example", false),
            ("LOCALHOST", "localhost", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("::1", "::1", true),
            ("[::1]", "::1", true),
            ("10.0.0.1", "10.0.0.1", false),
        ] {
            assert_eq!(host(text), Ok((name.to_owned(), is_near)));
        }
        for text in ["mail.shop.example:587", "smtp://mail.shop.example", "a b", "user@host", "a\r\nb"] {
            assert!(host(text).is_err(), "{text:?}");
        }
    }
}
