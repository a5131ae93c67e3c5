//! Records that an installation of the App, or a repository, is to be looked at. It can do nothing else: it reaches nobody, and
//! has no secret. The look is `POST /reconcile`'s.

use bytes::Bytes;
use domain::{
    Timestamp,
    installation::{Fact, Hearsay, Installation, Key},
    repository::{self, DetailsFact, Repository},
};
use http::HeaderMap;
use http_body_util::Full;
use ports::{Level, Log};
use previews::{DeliveryLog, Refusal, answered, delivery_log, payload};
use runtime::{RunError, Runner};
use slipway_spin::{SpinClock, SpinStore, spawn};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};
use webhooks::{AccessEvent, EVENT_HEADER, access_event};

/// A runner that takes facts in and does nothing about them.
type Recorder = Runner<SpinStore, SpinClock, DeliveryLog, ()>;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    respond(request).await
}

async fn respond(request: Request) -> http::Response<Full<Bytes>> {
    let log = delivery_log("installation", &request);
    let taken = accept(&log, request).await;
    answered(&log, taken)
}

async fn accept(log: &DeliveryLog, request: Request) -> Result<(), Refusal> {
    let event = event_of(request.headers());
    let payload = payload(request).await?;
    let event = access_event(&event, &payload)?;
    let recorder = Recorder {
        store: SpinStore::new(),
        clock: SpinClock,
        log: log.clone(),
        executor: (),
    };
    let posted = record(&recorder, event)
        .await
        .map_err(|error| Refusal::unavailable(&error))?;
    spawn(async move {
        for mail in posted {
            mail.take_in(&recorder).await;
        }
    });
    Ok(())
}

fn event_of(headers: &HeaderMap) -> String {
    let event = headers
        .get(EVENT_HEADER)
        .and_then(|value| value.to_str().ok());
    event.unwrap_or_default().to_owned()
}

/// Mail that was posted. If its taking in is cut off, `POST /reconcile` does it.
enum Posted {
    Installation(Key, u64),
    Repository(repository::Key, u64),
}

async fn record(recorder: &Recorder, event: AccessEvent) -> Result<Vec<Posted>, RunError> {
    let mut posted = Vec::new();
    match event {
        AccessEvent::Installation { id, hearsay } => {
            posted.push(hear(recorder, Key(id), hearsay).await?);
        }
        AccessEvent::Repository {
            id,
            full_name,
            as_of,
            installation,
        } => {
            posted.extend(hint(recorder, repository::Key(id), full_name, as_of).await?);
            if let Some(installation) = installation {
                // A repository that was transferred came to it.
                posted.push(hear(recorder, Key(installation), Hearsay::default()).await?);
            }
        }
    }
    Ok(posted)
}

async fn hear(recorder: &Recorder, id: Key, hearsay: Hearsay) -> Result<Posted, RunError> {
    let mail = recorder
        .post::<Installation>(&id, &Fact::Heard(hearsay))
        .await?;
    Ok(Posted::Installation(id, mail))
}

/// A repository is told only if previews or deliveries made it known.
async fn hint(
    recorder: &Recorder,
    id: repository::Key,
    full_name: domain::RepositoryName,
    as_of: Timestamp,
) -> Result<Vec<Posted>, RunError> {
    let mut posted = Vec::new();
    for fact in [
        repository::Fact::Seen { full_name, as_of },
        repository::Fact::Details(DetailsFact::Hinted),
    ] {
        let mail = recorder.post_if_known(id, &fact).await?;
        posted.extend(mail.map(|mail| Posted::Repository(id, mail)));
    }
    Ok(posted)
}

impl Posted {
    async fn take_in(self, recorder: &Recorder) {
        let (entity, taken) = match self {
            Self::Installation(id, mail) => (
                id.to_string(),
                recorder.take_in::<Installation>(&id, &[mail]).await,
            ),
            Self::Repository(id, mail) => (
                id.to_string(),
                recorder.take_in::<Repository>(&id, &[mail]).await,
            ),
        };
        if let Err(error) = taken {
            let fields = [
                ("entity", entity.as_str().into()),
                ("reason", error.to_string().into()),
            ];
            recorder
                .log
                .write(Level::Error, "could not take in what was heard", &fields);
        }
    }
}
