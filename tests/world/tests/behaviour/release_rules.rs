//! Rules of releases from end to end, natively, that need more of Argo CD and GitHub than a good day shows: a newer commit that a
//! running operation gives way to, sync windows, and who may approve.

use std::time::Duration;

use domain::{Speaker, release::Fact};
use world::{Effect, WindowKind, World};

use crate::{
    asking,
    releases::{KUSTOMIZE, Shop, image, kept, live},
};

const SECOND: Duration = Duration::from_secs(1);

fn count(world: &World, is_it: fn(&Effect) -> bool) -> usize {
    world
        .effects()
        .iter()
        .filter(|effect| is_it(effect))
        .count()
}

fn changes(world: &World) -> usize {
    count(world, |effect| {
        matches!(
            effect,
            Effect::SpecificationChanged { .. } | Effect::FileCommitted { .. }
        )
    })
}

#[tokio::test]
async fn a_running_operation_is_stopped_for_a_newer_commit_and_that_goes() {
    for by_itself in [false, true] {
        let (world, kept) = (asking::world().await, kept());
        let production = format!("{KUSTOMIZE}\n        superseded: cancel");
        let shop = Shop::new(&world, (&kept.0, &kept.1), &production);
        if by_itself {
            world.argocd().application("shop", "").auto_sync(false);
        }
        world.argocd().pace(100_000 * SECOND, SECOND);
        let first = shop.release("Add a cart");
        let seen = shop.go().await;
        assert!(seen.running.is_some(), "{seen:#?}");
        let second = shop.release("Mend the cart");
        shop.go().await;
        let stops = |effect: &Effect| matches!(effect, Effect::OperationTerminated { .. });
        assert_eq!(count(&world, stops), 1, "with auto-sync: {by_itself}");
        world.argocd().pace(SECOND, SECOND);
        let seen = shop.go().await;
        assert_eq!(live(&seen), Some(second.clone()), "{seen:#?}");
        assert_eq!(shop.images(), [image(&second)]);
        let told = shop.told();
        let instead = format!("inactive: cancelled: {} goes instead", &second[..7]);
        assert!(told.contains(&instead), "{first} {told}");
        world.assert_clean();
    }
}

#[tokio::test]
async fn every_kind_of_update_waits_for_the_sync_window_with_auto_sync_or_without() {
    for (update, by_itself) in [
        ("kustomize-image", false),
        ("kustomize-image", true),
        ("git", false),
        ("git", true),
        ("sync", false),
    ] {
        let (world, kept) = (asking::world().await, kept());
        let production = format!("argocd: {{ application: shop, update: {update} }}");
        let shop = Shop::new(&world, (&kept.0, &kept.1), &production);
        if by_itself {
            world.argocd().application("shop", "").auto_sync(false);
        }
        world
            .argocd()
            .window("default", WindowKind::Deny, true, false);
        let commit = shop.release("Add a cart");
        let seen = shop.go().await;
        assert_eq!(
            seen.waiting[0].reason,
            r#"Argo CD's sync windows hold it back: none from "0 22 * * *" for 8h"#,
            "{update}, {by_itself}"
        );
        assert_eq!(changes(&world), 0, "{update}, {by_itself}");
        world.argocd().open_windows("default", false);
        let seen = shop.go().await;
        assert_eq!(
            live(&seen),
            Some(commit),
            "{update}, {by_itself}: {seen:#?}"
        );
        world.assert_clean();
    }
}

#[tokio::test]
async fn a_window_that_closes_on_a_rollout_neither_fails_it_nor_takes_it_back() {
    let by_git = "argocd: { application: shop, update: git }";
    for (update, by_itself) in [(KUSTOMIZE, false), (KUSTOMIZE, true), (by_git, true)] {
        let (world, kept) = (asking::world().await, kept());
        let shop = Shop::new(&world, (&kept.0, &kept.1), update);
        if by_itself {
            world.argocd().application("shop", "").auto_sync(false);
        }
        let first = shop.release("Add a cart");
        shop.go().await;
        world.argocd().pace(1_000 * SECOND, SECOND);
        let second = shop.release("Sell coins");
        shop.go().await;
        world
            .argocd()
            .window("default", WindowKind::Deny, true, false);
        for _ in 0..3 {
            let seen = shop.go().await;
            let running = seen.running.unwrap();
            assert!(
                running.reason.contains("sync windows hold it back"),
                "{first}, {by_itself}: {}",
                running.reason
            );
            world.advance(3_600 * SECOND);
            shop.ahead.set(shop.ahead.get() + 3_600);
        }
        world.argocd().open_windows("default", false);
        let seen = shop.go().await;
        assert_eq!(live(&seen), Some(second.clone()), "{by_itself}: {seen:#?}");
        assert_eq!(shop.images(), [image(&second)]);
        assert!(seen.hold.is_none());
        world.assert_clean();
    }
}

#[tokio::test]
async fn whoever_wrote_a_merged_pull_request_does_not_approve_what_came_of_it() {
    let (world, kept) = (asking::world().await, kept());
    let production = format!("{KUSTOMIZE}\n        approvals: 1");
    let shop = Shop::new(&world, (&kept.0, &kept.1), &production);
    let pull = shop.repository.open_pull_request("Add a cart", "cart");
    let commit = pull.merge();
    shop.repository.run("CI").for_commit(&commit).succeed();
    let seen = shop.go().await;
    assert_eq!(seen.waiting[0].reason, "0 of 1 approvals");
    // `octocat` opened it, and `acme` pressed the button.
    for by in ["octocat", "acme"] {
        let seen = shop.tell(&approved(&commit, by)).await;
        assert_eq!(seen.waiting[0].reason, "0 of 1 approvals", "by {by}");
    }
    let seen = shop.tell(&approved(&commit, "ada")).await;
    assert_eq!(live(&seen), Some(commit), "{seen:#?}");
    world.assert_clean();
}

#[tokio::test]
async fn whoever_wrote_what_waits_does_not_approve_a_later_commit_that_contains_it() {
    let (world, kept) = (asking::world().await, kept());
    let production = format!("{KUSTOMIZE}\n        approvals: 1");
    let shop = Shop::new(&world, (&kept.0, &kept.1), &production);
    let first = shop.release("Add a cart");
    shop.go().await;
    let seen = shop.tell(&approved(&first, "ada")).await;
    assert_eq!(live(&seen), Some(first), "{seen:#?}");
    // What `octocat` wrote waits, and `acme` goes on from there.
    let pull = shop.repository.open_pull_request("Sell coins", "coins");
    let coins = pull.merge();
    shop.repository.run("CI").for_commit(&coins).succeed();
    shop.go().await;
    let later = shop.release("Mend the cart");
    shop.go().await;
    for by in ["octocat", "acme"] {
        let seen = shop.tell(&approved(&later, by)).await;
        let waiting = seen.waiting.iter();
        let mut of_later = waiting.filter(|shown| shown.commit.as_str() == later);
        let reason = of_later.next().map(|shown| shown.reason.as_str());
        assert_eq!(reason, Some("0 of 1 approvals"), "by {by}: {seen:#?}");
    }
    let seen = shop.tell(&approved(&later, "ada")).await;
    assert_eq!(live(&seen), Some(later), "{seen:#?}");
    world.assert_clean();
}

#[tokio::test]
async fn a_way_back_that_a_person_asks_for_ends_the_running_operation() {
    let by_git = "argocd: { application: shop, update: git }";
    for (update, by_itself) in [(KUSTOMIZE, false), (KUSTOMIZE, true), (by_git, true)] {
        let (world, kept) = (asking::world().await, kept());
        let shop = Shop::new(&world, (&kept.0, &kept.1), update);
        if by_itself {
            world.argocd().application("shop", "").auto_sync(false);
        }
        let first = shop.release("Add a cart");
        shop.go().await;
        world.argocd().pace(100_000 * SECOND, SECOND);
        let second = shop.release("Sell coins");
        shop.go().await;
        let asked = Fact::RollbackAsked {
            back: 1,
            by: "ada".to_owned(),
            reason: "coins are free".to_owned(),
        };
        shop.tell(&asked).await;
        let stops = |effect: &Effect| matches!(effect, Effect::OperationTerminated { .. });
        assert_eq!(
            count(&world, stops),
            1,
            "{update}, with auto-sync: {by_itself}"
        );
        world.argocd().pace(SECOND, SECOND);
        let seen = shop.go().await;
        assert_eq!(live(&seen), Some(first.clone()), "{seen:#?}");
        assert_eq!(shop.images(), [image(&first)]);
        assert!(seen.hold.is_some(), "{seen:#?}");
        let of_second = seen
            .ended
            .iter()
            .find(|ended| ended.commit.as_str() == second);
        assert_eq!(
            of_second.map(|ended| ended.reason.clone()),
            Some(format!(
                "the environment goes back to {}: ada asked for it",
                &first[..7]
            ))
        );
        world.assert_clean();
    }
}

fn approved(commit: &str, by: &str) -> Fact {
    Fact::Approved {
        commit: commit.parse().unwrap(),
        by: by.to_owned(),
        account: Speaker::called(by).account,
        of: None,
    }
}
