//! Signing in by GitHub (App user authorization, the flow for web applications, with `state` and PKCE): the way there and the way
//! back.
//!
//! What is remembered in between lies in a cookie of its own, sealed, which is good for ten minutes and deleted by whatever comes
//! back.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Timestamp;
use http::Method;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use crate::{route::Route, session::random_text};

/// Where the way to GitHub begins.
pub(crate) const BEGIN: &str = "/dashboard/sign-in/github";
/// For so long somebody may be at GitHub: its code is good for as long.
const AWAY_FOR: Duration = Duration::from_secs(600);

/// GitHub, where people authorize the App.
#[derive(Debug, Clone)]
pub struct GitHub {
    /// Where people see it: the variable `github_url`, without a slash at its end.
    pub url: String,
    /// By which it knows the App: the variable `github_app_client_id`.
    pub client_id: String,
}

/// What a browser keeps while it is at GitHub.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// What GitHub sends back as it was.
    pub(crate) state: String,
    /// The text whose SHA-256 GitHub is told.
    pub(crate) verifier: String,
    /// Where GitHub sends the browser.
    pub(crate) redirect_uri: String,
    /// The page to go on to.
    pub(crate) return_to: String,
    /// When it ends.
    pub(crate) until: Timestamp,
}

impl Pending {
    /// None without randomness.
    pub(crate) fn new(redirect_uri: String, return_to: String, now: Timestamp) -> Option<Self> {
        let (state, verifier) = (random_text(), random_text());
        (!state.is_empty() && !verifier.is_empty()).then(|| Self {
            state,
            verifier,
            redirect_uri,
            return_to,
            until: now.after(AWAY_FOR),
        })
    }

    /// Where the browser goes. `allow_signup` would let people make an account first, who can see nothing.
    pub(crate) fn address(&self, github: &GitHub) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier));
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &github.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", &self.state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("allow_signup", "false")
            .finish();
        format!("{}/login/oauth/authorize?{query}", github.url)
    }
}

/// The page to go on to after signing in: one of ours, or else the overview. An address of another host is none of ours, however
/// it is written.
pub(crate) fn return_to(wanted: Option<&str>) -> String {
    let is_ours = |address: &&str| {
        let path = address.split('?').next().unwrap_or_default();
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#';
        address.starts_with('/')
            && !path.contains("//")
            && address.len() <= 500
            && address.bytes().all(is_plain)
            && matches!(Route::of(&Method::GET, path), Ok(Route::Show(_)))
    };
    wanted.filter(is_ours).unwrap_or("/").to_owned()
}

/// `path` with the parameter `return_to`, unless that is the overview.
pub(crate) fn with_return_to(path: &str, return_to: &str) -> String {
    if return_to == "/" {
        return path.to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", return_to)
        .finish();
    format!("{path}?{query}")
}

/// What people are told when GitHub sends them back without a code. GitHub's own words are not shown: anybody can write an
/// address.
pub(crate) fn refusal(error: &str) -> &'static str {
    match error {
        "access_denied" => "At GitHub it was not allowed, so nobody signed in.",
        "redirect_uri_mismatch" => {
            "GitHub does not know this address of Slipway: the App needs it as a callback URL."
        }
        "application_suspended" => "GitHub has suspended the App, so nobody can sign in by it.",
        _ => "GitHub refused, so nobody signed in. Try again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_goes_on_to_pages_of_ours_alone() {
        for page in [
            "/",
            "/dashboard/previews",
            "/dashboard/previews?phase=waiting&cursor=42.7",
            "/dashboard/environments/42/web/production",
        ] {
            assert_eq!(return_to(Some(page)), page);
        }
        for elsewhere in [
            "https://evil.example",
            "//evil.example",
            "//dashboard/previews",
            "/\\evil.example",
            "/dashboard//previews",
            "\\\\evil.example/dashboard/previews",
            "/dashboard/previews\r\nset-cookie: a=b",
            "/dashboard/previews#x",
            "/dashboard/sign-in",
            "/dashboard/sign-in/github",
            "/dashboard/sign-out",
            "/dashboard/previews/42/7/retry",
            "/api/v1/me",
            "/nothing",
            "dashboard/previews",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(return_to(Some(elsewhere)), "/", "{elsewhere}");
        }
        assert_eq!(return_to(Some(&format!("/?{}", "a".repeat(600)))), "/");
        assert_eq!(return_to(None), "/");
    }

    #[test]
    fn the_way_to_github_tells_the_challenge_and_never_the_verifier() {
        let now = Timestamp::from_milliseconds(1_795_257_000_000);
        let back = "https://slipway.example.com/dashboard/sign-in/github/callback";
        let mut pending = Pending::new(back.to_owned(), "/".to_owned(), now).unwrap();
        // The example of RFC 7636, appendix B.
        pending.verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
        pending.state = "s".to_owned();
        let github = GitHub {
            url: "https://github.com".to_owned(),
            client_id: "Iv23".to_owned(),
        };
        insta::assert_snapshot!(pending.address(&github), @"https://github.com/login/oauth/authorize?client_id=Iv23&redirect_uri=https%3A%2F%2Fslipway.example.com%2Fdashboard%2Fsign-in%2Fgithub%2Fcallback&state=s&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&allow_signup=false");
    }
}
