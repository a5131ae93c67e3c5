//! Commands that people give for releases by comments on a pull request.

use super::*;
use crate::{
    PullRequestNumber,
    command::{CommandId, Decision, Ground, Order, Request, Written, parse},
    preview::{PullRequest, PullRequestState},
};

const GUARDED: &str = "branch: main
    approvals: 2
    argocd: { application: shop, update: kustomize-image }";

/// The pull request 7, merged as this commit; or open with it as its head.
struct Pull {
    commit: char,
    merged: bool,
    has_moved: bool,
}

const MERGED_AS_1: Pull = Pull {
    commit: '1',
    merged: true,
    has_moved: false,
};

fn shown(pull: &Pull) -> PullRequest {
    PullRequest {
        updated_at: at(900),
        state: if pull.merged {
            PullRequestState::Merged
        } else {
            PullRequestState::Open
        },
        title: "Add a cart".into(),
        author: "grace".into(),
        draft: false,
        labels: Vec::new(),
        head_branch: "cart".into(),
        head_commit: commit(if pull.merged { '0' } else { pull.commit }),
        head_repository: Some(REPOSITORY),
        base_branch: "main".into(),
        repository: "acme/shop".parse().unwrap(),
        default_branch: "main".into(),
        archived: false,
    }
}

/// What is decided on a comment that `by` writes now.
fn decided(story: &Story, pull: &Pull, body: &str, by: &str, comment: u64) -> Decision {
    let Some(Request::Order(Order::Release(order))) = parse(body) else {
        panic!("{body} is no command for a release");
    };
    let written = Written {
        repository: "acme/shop".parse().unwrap(),
        number: PullRequestNumber(7),
        account: account(by).id.unwrap_or_default(),
        login: by.into(),
        written_at: story.now,
        request: Request::Order(Order::Release(order.clone())),
    };
    let id = CommandId {
        repository: REPOSITORY,
        comment,
    };
    let pull_request = shown(pull);
    let merge_commit = commit(pull.commit);
    let ground = Ground {
        pull_request: &pull_request,
        merge_commit: pull.merged.then_some(&merge_commit),
        has_moved: pull.has_moved,
    };
    let line = order.line(std::slice::from_ref(&story.line.id));
    let line = line.map(|_| &story.line);
    Decision::on_release(&order, (id, &written), line, ground, story.now)
}

/// What `by` is answered, and the line told if anything follows.
fn say_on(story: &mut Story, pull: &Pull, body: &str, by: &str) -> String {
    let comment = 100 + story.line.wishes_known();
    let decision = decided(story, pull, body, by, comment);
    if let Some(wish) = &decision.release {
        assert_eq!(wish.line, story.line.id);
        // A crash between telling and saving has it told twice.
        story.record(&wish.fact);
        story.record(&wish.fact);
    }
    format!("{:?}: {}", decision.outcome, decision.answer)
}

fn say(story: &mut Story, body: &str) -> String {
    say_on(story, &MERGED_AS_1, body, "ada")
}

#[test]
fn as_many_people_as_are_needed_approve_by_comments_and_the_author_is_none_of_them() {
    let mut story = Story::new(GUARDED);
    story.release('1');
    let told = [
        say_on(&mut story, &MERGED_AS_1, "/approve production", "grace"),
        say_on(&mut story, &MERGED_AS_1, "/approve production", "ada"),
        say_on(&mut story, &MERGED_AS_1, "/approve production", "Ada"),
        say_on(
            &mut story,
            &MERGED_AS_1,
            "/approve web/production 1111111",
            "bob",
        ),
    ];
    insta::assert_snapshot!(told.join("\n"), @"
    Refused: `web/production`: whoever opened a pull request does not approve what came of it
    Done: the release of `1111111` in `web/production` is approved, as 1 of 2
    Refused: `web/production`: `Ada has approved 1111111 already`
    Done: the release of `1111111` in `web/production` is approved, as 2 of 2
    ");
    story.go();
    assert_eq!(story.live(), Some('1'));
    assert_eq!(story.overview().ended[0].approved_by, ["ada", "bob"]);
    insta::assert_snapshot!(say(&mut story, "/approve production"), @"Refused: `web/production`: `1111111 does not wait for anything`");
}

#[test]
fn what_is_approved_is_the_commit_of_the_pull_request_and_another_one_only_by_its_name() {
    let mut story = Story::new(GUARDED);
    story.release('3');
    let open = Pull {
        commit: '3',
        merged: false,
        has_moved: true,
    };
    let told = [
        say(&mut story, "/approve production"),
        say(&mut story, "/approve production 2222222"),
        say_on(&mut story, &open, "/approve production", "ada"),
        say(&mut story, "/approve production 3333333"),
    ];
    insta::assert_snapshot!(told.join("\n"), @"
    Refused: `1111111`, which this pull request became, is not known in `web/production`. There waits:

    - `/approve production 3333333` for `Change 3`
    Refused: no commit that begins with `2222222` is known in `web/production`. There waits:

    - `/approve production 3333333` for `Change 3`
    Refused: `3333333` became the head commit only after that was written. If you have seen it, say so again
    Done: the release of `3333333` in `web/production` is approved, as 1 of 2
    ");
}

#[test]
fn an_approval_that_is_taken_up_after_a_rebuild_is_not_one_of_the_new_build() {
    let mut story = Story::new(&GUARDED.replace("approvals: 2", "approvals: 1"));
    story.release('1');
    let rebuild = |story: &mut Story, attempt: u64| {
        story.now = story.now.after(Duration::from_secs(5));
        let rerun = WorkflowRun {
            attempt,
            ..run(u64::from(u32::from('1')), '1', RunProgress::Succeeded)
        };
        story.runs = vec![rerun.clone()];
        story.record(&Fact::RunSeen { run: rerun });
    };
    let written = story.now;
    rebuild(&mut story, 2);
    let rebuilt = story.now;
    story.now = written;
    let mut told = vec![say(&mut story, "/approve production")];
    // Decided on before another build, and told after it.
    story.now = rebuilt;
    let late = decided(&story, &MERGED_AS_1, "/approve production", "ada", 7);
    rebuild(&mut story, 3);
    story.record(&late.release.unwrap().fact);
    story.go();
    assert_eq!(story.live(), None, "nobody saw the newest build");
    told.push(say(&mut story, "/approve production"));
    story.go();
    assert_eq!(story.live(), Some('1'));
    insta::assert_snapshot!(told.join("\n"), @"
    Refused: `web/production`: `1111111 was built, or its image named, only after that was written. If you have seen it, say so again`
    Done: the release of `1111111` in `web/production` is approved, as 1 of 1
    ");
}

#[test]
fn a_commit_that_is_to_go_on_brings_nothing_else_about() {
    let mut story = Story::new(PRODUCTION);
    story.answers = false;
    story.release('1');
    // Decided on, and told only after somebody released something else.
    let late = decided(&story, &MERGED_AS_1, "/deploy production", "ada", 7);
    story.push('2');
    story.build('2');
    story.go();
    assert_eq!(story.end_of('2').unwrap().0, Phase::Failed);
    story.answers = true;
    story.record(&late.release.unwrap().fact);
    story.go();
    assert_eq!(
        story.given,
        [('1', false), ('2', false)],
        "2 was not asked for"
    );
    let trouble = story.overview().trouble.unwrap_or_default();
    let told = "1111111 was not tried again, though a person asked for it: 1111111 is failed";
    assert!(trouble.starts_with(told), "{trouble}");
}

#[test]
fn a_way_back_is_taken_once_to_where_the_answer_says() {
    let mut story = Story::new(PRODUCTION);
    for head in ['1', '2', '3'] {
        story.release(head);
        story.now = story.now.after(Duration::from_secs(60));
    }
    let mut told = vec![say(&mut story, "/rollback production 4")];
    // Decided on before something newer was released, and told after it.
    let late = decided(&story, &MERGED_AS_1, "/rollback production", "ada", 7);
    told.push(say(
        &mut story,
        "/rollback production 2222222 coins are free",
    ));
    told.push(say(&mut story, "/rollback production"));
    story.go();
    assert_eq!(story.live(), Some('2'));
    assert_eq!(
        story.overview().hold.unwrap().reason,
        "it was taken back: ada asked for it: coins are free"
    );
    story.record(&late.release.unwrap().fact);
    story.go();
    assert_eq!(story.live(), Some('2'), "nothing but 2222222 was meant");
    told.push(say(&mut story, "/deploy production 3333333"));
    told.push(say(&mut story, "/unlock production"));
    told.push(say(&mut story, "/unlock production"));
    insta::assert_snapshot!(told.join("\n"), @"
    Refused: `web/production`: `only 3 releases are known to have been healthy, and none is 4 back`
    Done: `web/production` goes back to `2222222` (`Change 2`), and is held from then on: `/unlock web/production` lets releases begin again
    Refused: `web/production`: `it is being taken back already`
    Refused: `web/production`: `it is held by Slipway: it was taken back: ada asked for it: coins are free`
    Done: the hold of `web/production` is lifted: releases begin by themselves again
    Refused: `web/production`: `it is not locked`
    ");
}

#[test]
fn a_way_back_from_what_was_released_since_is_not_what_was_meant() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    let written = story.now;
    story.now = written.after(Duration::from_secs(5));
    story.release('2');
    let decided_at = story.now;
    story.now = written;
    let told = say(&mut story, "/rollback production");
    assert!(decided_at > written);
    insta::assert_snapshot!(told, @"Refused: something happened in `web/production` since that was written. If you have seen it, say so again");
    assert_eq!(story.live(), Some('2'));
}

#[test]
fn a_lock_keeps_releases_waiting_until_it_is_taken_off() {
    let mut story = Story::new(PRODUCTION);
    let mut told = vec![say(&mut story, "/unlock production")];
    told.push(say(&mut story, "/lock production It is Friday | `rm`"));
    story.release('1');
    assert_eq!(story.live(), None);
    told.push(say(&mut story, "/deploy production"));
    told.push(say(&mut story, "/unlock production"));
    story.go();
    assert_eq!(story.live(), Some('1'));
    told.push(say(&mut story, "/deploy production"));
    insta::assert_snapshot!(told.join("\n"), @"
    Refused: `web/production`: `it is not locked`
    Done: `web/production` is locked: releases wait until somebody says `/unlock web/production`
    Refused: `web/production`: `it is locked by ada: It is Friday ¦ 'rm'`
    Done: the lock of `web/production` is taken off
    Refused: `web/production`: `1111111 is live already`
    ");
}

#[test]
fn what_happened_after_a_command_was_written_is_not_undone_by_it() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    let written = story.now;
    story.now = written.after(Duration::from_secs(5));
    let mut told = vec![say(&mut story, "/lock production An incident")];
    let locked = story.now;
    story.now = written;
    told.push(say(&mut story, "/unlock production"));
    // Nobody's lock is replaced by somebody else's.
    story.now = locked;
    told.push(say_on(
        &mut story,
        &MERGED_AS_1,
        "/lock production A demo",
        "bob",
    ));
    told.push(say_on(
        &mut story,
        &MERGED_AS_1,
        "/unlock production",
        "bob",
    ));
    let written = story.now;
    story.now = written.after(Duration::from_secs(5));
    story.push('2');
    story.release('2');
    story.now = written;
    told.push(say(&mut story, "/deploy production"));
    insta::assert_snapshot!(told.join("\n"), @"
    Done: `web/production` is locked: releases wait until somebody says `/unlock web/production`
    Refused: something happened in `web/production` since that was written. If you have seen it, say so again
    Refused: `web/production` is locked by `ada` already: `An incident`. Take that lock off first
    Done: the lock of `web/production` is taken off
    Refused: something happened in `web/production` since that was written. If you have seen it, say so again
    ");
}

#[test]
fn what_was_given_up_or_diverged_goes_on_by_a_persons_word() {
    let mut story = Story::new(PRODUCTION);
    story.answers = false;
    story.release('1');
    assert_eq!(story.live(), None);
    story.answers = true;
    let mut told = vec![say(&mut story, "/deploy production")];
    story.go();
    assert_eq!(story.live(), Some('1'));
    // Another history, which does not contain what is live.
    story.parents.insert('a', Some('0'));
    story.head = 'a';
    let other = Pull {
        commit: 'a',
        ..MERGED_AS_1
    };
    told.push(say_on(&mut story, &other, "/deploy production", "ada"));
    story.push('a');
    told.push(say_on(&mut story, &other, "/deploy production", "ada"));
    story.build('a');
    story.go();
    assert_eq!(story.live(), Some('1'));
    told.push(say_on(&mut story, &other, "/deploy production", "ada"));
    story.go();
    assert_eq!(story.live(), Some('a'));
    told.push(say(&mut story, "/deploy production"));
    insta::assert_snapshot!(told.join("\n"), @"
    Done: `1111111` goes on in `web/production`: it is tried at once
    Refused: `aaaaaaa`, which this pull request became, is not known in `web/production`, and nothing waits there
    Refused: `web/production`: `waiting for CI to run`
    Done: `aaaaaaa` may go on in `web/production`, though it does not follow what is there
    Refused: `web/production`: `1111111 was live, and something newer was released since`
    ");
}

#[test]
fn the_environment_that_is_meant_is_named_without_a_doubt() {
    let of = |names: &[(&str, &str)], body: &str| {
        let lines: Vec<LineId> = names
            .iter()
            .map(|(service, environment)| LineId {
                service: service.parse().unwrap(),
                ..line_id(environment)
            })
            .collect();
        let Some(Request::Order(Order::Release(order))) = parse(body) else {
            panic!("{body}");
        };
        match order.line(&lines) {
            Ok(line) => format!("{body}: {line}"),
            Err(reason) => format!("{body}: {reason}"),
        }
    };
    let one = [("web", "staging"), ("web", "production")];
    let two = [("web", "production"), ("api", "production")];
    let told = [
        of(&one, "/lock Production because"),
        of(&one, "/lock prodution because"),
        of(&one, "/lock moon because"),
        of(&one, "/lock api/production because"),
        of(&two, "/lock production because"),
        of(&two, "/lock api/production because"),
    ];
    insta::assert_snapshot!(told.join("\n"), @"
    /lock Production because: release/1/web/production
    /lock prodution because: there is no environment `prodution`: did you mean `production`?
    /lock moon because: there is no environment `moon`: the configuration names `web/staging`, `web/production`
    /lock api/production because: there is no environment `api/production`: the configuration names `web/staging`, `web/production`
    /lock production because: say which one is meant: `web/production`, `api/production`
    /lock api/production because: release/1/api/production
    ");
}
