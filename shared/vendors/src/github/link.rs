//! Lists in pages: the `Link` header (RFC 8288), followed on the same host and within bounds.

use std::ops::ControlFlow;

use http::{HeaderMap, StatusCode, header};
use ports::{Clock, Http, Response, Store};

use super::{Call, Client, Wish};
use crate::CallError;

/// How the reading of a list ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// There is no further page.
    AtTheEnd,
    /// Who reads it had enough.
    Broken,
    /// There are further pages than may be read.
    Unfinished,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Reads a list from `path` on, page by page: `take` is given each page, `pages_max` at most; a longer list is refused.
    pub(super) async fn each_page(
        &self,
        call: &Call<'_>,
        path: &str,
        pages_max: usize,
        mut take: impl FnMut(&Response) -> Result<(), CallError>,
    ) -> Result<(), CallError> {
        let all = |response: &Response| take(response).map(|()| ControlFlow::Continue(()));
        let ended = self.pages_until(call, path, pages_max, all).await?;
        match ended {
            Ended::AtTheEnd | Ended::Broken => Ok(()),
            Ended::Unfinished => {
                let reason = call.reason(&format!("GitHub's list has more than {pages_max} pages"));
                Err(call.refused(reason, "Slipway reads no longer ones"))
            }
        }
    }

    /// Reads a list from `path` on, page by page, until `take` has enough, or `pages_max` were read.
    pub(super) async fn pages_until(
        &self,
        call: &Call<'_>,
        path: &str,
        pages_max: usize,
        mut take: impl FnMut(&Response) -> Result<ControlFlow<()>, CallError>,
    ) -> Result<Ended, CallError> {
        let good = |response: &Response| {
            if response.status != StatusCode::OK {
                return Err(self.failure(call, response));
            }
            take(response)
        };
        self.pages_judged(call, path, pages_max, good).await
    }

    /// The same where `take` judges every answer, also one that is no success.
    pub(super) async fn pages_judged(
        &self,
        call: &Call<'_>,
        path: &str,
        pages_max: usize,
        mut take: impl FnMut(&Response) -> Result<ControlFlow<()>, CallError>,
    ) -> Result<Ended, CallError> {
        let mut url = self.setup(&call.what)?.base.url(path);
        for _ in 0..pages_max {
            let response = self.send_to(call, Wish::get(url)).await?;
            if take(&response)?.is_break() {
                return Ok(Ended::Broken);
            }
            let Some(next) = next_page(&response.headers) else {
                return Ok(Ended::AtTheEnd);
            };
            match self.setup(&call.what)?.base.on_same_host(next) {
                Some(next) => url = next,
                None => {
                    let reason = call.reason("GitHub's next page is on another host");
                    return Err(call.refused(
                        reason,
                        "The variable github_api_url must be the API's own address",
                    ));
                }
            }
        }
        Ok(Ended::Unfinished)
    }
}

/// The address with `rel="next"` in the `Link` headers.
pub(super) fn next_page(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::LINK)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find_map(next_link)
}

fn next_link(mut text: &str) -> Option<&str> {
    while let Some((_, rest)) = text.split_once('<') {
        let (address, rest) = rest.split_once('>')?;
        // An address may hold commas; parameters of GitHub's do not.
        let (parameters, rest) = rest.split_once(',').unwrap_or((rest, ""));
        if parameters.split(';').any(is_next) {
            return Some(address);
        }
        text = rest;
    }
    None
}

fn is_next(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        name.trim().eq_ignore_ascii_case("rel")
            && value
                .trim()
                .trim_matches('"')
                .split_ascii_whitespace()
                .any(|relation| relation.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_the_links() {
        for (header, expected) in [
            (
                r#"<https://a/x?page=2>; rel="next", <https://a/x?page=9>; rel="last""#,
                Some("https://a/x?page=2"),
            ),
            (
                r#"<https://a/x?page=1>; rel="prev", <https://a/x?q=a,b;c&page=3>; rel="next""#,
                Some("https://a/x?q=a,b;c&page=3"),
            ),
            (
                r#"<https://a/next>; rel="first", <https://a/next>; rel="prev""#,
                None,
            ),
            ("<https://a/x>; title=t; REL=next", Some("https://a/x")),
            ("<https://a/x", None),
            ("", None),
        ] {
            assert_eq!(next_link(header), expected, "{header}");
        }
    }
}
