//! The way of one command: who may give it, what it leads to, and that it is acted on once.

use std::time::Duration;

use crate::{
    PreviewId, PullRequestNumber, RepositoryId, Timestamp,
    audit::Act,
    command::{Action, Command, CommandId, Decision, Environments, Fact, Mark, Written, parse},
    entity::{Entity, Step},
    preview::{
        self, CommandOutcome, Commanded, Permission, Preview, PullRequest, PullRequestState,
        Trouble,
    },
    release::{self, Line, LineId},
};

const REPOSITORY: RepositoryId = RepositoryId(1);

/// Seconds after the pull request was opened.
fn second(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_000_000 + seconds * 1_000)
}

fn pull_request(updated_at: i64, head: char) -> PullRequest {
    PullRequest {
        updated_at: second(updated_at),
        state: PullRequestState::Open,
        title: "Add a cart".into(),
        author: "ada".into(),
        draft: false,
        labels: Vec::new(),
        head_branch: "cart".into(),
        head_commit: head.to_string().repeat(40).parse().unwrap(),
        head_repository: Some(REPOSITORY),
        base_branch: "main".into(),
        repository: "acme/shop".parse().unwrap(),
        default_branch: "main".into(),
        archived: false,
    }
}

fn written(body: &str, at: i64) -> Written {
    Written {
        repository: "acme/shop".parse().unwrap(),
        number: PullRequestNumber(7),
        account: 9,
        login: "grace".into(),
        written_at: second(at),
        request: parse(body).unwrap(),
    }
}

/// A command, its preview, and how GitHub answers.
struct Story {
    command: Command,
    preview: Preview,
    pull_request: PullRequest,
    permission: Permission,
    now: Timestamp,
    told: Vec<Commanded>,
    acts: Vec<Act>,
    environments: Environments,
}

impl Story {
    /// A comment ten seconds after the pull request was opened, which is taken up at once.
    fn of(body: &str) -> Self {
        let id = PreviewId {
            repository: REPOSITORY,
            number: PullRequestNumber(7),
        };
        let mut preview = Preview::new(id);
        let opened = pull_request(0, 'a');
        preview.record(
            &preview::Fact::PullRequestDelivered {
                pull_request: opened,
            },
            second(1),
        );
        let mut command = Command::new(CommandId {
            repository: REPOSITORY,
            comment: 77,
        });
        command.record(&Fact::Written(written(body, 10)), second(11));
        Self {
            command,
            preview,
            pull_request: pull_request(10, 'a'),
            permission: Permission::Write,
            now: second(11),
            told: Vec::new(),
            acts: Vec::new(),
            environments: Environments::default(),
        }
    }

    /// Does what the plan says until it waits, and tells what was done.
    fn go(&mut self) -> String {
        let mut done = Vec::new();
        loop {
            match self.command.plan(self.now) {
                Step::Act(action) => {
                    let (what, fact) = self.act(&action);
                    done.push(what);
                    self.command.record(&fact, self.now);
                }
                Step::Wait { until } => {
                    done.push(format!(
                        "wait {} h",
                        until.since(self.now).as_secs() / 3_600
                    ));
                    return done.join("\n");
                }
                Step::Settled => panic!("a command is never settled: it is forgotten some time"),
                Step::Forget => {
                    done.push("forget".to_owned());
                    return done.join("\n");
                }
            }
            assert!(done.len() < 20, "{done:?}");
        }
    }

    fn act(&mut self, action: &Action) -> (String, Fact) {
        match action {
            Action::Vet(written) => (
                format!("ask about {}", written.login),
                Fact::Vetted {
                    permission: self.permission,
                },
            ),
            Action::Mark { mark, .. } => (format!("mark {mark:?}"), Fact::Marked { mark: *mark }),
            Action::Decide(written) => {
                let crate::command::Request::Order(order) = &written.request else {
                    panic!("{written:?}");
                };
                let mut preview = self.preview.clone();
                let pull_request = self.pull_request.clone();
                let read = preview::Fact::PullRequestRead {
                    pull_request: pull_request.clone(),
                };
                preview.record(&read, self.now);
                let standing = (&preview, &self.environments);
                let decision =
                    Decision::on(order, written.written_at, standing, pull_request, self.now);
                ("decide".to_owned(), Fact::Decided(decision))
            }
            Action::TellLine { wish, act } => {
                assert!(act.is_some(), "noted before anything follows");
                (format!("tell {}", wish.line), Fact::LineTold)
            }
            Action::Tell { told, act, .. } => {
                self.acts.extend(act.as_deref().cloned());
                self.told.push(told.as_ref().clone());
                let what = format!("tell {:?}: {}", told.outcome, told.answer);
                (what, Fact::Told)
            }
        }
    }
}

#[test]
fn whoever_may_write_is_answered_and_the_comment_marked() {
    let mut story = Story::of("/preview");
    insta::assert_snapshot!(story.go(), @"
    ask about grace
    mark Seen
    decide
    tell Done: `aaaaaaa` gets a preview, and what is pushed after it
    mark Done
    wait 47 h
    ");
    story
        .command
        .record(&Fact::Written(written("/preview", 10)), second(12));
    assert_eq!(
        story.go(),
        "wait 47 h",
        "the same comment again is nothing new"
    );
    story.now = second(10).after(Duration::from_secs(48 * 3_600));
    assert_eq!(story.go(), "forget");
}

#[test]
fn whoever_may_not_write_is_told_so_and_nothing_is_done() {
    for permission in [Permission::None, Permission::Read] {
        let mut story = Story::of("/preview");
        story.permission = permission;
        insta::allow_duplicates! {
            insta::assert_snapshot!(story.go(), @"
            ask about grace
            tell Denied: commands are for people who may push to this repository. Somebody who may can give it for you
            mark Confused
            forget
            ");
        }
        assert_eq!(story.told[0].wish, None);
    }
    let mut unclear = Story::of("/prevew");
    unclear.permission = Permission::Read;
    assert_eq!(unclear.go(), "ask about grace\nforget");
}

#[test]
fn a_command_that_deploys_is_for_the_commit_that_was_seen() {
    for (head_since, deploys) in [(9, true), (10, true), (11, false)] {
        let mut story = Story::of("/redeploy");
        story.pull_request = pull_request(head_since, 'b');
        let done = story.go();
        assert_eq!(done.contains("tell Done"), deploys, "{head_since}: {done}");
    }
    let mut story = Story::of("/redeploy");
    story.pull_request = pull_request(11, 'b');
    insta::assert_snapshot!(story.go(), @"
    ask about grace
    mark Seen
    decide
    tell Refused: `bbbbbbb` became the head commit only after that was written. If you have seen it, say so again
    mark Confused
    wait 47 h
    ");
}

#[test]
fn a_fork_that_pushes_in_the_second_of_the_command_does_not_slip_in() {
    for (head_since, deploys) in [(9, true), (10, false)] {
        let mut story = Story::of("/preview");
        story.pull_request = PullRequest {
            head_repository: Some(RepositoryId(2)),
            ..pull_request(head_since, 'b')
        };
        let done = story.go();
        assert_eq!(done.contains("tell Done"), deploys, "{head_since}: {done}");
    }
}

#[test]
fn a_later_change_of_anything_else_does_not_move_the_head() {
    let mut story = Story::of("/redeploy");
    story.pull_request = PullRequest {
        title: "Another title".into(),
        ..pull_request(11, 'a')
    };
    assert!(story.go().contains("tell Done"));
}

#[test]
fn what_is_taken_up_a_day_later_is_refused() {
    let mut story = Story::of("/redeploy");
    story.now = second(10).after(Duration::from_secs(24 * 3_600 + 1));
    insta::assert_snapshot!(story.go(), @"
    ask about grace
    mark Seen
    decide
    tell Refused: it was taken up only a day after it was written: say it again
    mark Confused
    wait 23 h
    ");
}

#[test]
fn whose_writer_cannot_be_looked_up_is_tried_again_and_at_last_left_alone() {
    let mut story = Story::of("/status");
    let trouble = Trouble::retry("GitHub answered 502");
    let mut tries = 0;
    while let Step::Act(Action::Vet(_)) | Step::Wait { .. } = story.command.plan(story.now) {
        if let Step::Wait { until } = story.command.plan(story.now) {
            story.now = until;
            continue;
        }
        tries += 1;
        let fact = Fact::Troubled {
            trouble: trouble.clone(),
        };
        story.command.record(&fact, story.now);
    }
    assert_eq!(tries, 20);
    // Nobody knows whether its writer may have an answer.
    assert_eq!(story.go(), "forget");
    assert_eq!(story.told, []);
}

#[test]
fn a_comment_that_cannot_be_marked_is_answered_all_the_same() {
    let mut story = Story::of("/help");
    story.command.record(
        &Fact::Vetted {
            permission: Permission::Admin,
        },
        story.now,
    );
    let trouble = Trouble {
        reason: "the conversation is locked".into(),
        reaction: preview::Reaction::GiveUp,
    };
    story.command.record(
        &Fact::NotMarked {
            mark: Mark::Seen,
            trouble: trouble.clone(),
        },
        story.now,
    );
    story.go();
    assert_eq!(story.told.len(), 1);
    assert_eq!(story.told[0].outcome, CommandOutcome::Done);
}

#[test]
fn what_is_done_or_refused_is_for_the_audit_and_what_only_asks_is_not() {
    let told = |body: &str, permission: Permission| {
        let mut story = Story::of(body);
        story.permission = permission;
        story.go();
        let told = story.acts.iter().map(|act| {
            let reason = act.reason.as_deref().unwrap_or("-");
            let (by, said) = (&act.by, act.said.as_deref().unwrap_or("-"));
            let (what, on, outcome) = (&act.act, &act.on, act.outcome.name());
            format!("{by}: {what} on {on}, {said:?}: {outcome}, {reason}")
        });
        told.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!([
        told("/preview keep 7d", Permission::Write),
        told("/redeploy", Permission::Write),
        told("/lock production Friday", Permission::Read),
    ].join("\n"), @r#"
    grace: preview-keep on preview/1/7, "/preview keep 7d": refused, no preview expires here: the configuration sets no `ttl`, and it is kept as long as the pull request is open
    grace: redeploy on preview/1/7, "/redeploy": allowed, -
    grace: lock on preview/1/7, "/lock production Friday": refused, commands are for people who may push to this repository. Somebody who may can give it for you
    "#);
    for body in ["/status", "/why", "/help", "/previw"] {
        assert_eq!(told(body, Permission::Write), "", "{body}");
    }
}

/// A line of an environment with a commit that waits for its build.
fn waiting(name: &str) -> Line {
    let id = LineId {
        repository: REPOSITORY,
        service: "web".parse().unwrap(),
        environment: name.parse().unwrap(),
    };
    let mut line = Line::new(id);
    line.record(
        &release::Fact::Locked {
            by: "ada".into(),
            reason: "x".repeat(300),
        },
        second(0),
    );
    line
}

#[test]
fn whoever_asks_is_told_of_environments_too_and_never_more_than_a_comment_takes() {
    let mut story = Story::of("/status");
    story.environments.lines = vec![waiting("production")];
    story.go();
    let answer = &story.told[0].answer;
    assert!(
        answer.contains("Environments:\n\n- `web/production`: nothing was released"),
        "{answer}"
    );
    assert_eq!(story.acts, [], "whoever only asks does nothing");

    let mut many = Story::of("/why");
    many.environments.lines = (0..40).map(|n| waiting(&format!("e{n}"))).collect();
    many.environments.unread = 3;
    many.go();
    let answer = &many.told[0].answer;
    assert!(answer.len() < 20_000, "{}", answer.len());
    assert!(
        answer.ends_with("more: the dashboard shows them"),
        "{answer}"
    );

    let mut other = Story::of("/help");
    other.environments.lines = vec![waiting("production")];
    other.go();
    assert!(!other.told[0].answer.contains("Environments"));
}
