//! A process of Slipway's: the gateway and the components behind it as they answer, and the reconcile that comes round.
//!
//! What the components do around the shared crates is done here too, step by step: `gateway`, `pull-request`, `workflow-run`
//! and `reconcile` in `components/`.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    marker::PhantomData,
    rc::Rc,
    time::Duration,
};

use ::http::{HeaderMap, HeaderValue, Method, header};
use domain::{
    PreviewId, Timestamp,
    directory::Directory,
    places::Places,
    preview::Fact,
    repository::{self, Key, Repository, SurveyFact, SurveyPolicy},
};
use futures_util::{
    future::join_all,
    stream::{self, StreamExt},
};
use inbox::{Inbox, Received};
use ports::{Clock, Request, Response};
use runtime::{
    Runner,
    breaker::Guarded,
    gap,
    places::PlacesExecutor,
    preview::PreviewExecutor,
    reconcile::{self, Pending},
    repository::{Overview, RepositoryExecutor, StoredPreviews},
    witnessed,
};
use vendors::{
    coolify,
    github::{self, Credentials},
    kubernetes, platform,
};
use webhooks::{Malformed, pull_request_event, workflow_run_event};

use crate::{
    directories,
    github::{deliveries, log},
    http::{COOLIFY, GITHUB, KUBERNETES, PLATFORM, plain},
    kernel::{MILLISECOND, Micros, SECOND},
    port::Port,
    releases,
    sim::Sim,
    watched::{Noted, Watched, WatchedExecutor},
};

/// So long a request's background work goes on with a preview.
pub(crate) const FOLLOWED: Duration = Duration::from_secs(120);
/// So long one reconcile begins with further previews and deliveries.
const RECONCILED: Duration = Duration::from_secs(20);
/// So long one reconcile looks for deliveries that never came.
const GAPS_CLOSED: Duration = Duration::from_secs(8);
/// At most so many deliveries are processed by one reconcile.
const PROCESSED_MAX: usize = 50;
/// So many of them at the same time.
const PROCESSED_AT_ONCE: usize = 8;
/// Between two surveys of a repository.
const SURVEYED: Duration = Duration::from_secs(120);
/// Has the form of a signature; whether it is one is for the tests of the component `signature`.
const SIGNATURE: &str = "sha256=0000000000000000000000000000000000000000000000000000000000000000";
/// Deliveries that are done are kept so long.
const RETENTION: Duration = Duration::from_secs(3 * 86_400);

type Running<'a> = Runner<&'a Port, &'a Port, &'a Port, WatchedExecutor<'a>>;

fn runner(port: &Port) -> Running<'_> {
    Runner {
        store: port,
        clock: port,
        log: port,
        executor: WatchedExecutor {
            inner: PreviewExecutor {
                github: Some(github::Client::new(
                    guarded(github::VENDOR, port),
                    port,
                    port,
                    GITHUB,
                    &Credentials::Token("token-of-github".to_owned()),
                )),
                coolify: Some(coolify::Client::new(
                    guarded(coolify::VENDOR, port),
                    COOLIFY,
                    "1|token-of-coolify",
                )),
                platform: Some(platform::Client::new(
                    guarded(platform::VENDOR, port),
                    PLATFORM,
                    "token-of-the-platform",
                )),
                kubernetes: Some(kubernetes::Client::new(
                    guarded(kubernetes::VENDOR, port),
                    KUBERNETES,
                    "token-of-kubernetes",
                )),
                // Images stay where they are: no registry is simulated.
                registry: None,
                http: port,
                store: port,
                clock: port,
                log: port,
                checks: true,
                account: Cell::new(None),
                told: RefCell::default(),
                preview: PhantomData,
            },
            port,
        },
    }
}

/// HTTP to a vendor, behind its circuit breaker.
pub(crate) type VendorHttp<'a> = Guarded<&'a Port, &'a Port, &'a Port, &'a Port>;

pub(crate) fn guarded<'a>(vendor: &'static str, port: &'a Port) -> VendorHttp<'a> {
    Guarded {
        vendor,
        http: port,
        store: port,
        clock: port,
        log: port,
    }
}

fn inbox(port: &Port) -> Inbox<&Port, &Port, &Port, &Port> {
    Inbox {
        store: port,
        http: port,
        clock: port,
        log: port,
    }
}

/// Begins a process: it reconciles now and then.
pub(crate) fn begin(sim: &Rc<Sim>, instance: usize) {
    let port = Port {
        sim: Rc::clone(sim),
        instance,
    };
    sim.kernel.spawn(instance, reconcile_for_ever(port));
}

async fn reconcile_for_ever(port: Port) {
    let mut next = None;
    loop {
        port.sleep(pause(&port, next)).await;
        next = reconcile_once(&port).await;
    }
}

/// When to reconcile again: at the time that the last one told, but neither too often nor too seldom.
fn pause(port: &Port, next: Option<Timestamp>) -> Duration {
    let sim = &port.sim;
    let longest = sim.reconcile_pause.get();
    let own: Micros = if port.instance == 0 {
        let told = next.map_or(longest, |next| {
            Micros::try_from(next.since(port.now()).as_micros()).unwrap_or(longest)
        });
        told.clamp(SECOND, longest)
    } else {
        longest * 2
    };
    let spread = sim.random.below(own / 4 + MILLISECOND);
    Duration::from_micros(own + spread)
}

async fn reconcile_once(port: &Port) -> Option<Timestamp> {
    port.sim.statistics.reconciles.add(1);
    let deadline = port.now().after(RECONCILED);
    let inbox = inbox(port);
    stream::iter(inbox.due(PROCESSED_MAX).await.ok()?)
        .for_each_concurrent(PROCESSED_AT_ONCE, |guid| {
            let inbox = &inbox;
            async move {
                if port.now() <= deadline {
                    // What failed is found by the next reconcile.
                    drop(inbox.process(&guid).await);
                }
            }
        })
        .await;
    if port.sim.releases.is_some() {
        inbox.expire(RETENTION).await.ok()?;
        return releases::instance::reconcile(port, deadline).await;
    }
    close_gaps(port, &inbox).await?;
    inbox.expire(RETENTION).await.ok()?;
    let mut work = reconcile::work(&port).await.ok()?;
    witnessed::note_all(&port, &work.acts, (&port, deadline))
        .await
        .ok()?;
    directories::advance(port, &mut work, deadline).await?;
    let repositories = work.take::<Repository>();
    survey(port, &repositories, deadline).await?;
    let mut work = reconcile::work(&port).await.ok()?;
    let places = work.take::<Places>();
    if !places.is_empty() {
        hand_out_places(port, &places, deadline).await;
        work = reconcile::work(&port).await.ok()?;
        work.take::<Places>();
    }
    work.take::<Repository>();
    work.take::<Directory>();
    let report = runner(port)
        .advance_all::<Watched>(&work.entities, deadline)
        .await;
    let until = port.now().after(FOLLOWED);
    for (entity, at) in report.waiting {
        if let Some(id) = entity.parse().ok().filter(|_| at <= until) {
            let waits = at.since(port.now());
            follow(port, vec![(id, None)], waits);
        }
    }
    report.next_at
}

/// Takes in what GitHub's log has and never came, in seeds with a log; none if the store fails.
async fn close_gaps(port: &Port, inbox: &Inbox<&Port, &Port, &Port, &Port>) -> Option<()> {
    if port.sim.github.borrow().log.is_none() {
        return Some(());
    }
    let app = github::Client::new(
        guarded(github::VENDOR, port),
        port,
        port,
        GITHUB,
        &Credentials::of(Some("1"), Some(log::KEY), None),
    );
    let deadline = port.now().after(GAPS_CLOSED);
    let report = gap::repair(&app, inbox, RETENTION, deadline).await.ok()?;
    port.sim.tell(&port.name(), || format!("gaps: {report:?}"));
    Some(())
}

/// Brings on the places that are due.
async fn hand_out_places(port: &Port, places: &BTreeMap<String, Pending>, deadline: Timestamp) {
    let runner = Runner {
        store: port,
        clock: port,
        log: port,
        executor: PlacesExecutor::<_, _, _, Watched> {
            store: port,
            clock: port,
            log: port,
            told: &RefCell::default(),
            preview: PhantomData,
        },
    };
    runner.advance_all::<Places>(places, deadline).await;
}

/// Surveys the repositories that are due; none if the store fails. Nobody comes only for the next survey: in days without any
/// other work that would be most of a seed.
async fn survey(
    port: &Port,
    repositories: &BTreeMap<String, Pending>,
    deadline: Timestamp,
) -> Option<()> {
    let previews = runner(port);
    let stored = StoredPreviews::<Watched>::default();
    let surveyor = Runner {
        store: port,
        clock: port,
        log: port,
        executor: RepositoryExecutor {
            github: previews.executor.inner.github.as_ref(),
            store: port,
            clock: port,
            log: port,
            policy: SurveyPolicy::new(SURVEYED, 2),
            previews: &stored,
        },
    };
    surveyor
        .advance_all::<Repository>(repositories, deadline)
        .await;
    for key in repositories.keys().filter_map(|entity| entity.parse().ok()) {
        let overview = Overview::read(&port, key).await.ok()?;
        let held_back = overview.and_then(|overview| overview.held_back);
        // Sooner or later a person reads what is held back, finds it right, and allows it.
        if held_back.is_some() && port.sim.random.percent(20) {
            port.sim
                .tell(&port.name(), || format!("{key}: a person allows removals"));
            let allowed = repository::Fact::Survey(SurveyFact::RemovalsAllowed);
            surveyor.post::<Repository>(&key, &allowed).await.ok()?;
        }
    }
    Some(())
}

/// Goes on with previews in the background.
fn follow(port: &Port, previews: Vec<(PreviewId, Option<u64>)>, waits: Duration) {
    let port = port.clone();
    let deadline = port.now().after(FOLLOWED);
    let instance = port.instance;
    let sim = Rc::clone(&port.sim);
    sim.kernel.spawn(instance, async move {
        port.sleep(waits).await;
        let runner = runner(&port);
        let mut mail_of: BTreeMap<PreviewId, Vec<u64>> = BTreeMap::new();
        for (id, mail) in previews {
            mail_of.entry(id).or_default().extend(mail);
        }
        join_all(mail_of.iter().map(|(id, mail)| {
            let (runner, port) = (&runner, &port);
            async move {
                let outcome = runner.follow::<Watched>(id, mail, deadline).await;
                port.sim
                    .tell(&port.name(), || format!("{id}: followed to {outcome:?}"));
            }
        }))
        .await;
    });
}

/// A delivery arrives at the gateway: it is stored, answered, and then handed on.
pub(crate) fn deliver(sim: &Rc<Sim>, instance: usize, delivery: usize) {
    let port = Port {
        sim: Rc::clone(sim),
        instance,
    };
    let Some(received) = received(sim, delivery) else {
        return;
    };
    let begun = sim.kernel.now();
    sim.kernel.spawn(instance, async move {
        let inbox = inbox(&port);
        let verify = |_: &[u8], _: &str| Some(1);
        let reception = inbox::receive(&inbox, received, verify).await;
        let status = reception.answer.status;
        if status.is_client_error() {
            let body = &reception.answer.body;
            port.sim
                .violate(|| format!("delivery {delivery} is refused: {status} {body}"));
        }
        deliveries::answered(&port.sim, delivery, begun, status.is_success());
        if let Some(claimed) = reception.accepted {
            let processed = inbox.run(claimed).await;
            port.sim.tell(&port.name(), || {
                format!("delivery {delivery}: {processed:?}")
            });
        }
    });
}

fn received(sim: &Rc<Sim>, delivery: usize) -> Option<Received> {
    let github = sim.github.borrow();
    let found = github.deliveries.get(delivery)?;
    let mut headers = HeaderMap::new();
    headers.insert(
        webhooks::EVENT_HEADER,
        HeaderValue::from_static(found.event),
    );
    headers.insert(
        webhooks::DELIVERY_HEADER,
        HeaderValue::from_str(&found.guid).ok()?,
    );
    headers.insert(
        webhooks::SIGNATURE_HEADER,
        HeaderValue::from_static(SIGNATURE),
    );
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Some(Received {
        content_type: inbox::admit(&Method::POST, &headers).ok()?,
        headers,
        body: found.payload.to_vec(),
    })
}

/// Takes in what is new of a repository, in the background.
fn note_repository(port: &Port, id: Key, mail: u64) {
    let port = port.clone();
    let instance = port.instance;
    let sim = Rc::clone(&port.sim);
    sim.kernel.spawn(instance, async move {
        let outcome = runner(&port).take_in::<Repository>(&id, &[mail]).await;
        port.sim
            .tell(&port.name(), || format!("{id}: noted: {outcome:?}"));
    });
}

/// What a payload tells.
struct Learnt {
    repository: Key,
    seen: repository::Fact,
    previews: Vec<(PreviewId, Fact)>,
}

/// A component answers what the gateway hands on to it: `200` once all that the event tells is durable.
pub(crate) async fn component(port: &Port, name: &str, request: &Request) -> Response {
    if port.sim.releases.is_some() {
        return releases::instance::component(port, name, request).await;
    }
    let learnt = match name {
        "pull-request" => pull_request(&request.body),
        _ => workflow_run(&request.body),
    };
    let learnt = match learnt {
        Ok(learnt) => learnt,
        Err(malformed) => return plain(422, &malformed.to_string()),
    };
    let runner = runner(port);
    let mut posted = Vec::new();
    for (id, fact) in learnt.previews {
        let fact = Noted::new(fact, port.sim.mutation);
        match runner.post::<Watched>(&id, &fact).await {
            Ok(mail) => posted.push((id, Some(mail))),
            Err(error) => return plain(503, &error.to_string()),
        }
    }
    match runner.post_news(learnt.repository, &learnt.seen).await {
        Ok(Some(mail)) => note_repository(port, learnt.repository, mail),
        Ok(None) => {}
        Err(error) => return plain(503, &error.to_string()),
    }
    if !posted.is_empty() {
        follow(port, posted, Duration::ZERO);
    }
    plain(200, "")
}

fn pull_request(payload: &[u8]) -> Result<Learnt, Malformed> {
    let event = pull_request_event(payload)?;
    let id = PreviewId {
        repository: event.repository,
        number: event.number,
    };
    let approval = event.label_added.clone().filter(|_| event.is_of_fork());
    let pull_request = event.pull_request;
    Ok(Learnt {
        repository: Key(event.repository),
        seen: repository::Fact::Seen {
            full_name: pull_request.repository.clone(),
            as_of: pull_request.updated_at,
        },
        previews: [Fact::PullRequestDelivered { pull_request }]
            .into_iter()
            .chain(approval.map(Fact::LabelAdded))
            .map(|fact| (id, fact))
            .collect(),
    })
}

fn workflow_run(payload: &[u8]) -> Result<Learnt, Malformed> {
    let event = workflow_run_event(payload)?;
    let previews = event.pull_requests.into_iter().map(|number| {
        let id = PreviewId {
            repository: event.repository,
            number,
        };
        let (repository, run) = (event.repository_name.clone(), event.run.clone());
        (id, Fact::RunDelivered { repository, run })
    });
    Ok(Learnt {
        repository: Key(event.repository),
        seen: repository::Fact::Seen {
            full_name: event.repository_name.clone(),
            as_of: event.updated_at,
        },
        previews: previews.collect(),
    })
}
