//! What becomes of a job that waits before it deploys.

use std::time::Duration;

use super::*;
use crate::{
    CommitSha, configuration,
    preview::{Reaction, RunProgress, Trouble, WorkflowRun},
    release::{self, Line, LineId, Push, Reference, terms_of},
};

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_milliseconds(1_795_257_067_000).after(Duration::from_secs(seconds))
}

fn commit() -> CommitSha {
    "a".repeat(40).parse().unwrap()
}

/// A request and the clock that it is looked at by.
struct Desk {
    request: Protection,
    now: u64,
}

impl Desk {
    fn new() -> Self {
        let id = ProtectionId::new(RepositoryId(42), 77, ("production", Some(5)));
        let mut desk = Self {
            request: Protection::new(id),
            now: 0,
        };
        desk.learn(&Fact::Requested(requested()));
        desk
    }

    fn learn(&mut self, fact: &Fact) {
        self.request.record(fact, at(self.now));
    }

    fn waits(&mut self, reason: &str) {
        let reason = reason.to_owned();
        self.learn(&Fact::Judged(Judgement::Waits { reason }));
    }

    fn next(&self) -> String {
        match self.request.plan(at(self.now)) {
            Step::Act(Action::Judge { .. }) => "judge".to_owned(),
            Step::Act(Action::Tell { comment, .. }) => format!("tell: {comment}"),
            Step::Act(Action::Answer {
                is_approved,
                comment,
                ..
            }) => format!("answer {is_approved}: {comment}"),
            Step::Wait { until } => format!("wait until {}", until.since(at(0)).as_secs()),
            Step::Settled => "settled".to_owned(),
            Step::Forget => "forget".to_owned(),
        }
    }
}

fn requested() -> Requested {
    Requested {
        repository: "acme/shop".parse().unwrap(),
        environment: "production".to_owned(),
        commit: Some(commit()),
    }
}

#[test]
fn a_job_is_told_what_it_waits_for_once_and_answered_when_that_is_there() {
    let mut desk = Desk::new();
    assert_eq!(desk.next(), "judge");
    desk.waits("0 of 1 approvals");
    assert_eq!(desk.next(), "tell: 0 of 1 approvals");
    desk.learn(&Fact::Told {
        comment: "0 of 1 approvals".to_owned(),
    });
    assert_eq!(desk.next(), "wait until 15");
    desk.now = 15;
    assert_eq!(desk.next(), "judge");
    desk.waits("0 of 1 approvals");
    assert_eq!(desk.next(), "wait until 30", "the same is not said again");
    desk.now = 1_200;
    desk.waits("locked by ada: counting coins");
    assert_eq!(desk.next(), "tell: locked by ada: counting coins");
    desk.learn(&Fact::Judged(Judgement::Approved {
        reason: "its rules are fulfilled".to_owned(),
    }));
    assert_eq!(desk.next(), "answer true: its rules are fulfilled");
    desk.learn(&Fact::Answered);
    assert_eq!(
        desk.next(),
        "wait until 692400",
        "its delivery may come again"
    );
    desk.learn(&Fact::Requested(requested()));
    assert_eq!(desk.next(), "wait until 692400");
    desk.now = 692_400;
    assert_eq!(desk.next(), "forget");
    assert_eq!(desk.request.claims(), Vec::<String>::new());
}

#[test]
fn an_approval_that_could_not_be_told_at_once_is_judged_again_before_it_is() {
    let mut desk = Desk::new();
    let approved = || {
        Fact::Judged(Judgement::Approved {
            reason: "its rules are fulfilled".to_owned(),
        })
    };
    let not_told = || Fact::NotTold {
        trouble: Trouble::retry("GitHub answered 502"),
    };
    desk.learn(&approved());
    desk.learn(&not_told());
    desk.now = 10;
    assert_eq!(
        desk.next(),
        "answer true: its rules are fulfilled",
        "it was found a moment ago"
    );
    while desk.now < 40 {
        desk.learn(&not_told());
        desk.now += 10;
    }
    assert!(desk.next().starts_with("wait until"), "{}", desk.next());
    desk.now = 4_000;
    assert_eq!(desk.next(), "judge", "an hour later nobody knows");
    desk.waits("locked by ada: counting coins");
    assert_eq!(desk.next(), "tell: locked by ada: counting coins");
    desk.learn(&approved());
    assert_eq!(desk.next(), "answer true: its rules are fulfilled");
    // Approved, not told, and judged anew: the approval was voided for good.
    desk.learn(&not_told());
    desk.now = 20_000;
    assert_eq!(desk.next(), "judge");
    desk.learn(&Fact::Judged(Judgement::Rejected {
        reason: "superseded".to_owned(),
    }));
    assert_eq!(desk.next(), "answer false: superseded");
}

#[test]
fn what_may_not_be_deployed_may_not_ever() {
    let mut desk = Desk::new();
    desk.learn(&Fact::Judged(Judgement::Rejected {
        reason: "superseded".to_owned(),
    }));
    desk.learn(&Fact::Judged(Judgement::Approved {
        reason: "late".to_owned(),
    }));
    assert_eq!(desk.next(), "answer false: superseded");
    desk.learn(&Fact::NotTold {
        trouble: Trouble::retry("GitHub answered 502"),
    });
    assert!(desk.next().starts_with("wait until"), "{}", desk.next());
    desk.now = 10;
    assert_eq!(desk.next(), "answer false: superseded");
    let trouble = Trouble {
        reason: "GitHub answered 403".to_owned(),
        reaction: Reaction::GiveUp,
    };
    desk.learn(&Fact::NotTold { trouble });
    let alert = &desk.request.given_up()[0];
    assert_eq!(alert.what, "telling GitHub whether a job may deploy");
}

#[test]
fn a_run_that_is_over_and_one_that_waited_too_long_are_left_alone() {
    let mut moot = Desk::new();
    moot.learn(&Fact::Judged(Judgement::Moot));
    assert_eq!(moot.next(), "wait until 691200");
    let mut late = Desk::new();
    late.waits("0 of 1 approvals");
    late.now = 30 * 86_400;
    assert_eq!(late.next(), "forget");
}

#[test]
fn github_takes_ten_words_and_no_more_are_said() {
    let mut desk = Desk::new();
    for number in 0..9 {
        let comment = format!("{number}");
        desk.waits(&comment);
        assert_eq!(desk.next(), format!("tell: {number}"));
        desk.learn(&Fact::Told { comment });
    }
    desk.waits("the tenth");
    assert_eq!(desk.next(), "wait until 15");
}

/// The line of a service for production, with a green build of the commit or without.
fn line(service: &str, is_built: bool) -> Line {
    let text = format!(
        "version: 1\nbuild: {{ workflow: CI }}\nservices:\n  {service}:\n    environments:\n      production: {{ branch: main, argocd: \
         {{ application: shop, update: kustomize-image }} }}\n"
    );
    let all = terms_of(
        &configuration::parse(&text).unwrap(),
        &"acme/shop".parse().unwrap(),
    );
    let mut line = Line::new(LineId {
        repository: RepositoryId(42),
        service: service.parse().unwrap(),
        environment: "production".parse().unwrap(),
    });
    let push = Push {
        pushed_at: at(0),
        reference: Reference::Branch("main".into()),
        commit: commit(),
        title: "Add a cart".into(),
        skip: false,
        forced: false,
        brackets: Vec::new(),
    };
    let run = WorkflowRun {
        id: 10,
        attempt: 1,
        name: "CI".into(),
        path: ".github/workflows/ci.yml".into(),
        event: "push".into(),
        head_branch: Some("main".into()),
        head_commit: commit(),
        head_repository: Some(RepositoryId(42)),
        progress: if is_built {
            RunProgress::Succeeded
        } else {
            RunProgress::Running
        },
        html_url: "https://github.com/acme/shop/actions/runs/10".into(),
        skips_preview: false,
    };
    for fact in [
        release::Fact::Configured {
            repository: None,
            terms: all.into_values().next().map(Box::new),
            as_of: at(0),
        },
        release::Fact::Pushed { push },
        release::Fact::RunSeen { run },
    ] {
        line.record(&fact, at(1));
    }
    line
}

#[test]
fn a_job_is_judged_by_every_service_of_the_environment_and_for_its_own_commit() {
    let (commit, other): (CommitSha, CommitSha) = (commit(), "b".repeat(40).parse().unwrap());
    let judged = |lines: &[Line], change: fn(&mut Asked<'_>), later: u64| {
        let mut asked = Asked {
            environment: "production",
            commit: &commit,
            run: 77,
            is_own: true,
            event: "push",
            head_commit: &commit,
            since: at(1),
        };
        change(&mut asked);
        match judge(&asked, lines, at(1 + later)) {
            Judgement::Approved { reason } => format!("approved: {reason}"),
            Judgement::Rejected { reason } => format!("rejected: {reason}"),
            Judgement::Waits { reason } => format!("waits: {reason}"),
            Judgement::Moot => "moot".to_owned(),
        }
    };
    let same: fn(&mut Asked<'_>) = |_| {};
    let foreign: fn(&mut Asked<'_>) = |asked| asked.is_own = false;
    let by_another: fn(&mut Asked<'_>) = |asked| asked.event = "pull_request";
    let (built, unbuilt) = (line("web", true), line("worker", false));
    let of_other = Asked {
        environment: "production",
        commit: &other,
        run: 77,
        is_own: true,
        event: "push",
        head_commit: &other,
        since: at(1),
    };
    let unknown = |later: u64| {
        format!(
            "{:?}",
            judge(&of_other, std::slice::from_ref(&built), at(1 + later))
        )
    };
    let told = [
        judged(std::slice::from_ref(&built), same, 0),
        judged(&[built.clone(), unbuilt], same, 0),
        judged(std::slice::from_ref(&built), foreign, 0),
        judged(std::slice::from_ref(&built), by_another, 0),
        judged(&[], same, 0),
        judged(&[], same, 900),
        unknown(0),
        unknown(900),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    approved: aaaaaaa to production: web: its rules are fulfilled
    waits: aaaaaaa to production: worker: CI is building
    rejected: a run of a fork deploys nothing to production
    rejected: a run of pull_request on aaaaaaa deploys no aaaaaaa to production: deploy by a run of the commit itself, such as that of its push
    waits: .github/slipway.yml names no environment production
    rejected: .github/slipway.yml names no environment production
    Waits { reason: "bbbbbbb to production: web: it is not known there: the branch main brings commits" }
    Rejected { reason: "bbbbbbb to production: web: it is not known there: the branch main brings commits" }
    "#);
}

#[test]
fn an_id_is_of_run_environment_and_deployment_and_is_read_back() {
    let id = |environment: &str, deployment: Option<u64>| {
        ProtectionId::new(RepositoryId(42), 77, (environment, deployment))
    };
    let one = id("production", Some(5));
    assert_eq!(one.to_string().parse(), Ok(one.clone()));
    assert_ne!(one, id("production", Some(6)));
    assert_ne!(one, id("staging", Some(5)));
    assert_eq!(one, id("production", Some(5)));
    for text in [
        "protection/42/77",
        "protection/42/77/xyz",
        "protection/42/x/0000000000000000",
    ] {
        assert!(text.parse::<ProtectionId>().is_err(), "{text}");
    }
}
