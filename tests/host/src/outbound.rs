//! Requests that a component sends: checked against its allow-list, then to another component or to the network.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};

use http::header::{HOST, HeaderName, HeaderValue};
use http::uri::Scheme;
use http_body_util::BodyExt as _;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody,
    WasiHttpHooks, default_send_request,
};

use crate::allow_list::{AllowList, SERVICE_CHAINING_SUFFIX};
use crate::app::App;
use crate::log::ComponentLog;
use crate::routes::Match;

/// The address that a request from another component has; Spin's.
const CHAINED_CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// The way out of one component.
#[derive(Clone)]
pub(crate) struct Outbound {
    pub(crate) allow_list: Arc<AllowList>,
    pub(crate) app: Weak<App>,
    pub(crate) log: ComponentLog,
}

type IoOutcome = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Answer = (http::Response<WasiBody>, IoOutcome);

impl WasiHttpHooks for Outbound {
    /// `host` is let through, so that components see it in requests, as in Spin; `send` keeps guests from setting it.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name: &HeaderName| name != HOST && DEFAULT_FORBIDDEN_HEADERS.contains(name))
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Answer, Error>> + Send> {
        let outbound = self.clone();
        Box::new(outbound.send(request, options))
    }
}

impl Outbound {
    async fn send(
        self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Answer, Error> {
        let uri = request.uri();
        let scheme = uri.scheme_str().unwrap_or("https");
        let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
        if !self
            .allow_list
            .allows(scheme, authority.host(), authority.port_u16())
        {
            self.log.host(&format!(
                "a request to {scheme}://{authority} was denied: add it to the component's allowed_outbound_hosts"
            ));
            return Err(Error::HttpRequestDenied);
        }
        let host =
            HeaderValue::from_str(authority.as_str()).map_err(|_| Error::HttpRequestUriInvalid)?;
        request.headers_mut().remove(HOST);
        if let Some(component) = chained_component(request.uri()) {
            return self.chain(component, request).await;
        }
        request.headers_mut().insert(HOST, host);
        let (response, io) = default_send_request(request, options).await?;
        Ok((response.map(|body| body.boxed_unsync()), Box::new(io)))
    }

    /// Hands the request to another component without a socket; private components are reachable this way.
    async fn chain(
        self,
        component: String,
        request: http::Request<WasiBody>,
    ) -> Result<Answer, Error> {
        let app = self.app.upgrade().ok_or(Error::ConnectionTerminated)?;
        let Some(target) = app.component(&component) else {
            let message = format!("the application has no component {component:?} with a trigger");
            self.log
                .host(&format!("a chained request failed: {message}"));
            return Err(Error::InternalError(Some(message)));
        };
        let matched = Match::chained(&component, request.uri().path());
        let response = target
            .answer(request, &matched, &Scheme::HTTP, CHAINED_CLIENT)
            .await;
        Ok((response, Box::new(async { Ok(()) })))
    }
}

/// The component that a URI of the form `http://<component>.spin.internal` names.
fn chained_component(uri: &http::Uri) -> Option<String> {
    uri.host()?
        .strip_suffix(SERVICE_CHAINING_SUFFIX)
        .map(str::to_owned)
}
