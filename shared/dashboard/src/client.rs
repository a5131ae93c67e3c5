//! Whose tries to sign in are counted together: the address that a browser comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName};

/// In which Spin says who is connected. A client may send one of its own; Spin's comes after it.
const PEER: HeaderName = HeaderName::from_static("spin-client-addr");

/// What is counted where no address is known: then all are one.
const UNKNOWN: &str = "unknown";

/// The address of the client: of who is connected, or what the proxy in front says in the header `proxy_header`, if one is
/// configured. Of several addresses in that the last one counts, which is the proxy's own word; those before it anybody can send.
pub(crate) fn address(headers: &HeaderMap, proxy_header: Option<&str>) -> String {
    let last = match proxy_header {
        Some(name) => headers.get_all(name).iter().next_back(),
        None => headers.get_all(PEER).iter().next_back(),
    };
    let text = last
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let text = text.rsplit(',').next().unwrap_or_default().trim();
    parsed(text).map_or_else(|| UNKNOWN.to_owned(), network)
}

/// `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::7` or `[2001:db8::7]:4711`.
fn parsed(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().ok().map(|both| both.ip());
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(with_port)
}

/// The address, or its network: whoever has one address of IPv6 has all that share its first half.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            format!("{}/64", Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&'static str, &str)], proxy_header: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        address(&headers, proxy_header)
    }

    #[test]
    fn who_is_connected_counts_and_not_what_a_client_says_of_itself() {
        let forged = ("spin-client-addr", "198.51.100.1:1");
        let real = ("spin-client-addr", "203.0.113.7:4711");
        let forwarded = ("x-forwarded-for", "198.51.100.2");
        assert_eq!(of(&[forged, forwarded, real], None), "203.0.113.7");
        assert_eq!(of(&[], None), "unknown");
    }

    #[test]
    fn behind_a_proxy_its_own_word_counts_and_not_what_came_to_it() {
        let peer = ("spin-client-addr", "10.0.0.1:4711");
        let header = "x-forwarded-for";
        for (sent, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
            ("203.0.113.7:50123", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"),
            ("[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("nonsense", "unknown"),
        ] {
            assert_eq!(
                of(&[peer, (header, sent)], Some(header)),
                expected,
                "{sent}"
            );
        }
        assert_eq!(of(&[peer], Some(header)), "unknown", "not the proxy");
    }
}
