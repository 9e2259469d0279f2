//! Who asks, behind proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::config::Http;

/// The last address of the way here that is no proxy of ours: `[http] trusted_proxies` says whose `X-Forwarded-For` is
/// believed.
pub(super) fn client(settings: Option<&Http>, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let is_trusted = |address: &IpAddr| settings.is_some_and(|http| http.trusts(*address));
    let lists = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let way: Vec<&str> = lists.flat_map(|list| list.split(',')).collect();
    let mut client = peer.to_canonical();
    for hop in way.iter().rev() {
        if !is_trusted(&client) {
            break;
        }
        let Some(before) = address(hop.trim()) else { break };
        client = before.to_canonical();
    }
    client
}

/// The address of a hop, which some proxies write with its port, or in brackets.
fn address(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().ok().map(|hop| hop.ip());
    let in_brackets = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    hop.parse().ok().or_else(with_port).or_else(in_brackets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_calls_is_told_only_by_proxies_that_are_believed() {
        let http = Http::on_loopback();
        let client = |peer: &str, way: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", way.parse().expect(way));
            client(Some(&http), peer.parse().expect(peer), &headers).to_string()
        };
        assert_eq!(client("127.0.0.1", "192.0.2.7"), "192.0.2.7");
        assert_eq!(client("127.0.0.1", "192.0.2.6, 192.0.2.7, 127.0.0.2"), "192.0.2.7");
        assert_eq!(client("192.0.2.1", "192.0.2.7"), "192.0.2.1");
        assert_eq!(client("127.0.0.1", "nonsense"), "127.0.0.1");
    }

    #[test]
    fn hops_have_ports_or_brackets_or_neither() {
        for (hop, expected) in [
            ("203.0.113.7", Some("203.0.113.7")),
            ("203.0.113.7:51234", Some("203.0.113.7")),
            ("2001:db8::7", Some("2001:db8::7")),
            ("[2001:db8::7]", Some("2001:db8::7")),
            ("[2001:db8::7]:51234", Some("2001:db8::7")),
            ("203.0.113.7:", None),
            ("[2001:db8::7", None),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(address(hop).map(|address| address.to_string()).as_deref(), expected, "{hop}");
        }
    }
}
