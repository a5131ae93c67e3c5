//! Forms that browsers send, and cookies.

use std::collections::BTreeMap;

use http::{HeaderMap, header};
use url::form_urlencoded;

/// The value of `name` in a form; none if it is missing.
pub(crate) fn field(body: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(body)
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

/// The fields whose names begin with `prefix`, without it and without those that were left empty.
pub(crate) fn fields(body: &[u8], prefix: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(body)
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, value)| {
            let name = name.strip_prefix(prefix)?;
            Some((name.to_owned(), value.into_owned()))
        })
        .collect()
}

/// The value of the cookie `name`; none if there is none.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// Whether the browser says that another site sent the form: by `Sec-Fetch-Site`, or else by an `Origin` that is neither the host that
/// was asked nor the address that people reach Slipway by. Some say nothing; the form's own token is asked for in any case.
pub(crate) fn is_from_elsewhere(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin";
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return false;
    };
    // `null` has no host.
    let Some((_, origin)) = origin.to_str().ok().and_then(|url| url.split_once("://")) else {
        return true;
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let public = public_url.and_then(|url| Some(url.split_once("://")?.1.trim_end_matches('/')));
    let mut ours = [host, public].into_iter().flatten();
    !ours.any(|ours| ours.eq_ignore_ascii_case(origin))
}

/// Whether the request is for this machine itself, where there is no TLS to a browser.
pub(crate) fn is_loopback(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    matches!(name, "localhost" | "127.0.0.1" | "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: http::HeaderName, value: &str) -> HeaderMap {
        [(name, value.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let headers = with(header::COOKIE, "a=1; slipway=x.y; xslipway=2");
        assert_eq!(cookie(&headers, "slipway"), Some("x.y"));
        assert_eq!(cookie(&headers, "other"), None);
    }

    #[test]
    fn only_this_machines_own_names_are_loopback() {
        for host in ["localhost", "localhost:3000", "127.0.0.1:80", "[::1]:3000"] {
            assert!(is_loopback(&with(header::HOST, host)), "{host}");
        }
        for host in [
            "slipway.example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "",
        ] {
            assert!(!is_loopback(&with(header::HOST, host)), "{host}");
        }
    }

    #[test]
    fn a_form_of_another_site_is_told_by_the_browser() {
        let site = http::HeaderName::from_static("sec-fetch-site");
        assert!(is_from_elsewhere(&with(site.clone(), "cross-site"), None));
        assert!(is_from_elsewhere(&with(site.clone(), "same-site"), None));
        assert!(!is_from_elsewhere(&with(site, "same-origin"), None));
        assert!(!is_from_elsewhere(&HeaderMap::new(), None));
    }

    #[test]
    fn browsers_without_fetch_metadata_tell_it_by_the_origin() {
        let public = Some("https://slipway.example.com");
        for (origin, expected) in [
            ("http://127.0.0.1:3000", false),
            ("https://slipway.example.com", false),
            ("https://evil.example.com", true),
            ("https://slipway.example.com.evil.example", true),
            ("http://127.0.0.1:3001", true),
            ("null", true),
        ] {
            let mut headers = with(header::HOST, "127.0.0.1:3000");
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            assert_eq!(is_from_elsewhere(&headers, public), expected, "{origin}");
        }
    }
}
