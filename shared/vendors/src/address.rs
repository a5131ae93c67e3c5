//! Where a vendor is and how a request shows who asks: base URL, bearer token, and the same-host rule for addresses that
//! answers give.

use http::{HeaderValue, Uri};

use crate::error::Secrets;

/// The host that stands for "not configured" in `spin.toml`.
const UNSET_HOST: &str = "unset.invalid";

/// What people call the vendor and the variables that configure it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    pub(crate) vendor: &'static str,
    pub(crate) url_variable: &'static str,
    pub(crate) token_variable: &'static str,
}

/// The base URL of a vendor's API.
pub(crate) struct Base(String);

impl Base {
    /// Checks the variable; the error says to people what is wrong with it.
    pub(crate) fn new(base: &str, names: Names) -> Result<Self, String> {
        let (vendor, variable) = (names.vendor, names.url_variable);
        let base = base.trim().trim_end_matches('/');
        let Some(origin) = origin(base) else {
            let expected =
                "expected an absolute http or https URL without user, query and fragment";
            return Err(format!(
                "{vendor} is not configured: {expected} in the variable {variable}"
            ));
        };
        if base.contains(['?', '#']) || host(&origin) == UNSET_HOST {
            return Err(format!(
                "{vendor} is not configured: set the variable {variable}"
            ));
        }
        Ok(Self(base.to_owned()))
    }

    /// The absolute URL of `path`, which starts with a slash and is encoded already.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The host of the vendor's own name: `github.com` of `https://api.github.com`, and that of a server with its API below
    /// `/api/v3`. None where the address does not tell.
    pub(crate) fn web_host(&self) -> Option<String> {
        let origin = origin(&self.0)?;
        let host = host(&origin);
        match host.strip_prefix("api.") {
            Some(host) => Some(host.to_owned()),
            None => self.0.ends_with("/api/v3").then(|| host.to_owned()),
        }
    }

    /// Host and port, in lower case and without the scheme's own port.
    pub(crate) fn authority(&self) -> Option<String> {
        let origin = origin(&self.0)?;
        let (_, authority) = origin.split_once("://")?;
        Some(authority.to_owned())
    }

    /// The absolute URL of an address out of an answer (`Location`, `Link`), if it is on the vendor's own scheme, host and port:
    /// the token goes nowhere else.
    pub(crate) fn on_same_host(&self, address: &str) -> Option<String> {
        let own = origin(&self.0)?;
        if address.starts_with('/') && !address.starts_with("//") {
            return Some(format!("{own}{address}"));
        }
        (origin(address)? == own).then(|| address.to_owned())
    }
}

/// The `Authorization` header with a token; the error says to people what is wrong with the variable that holds it.
pub(crate) fn bearer(token: &str, names: Names) -> Result<HeaderValue, String> {
    let (vendor, variable) = (names.vendor, names.token_variable);
    let token = token.trim();
    if token.is_empty() {
        return Err(format!(
            "{vendor} is not configured: set the variable {variable}"
        ));
    }
    let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {token}")) else {
        return Err(format!(
            "the variable {variable} holds characters that no header may carry: expected a token on one line"
        ));
    };
    bearer.set_sensitive(true);
    Ok(bearer)
}

/// A vendor that is configured by a URL and a token. No `Debug`: it holds the token.
pub(crate) struct Access {
    pub(crate) base: Base,
    pub(crate) bearer: HeaderValue,
    /// The token, and its secret half.
    pub(crate) secrets: Secrets,
}

impl Access {
    /// Checks the two variables; the error says to people what is wrong with which.
    pub(crate) fn new(base: &str, token: &str, names: Names) -> Result<Self, String> {
        let base = Base::new(base, names)?;
        let bearer = bearer(token, names)?;
        let secrets = Secrets::default();
        secrets.add(token.trim());
        // Coolify's tokens are `<id>|<secret>`.
        if let Some((_, half)) = token.trim().split_once('|') {
            secrets.add(half);
        }
        Ok(Self {
            base,
            bearer,
            secrets,
        })
    }
}

/// Scheme, host and port of an absolute http or https URL in lower case; none if it is not one, or names a user.
pub(crate) fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri
        .scheme_str()
        .filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let authority = uri
        .authority()
        .filter(|authority| !authority.as_str().contains('@'))?;
    let authority = authority.as_str().to_ascii_lowercase();
    let default_port = if scheme == "http" { ":80" } else { ":443" };
    let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
    (!authority.is_empty()).then(|| format!("{scheme}://{authority}"))
}

fn host(origin: &str) -> &str {
    let authority = origin
        .split_once("://")
        .map_or(origin, |(_, authority)| authority);
    authority.split(':').next().unwrap_or(authority)
}

/// Percent-encodes all but RFC 3986's unreserved characters, and `/` if `keep_slashes`.
pub(crate) fn percent_encoded(text: &str, keep_slashes: bool) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |half: u8| {
        DIGITS
            .get(usize::from(half & 15))
            .copied()
            .map_or('0', char::from)
    };
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if unreserved || (keep_slashes && byte == b'/') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(digit(byte >> 4));
            encoded.push(digit(byte));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names = Names {
        vendor: "Acme",
        url_variable: "acme_url",
        token_variable: "acme_token",
    };

    #[test]
    fn only_the_vendors_own_scheme_host_and_port_get_the_token() {
        let access = Access::new("https://api.example.com/v3/", "secret", NAMES).unwrap();
        for (address, expected) in [
            (
                "https://api.example.com/x?y=z",
                Some("https://api.example.com/x?y=z"),
            ),
            (
                "https://API.example.com:443/x",
                Some("https://API.example.com:443/x"),
            ),
            ("/v3/x", Some("https://api.example.com/v3/x")),
            ("http://api.example.com/x", None),
            ("https://api.example.com:8443/x", None),
            ("https://api.example.com.evil.test/x", None),
            ("https://api.example.com@evil.test/x", None),
            ("https://me@api.example.com/x", None),
            ("//evil.test/x", None),
            ("x", None),
        ] {
            assert_eq!(
                access.base.on_same_host(address).as_deref(),
                expected,
                "{address}"
            );
        }
        assert_eq!(access.base.url("/x"), "https://api.example.com/v3/x");
    }

    #[test]
    fn a_url_or_token_that_cannot_work_is_named_by_its_variable() {
        for (url, token, variable) in [
            ("http://unset.invalid", "secret", "acme_url"),
            ("", "secret", "acme_url"),
            ("example.com", "secret", "acme_url"),
            ("ftp://example.com", "secret", "acme_url"),
            ("https://me:pass@example.com", "secret", "acme_url"),
            ("https://example.com?x", "secret", "acme_url"),
            ("https://example.com", " \n", "acme_token"),
            ("https://example.com", "two\nlines", "acme_token"),
        ] {
            let problem = Access::new(url, token, NAMES).err().unwrap_or_default();
            assert!(
                problem.contains(variable),
                "{url} with {token:?}: {problem:?}"
            );
            assert!(
                !problem.contains("secret") && !problem.contains("pass"),
                "{problem}"
            );
        }
    }

    #[test]
    fn a_token_is_trimmed_and_marked_sensitive() {
        let access = Access::new("https://example.com", "7|abc-def-ghi\n", NAMES).unwrap();
        assert_eq!(access.bearer, "Bearer 7|abc-def-ghi");
        assert_eq!(format!("{:?}", access.bearer), "Sensitive");
        let echoed = "7|abc-def-ghi or abc-def-ghi";
        assert_eq!(access.secrets.removed_from(echoed), "[secret] or [secret]");
    }

    #[test]
    fn only_unreserved_characters_stay_as_they_are() {
        assert_eq!(
            percent_encoded("feature/a b&ref=x#ü~", false),
            "feature%2Fa%20b%26ref%3Dx%23%C3%BC~"
        );
        assert_eq!(
            percent_encoded(".github/slipway.yml", true),
            ".github/slipway.yml"
        );
    }
}
