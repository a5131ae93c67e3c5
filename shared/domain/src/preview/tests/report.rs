//! Check runs, deployments on GitHub, and buttons.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::*;
use crate::preview::{DeploymentText, Reaction, ReportKind, ReportText, ReportWish, Request, Wish};

/// Check runs and deployments as GitHub shows them: by id, on which commit and what they say.
#[derive(Debug, Default)]
pub(in crate::preview) struct Reports {
    all: BTreeMap<u64, (ReportKind, CommitSha, String)>,
    /// The title and the summary of the check run that was written last.
    check: (String, String),
    made: u64,
}

impl Reports {
    pub(super) fn publish(&mut self, wish: &ReportWish) -> ReportFact {
        let (kind, commit) = (wish.report.kind, &wish.report.commit);
        let mut digest = wish.digest.clone();
        let id = match (wish.known, wish.make) {
            (Some(known), _) => known,
            (None, None) => return ReportFact::Gone,
            (None, Some(_)) => {
                if kind == ReportKind::Deployment {
                    digest = DeploymentText::MADE.to_owned();
                }
                self.made += 1;
                self.made
            }
        };
        let says = match &wish.text {
            ReportText::Check(text) => {
                let buttons: Vec<&str> = text.buttons.iter().map(|wish| wish.label()).collect();
                self.check = (text.title.clone(), text.summary.clone());
                let title = &text.title;
                format!("{:?}: {title} {}", text.state, buttons.join(", "))
            }
            ReportText::Deployment(_) if digest == DeploymentText::MADE => digest.clone(),
            ReportText::Deployment(_) => wish.digest.clone(),
        };
        self.all
            .insert(id, (kind, commit.clone(), says.trim_end().to_owned()));
        ReportFact::Published { id, digest }
    }

    pub(super) fn check(&self) -> (&str, &str) {
        (&self.check.0, &self.check.1)
    }

    pub(super) fn sweep(&mut self, keep: &BTreeSet<u64>) {
        self.all
            .retain(|id, (kind, ..)| *kind == ReportKind::Check || keep.contains(id));
    }

    /// What GitHub shows, a line for each.
    fn shown(&self) -> String {
        let lines = self
            .all
            .values()
            .map(|(kind, commit, says)| format!("{kind:?} on {}: {says}", commit.short()));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn of(&self, wanted: ReportKind) -> usize {
        self.all
            .values()
            .filter(|(kind, ..)| *kind == wanted)
            .count()
    }
}

pub(super) fn told(wish: &ReportWish) -> String {
    let digest = match &wish.text {
        ReportText::Check(text) => format!("{:?}", text.state),
        ReportText::Deployment(_) => wish.digest.clone(),
    };
    format!("{:?}: {digest}", wish.report.kind)
}

fn story() -> Story {
    let mut story = Story::opened();
    story.reports = Some(Reports::default());
    story
}

fn shown(story: &Story) -> String {
    story.reports.as_ref().map(Reports::shown).unwrap()
}

fn refused(reason: &str) -> Trouble {
    Trouble {
        reason: reason.into(),
        reaction: Reaction::GiveUp,
    }
}

fn press(story: &mut Story, id: &str, wish: Wish, login: &str, head: char) {
    story.record(&Fact::Requested(Request {
        id: id.into(),
        wish,
        account: 9,
        login: login.into(),
        commit: commit(head),
        at: Timestamp::default(),
    }));
}

#[test]
fn a_check_run_and_a_deployment_tell_where_the_preview_is() {
    let mut story = story();
    story.go_far();
    insta::assert_snapshot!(shown(&story), @"
    Check on aaaaaaa: Queued: Waiting for the build
    Deployment on aaaaaaa: made
    ");
    story.build(10, 'a', RunProgress::Running);
    let done = story.go_far();
    assert!(
        !done.contains("Check"),
        "a build that begins is no news: {done}"
    );
    story.healthy = false;
    story.build(10, 'a', RunProgress::Succeeded);
    story.go();
    story.wait_and_go();
    insta::assert_snapshot!(shown(&story), @"
    Check on aaaaaaa: InProgress: Deploying aaaaaaa Redeploy, Remove
    Deployment on aaaaaaa: in_progress deploying
    ");
    story.healthy = true;
    story.go_far();
    insta::assert_snapshot!(shown(&story), @"
    Check on aaaaaaa: Success: Ready Redeploy, Remove
    Deployment on aaaaaaa: success deployed and found healthy https://pr-7.example.com
    ");
}

#[test]
fn a_new_commit_ends_the_reports_on_the_old_one_once_it_runs_no_more() {
    let mut story = story();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.go_far();
    insta::assert_snapshot!(shown(&story), @"
    Check on aaaaaaa: Success: Ready Redeploy, Remove
    Deployment on aaaaaaa: success deployed and found healthy https://pr-7.example.com
    Check on bbbbbbb: Queued: Waiting for the build Remove
    Deployment on bbbbbbb: made
    ");
    // A third one comes before the second is built.
    story.change(|pull_request| pull_request.head_commit = commit('c'));
    story.deliver();
    story.build(12, 'c', RunProgress::Succeeded);
    story.go_far();
    insta::assert_snapshot!(shown(&story), @"
    Check on aaaaaaa: Success: Ready Redeploy, Remove
    Deployment on aaaaaaa: inactive superseded
    Check on bbbbbbb: Neutral: Superseded by ccccccc
    Deployment on bbbbbbb: inactive superseded
    Check on ccccccc: Success: Ready Redeploy, Remove
    Deployment on ccccccc: success deployed and found healthy https://pr-7.example.com
    ");
}

#[test]
fn closing_ends_the_deployment_and_a_day_later_it_is_deleted() {
    let mut story = story();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|pull_request| pull_request.state = PullRequestState::Merged);
    story.deliver();
    story.go_far();
    insta::assert_snapshot!(shown(&story), @"
    Check on aaaaaaa: Success: Ready Redeploy, Remove
    Deployment on aaaaaaa: inactive the pull request is closed
    ");
    let closed = story.now;
    let done = story.wait_and_go();
    assert!(story.now.since(closed) > Duration::from_secs(23 * 3_600));
    assert!(done.contains("delete deployments but {}"), "{done}");
    assert_eq!(
        story.reports.as_ref().unwrap().of(ReportKind::Deployment),
        0
    );
    // Nothing is left but the time to forget.
    story.now = story.now.after(Duration::from_secs(3 * 86_400));
    assert_eq!(story.go(), "forget");
}

#[test]
fn a_pull_request_that_is_opened_again_after_the_sweep_gets_another_deployment() {
    let mut story = story();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    story.go_far();
    story.wait_and_go();
    story.change(|pull_request| pull_request.state = PullRequestState::Open);
    story.deliver();
    story.go_far();
    insta::assert_snapshot!(shown(&story), @"
    Check on aaaaaaa: Success: Ready Redeploy, Remove
    Deployment on aaaaaaa: success deployed and found healthy https://pr-7.example.com
    ");
}

#[test]
fn what_gets_no_preview_gets_a_neutral_check_and_no_deployment() {
    let mut story = story();
    story.configuration = CONFIGURATION.replace(
        "      health:",
        "      when: { label: preview }\n      health:",
    );
    story.go_far();
    insta::assert_snapshot!(shown(&story), @"Check on aaaaaaa: Neutral: No preview: the label preview is missing");
}

#[test]
fn a_commit_of_a_fork_gets_a_check_and_no_deployment_which_could_start_workflows() {
    let mut story = story();
    story.configuration = CONFIGURATION.replace(
        "      health:",
        "      when: { forks: always }\n      health:",
    );
    story.change(|pull_request| pull_request.head_repository = Some(FORK));
    story.deliver();
    story.runs.push(WorkflowRun {
        head_repository: Some(FORK),
        ..run(10, 'a', RunProgress::Succeeded)
    });
    story.go_far();
    insta::assert_snapshot!(shown(&story), @"Check on aaaaaaa: Success: Ready Redeploy, Remove");
}

#[test]
fn many_superseded_deployments_are_deleted_while_the_pull_request_is_open() {
    let mut story = story();
    for (index, head) in "abcdef0123456789".chars().enumerate() {
        if index > 0 {
            story.change(|pull_request| pull_request.head_commit = commit(head));
            story.deliver();
        }
        story.go_far();
    }
    let deployments = story.reports.as_ref().unwrap().of(ReportKind::Deployment);
    assert!((2..=8).contains(&deployments), "{}", shown(&story));
    let head = &story.pull_request.head_commit;
    assert!(shown(&story).contains(&format!("Deployment on {}: made", head.short())));
}

#[test]
fn an_answer_that_was_lost_is_looked_for_before_another_report_is_made() {
    let mut story = story();
    let lost = |_: &mut Story, action: &Action| {
        let Action::PublishReport(wish) = action else {
            return None;
        };
        Some(Fact::Report {
            report: wish.report.clone(),
            fact: ReportFact::NotPublished {
                trouble: Trouble {
                    reason: "no answer".into(),
                    reaction: Reaction::Look,
                },
            },
        })
    };
    story.go_with(lost);
    assert_eq!(shown(&story), "");
    story.now = story.now.after(Duration::from_secs(59));
    story.go();
    assert_eq!(
        shown(&story),
        "",
        "nothing is made before the first try has landed or never will"
    );
    story.now = story.now.after(Duration::from_secs(2));
    story.go();
    insta::assert_snapshot!(shown(&story), @"
    Check on aaaaaaa: Queued: Waiting for the build
    Deployment on aaaaaaa: made
    ");
}

#[test]
fn a_button_deploys_once_more_if_who_pressed_it_may_write_and_only_once() {
    let mut story = story();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    assert_eq!(story.deployments, 1);
    press(&mut story, "one", Wish::Redeploy, "mallory", 'a');
    story.go_far();
    assert_eq!(story.deployments, 1);
    assert!(story.comment.contains("`mallory` asked for something"));
    press(&mut story, "two", Wish::Redeploy, "grace", 'a');
    press(&mut story, "two", Wish::Redeploy, "grace", 'a');
    story.go_far();
    press(&mut story, "two", Wish::Redeploy, "grace", 'a');
    story.go_far();
    assert_eq!(story.deployments, 2);
    press(&mut story, "three", Wish::Redeploy, "grace", 'b');
    story.go_far();
    assert_eq!(story.deployments, 2, "they saw another commit");
}

#[test]
fn what_a_button_removed_stays_removed_until_the_next_push_or_the_other_button() {
    let mut story = story();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    press(&mut story, "one", Wish::Remove, "grace", 'a');
    story.go_far();
    assert!(!story.present);
    insta::assert_snapshot!(shown(&story), @"
    Check on aaaaaaa: Neutral: No preview: grace asked for its removal Redeploy
    Deployment on aaaaaaa: inactive there is no preview
    ");
    press(&mut story, "two", Wish::Redeploy, "grace", 'a');
    story.go_far();
    assert!(story.present);
    press(&mut story, "three", Wish::Remove, "grace", 'a');
    story.go_far();
    assert!(!story.present);
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.build(11, 'b', RunProgress::Succeeded);
    story.go_far();
    assert!(story.present);
}

#[test]
fn what_a_button_removed_is_there_again_also_if_a_push_goes_back_to_that_commit() {
    let mut story = story();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    press(&mut story, "one", Wish::Remove, "grace", 'a');
    story.go_far();
    for (run, head) in [(11, 'b'), (12, 'a')] {
        story.change(|pull_request| pull_request.head_commit = commit(head));
        story.deliver();
        story.build(run, head, RunProgress::Succeeded);
        story.go_far();
        assert!(story.present, "{}", story.comment);
    }
}

#[test]
fn a_button_of_a_closed_pull_request_means_nothing_when_it_is_reopened() {
    let mut story = story();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    story.go_far();
    press(&mut story, "one", Wish::Remove, "grace", 'a');
    story.change(|pull_request| pull_request.state = PullRequestState::Open);
    story.deliver();
    story.go_far();
    assert!(story.present, "{}", story.comment);
}

#[test]
fn a_wish_that_nobody_can_judge_is_not_in_the_way_of_the_next_one() {
    let mut story = story();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    press(&mut story, "one", Wish::Redeploy, "grace", 'a');
    press(&mut story, "two", Wish::Remove, "grace", 'a');
    story.record(&Fact::RequestNotJudged {
        trouble: refused("GitHub answered 403"),
    });
    story.go_far();
    assert!(!story.present, "{}", story.comment);
}

#[test]
fn a_check_that_failed_for_the_configuration_is_over_when_the_configuration_is_mended_or_gone() {
    // Coolify does not know the application that is named.
    let mut story = story();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_with(|_, action| {
        let Action::Target {
            application,
            action: TargetAction::Start { attempt, .. },
        } = action
        else {
            return None;
        };
        Some(Fact::Target {
            application: application.clone(),
            fact: TargetFact::StartFailed {
                attempt: *attempt,
                trouble: refused("Coolify knows no such application"),
            },
        })
    });
    story.go_far();
    assert!(shown(&story).contains("Failure"), "{}", shown(&story));
    story.configuration = CONFIGURATION.replace("web-app", "other-app");
    story.record(&Fact::ConfigurationChanged);
    story.go_far();
    insta::assert_snapshot!(shown(&story), @"
    Check on aaaaaaa: Success: web: Ready Redeploy, Remove
    Deployment on aaaaaaa: success deployed and found healthy https://pr-7.example.com
    ");
    // And without a configuration nobody is kept from merging either.
    story.configuration = "version: 3".into();
    story.change(|pull_request| pull_request.head_commit = commit('b'));
    story.deliver();
    story.go_far();
    story.record(&Fact::ConfigurationRead {
        commit: commit('b'),
        changes: 1,
        reading: Reading::Missing,
    });
    story.go_far();
    insta::assert_snapshot!(shown(&story), @"
    Check on aaaaaaa: Success: web: Ready Redeploy, Remove
    Deployment on aaaaaaa: success deployed and found healthy https://pr-7.example.com
    Check on bbbbbbb: Neutral: No preview is configured
    Deployment on bbbbbbb: made
    ");
}
