//! What a component answers, as Spin sends it.

use ::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::Full;

/// A response whose length is known beforehand, so that it is not chunked.
pub fn response(
    status: StatusCode,
    headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let body = body.into();
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let all = response.headers_mut();
    all.extend(headers);
    all.insert(header::CONTENT_LENGTH, length);
    response
}
