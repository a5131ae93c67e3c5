//! The dashboard, for people in browsers: sign-in, pages, and forms that act. Reached over HTTP by the component `dashboard`.
//!
//! It keeps nothing and may do nothing itself: whatever it shows or does it asks of the API with the token of who signed in, so
//! that the API alone decides what that person may. The token is in the session's cookie, sealed. Who signs in by GitHub gets a
//! pass in place of a token, which only the component `people` can read.

mod answer;
mod api;
mod assets;
mod client;
mod form;
mod github;
mod pages;
mod roles;
mod route;
mod session;
#[cfg(test)]
mod tests;
mod visit;

use http::{HeaderMap, Method};

pub use answer::Answer;
pub use github::GitHub;
pub use session::{KeyError, SessionKey};

/// A request of a browser.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path.
    pub path: &'a str,
    /// What stands after `?`.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, a form.
    pub body: &'a [u8],
}

/// The dashboard.
#[derive(Debug, Clone)]
pub struct Dashboard<H, C> {
    /// By which the API is asked.
    pub http: H,
    /// The time.
    pub clock: C,
    /// Where people reach Slipway: the variable `public_url`.
    pub public_url: Option<String>,
    /// In which header a proxy in front says who asks it: the variable `client_address_header`. None: nobody is in front.
    pub client_address_header: Option<String>,
    /// GitHub, if people can sign in by it.
    pub github: Option<GitHub>,
    /// What sessions are sealed with; an error says why nobody can sign in.
    pub key: Result<SessionKey, KeyError>,
}

/// A form of ours is far smaller.
pub const BODY_BYTES_MAX: usize = 8 * 1024;
