//! Waking: one component of ours tells another that an entity has mail, so that it is run at once and not with the next
//! `POST /reconcile`. It says nothing else: whoever is woken for nothing finds nothing to do. If a call is lost, reconcile finds
//! the mail.

use std::{str::FromStr, time::Duration};

use bytes::Bytes;
use domain::PreviewId;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::Full;
use ports::{Clock, Http, Level, Log, Request as Outgoing};
use slipway_spin::{SpinHttp, spawn};
use spin_sdk::http::Request;

use crate::{
    DeliveryLog, FOLLOWED_FOR, Refusal, answered,
    event::{follow, follow_told},
    runner,
};

/// What the path of such a call begins with; the entity follows.
const PATH: &str = "/wake/";
/// The answer comes before anything is run.
const PATIENCE: Duration = Duration::from_secs(10);

/// The entity that `request` wakes; none if it is no such call.
pub fn woken<Id: FromStr>(request: &Request) -> Option<Id> {
    request.uri().path().strip_prefix(PATH)?.parse().ok()
}

/// Answers, and then follows the preview.
pub async fn follow_woken(log: &DeliveryLog, id: PreviewId) -> http::Response<Full<Bytes>> {
    let runner = match runner(log.clone()).await {
        Ok(runner) => runner,
        Err(error) => return answered(log, Err(Refusal::unavailable(&error))),
    };
    spawn(async move {
        let deadline = runner.clock.now().after(FOLLOWED_FOR);
        follow(&runner, id, &[], deadline).await;
        let known = id.to_string();
        follow_told(&runner, std::iter::once(known.as_str()), deadline).await;
    });
    answered(log, Ok(()))
}

/// Has `component` run the entity. What fails is logged: reconcile runs it in any case.
pub async fn wake(log: &DeliveryLog, component: &str, entity: &impl ToString) {
    let entity = entity.to_string();
    let sent = SpinHttp
        .send(Outgoing {
            method: Method::POST,
            url: format!("http://{component}.spin.internal{PATH}{entity}"),
            headers: HeaderMap::new(),
            body: Vec::new(),
            timeout: PATIENCE,
        })
        .await;
    let reason = match sent {
        Ok(answer) if answer.status == StatusCode::OK => return,
        Ok(answer) => format!("{component} answered {}", answer.status),
        Err(error) => error.to_string(),
    };
    let fields = [("entity", entity.into()), ("reason", reason.into())];
    log.write(Level::Warn, "could not wake an entity", &fields);
}
