//! `needs`: the previews of a pull request in order. One that needs others is not asked for before all of them are ready with
//! the same commit, and is removed before them.
//!
//! What is there stays until then, and needs a place before the limit only when it could begin. That there is an order at all is
//! held by the configuration: no service needs itself by any way.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Preview, ServiceSettings,
    plan::Next,
    state::{Phase, Target},
    wanted::{Absence, Wanted},
};
use crate::{CommitSha, Timestamp, configuration::Service};

/// A removal waits for those that come before it no longer than this: what cannot be removed leaves nothing else behind.
const ORDERLY: Duration = Duration::from_secs(120);

/// By service, the paths whose changes concern it or one that needs it, by any way; none for any change.
pub(super) fn paths(services: &BTreeMap<String, Service>) -> BTreeMap<String, Vec<String>> {
    let all = services.keys().map(|name| {
        let mut paths = Vec::new();
        for concerned in those_that_need(services, name) {
            let Some(service) = services.get(concerned) else {
                continue;
            };
            if service.paths.is_empty() {
                return (name.clone(), Vec::new());
            }
            for path in &service.paths {
                if !paths.contains(path) {
                    paths.push(path.clone());
                }
            }
        }
        (name.clone(), paths)
    });
    all.collect()
}

/// The service itself, first, and those with a preview that need it by any way.
fn those_that_need<'a>(services: &'a BTreeMap<String, Service>, name: &'a str) -> Vec<&'a str> {
    let mut found = vec![name];
    let mut looked = 0;
    while let Some(needed) = found.get(looked).copied() {
        looked += 1;
        for (other, service) in services {
            let preview = service.preview.as_ref();
            let needs = preview.is_some_and(|preview| preview.needs.iter().any(|n| n == needed));
            if needs && !found.contains(&other.as_str()) {
                found.push(other);
            }
        }
    }
    found
}

/// How far the preview of a service is that another one needs.
enum Readiness {
    /// It answers as it should, with the head commit.
    Ready,
    /// It may still come to that.
    NotYet,
    /// It failed, or what is there is not healthy.
    Failed,
    /// There is to be none.
    Absent(Absence),
}

impl Preview {
    /// The first service that `service` needs and that is not ready with the head commit; none if it may begin.
    pub(super) fn unmet_need<'a>(
        &self,
        service: &'a ServiceSettings,
        head: &CommitSha,
    ) -> Option<&'a str> {
        let unmet = service.needs.iter().find(|need| {
            !self
                .previews_of(need)
                .all(|found| self.is_ready(found, head))
        });
        unmet.map(String::as_str)
    }

    /// What is waited for, in words; names are shown as `show` does.
    pub(super) fn told_need(&self, need: &str, show: impl Fn(&str) -> String) -> String {
        let told = format!("waiting for {}, which it needs", show(need));
        let head = self.pull_request().map(|shown| &shown.head_commit);
        let worst = head.map(|head| self.readiness_of(need, head));
        match worst {
            Some(Readiness::Failed) => format!("{told} and which is not well"),
            Some(Readiness::Absent(absence)) => {
                format!(
                    "{told} and of which there is no preview: {}",
                    super::view::words(&absence)
                )
            }
            Some(Readiness::Ready | Readiness::NotYet) | None => told,
        }
    }

    /// When to go on with the removal on `target` of something that others need; none if it need not wait for theirs.
    pub(super) fn awaits_those_that_need(&self, service: &str, now: Timestamp) -> Option<Next> {
        let settings = self.configuration.settings.as_ref()?;
        let above = settings
            .services
            .iter()
            .filter(|other| other.needs.iter().any(|need| need == service));
        let held = above.filter_map(|other| {
            let target = self.targets.get(&other.application)?;
            let is_going = matches!(self.wanted(&other.application), Wanted::Absent(_));
            if target.is_vacant() || !is_going {
                return None;
            }
            match &target.phase {
                Phase::Removing(removal) => {
                    let until = removal.since.after(ORDERLY);
                    (until > now).then_some(Next::At(until))
                }
                // Its removal begins before anything else does.
                Phase::Idle { .. }
                | Phase::Starting { .. }
                | Phase::Underway { .. }
                | Phase::Deployed { .. }
                | Phase::Failed { .. } => Some(Next::Nothing),
            }
        });
        // Of several the one that says for how long: the others are looked at again when it is over.
        held.max_by_key(|next| match next {
            Next::At(until) => Some(*until),
            Next::Act(_) | Next::Nothing => None,
        })
    }

    fn previews_of(&self, name: &str) -> impl Iterator<Item = &ServiceSettings> {
        let settings = self.settings_in_force().into_iter();
        settings
            .flat_map(|settings| &settings.services)
            .filter(move |service| service.service == name)
    }

    fn is_ready(&self, service: &ServiceSettings, head: &CommitSha) -> bool {
        let target = self.targets.get(&service.application);
        target.is_some_and(|target| target.is_healthy_with(head))
    }

    /// The worst of the previews of one service.
    fn readiness_of(&self, name: &str, head: &CommitSha) -> Readiness {
        let mut worst = Readiness::Ready;
        for service in self.previews_of(name) {
            if let Wanted::Absent(absence) = self.wanted(&service.application) {
                return Readiness::Absent(absence);
            }
            let target = self.targets.get(&service.application);
            if target.is_some_and(|target| target.is_healthy_with(head)) {
                continue;
            }
            let failed = target.is_some_and(|target| match &target.phase {
                Phase::Failed { revision, .. } => revision.commit == *head,
                Phase::Deployed { health, .. } => health.is_unhealthy(&service.health),
                Phase::Idle { .. } => target.effort.is_exhausted(),
                Phase::Starting { .. } | Phase::Underway { .. } | Phase::Removing(_) => false,
            });
            if failed {
                return Readiness::Failed;
            }
            worst = Readiness::NotYet;
        }
        worst
    }
}

impl Target {
    /// Whether what is there is of this commit and answered as it should.
    fn is_healthy_with(&self, commit: &CommitSha) -> bool {
        match &self.phase {
            Phase::Deployed {
                revision, health, ..
            } => revision.commit == *commit && health.healthy_at.is_some(),
            Phase::Idle { .. }
            | Phase::Starting { .. }
            | Phase::Underway { .. }
            | Phase::Failed { .. }
            | Phase::Removing(_) => false,
        }
    }
}
