//! The headers that Spin puts on a request before a component sees it.

use std::net::SocketAddr;

use http::header::{HOST, HeaderName, HeaderValue};
use http::uri::Scheme;
use http::{HeaderMap, Uri};

use crate::routes::Match;

/// A request that Spin fails before any component sees it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadRequest {
    #[error("the value of the header {0} is not UTF-8")]
    HeaderNotUtf8(HeaderName),
    #[error("the header that would be {name} cannot have the value {value:?}")]
    NotAHeader { name: String, value: String },
}

/// Appends `spin-full-url` and the others. What a client sent under the same names stays, before them.
pub(crate) fn append(
    headers: &mut HeaderMap,
    uri: &Uri,
    matched: &Match,
    scheme: &Scheme,
    client: SocketAddr,
) -> Result<(), BadRequest> {
    for (name, value) in headers.iter() {
        if std::str::from_utf8(value.as_bytes()).is_err() {
            return Err(BadRequest::HeaderNotUtf8(name.clone()));
        }
    }
    // A chained request has no host header, and Spin says `localhost` for it.
    let host = headers
        .get(HOST)
        .map_or("localhost".as_bytes(), HeaderValue::as_bytes);
    let host = String::from_utf8_lossy(host).into_owned();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());

    let mut added = vec![
        ("spin-path-info".to_owned(), matched.rest.clone()),
        (
            "spin-full-url".to_owned(),
            format!("{scheme}://{host}{path}"),
        ),
        ("spin-matched-route".to_owned(), matched.pattern.clone()),
        ("spin-base-path".to_owned(), "/".to_owned()),
        (
            "spin-raw-component-route".to_owned(),
            matched.pattern.clone(),
        ),
        (
            "spin-component-route".to_owned(),
            matched.prefix().to_owned(),
        ),
        ("spin-client-addr".to_owned(), client.to_string()),
    ];
    for (name, value) in &matched.captures {
        added.push((
            format!(
                "spin-path-match-{}",
                name.to_ascii_lowercase().replace('_', "-")
            ),
            value.clone(),
        ));
    }
    for (name, value) in added {
        let header = HeaderName::try_from(&name)
            .ok()
            .zip(HeaderValue::from_str(&value).ok());
        let (header, value) = header.ok_or(BadRequest::NotAHeader { name, value })?;
        headers.append(header, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spins_headers_come_after_what_the_client_sent() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("example.com"));
        headers.insert("spin-full-url", HeaderValue::from_static("forged"));
        let matched = Match {
            component: "user".to_owned(),
            pattern: "/users/:user_id/...".to_owned(),
            rest: "/settings".to_owned(),
            captures: vec![("user_id".to_owned(), "42".to_owned())],
        };
        let uri = Uri::from_static("http://example.com/users/42/settings?tab=1");
        append(
            &mut headers,
            &uri,
            &matched,
            &Scheme::HTTP,
            SocketAddr::from(([127, 0, 0, 1], 8777)),
        )
        .unwrap();

        let lines: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        host: example.com
        spin-full-url: forged
        spin-full-url: http://example.com/users/42/settings?tab=1
        spin-path-info: /settings
        spin-matched-route: /users/:user_id/...
        spin-base-path: /
        spin-raw-component-route: /users/:user_id/...
        spin-component-route: /users/:user_id
        spin-client-addr: 127.0.0.1:8777
        spin-path-match-user-id: 42
        ");
    }
}
