//! Where a vendor is and how a request shows who asks: base URL, bearer token, and the same-host rule for addresses that
//! answers give.

use http::{HeaderValue, Uri};

/// The host that stands for "not configured" in `spin.toml`.
const UNSET_HOST: &str = "unset.invalid";

/// What people call the vendor and the variables that configure it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    pub(crate) vendor: &'static str,
    pub(crate) url_variable: &'static str,
    pub(crate) token_variable: &'static str,
}

/// A configured vendor. No `Debug`: it holds the token.
pub(crate) struct Access {
    base: String,
    pub(crate) bearer: HeaderValue,
    /// What must never be shown: the token, and its secret half.
    pub(crate) secrets: Vec<String>,
}

impl Access {
    /// Checks the two variables; the error says to people what is wrong with which.
    pub(crate) fn new(base: &str, token: &str, names: Names) -> Result<Self, String> {
        let base = base.trim().trim_end_matches('/');
        let Some(origin) = origin(base) else {
            let expected =
                "expected an absolute http or https URL without user, query and fragment";
            return Err(format!(
                "{} is not configured: {expected} in the variable {}",
                names.vendor, names.url_variable
            ));
        };
        if base.contains(['?', '#']) || host(&origin) == UNSET_HOST {
            let variable = names.url_variable;
            return Err(format!(
                "{} is not configured: set the variable {variable}",
                names.vendor
            ));
        }
        let token = token.trim();
        if token.is_empty() {
            let variable = names.token_variable;
            return Err(format!(
                "{} is not configured: set the variable {variable}",
                names.vendor
            ));
        }
        let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {token}")) else {
            let variable = names.token_variable;
            return Err(format!(
                "the variable {variable} holds characters that no header may carry: expected a token on one line"
            ));
        };
        bearer.set_sensitive(true);
        // Coolify's tokens are `<id>|<secret>`.
        let half = token.split_once('|').map(|(_, secret)| secret.to_owned());
        let secrets = std::iter::once(token.to_owned()).chain(half).collect();
        Ok(Self {
            base: base.to_owned(),
            bearer,
            secrets,
        })
    }

    /// The absolute URL of `path`, which starts with a slash and is encoded already.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The absolute URL of an address out of an answer (`Location`, `Link`), if it is on the vendor's own scheme, host and port:
    /// the token goes nowhere else.
    pub(crate) fn on_same_host(&self, address: &str) -> Option<String> {
        let own = origin(&self.base)?;
        if address.starts_with('/') && !address.starts_with("//") {
            return Some(format!("{own}{address}"));
        }
        (origin(address)? == own).then(|| address.to_owned())
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
