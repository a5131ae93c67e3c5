//! A release line as the API shows it: the environment, and each of its releases.

use domain::{
    Timestamp,
    entity::{Entity, Step},
    release::{self, Hold, Line, LineId, Refusal, Terms},
};

use crate::model::{Environment, Event, Live, RefusedRun, Release, WayBack};

pub(super) fn environment(line: &Line, now: Timestamp) -> Environment {
    let overview = line.overview(now);
    let terms = line.terms();
    // Most of its releases are over, and only the last of these is shown.
    let shown = |of: release::Release| release(&line.id, &of);
    let next_look_at = match line.plan(now) {
        Step::Wait { until } => Some(until.to_string()),
        // It is due: whoever runs it next acts.
        Step::Act(_) | Step::Forget => Some(now.to_string()),
        Step::Settled => None,
    };
    let ways_back = (1..).zip(line.ways_back());
    Environment {
        repository_id: line.id.repository.0,
        repository: line.repository().map(ToString::to_string),
        service: line.id.service.to_string(),
        environment: line.id.environment.to_string(),
        situation: line.situation().name().to_owned(),
        live: overview.live.map(|live| Live {
            commit: live.commit.to_string(),
            title: live.title,
            since: live.since.to_string(),
            test: overview.test.clone(),
        }),
        url: terms.and_then(|terms| terms.url.clone()),
        tracks: terms.map(|terms| terms.source.to_string()),
        after: terms.map(after).unwrap_or_default(),
        application: terms.map(|terms| terms.argocd.application.clone()),
        running: line.release_in_hand().map(shown),
        waiting: line.waiting_releases(now).into_iter().map(shown).collect(),
        last: line.last_ended().map(shown),
        hold: overview.hold.as_ref().map(hold),
        lock: overview.lock.as_ref().map(hold),
        ways_back: ways_back
            .map(|(back, (commit, title))| WayBack {
                back,
                commit: commit.to_string(),
                title,
            })
            .collect(),
        refused_runs: line.refused().iter().rev().map(refused).collect(),
        trouble: overview.trouble,
        next_look_at,
    }
}

fn refused((run, attempt, refusal): &(u64, u64, Refusal)) -> RefusedRun {
    RefusedRun {
        run: *run,
        attempt: *attempt,
        reason: refusal.to_string(),
    }
}

fn after(terms: &Terms) -> Vec<String> {
    terms.after.iter().map(ToString::to_string).collect()
}

fn hold(hold: &Hold) -> crate::model::Hold {
    crate::model::Hold {
        since: hold.since.to_string(),
        by: hold.by.clone(),
        reason: hold.reason.clone(),
    }
}

pub(super) fn release(line: &LineId, release: &release::Release) -> Release {
    let timeline = release.timeline.iter().map(|(at, what)| Event {
        at: at.to_string(),
        what: what.clone(),
    });
    Release {
        repository_id: line.repository.0,
        service: line.service.to_string(),
        environment: line.environment.to_string(),
        id: release.id.clone(),
        commit: release.shown.commit.to_string(),
        title: release.shown.title.clone(),
        phase: release.shown.phase.to_string(),
        reason: release.shown.reason.clone(),
        rule: release.rule.map(ToOwned::to_owned),
        rollback: release.shown.is_rollback,
        diverged: release.diverged,
        needs_approval: release.needs_approval,
        approved_by: release.shown.approved_by.clone(),
        known_at: release.known_at.to_string(),
        ended_at: release.ended_at.map(|at| at.to_string()),
        image: release.image.clone(),
        changes_url: release.changes_url.clone(),
        build_url: release.build_url.clone(),
        deployment: release.deployment,
        timeline: timeline.collect(),
    }
}
