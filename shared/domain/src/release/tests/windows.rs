//! Argo CD's sync windows: what waits for them, and that nothing fails or goes back because of them.

use super::*;
use crate::{
    argocd::{SyncWindow, SyncWindows, WindowKind},
    preview::Reaction,
};

const HOURS: Duration = Duration::from_secs(4 * 3_600);

fn window(kind: WindowKind, lets_asked_syncs_through: bool) -> SyncWindow {
    SyncWindow {
        kind,
        schedule: "0 22 * * *".into(),
        duration: "8h".into(),
        lets_asked_syncs_through,
    }
}

/// An open window that forbids syncs.
fn forbidden(manual: bool) -> SyncWindows {
    SyncWindows {
        may_sync: manual,
        open: vec![window(WindowKind::Deny, manual)],
        all: vec![window(WindowKind::Deny, manual)],
    }
}

/// A closed window that is the only one that allows them.
fn not_allowed(manual: bool) -> SyncWindows {
    SyncWindows {
        may_sync: manual,
        open: Vec::new(),
        all: vec![window(WindowKind::Allow, manual)],
    }
}

impl Story {
    fn windows_open(&mut self) {
        self.argo.windows = open_windows();
        if self
            .argo
            .operation
            .as_ref()
            .is_some_and(|last| !last.is_over())
        {
            self.argo.ends = argocd::Phase::Succeeded;
            self.argo.end(self.now);
        }
        self.argo.sync_by_itself(self.now);
    }

    /// What was asked of Argo CD or of Git, in one line.
    fn asked_of(done: &str) -> String {
        let asked = ["set ", "commit ", "sync", "roll back"];
        let words = done
            .lines()
            .filter(|line| asked.iter().any(|word| line.starts_with(word)));
        let first = words.map(|line| line.split(' ').next().unwrap_or_default());
        first.collect::<Vec<_>>().join(", ")
    }
}

/// An environment that is updated like this.
fn updated(update: &str) -> String {
    format!("branch: main\nargocd: {{ application: shop, update: {update} }}\nrollback: automatic")
}

fn story_of(update: &str, by_itself: bool) -> Story {
    let mut story = Story::new(&updated(update));
    story.argo.by_itself = by_itself;
    story.argo.is_helm = update.starts_with("helm");
    story.argo.is_by_git = update == "git";
    if update == "sync" {
        story.argo.spec = image('1');
        story.argo.live = image('0');
    }
    story
}

#[test]
fn what_every_kind_of_update_does_while_a_window_is_closed_and_when_it_opens() {
    let windows: [(&str, SyncWindows); 5] = [
        ("no window", open_windows()),
        ("forbidden", forbidden(false)),
        ("not allowed", not_allowed(false)),
        ("forbidden, but for manual syncs", forbidden(true)),
        ("not allowed, but for manual syncs", not_allowed(true)),
    ];
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for update in ["sync", "kustomize-image", "helm-parameter", "git"] {
        for (by_itself, how) in [(false, ""), (true, " with auto-sync")] {
            for (name, closed) in &windows {
                let mut story = story_of(update, by_itself);
                story.argo.windows = closed.clone();
                story.push('1');
                story.build('1');
                let done = story.go_until(HOURS);
                let meanwhile = match (story.live(), story.waiting()) {
                    (Some(_), _) => format!("goes: {}", Story::asked_of(&done)),
                    (None, waiting) => format!("{} | waits as {waiting}", Story::asked_of(&done)),
                };
                story.windows_open();
                let done = story.go_until(Duration::from_secs(120));
                let then = Story::asked_of(&done);
                assert_eq!(
                    story.live(),
                    Some('1'),
                    "{update}{how}, {name}: {}",
                    story.waiting()
                );
                assert_eq!(story.argo.live, image('1'));
                let outcome = match then.as_str() {
                    "" => meanwhile,
                    then => format!("{meanwhile}; when it opens: {then}"),
                };
                let row = format!("{update}{how}: {name}");
                match rows.iter_mut().find(|(known, _)| *known == outcome) {
                    Some((_, known)) => known.push(row),
                    None => rows.push((outcome, vec![row])),
                }
            }
        }
    }
    let table = rows
        .iter()
        .map(|(outcome, rows)| format!("{outcome}\n    {}", rows.join("\n    ")));
    insta::assert_snapshot!(table.collect::<Vec<_>>().join("\n"), @r#"
    goes: sync
        sync: no window
        sync: forbidden, but for manual syncs
        sync: not allowed, but for manual syncs
        sync with auto-sync: no window
        sync with auto-sync: forbidden, but for manual syncs
        sync with auto-sync: not allowed, but for manual syncs
     | waits as 1 queued: Argo CD's sync windows hold it back: none from "0 22 * * *" for 8h; when it opens: sync
        sync: forbidden
        sync with auto-sync: forbidden
     | waits as 1 queued: Argo CD's sync windows hold it back: only from "0 22 * * *" for 8h; when it opens: sync
        sync: not allowed
        sync with auto-sync: not allowed
    goes: set, sync
        kustomize-image: no window
        kustomize-image: forbidden, but for manual syncs
        kustomize-image: not allowed, but for manual syncs
        kustomize-image with auto-sync: forbidden, but for manual syncs
        kustomize-image with auto-sync: not allowed, but for manual syncs
        helm-parameter: no window
        helm-parameter: forbidden, but for manual syncs
        helm-parameter: not allowed, but for manual syncs
        helm-parameter with auto-sync: forbidden, but for manual syncs
        helm-parameter with auto-sync: not allowed, but for manual syncs
     | waits as 1 queued: Argo CD's sync windows hold it back: none from "0 22 * * *" for 8h; when it opens: set, sync
        kustomize-image: forbidden
        helm-parameter: forbidden
     | waits as 1 queued: Argo CD's sync windows hold it back: only from "0 22 * * *" for 8h; when it opens: set, sync
        kustomize-image: not allowed
        helm-parameter: not allowed
    goes: set
        kustomize-image with auto-sync: no window
        helm-parameter with auto-sync: no window
     | waits as 1 queued: Argo CD's sync windows hold it back: none from "0 22 * * *" for 8h; when it opens: set
        kustomize-image with auto-sync: forbidden
        helm-parameter with auto-sync: forbidden
     | waits as 1 queued: Argo CD's sync windows hold it back: only from "0 22 * * *" for 8h; when it opens: set
        kustomize-image with auto-sync: not allowed
        helm-parameter with auto-sync: not allowed
    goes: commit, sync
        git: no window
        git: forbidden, but for manual syncs
        git: not allowed, but for manual syncs
        git with auto-sync: forbidden, but for manual syncs
        git with auto-sync: not allowed, but for manual syncs
     | waits as 1 queued: Argo CD's sync windows hold it back: none from "0 22 * * *" for 8h; when it opens: commit, sync
        git: forbidden
     | waits as 1 queued: Argo CD's sync windows hold it back: only from "0 22 * * *" for 8h; when it opens: commit, sync
        git: not allowed
    goes: commit
        git with auto-sync: no window
     | waits as 1 queued: Argo CD's sync windows hold it back: none from "0 22 * * *" for 8h; when it opens: commit
        git with auto-sync: forbidden
     | waits as 1 queued: Argo CD's sync windows hold it back: only from "0 22 * * *" for 8h; when it opens: commit
        git with auto-sync: not allowed
    "#);
}

#[test]
fn nothing_is_changed_before_the_window_opens_and_then_it_goes_by_itself() {
    for by_itself in [false, true] {
        let mut story = story_of("kustomize-image", by_itself);
        story.argo.windows = forbidden(false);
        story.push('1');
        story.build('1');
        story.go_until(HOURS);
        assert_eq!(
            story.given,
            [],
            "nothing is changed that the window would let through later"
        );
        assert!(
            story.line.given_up().is_empty(),
            "nobody has to do anything"
        );
        story.windows_open();
        story.go_until(Duration::from_secs(120));
        assert_eq!(story.live(), Some('1'));
    }
}

#[test]
fn of_what_waits_for_the_window_the_newest_goes_and_nothing_that_is_locked() {
    let mut story = story_of("kustomize-image", true);
    story.argo.windows = not_allowed(false);
    story.release('1');
    story.release('2');
    insta::assert_snapshot!(story.waiting(), @r#"
    1 queued: 2222222 is newer and goes first
    2 queued: Argo CD's sync windows hold it back: only from "0 22 * * *" for 8h
    "#);
    story.record(&Fact::Locked {
        by: "ada".into(),
        reason: "counting coins".into(),
    });
    story.windows_open();
    story.go_until(HOURS);
    assert_eq!(story.given, [], "it is locked");
    story.record(&Fact::Unlocked { by: "ada".into() });
    story.go();
    assert_eq!(story.given, [('2', false)]);
    assert_eq!(story.end_of('1').unwrap().0, Phase::Superseded);
}

#[test]
fn a_window_that_closes_before_argo_cd_syncs_by_itself_is_waited_for_and_a_newer_one_goes_instead()
{
    let mut story = story_of("kustomize-image", true);
    story.release('1');
    story.argo.is_slow = true;
    story.push('2');
    story.build('2');
    story.go_until(Duration::from_secs(4));
    assert_eq!(story.given, [('1', false), ('2', false)]);
    story.argo.windows = forbidden(false);
    story.argo.is_slow = false;
    story.go_until(HOURS);
    let running = story.overview().running.unwrap();
    insta::assert_snapshot!(running.reason, @r#"rolling out: Argo CD's sync windows hold it back: none from "0 22 * * *" for 8h"#);
    story.windows_open();
    story.release('3');
    assert_eq!(story.live(), Some('3'));
    story.go();

    let mut story = story_of("kustomize-image", true);
    story.argo.is_slow = true;
    story.release('1');
    story.argo.windows = forbidden(false);
    story.go_until(HOURS);
    story.windows_open();
    story.argo.is_slow = false;
    story.argo.sync_by_itself(story.now);
    story.go_until(Duration::from_secs(120));
    assert_eq!(story.live(), Some('1'));
    assert_eq!(story.given, [('1', false)], "it was changed once");
}

#[test]
fn what_waits_in_argo_cd_for_the_window_is_replaced_by_what_is_newer_when_that_may_go() {
    let mut story = story_of("kustomize-image", true);
    story.argo.is_slow = true;
    story.release('1');
    story.argo.windows = forbidden(false);
    story.push('2');
    story.build('2');
    story.go_until(HOURS);
    assert_eq!(story.given, [('1', false)]);
    // The window opens, and Argo CD has not looked yet.
    story.argo.windows = open_windows();
    story.go_until(Duration::from_secs(70));
    assert_eq!(story.given.last(), Some(&('2', false)));
    story.argo.is_slow = false;
    story.argo.sync_by_itself(story.now);
    story.go_until(Duration::from_secs(120));
    assert_eq!(story.live(), Some('2'));
    assert_eq!(story.end_of('1').unwrap().0, Phase::Superseded);
}

#[test]
fn an_operation_that_a_window_brings_to_a_standstill_neither_fails_nor_is_taken_back() {
    let mut story = story_of("kustomize-image", false);
    story.release('1');
    story.argo.ends = argocd::Phase::Running;
    story.push('2');
    story.build('2');
    story.go_until(Duration::from_secs(20));
    story.argo.windows = forbidden(false);
    story.argo.operation.as_mut().unwrap().message = "Sync operation blocked by sync window".into();
    story.go_until(HOURS);
    let running = story.overview().running.unwrap();
    insta::assert_snapshot!(running.reason, @r#"rolling out: Argo CD's sync windows hold it back: none from "0 22 * * *" for 8h"#);
    story.windows_open();
    story.go_until(Duration::from_secs(120));
    assert_eq!(story.live(), Some('2'));
    assert_eq!(
        story.given,
        [('1', false), ('2', false)],
        "nothing went back"
    );
}

#[test]
fn windows_that_cannot_be_read_are_told_by_what_argo_cd_refuses() {
    let mut story = story_of("kustomize-image", false);
    story.push('1');
    story.build('1');
    loop {
        let Step::Act(action) = story.line.plan(story.now) else {
            panic!("nothing to be done");
        };
        let Action::ReadWindows { application } = &action else {
            story.act(&action);
            continue;
        };
        story.record(&Fact::WindowsNotRead {
            application: application.clone(),
            trouble: Trouble {
                reason: "Argo CD answered 403".into(),
                reaction: Reaction::GiveUp,
            },
        });
        break;
    }
    story.go();
    assert_eq!(story.live(), Some('1'), "Argo CD decides");
}

#[test]
fn a_window_that_is_closed_stays_so_while_argo_cd_gives_no_answer() {
    let mut story = story_of("kustomize-image", false);
    story.argo.windows = forbidden(false);
    story.push('1');
    story.build('1');
    story.go();
    let closed = story.waiting();
    let mut asked = 0;
    while asked < 3 {
        match story.line.plan(story.now) {
            Step::Act(Action::ReadWindows { application }) => {
                asked += 1;
                story.record(&Fact::WindowsNotRead {
                    application,
                    trouble: Trouble::retry("Argo CD answered 502"),
                });
            }
            Step::Act(action) => story.act(&action),
            Step::Wait { until } => story.now = until,
            Step::Settled | Step::Forget => panic!("the windows are looked at again"),
        }
    }
    assert_eq!(story.waiting(), closed);
    assert_eq!(story.given, [], "nothing is changed");
    story.windows_open();
    story.go_until(Duration::from_secs(120));
    assert_eq!(story.live(), Some('1'));
}
