//! A small Coolify: applications of the type "Docker Image", their previews and deployments (VENDORS 1.2 to 1.4).

mod api;

use std::{collections::BTreeMap, rc::Rc};

pub(crate) use api::{answer, note_refusal};

use crate::{
    kernel::{MINUTE, Micros, SECOND},
    sim::Sim,
};

/// All applications.
#[derive(Debug, Default)]
pub(crate) struct Coolify {
    pub(crate) applications: BTreeMap<String, Application>,
    pub(crate) down_until: Micros,
    /// Set in a world that is about them.
    pub(crate) limits: Option<Limits>,
}

/// How much Coolify takes (VENDORS 1.1, 1.2), and what it was asked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    minute: Micros,
    /// Requests in this minute.
    used: u64,
    asked: u64,
    refused: u64,
}

impl Limits {
    /// Queued deployments.
    const QUEUED_MAX: usize = 25;
    /// Deployments at work.
    const AT_ONCE: usize = 2;
    const REQUESTS_A_MINUTE: u64 = 200;

    /// Counts a request; the seconds until there may be another one, if there were too many.
    fn count(&mut self, now: Micros) -> Option<u64> {
        self.asked += 1;
        if now / MINUTE != self.minute {
            (self.minute, self.used) = (now / MINUTE, 0);
        }
        self.used += 1;
        let left = MINUTE - now % MINUTE;
        (self.used > Self::REQUESTS_A_MINUTE).then(|| self.refuse(left / SECOND + 1))
    }

    fn refuse(&mut self, seconds: u64) -> u64 {
        self.refused += 1;
        seconds
    }

    /// How many requests there were, and how many of them were refused.
    pub(crate) fn counted(&self) -> (u64, u64) {
        (self.asked, self.refused)
    }
}

/// An application.
#[derive(Debug, Default)]
pub(crate) struct Application {
    pub(crate) previews: BTreeMap<u64, Preview>,
    /// Oldest first.
    pub(crate) deployments: Vec<Deployment>,
}

/// The preview of a pull request.
#[derive(Debug, Default)]
pub(crate) struct Preview {
    /// Whether Coolify shows it: it is hidden as soon as its removal is asked for.
    pub(crate) shown: bool,
    pub(crate) container: Option<Container>,
}

/// What runs.
#[derive(Debug, Clone)]
pub(crate) struct Container {
    /// The commit that its image was built from.
    pub(crate) commit: String,
    /// When it begins to answer; never, if the program is broken.
    pub(crate) healthy_at: Option<Micros>,
}

/// A deployment.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    pub(crate) uuid: String,
    pub(crate) number: u64,
    pub(crate) tag: String,
    pub(crate) status: Status,
    pub(crate) created_at: Micros,
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Queued,
    InProgress,
    Finished,
    Failed,
    Cancelled,
}

impl Status {
    pub(crate) const fn is_under_way(self) -> bool {
        match self {
            Self::Queued | Self::InProgress => true,
            Self::Finished | Self::Failed | Self::Cancelled => false,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled-by-user",
        }
    }
}

impl Coolify {
    /// Counts a request; the seconds until there may be another one, if there were too many.
    fn count(&mut self, now: Micros) -> Option<u64> {
        self.limits.as_mut()?.count(now)
    }

    /// The seconds until there may be room in the queue, if it is full.
    fn queue_full(&mut self) -> Option<u64> {
        let queued = self.having(Status::Queued);
        let limits = self.limits.as_mut()?;
        (queued >= Limits::QUEUED_MAX).then(|| limits.refuse(60))
    }

    fn is_busy(&self) -> bool {
        self.limits.is_some() && self.having(Status::InProgress) >= Limits::AT_ONCE
    }

    fn having(&self, status: Status) -> usize {
        let all = self.applications.values();
        let all = all.flat_map(|application| &application.deployments);
        all.filter(|deployment| deployment.status == status).count()
    }

    /// The application and pull request whose deployment has been queued for longest.
    fn oldest_queued(&self) -> Option<(String, u64)> {
        let all = self.applications.iter().flat_map(|(uuid, application)| {
            let queued = application.deployments.iter();
            let queued = queued.filter(|deployment| deployment.status == Status::Queued);
            queued.map(move |deployment| (deployment.created_at, uuid, deployment.number))
        });
        let (_, uuid, number) = all.min()?;
        Some((uuid.clone(), number))
    }

    /// What runs as the preview of a pull request.
    pub(crate) fn container(&self, application: &str, number: u64) -> Option<&Container> {
        self.applications
            .get(application)?
            .previews
            .get(&number)?
            .container
            .as_ref()
    }

    fn deployment_mut(&mut self, application: &str, uuid: &str) -> Option<&mut Deployment> {
        self.applications
            .get_mut(application)?
            .deployments
            .iter_mut()
            .find(|deployment| deployment.uuid == uuid)
    }
}

/// Begins the next queued deployment of a preview, unless one is in progress.
fn work_off(sim: &Rc<Sim>, application: &str, number: u64) {
    let uuid = {
        let mut coolify = sim.coolify.borrow_mut();
        if coolify.is_busy() {
            return;
        }
        let Some(found) = coolify.applications.get_mut(application) else {
            return;
        };
        let mut own = found
            .deployments
            .iter_mut()
            .filter(|deployment| deployment.number == number && deployment.status.is_under_way());
        match own.next() {
            Some(first) if first.status == Status::Queued => {
                first.status = Status::InProgress;
                first.uuid.clone()
            }
            Some(_) | None => return,
        }
    };
    let (application, pause) = (
        application.to_owned(),
        sim.random
            .pick(&[SECOND, 4 * SECOND, 15 * SECOND, 40 * SECOND]),
    );
    sim.after(sim.random.between(1, pause), move |sim| {
        finish(sim, &application, number, &uuid);
    });
}

/// Ends a deployment: the image is pulled and the container started, or it failed.
fn finish(sim: &Rc<Sim>, application: &str, number: u64, uuid: &str) {
    let Some(tag) = sim
        .coolify
        .borrow_mut()
        .deployment_mut(application, uuid)
        .filter(|deployment| deployment.status == Status::InProgress)
        .map(|deployment| deployment.tag.clone())
    else {
        return;
    };
    let image = sim.github.borrow().image(application, &tag);
    let fails = image.is_none() || sim.random.chance(sim.faults.get().deployment_fails);
    let commit = image.unwrap_or_default();
    let sick = sim.github.borrow().is_sick(&commit);
    let healthy_at = (!sick).then(|| {
        let pause = sim.random.pick(&[SECOND, 5 * SECOND, 40 * SECOND]);
        sim.kernel.now() + sim.random.below(pause)
    });
    {
        let mut coolify = sim.coolify.borrow_mut();
        if let Some(deployment) = coolify.deployment_mut(application, uuid) {
            deployment.status = if fails {
                Status::Failed
            } else {
                Status::Finished
            };
        }
        let preview = coolify
            .applications
            .get_mut(application)
            .and_then(|found| found.previews.get_mut(&number));
        if let Some(preview) = preview {
            // The old container is stopped before the new one starts; after a failure there is none (VENDORS 1.3).
            preview.container = (!fails).then(|| Container {
                commit: commit.clone(),
                healthy_at,
            });
        }
    }
    sim.tell("coolify", || {
        let how = if fails { "failed" } else { "finished" };
        format!("{application} #{number}: {uuid} ({tag} = {commit:.7}) {how}")
    });
    let mut oracle = sim.oracle.borrow_mut();
    if fails {
        oracle.deployment_failed(application, number, &commit);
    } else {
        oracle.container_started(sim, application, number, &commit);
    }
    drop(oracle);
    let is_limited = sim.coolify.borrow().limits.is_some();
    let oldest = sim.coolify.borrow().oldest_queued();
    match oldest.filter(|_| is_limited) {
        Some((application, number)) => work_off(sim, &application, number),
        None => work_off(sim, application, number),
    }
}
