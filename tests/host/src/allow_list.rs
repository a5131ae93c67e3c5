//! `allowed_outbound_hosts`: which addresses a component may send requests to.
//!
//! The syntax is Spin's, `<scheme>://<host>[:<port>]`, with `*` for any scheme, host or port, a leading `*.` for any
//! subdomain and `a..b` for a range of ports without its end. Networks (`10.0.0.0/8`) and `self` are not offered here.

use std::ops::Range;

use url::Host;

/// The domain below which every component of the application has a name.
pub(crate) const SERVICE_CHAINING_SUFFIX: &str = ".spin.internal";

/// Everything one component may reach.
#[derive(Debug, Default)]
pub(crate) struct AllowList {
    patterns: Vec<Pattern>,
}

impl AllowList {
    pub(crate) fn new(patterns: Vec<Pattern>) -> Self {
        Self { patterns }
    }

    /// Says whether a request to this place is allowed; without a port the scheme's own port is meant.
    pub(crate) fn allows(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let Ok(host) = Host::parse(host) else {
            return false;
        };
        let Some(port) = port.or_else(|| default_port(scheme)) else {
            return false;
        };
        self.patterns
            .iter()
            .any(|pattern| pattern.allows(scheme, &host, port))
    }
}

/// One entry of the list.
#[derive(Debug, PartialEq)]
pub(crate) struct Pattern {
    scheme: Option<String>,
    host: HostPattern,
    port: PortPattern,
}

#[derive(Debug, PartialEq)]
enum HostPattern {
    Any,
    /// Everything that ends in this, which starts with a dot.
    Subdomains(String),
    Exactly(Host),
}

#[derive(Debug, PartialEq)]
enum PortPattern {
    Any,
    Exactly(u16),
    Within(Range<u16>),
}

/// An entry that is no pattern.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error(
    "the allowed outbound host {entry:?} {problem}; the form is <scheme>://<host>[:<port>], as in \"https://*.example.com\""
)]
pub(crate) struct PatternError {
    entry: String,
    problem: String,
}

impl Pattern {
    /// Parses one entry, after its variables are filled in.
    pub(crate) fn parse(entry: &str) -> Result<Self, PatternError> {
        parse(entry.trim()).map_err(|problem| PatternError {
            entry: entry.to_owned(),
            problem,
        })
    }

    fn allows(&self, scheme: &str, host: &Host, port: u16) -> bool {
        let scheme_matches = self.scheme.as_ref().is_none_or(|allowed| allowed == scheme);
        let host_matches = match &self.host {
            HostPattern::Any => true,
            HostPattern::Subdomains(suffix) => {
                matches!(host, Host::Domain(name) if name.ends_with(suffix.as_str()))
            }
            HostPattern::Exactly(allowed) => allowed == host,
        };
        let port_matches = match &self.port {
            PortPattern::Any => true,
            PortPattern::Exactly(allowed) => *allowed == port,
            PortPattern::Within(range) => range.contains(&port),
        };
        scheme_matches && host_matches && port_matches
    }
}

fn parse(entry: &str) -> Result<Pattern, String> {
    let (scheme, rest) = entry.split_once("://").ok_or("has no scheme")?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains('/') {
        return Err("has a path, and only whole hosts can be allowed".to_owned());
    }
    if scheme != "*" && (scheme.is_empty() || !scheme.chars().all(char::is_alphabetic)) {
        return Err(format!("has the scheme {scheme:?}, which is not a word"));
    }
    // The colons of an IPv6 address are inside its brackets.
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        Some(_) | None => (rest, ""),
    };
    Ok(Pattern {
        scheme: (scheme != "*").then(|| scheme.to_owned()),
        host: parse_host(host)?,
        port: parse_port(port, scheme)?,
    })
}

fn parse_host(host: &str) -> Result<HostPattern, String> {
    if host == "*" {
        return Ok(HostPattern::Any);
    }
    if host == "self" || host == "self.alt" {
        return Err("names the application itself, which this host does not offer".to_owned());
    }
    if let Some(domain) = host.strip_prefix("*.") {
        return match Host::parse(domain) {
            Ok(Host::Domain(domain)) if !domain.contains('*') => {
                Ok(HostPattern::Subdomains(format!(".{domain}")))
            }
            Ok(_) | Err(_) => Err(format!(
                "has the host {host:?}, and only a domain can follow `*.`"
            )),
        };
    }
    if host.contains('*') {
        return Err(format!(
            "has the host {host:?}, where `*` is not a whole first label"
        ));
    }
    Host::parse(host)
        .map(HostPattern::Exactly)
        .map_err(|error| format!("has the host {host:?}: {error}"))
}

fn parse_port(port: &str, scheme: &str) -> Result<PortPattern, String> {
    let number = |text: &str| {
        text.parse::<u16>()
            .map_err(|_| format!("has the port {port:?}, which is not a number"))
    };
    match (port, port.split_once("..")) {
        ("", _) => default_port(scheme)
            .map(PortPattern::Exactly)
            .ok_or_else(|| format!("has no port, and the scheme {scheme:?} has none of its own")),
        ("*", _) => Ok(PortPattern::Any),
        (_, Some((start, end))) => Ok(PortPattern::Within(number(start)?..number(end)?)),
        (_, None) => Ok(PortPattern::Exactly(number(port)?)),
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn allows(pattern: &str, url: &str) -> bool {
        let url = url::Url::parse(url).unwrap();
        AllowList::new(vec![Pattern::parse(pattern).unwrap()]).allows(
            url.scheme(),
            url.host_str().unwrap(),
            url.port(),
        )
    }

    #[test]
    fn scheme_host_and_port_must_all_match() {
        assert!(allows(
            "https://api.github.com",
            "https://api.github.com/repos"
        ));
        assert!(allows("https://api.github.com/", "https://api.github.com"));
        assert!(!allows("https://api.github.com", "http://api.github.com"));
        assert!(!allows("https://api.github.com", "https://github.com"));
        assert!(!allows(
            "https://api.github.com",
            "https://api.github.com:8443"
        ));
        assert!(allows("http://127.0.0.1:3000", "http://127.0.0.1:3000"));
        assert!(!allows("http://127.0.0.1:3000", "http://localhost:3000"));
        assert!(allows("http://[::1]:3000", "http://[::1]:3000"));
    }

    #[test]
    fn a_star_stands_for_a_whole_part() {
        assert!(allows("*://example.com:*", "http://example.com:99"));
        assert!(allows("https://*", "https://anything.example"));
        assert!(allows(
            "http://localhost:8000..8010",
            "http://localhost:8009"
        ));
        assert!(!allows(
            "http://localhost:8000..8010",
            "http://localhost:8010"
        ));
    }

    #[test]
    fn a_leading_star_means_subdomains_and_not_the_domain_itself() {
        assert!(allows("https://*.example.com", "https://pr-7.example.com"));
        assert!(allows("https://*.example.com", "https://a.b.example.com"));
        assert!(!allows("https://*.example.com", "https://example.com"));
        assert!(!allows("https://*.example.com", "https://badexample.com"));
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        let problem = |entry| Pattern::parse(entry).unwrap_err().problem;
        assert_eq!(problem("example.com"), "has no scheme");
        assert_eq!(problem(""), "has no scheme");
        assert_eq!(
            problem("https://example.com/api"),
            "has a path, and only whole hosts can be allowed"
        );
        assert_eq!(
            problem("ftp://example.com"),
            "has no port, and the scheme \"ftp\" has none of its own"
        );
        assert_eq!(
            problem("http://example.com:http"),
            "has the port \"http\", which is not a number"
        );
        assert_eq!(
            problem("http://*x.com"),
            "has the host \"*x.com\", where `*` is not a whole first label"
        );
        assert_eq!(
            problem("h2c://example.com"),
            "has the scheme \"h2c\", which is not a word"
        );
        assert_eq!(
            problem("http://self"),
            "names the application itself, which this host does not offer"
        );
    }
}
