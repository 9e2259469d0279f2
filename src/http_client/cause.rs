//! Why something across the network did not go, for whoever keeps a shop: what it means and what to do, and behind it the
//! words of the library or the system, for whoever knows them.

use std::error::Error;

/// What is said where nobody speaks TLS.
pub(crate) const NO_TLS: &str = "no TLS there";

/// A part of what libraries and systems say, and what it means. The first that fits counts.
const WORDS: [(&str, &str); 26] = [
    // An answer in plain HTTP begins with no TLS record.
    ("InvalidContentType", "no TLS there; is it http://?"),
    ("certificate expired", EXPIRED),
    ("certificate: Expired", EXPIRED),
    ("certificate not valid yet", EARLY),
    ("certificate: NotValidYet", EARLY),
    ("certificate not valid for name", OTHER_NAME),
    ("certificate: NotValidForName", OTHER_NAME),
    (
        "certificate: UnknownIssuer",
        "this machine does not trust its certificate: it is self-made, or its server leaves out the certificates between \
         (the chain); whoever runs that server has to put that right",
    ),
    ("certificate: Revoked", "its certificate was revoked; whoever runs that server has to get another one"),
    (
        "CaUsedAsEndEntity",
        "its certificate is a self-made one that is no server's; whoever runs that server has to get another one",
    ),
    ("invalid peer certificate", "its certificate is not right; whoever runs that server has to get another one"),
    ("received fatal alert", NO_COMMON_TLS),
    ("peer is incompatible", NO_COMMON_TLS),
    ("received corrupt message", "what answers there does not speak TLS properly; are the host and the port right?"),
    ("without sending TLS close_notify", CUT_OFF),
    ("connection closed before message completed", CUT_OFF),
    ("end of file before message length reached", CUT_OFF),
    ("unexpected EOF during", CUT_OFF),
    ("unexpected end of file", CUT_OFF),
    ("Connection reset by peer", CUT_OFF),
    ("Broken pipe", CUT_OFF),
    ("Connection refused", "nothing listens there; does the server run, and are the host and the port right?"),
    ("Name or service not known", "there is no host of that name; is it spelled right?"),
    ("name resolution", "this machine can't look names up just now; does its DNS work?"),
    ("unreachable", "this machine has no way to there; is it connected, and does a firewall let it through?"),
    ("No route to host", "this machine has no way to there; is it connected, and does a firewall let it through?"),
];

const EXPIRED: &str = "its certificate has expired; whoever runs that server has to renew it";
const EARLY: &str = "its certificate is not valid yet; is the clock of this machine right?";
const OTHER_NAME: &str = "its certificate is for another name; is the host right?";
const NO_COMMON_TLS: &str = "it refuses our TLS; it has to speak TLS 1.2 or 1.3, with a certificate for just this host";
const CUT_OFF: &str = "the connection was cut off in the middle; if that goes on, look at that server's log";

/// The innermost cause of an error: the outer ones repeat the address and say less.
pub(crate) fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    in_words(cause.to_string())
}

/// What a cause means, and the cause.
fn in_words(cause: String) -> String {
    match WORDS.iter().find(|(said, _)| cause.contains(said)) {
        Some((_, meant)) => format!("{meant} [{cause}]"),
        None => cause,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};

    use super::*;

    /// As libraries say them in truth: another version may say them otherwise.
    #[test]
    fn what_libraries_say_is_told_in_words() {
        let time = UnixTime::since_unix_epoch(Duration::from_secs(2_000));
        let earlier = UnixTime::since_unix_epoch(Duration::from_secs(1_000));
        let certificate = rustls::Error::InvalidCertificate;
        let expected = ServerName::try_from("shop.example").expect("a name");
        let name = CertificateError::NotValidForNameContext { expected, presented: vec!["other.example".to_owned()] };
        for (error, meant) in [
            (certificate(CertificateError::Expired), EXPIRED),
            (certificate(CertificateError::ExpiredContext { time, not_after: earlier }), EXPIRED),
            (certificate(CertificateError::NotValidYet), EARLY),
            (certificate(CertificateError::NotValidYetContext { time: earlier, not_before: time }), EARLY),
            (certificate(CertificateError::NotValidForName), OTHER_NAME),
            (certificate(name), OTHER_NAME),
            (certificate(CertificateError::UnknownIssuer), "this machine does not trust its certificate"),
            (certificate(CertificateError::Revoked), "its certificate was revoked"),
            (certificate(CertificateError::BadSignature), "its certificate is not right"),
            (rustls::Error::AlertReceived(AlertDescription::HandshakeFailure), NO_COMMON_TLS),
            (rustls::Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon), NO_COMMON_TLS),
            (rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType), NO_TLS),
            (rustls::Error::InvalidMessage(InvalidMessage::InvalidCertRequest), "does not speak TLS properly"),
        ] {
            let raw = error.to_string();
            let told = root_cause(&io::Error::other(error));
            assert!(told.contains(meant) && told.ends_with(&format!(" [{raw}]")), "{told}");
        }
        for (code, meant) in [(111, "nothing listens there"), (104, CUT_OFF), (32, CUT_OFF), (113, "no way to there")] {
            let error = io::Error::from_raw_os_error(code);
            assert!(root_cause(&error).contains(meant), "{error}");
        }
        assert_eq!(root_cause(&io::Error::other("something else")), "something else");
    }
}
