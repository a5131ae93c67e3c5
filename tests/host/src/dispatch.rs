//! Requests into instances: how long an instance lives and how much it takes on, with wasmtime's own dispatcher, which is
//! Spin's too.

use std::future::Future as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::{CONNECTION, HOST};
use http::uri::Scheme;
use http_body_util::{BodyExt as _, Empty};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use wasmtime::component::GuestTaskId;
use wasmtime::{Engine, Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ProxyHandler, ShouldAccept, WorkerExpiration, WorkerState,
    WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::allow_list::SERVICE_CHAINING_SUFFIX;
use crate::component_variables::ComponentVariables;
use crate::guest::Guest;
use crate::key_value::{KeyValue, StoreWatch, Stores};
use crate::log::ComponentLog;
use crate::options::Reuse;
use crate::outbound::Outbound;
use crate::request_headers;
use crate::routes::Match;

/// A loaded component that answers requests.
pub(crate) struct Component {
    handler: ProxyHandler<Instances>,
    log: ComponentLog,
}

/// What a new instance of a component is made from.
pub(crate) struct Instances {
    pub(crate) engine: Engine,
    pub(crate) service: ServicePre<Guest>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) variables: ComponentVariables,
    pub(crate) stores: Arc<Stores>,
    pub(crate) labels: Arc<std::collections::BTreeSet<String>>,
    pub(crate) store_watch: StoreWatch,
    pub(crate) component: Arc<str>,
    /// Set once the application is complete, since its components can call each other.
    pub(crate) outbound: OnceLock<Outbound>,
    pub(crate) log: ComponentLog,
    pub(crate) reuse: Reuse,
    pub(crate) stop: CancellationToken,
    pub(crate) running: TaskTracker,
}

impl Component {
    pub(crate) fn new(instances: Instances) -> Self {
        Self {
            log: instances.log.clone(),
            handler: ProxyHandler::new(instances),
        }
    }

    /// Gives the component its way out; only the first time counts.
    pub(crate) fn connect(&self, outbound: Outbound) {
        self.handler.state().outbound.get_or_init(|| outbound);
    }

    /// Answers a request whose URI has an authority; a trap or an error of the guest is an empty 500.
    pub(crate) async fn answer(
        &self,
        mut request: http::Request<WasiBody>,
        matched: &Match,
        scheme: &Scheme,
        client: SocketAddr,
    ) -> http::Response<WasiBody> {
        strip_transport_headers(request.headers_mut());
        let uri = request.uri().clone();
        if let Err(problem) =
            request_headers::append(request.headers_mut(), &uri, matched, scheme, client)
        {
            self.log.host(&format!(
                "a request was not handed to the component: {problem}"
            ));
            return empty(StatusCode::INTERNAL_SERVER_ERROR);
        }
        match self.handler.handle((), request).await {
            Ok(response) => response,
            Err(error) => {
                self.log.host(&format!("a request failed: {error:#}"));
                empty(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

/// A response without a body.
pub(crate) fn empty(status: StatusCode) -> http::Response<WasiBody> {
    let mut response =
        http::Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}

fn strip_transport_headers(headers: &mut http::HeaderMap) {
    let chained = |host: &http::HeaderValue| {
        let host = String::from_utf8_lossy(host.as_bytes());
        host.split(':')
            .next()
            .is_some_and(|name| name.ends_with(SERVICE_CHAINING_SUFFIX))
    };
    if headers.get(HOST).is_some_and(chained) {
        headers.remove(HOST);
    }
    headers.remove(CONNECTION);
}

impl HandlerState for Instances {
    type StoreData = Guest;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Guest, Expiration, Worker>> {
        let outbound = self
            .outbound
            .get()
            .ok_or_else(|| wasmtime::format_err!("the application is not complete"))?;
        let guest = Guest::new(
            &self.environment,
            &self.log,
            outbound.clone(),
            KeyValue::new(
                Arc::clone(&self.stores),
                Arc::clone(&self.labels),
                self.store_watch.clone(),
                Arc::clone(&self.component),
            ),
            self.variables.clone(),
        );
        let mut store = Store::new(&self.engine, guest);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        let service = self.service.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: wasmtime_wasi_http::WasiHttpView::http,
            expiration: Expiration {
                idle: self.reuse.idle,
                sleep: Box::pin(tokio::time::sleep(self.reuse.idle)),
                stopped: Box::pin(self.stop.clone().cancelled_owned()),
            },
            state: Worker {
                reuse: self.reuse,
                log: self.log.clone(),
                stop: self.stop.clone(),
                _running: self.running.token(),
            },
        })
    }
}

/// Ends an instance that was idle for too long, and any instance when the host stops. Nothing else ends one: neither
/// requests nor work after a response have a time limit, as in Spin.
pub(crate) struct Expiration {
    idle: Duration,
    sleep: Pin<Box<tokio::time::Sleep>>,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        if self.stopped.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        match status {
            WorkerStatus::Requests | WorkerStatus::PostReturn => Poll::Pending,
            WorkerStatus::Idle => {
                let deadline = tokio::time::Instant::from_std(start + self.idle);
                if self.sleep.deadline() != deadline {
                    self.sleep.as_mut().reset(deadline);
                }
                self.sleep.as_mut().poll(context)
            }
        }
    }
}

/// Decides how much an instance takes on.
pub(crate) struct Worker {
    reuse: Reuse,
    log: ComponentLog,
    stop: CancellationToken,
    _running: TaskTrackerToken,
}

impl WorkerState for Worker {
    type StoreData = Guest;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.reuse.requests {
            ShouldAccept::Never
        } else if concurrent >= self.reuse.concurrent {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, Guest>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        Box::pin(std::future::pending())
    }

    fn drop(&self, store: Store<Guest>, result: Result<(), wasmtime::Error>) {
        drop(store);
        if let Err(error) = result
            && !self.stop.is_cancelled()
        {
            self.log.host(&format!(
                "an instance failed, with everything it was working on: {error:#}"
            ));
        }
    }
}
