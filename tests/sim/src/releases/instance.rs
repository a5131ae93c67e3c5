//! What a process does for releases: it takes deliveries in, follows lines, reconciles, and takes what people wish.
//!
//! What the components do around the shared crates is done here too, step by step: `push`, `workflow-run`, `notices` and `reconcile`
//! in `components/`, and `shared/releases`.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use domain::{
    Timestamp,
    outbox::Outbox,
    release::{Fact, Intake, IntakeFact, IntakeId, Line, LineId, Place},
};
use futures_util::future::join_all;
use ports::{Clock, Request, Response};
use runtime::{
    Runner,
    outbox::OutboxExecutor,
    reconcile::{self, Pending, Work},
    release::ReleaseExecutor,
};
use vendors::{
    argocd,
    github::{self, Credentials},
};
use webhooks::{Malformed, push_event, workflow_run_event};

use super::{Environment, REPOSITORY};
use crate::{
    directories,
    http::{ARGOCD, GITHUB, plain},
    instance::{FOLLOWED, VendorHttp, guarded},
    port::Port,
    sim::Sim,
};

type Executor<'a> = ReleaseExecutor<VendorHttp<'a>, &'a Port, &'a Port, &'a Port, &'a Port>;
type Running<'a> = Runner<&'a Port, &'a Port, &'a Port, Executor<'a>>;
type Telling<'a> = Runner<
    &'a Port,
    &'a Port,
    &'a Port,
    OutboxExecutor<VendorHttp<'a>, &'a Port, &'a Port, &'a Port>,
>;

fn runner(port: &Port) -> Running<'_> {
    Runner {
        store: port,
        clock: port,
        log: port,
        executor: ReleaseExecutor {
            github: Some(github::Client::new(
                guarded(github::VENDOR, port),
                port,
                port,
                GITHUB,
                &Credentials::Token("token-of-github".to_owned()),
            )),
            // The manifests name no image: the application does.
            gitops: None,
            argocd: Some(argocd::Client::new(
                guarded(argocd::VENDOR, port),
                ARGOCD,
                "token-of-argocd",
            )),
            http: port,
            store: port,
            clock: port,
            log: port,
            told: RefCell::default(),
        },
    }
}

/// Nobody is configured to be told: letters are read and thrown away.
fn notices(port: &Port) -> Telling<'_> {
    Runner {
        store: port,
        clock: port,
        log: port,
        executor: OutboxExecutor {
            slack: None,
            webhooks: None,
            backstage: None,
            log: port,
        },
    }
}

/// A component answers what is handed on to it.
pub(crate) async fn component(port: &Port, name: &str, request: &Request) -> Response {
    let learnt = match name {
        "push" => pushed(&request.body),
        "workflow-run" => run_seen(&request.body),
        "notices" => return wake(port, &request.body),
        _ => return plain(404, ""),
    };
    let fact = match learnt {
        Ok(fact) => fact,
        Err(malformed) => return plain(422, &malformed.to_string()),
    };
    let intake = IntakeId(REPOSITORY);
    match runner(port).post::<Intake>(&intake, &fact).await {
        Ok(mail) => {
            follow_intake(port, intake, mail);
            plain(200, "")
        }
        Err(error) => plain(503, &error.to_string()),
    }
}

fn pushed(payload: &[u8]) -> Result<IntakeFact, Malformed> {
    let event = push_event(payload)?;
    Ok(IntakeFact::Pushed {
        place: Place {
            repository: event.repository_name,
            as_of: event.push.pushed_at,
        },
        push: event.push,
    })
}

fn run_seen(payload: &[u8]) -> Result<IntakeFact, Malformed> {
    let event = workflow_run_event(payload)?;
    Ok(IntakeFact::RunSeen {
        place: Place {
            repository: event.repository_name,
            as_of: event.updated_at,
        },
        run: event.run,
    })
}

/// Runs outboxes after the answer.
fn wake(port: &Port, body: &[u8]) -> Response {
    let Ok(entities) = serde_json::from_slice::<BTreeMap<String, Pending>>(body) else {
        return plain(400, "not a map of entities");
    };
    let task = port.clone();
    port.sim.kernel.spawn(port.instance, async move {
        let deadline = task.now().after(FOLLOWED);
        notices(&task)
            .advance_all::<Outbox>(&entities, deadline)
            .await;
    });
    plain(200, "")
}

fn follow_intake(port: &Port, intake: IntakeId, mail: u64) {
    let task = port.clone();
    port.sim.kernel.spawn(port.instance, async move {
        let runner = runner(&task);
        let deadline = task.now().after(FOLLOWED);
        let outcome = runner.follow::<Intake>(&intake, &[mail], deadline).await;
        task.sim.tell(&task.name(), || {
            format!("{intake}: followed to {outcome:?}")
        });
        follow_lines(&task, &runner, deadline).await;
    });
}

/// Follows the lines that were told something, and those that they tell.
async fn follow_lines(port: &Port, runner: &Running<'_>, deadline: Timestamp) {
    loop {
        let mut lines: BTreeMap<LineId, Vec<u64>> = BTreeMap::new();
        for (line, mail) in runner.executor.told.take() {
            lines.entry(line).or_default().push(mail);
        }
        if lines.is_empty() {
            return;
        }
        join_all(lines.iter().map(|(line, mail)| async move {
            let outcome = runner.follow::<Line>(line, mail, deadline).await;
            port.sim
                .tell(&port.name(), || format!("{line}: followed to {outcome:?}"));
        }))
        .await;
    }
}

/// A person tells an environment something by way of one of the processes.
pub(super) fn tell(sim: &Rc<Sim>, environment: Environment, fact: Fact) {
    let Some(line) = environment.line() else {
        return;
    };
    let instances = sim.instances.len() as u64;
    let instance = usize::try_from(sim.random.below(instances)).unwrap_or_default();
    if sim.is_dead(instance, sim.life(instance)) {
        return;
    }
    sim.tell("people", || format!("{line}: {fact:?}"));
    let port = Port {
        sim: Rc::clone(sim),
        instance,
    };
    sim.kernel.spawn(instance, async move {
        let runner = runner(&port);
        let Ok(mail) = runner.post::<Line>(&line, &fact).await else {
            return;
        };
        let deadline = port.now().after(FOLLOWED);
        let outcome = runner.follow::<Line>(&line, &[mail], deadline).await;
        port.sim
            .tell(&port.name(), || format!("{line}: followed to {outcome:?}"));
        follow_lines(&port, &runner, deadline).await;
    });
}

/// Brings on what is due of intakes, lines and outboxes. Returns when something is due again; none if the store fails.
pub(crate) async fn reconcile(port: &Port, deadline: Timestamp) -> Option<Timestamp> {
    let runner = runner(port);
    let mut work: Work = reconcile::work(&port).await.ok()?;
    directories::advance(port, &mut work, deadline).await?;
    let intakes = work.take::<Intake>();
    let intakes = runner.advance_all::<Intake>(&intakes, deadline).await;
    if intakes.advanced > 0 {
        work = reconcile::work(&port).await.ok()?;
        work.take::<Intake>();
    }
    runner.executor.told.take();
    let letters = work.take::<Outbox>();
    let letters = notices(port)
        .advance_all::<Outbox>(&letters, deadline)
        .await;
    // Nothing surveys the repository here.
    work.take::<domain::repository::Repository>();
    let lines = work.take::<Line>();
    let lines = runner.advance_all::<Line>(&lines, deadline).await;
    let until = port.now().after(FOLLOWED);
    for (entity, at) in &lines.waiting {
        let line = entity.parse().ok().filter(|_| *at <= until);
        if let Some(line) = line {
            follow_line(port, line, at.since(port.now()));
        }
    }
    let next = [intakes.next_at, letters.next_at, lines.next_at];
    next.into_iter().flatten().min()
}

fn follow_line(port: &Port, line: LineId, waits: Duration) {
    let task = port.clone();
    let deadline = port.now().after(FOLLOWED);
    port.sim.kernel.spawn(port.instance, async move {
        task.sleep(waits).await;
        let runner = runner(&task);
        let outcome = runner.follow::<Line>(&line, &[], deadline).await;
        task.sim
            .tell(&task.name(), || format!("{line}: followed to {outcome:?}"));
        follow_lines(&task, &runner, deadline).await;
    });
}
