//! Outgoing HTTP through Spin, which enforces the component's `allowed_outbound_hosts`.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use ports::{Http, HttpError, Request, Response};
use spin_sdk::wasip3::{
    http::{
        client,
        types::{self, ErrorCode, Fields, RequestOptions, Scheme},
    },
    http_compat::IncomingBody,
    spawn, wit_future, wit_stream,
};

use crate::{
    body::{BodyError, read_body},
    limit::within,
};

/// Sends requests through Spin.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpinHttp;

impl Http for SpinHttp {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let (uri, host) = parse_url(&request.url)?;
        let timeout = request.timeout;
        let limited = within(timeout, exchange(request, &uri, &host)).await;
        limited.unwrap_or_else(|| Err(timed_out(&host, timeout)))
    }
}

async fn exchange(request: Request, uri: &Uri, host: &str) -> Result<Response, HttpError> {
    let timeout = request.timeout;
    let outgoing = outgoing(request, uri, host)?;
    let answer = client::send(outgoing)
        .await
        .map_err(|code| no_answer(&code, host, timeout))?;
    let status =
        StatusCode::from_u16(answer.get_status_code()).map_err(|error| broken(host, &error))?;
    let headers =
        HeaderMap::try_from(answer.get_headers()).map_err(|code| broken(host, &describe(&code)))?;
    let body = IncomingBody::new(answer).map_err(|code| broken(host, &describe(&code)))?;
    let body = read_body(body, Response::BODY_BYTES_MAX)
        .await
        .map_err(|error| unread(host, &error))?;
    Ok(Response {
        status,
        headers,
        body,
    })
}

/// Parses an absolute `http` or `https` URL; also gives its scheme, host and port for messages.
fn parse_url(url: &str) -> Result<(Uri, String), HttpError> {
    let uri: Uri = url.parse().map_err(|error| HttpError::NotAllowed {
        host: url.chars().take(60).collect(),
        reason: format!("not a URL: {error}"),
    })?;
    match (uri.scheme_str(), uri.authority()) {
        (Some(scheme @ ("http" | "https")), Some(authority)) => {
            // Without user name and password, which must not reach a log.
            let port = authority
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            let host = format!("{scheme}://{}{port}", authority.host());
            Ok((uri, host))
        }
        (_, _) => Err(HttpError::NotAllowed {
            host: url.chars().take(60).collect(),
            reason: "not an absolute http or https URL".to_owned(),
        }),
    }
}

fn outgoing(request: Request, uri: &Uri, host: &str) -> Result<types::Request, HttpError> {
    let refused = |what: &str| HttpError::NotAllowed {
        host: host.to_owned(),
        reason: format!("the request's {what} is not valid"),
    };
    let mut headers = request.headers;
    if !(request.body.is_empty() && matches!(request.method, Method::GET | Method::HEAD)) {
        // Not chunked: many servers want to know the length of a body first.
        let length = HeaderValue::from(request.body.len());
        headers.insert(header::CONTENT_LENGTH, length);
    }
    let headers = Fields::try_from(headers).map_err(|_| refused("headers"))?;
    let options = RequestOptions::new();
    // A host that cannot be reached is found before the time is up: then it is certain that nothing happened. Hosts that
    // do not know this option still have the overall limit.
    let connect = u64::try_from((request.timeout / 2).as_nanos()).unwrap_or(u64::MAX);
    options.set_connect_timeout(Some(connect)).ok();
    let (trailers_writer, trailers) = wit_future::new(|| Ok(None));
    let contents = if request.body.is_empty() {
        None
    } else {
        let (mut writer, contents) = wit_stream::new();
        spawn(async move {
            // What is left over if the server does not read on shows in its answer.
            writer.write_all(request.body).await;
        });
        Some(contents)
    };
    // Dropping its writer resolves the future to "no trailers".
    drop(trailers_writer);
    let (outgoing, _transmitted) = types::Request::new(headers, contents, trailers, Some(options));
    outgoing
        .set_method(&(&request.method).into())
        .map_err(|()| refused("method"))?;
    let scheme = match uri.scheme_str() {
        Some("http") => Scheme::Http,
        Some(_) | None => Scheme::Https,
    };
    outgoing
        .set_scheme(Some(&scheme))
        .map_err(|()| refused("scheme"))?;
    outgoing
        .set_authority(uri.authority().map(http::uri::Authority::as_str))
        .map_err(|()| refused("host"))?;
    outgoing
        .set_path_with_query(uri.path_and_query().map(http::uri::PathAndQuery::as_str))
        .map_err(|()| refused("path"))?;
    Ok(outgoing)
}

fn timed_out(host: &str, timeout: Duration) -> HttpError {
    HttpError::TimedOut {
        host: host.to_owned(),
        seconds: timeout
            .as_millis()
            .div_ceil(1000)
            .try_into()
            .unwrap_or(u64::MAX),
    }
}

fn broken(host: &str, reason: &impl ToString) -> HttpError {
    HttpError::Broken {
        host: host.to_owned(),
        reason: reason.to_string(),
    }
}

fn unread(host: &str, error: &BodyError) -> HttpError {
    match error {
        BodyError::TooLong { limit } => HttpError::TooLong {
            host: host.to_owned(),
            bytes_max: *limit,
        },
        BodyError::TooSlow { .. } | BodyError::Broken { .. } => broken(host, error),
    }
}

/// What an error of the host's means for the effect of the request. What is not certain counts as "may have had one".
fn no_answer(code: &ErrorCode, host: &str, timeout: Duration) -> HttpError {
    let (host, reason) = (host.to_owned(), describe(code));
    match code {
        ErrorCode::HttpRequestDenied
        | ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestTrailerSectionSize(_)
        | ErrorCode::HttpRequestTrailerSize(_)
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::LoopDetected
        | ErrorCode::ConfigurationError => HttpError::NotAllowed { host, reason },
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::TlsCertificateError => HttpError::NoConnection { host, reason },
        ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => timed_out(&host, timeout),
        ErrorCode::ConnectionTerminated
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsAlertReceived(_)
        | ErrorCode::HttpResponseIncomplete
        | ErrorCode::HttpResponseHeaderSectionSize(_)
        | ErrorCode::HttpResponseHeaderSize(_)
        | ErrorCode::HttpResponseBodySize(_)
        | ErrorCode::HttpResponseTrailerSectionSize(_)
        | ErrorCode::HttpResponseTrailerSize(_)
        | ErrorCode::HttpResponseTransferCoding(_)
        | ErrorCode::HttpResponseContentCoding(_)
        | ErrorCode::HttpUpgradeFailed
        | ErrorCode::HttpProtocolError
        | ErrorCode::InternalError(_) => HttpError::Broken { host, reason },
    }
}

/// The error in words, for messages that people read.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "WASI's own name says enough of the rare ones"
)]
fn describe(code: &ErrorCode) -> String {
    let words = match code {
        ErrorCode::HttpRequestDenied => {
            "the component's allowed_outbound_hosts in spin.toml do not list it"
        }
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            "its name cannot be resolved"
        }
        ErrorCode::ConnectionRefused => "connection refused",
        ErrorCode::ConnectionTimeout => "no connection in time",
        ErrorCode::ConnectionTerminated => "connection closed",
        ErrorCode::TlsCertificateError => "its certificate is not trusted",
        ErrorCode::InternalError(Some(reason)) => reason,
        other => return format!("{other:?}").replace("ErrorCode::", ""),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_host_of_a_url_is_told_without_its_password() {
        let (_, host) = parse_url("https://user:secret@example.com:8443/path?token=x").unwrap();
        assert_eq!(host, "https://example.com:8443");
    }

    #[test]
    fn what_is_not_an_absolute_web_address_is_refused_before_it_is_sent() {
        for url in ["", "/path", "example.com", "ftp://example.com/", "http://"] {
            let refused = parse_url(url).unwrap_err();
            assert!(
                matches!(refused, HttpError::NotAllowed { .. }),
                "{url:?} gave {refused:?}"
            );
        }
    }

    #[test]
    fn only_errors_from_before_the_connection_say_that_nothing_happened() {
        let kind = |code: ErrorCode| no_answer(&code, "http://x", SECOND);
        assert!(matches!(
            kind(ErrorCode::HttpRequestDenied),
            HttpError::NotAllowed { .. }
        ));
        assert!(matches!(
            kind(ErrorCode::ConnectionRefused),
            HttpError::NoConnection { .. }
        ));
        assert!(matches!(
            kind(ErrorCode::HttpResponseTimeout),
            HttpError::TimedOut { seconds: 1, .. }
        ));
        assert!(matches!(
            kind(ErrorCode::InternalError(None)),
            HttpError::Broken { .. }
        ));
        assert!(matches!(
            kind(ErrorCode::ConnectionTerminated),
            HttpError::Broken { .. }
        ));
    }
}
