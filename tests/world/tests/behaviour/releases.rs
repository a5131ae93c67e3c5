//! Releases from end to end, natively: Slipway's own core and clients against the simulated GitHub and Argo CD over HTTP, in the
//! world's time.

use std::{
    cell::{Cell, RefCell},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use domain::{
    RepositoryId, Timestamp,
    entity::Entity,
    release::{Fact, Intake, IntakeFact, IntakeId, Line, LineId, Overview, Phase, Place},
};
use ports::{Clock, NoLog, memory::MemoryStore};
use runtime::{
    Runner,
    release::{ReleaseExecutor, overview},
};
use vendors::{argocd, github};
use world::{Effect, Fault, Repository, Vendor, World};

use crate::{asking, wire::Wire};

/// The world's clock, which whoever sleeps moves on.
#[derive(Clone, Copy)]
pub struct WorldClock<'a> {
    world: &'a World,
    ahead: &'a Cell<u64>,
}

impl Clock for WorldClock<'_> {
    fn now(&self) -> Timestamp {
        let machine = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let milliseconds = i64::try_from(machine.as_millis()).unwrap();
        Timestamp::from_milliseconds(milliseconds).after(Duration::from_secs(self.ahead.get()))
    }

    async fn sleep(&self, duration: Duration) {
        let time = Duration::from_secs(duration.as_secs() + 1);
        self.ahead.set(self.ahead.get() + time.as_secs());
        self.world.advance(time);
    }
}

pub type Executor<'a> = ReleaseExecutor<Wire, Wire, WorldClock<'a>, NoLog, &'a MemoryStore>;

/// What outlives a request: the store, and how far the clock is ahead of the machine's.
pub fn kept() -> (MemoryStore, Cell<u64>) {
    (MemoryStore::default(), Cell::new(0))
}

/// A repository with an environment, and Slipway's core beside it.
pub struct Shop<'a> {
    world: &'a World,
    store: &'a MemoryStore,
    pub ahead: &'a Cell<u64>,
    pub repository: Repository,
    with_argocd: bool,
}

impl<'a> Shop<'a> {
    pub fn new(
        world: &'a World,
        (store, ahead): (&'a MemoryStore, &'a Cell<u64>),
        production: &str,
    ) -> Self {
        let repository = world.github().repository("acme/shop");
        let url = world.environment_url("shop");
        repository.write_file(
            ".github/slipway.yml",
            format!(
                "version: 1\nbuild: {{ workflow: CI }}\nservices:\n  web:\n    environments:\n      production:\n        \
                 branch: main\n        url: {url}\n        health: {{ attempts: 3, interval: 5s }}\n        \
                 rollback: automatic\n        {production}\n"
            ),
        );
        world.argocd().application("shop", "ghcr.io/acme/shop:v1");
        Self {
            world,
            store,
            ahead,
            repository,
            with_argocd: true,
        }
    }

    fn runner(&self) -> Runner<&'a MemoryStore, WorldClock<'a>, NoLog, Executor<'a>> {
        let clock = self.clock();
        let token = self.world.options().github_token.clone();
        let credentials = github::Credentials::of(None, None, Some(&token));
        let github = github::Client::new(
            Wire,
            clock,
            self.store,
            &self.world.github_url(),
            &credentials,
        );
        let gitops = github::Client::new(
            Wire,
            clock,
            self.store,
            &self.world.github_url(),
            &credentials,
        );
        let argocd = argocd::Client::new(
            Wire,
            &self.world.argocd_url(),
            &self.world.options().argocd_token,
        );
        Runner {
            store: self.store,
            clock,
            log: NoLog,
            executor: ReleaseExecutor {
                github: Some(github),
                gitops: Some(gitops),
                argocd: self.with_argocd.then_some(argocd),
                http: Wire,
                store: self.store,
                clock,
                log: NoLog,
                told: RefCell::default(),
            },
        }
    }

    fn clock(&self) -> WorldClock<'a> {
        WorldClock {
            world: self.world,
            ahead: self.ahead,
        }
    }

    fn line(&self) -> LineId {
        format!("release/{}/web/production", self.repository.id())
            .parse()
            .unwrap()
    }

    /// Takes in every delivery that waits, and goes on until nothing happens for a while.
    pub async fn go(&self) -> Overview {
        let (runner, intake) = (self.runner(), IntakeId(RepositoryId(self.repository.id())));
        let mut mail = Vec::new();
        while let Some(guid) = self.world.github().webhooks().take() {
            let delivery = self.world.github().webhooks().find(&guid).unwrap();
            let fact = match delivery.event.as_str() {
                "push" => {
                    let event = webhooks::push_event(&delivery.body).unwrap();
                    let place = Place {
                        repository: event.repository_name,
                        as_of: event.push.pushed_at,
                    };
                    IntakeFact::Pushed {
                        place,
                        push: event.push,
                    }
                }
                "workflow_run" => {
                    let event = webhooks::workflow_run_event(&delivery.body).unwrap();
                    let place = Place {
                        repository: event.repository_name,
                        as_of: event.updated_at,
                    };
                    IntakeFact::RunSeen {
                        place,
                        run: event.run,
                    }
                }
                // Of a pull request that is merged its push tells.
                "pull_request" => continue,
                other => panic!("no {other} is expected"),
            };
            mail.push(runner.post::<Intake>(&intake, &fact).await.unwrap());
        }
        self.bring_on::<Intake>(&runner, &intake, &mail).await;
        let told = runner.executor.told.take();
        let mail: Vec<u64> = told.into_iter().map(|(_, mail)| mail).collect();
        self.bring_on::<Line>(&runner, &self.line(), &mail).await;
        self.overview().await
    }

    async fn bring_on<E: Entity>(
        &self,
        runner: &Runner<&'a MemoryStore, WorldClock<'a>, NoLog, Executor<'a>>,
        id: &E::Id,
        mail: &[u64],
    ) where
        Executor<'a>: runtime::Executor<E>,
    {
        let deadline = runner.clock.now().after(Duration::from_secs(120));
        runner.follow::<E>(id, mail, deadline).await.unwrap();
    }

    async fn overview(&self) -> Overview {
        let now = self.clock().now();
        overview(&self.store, &self.line(), now)
            .await
            .unwrap()
            .unwrap()
    }

    pub async fn tell(&self, fact: &Fact) -> Overview {
        let runner = self.runner();
        let mail = runner.post::<Line>(&self.line(), fact).await.unwrap();
        self.bring_on::<Line>(&runner, &self.line(), &[mail]).await;
        self.overview().await
    }

    /// A push and its green build.
    pub fn release(&self, message: &str) -> String {
        let commit = self.repository.push("main", message);
        self.repository.run("CI").for_commit(&commit).succeed();
        commit
    }

    /// What GitHub's deployments of production say, oldest first.
    pub fn told(&self) -> String {
        let deployments = self.repository.deployments_to("production");
        let told: Vec<String> = deployments.iter().map(|one| one.says()).collect();
        told.join("\n")
            .replace(&self.world.environment_url("shop"), "<url>")
    }

    pub fn images(&self) -> Vec<String> {
        self.world.argocd().application("shop", "").images()
    }
}

pub fn image(commit: &str) -> String {
    format!("ghcr.io/acme/shop:{commit}")
}

pub fn live(overview: &Overview) -> Option<String> {
    overview.live.as_ref().map(|live| live.commit.to_string())
}

pub const KUSTOMIZE: &str = "argocd: { application: shop, update: kustomize-image }";

#[tokio::test]
async fn a_push_is_released_when_it_is_built_and_a_bad_one_is_taken_back_and_held() {
    let (world, kept) = (asking::world().await, kept());
    let shop = Shop::new(&world, (&kept.0, &kept.1), KUSTOMIZE);
    let first = shop.repository.push("main", "Add a cart");
    let seen = shop.go().await;
    assert_eq!(seen.waiting[0].phase, Phase::WaitingForBuild, "{seen:?}");
    shop.repository.run("CI").for_commit(&first).succeed();
    let seen = shop.go().await;
    assert_eq!(live(&seen), Some(first.clone()), "{seen:#?}");
    assert_eq!(shop.images(), [image(&first)]);

    let second = shop.release("Break the cart");
    world.argocd().sick_image(&image(&second));
    let seen = shop.go().await;
    assert_eq!(live(&seen), Some(first.clone()), "{seen:#?}");
    assert_eq!(shop.images(), [image(&first)]);
    assert!(seen.hold.is_some());
    let third = shop.release("Mend the cart");
    let seen = shop.go().await;
    assert_eq!(live(&seen), Some(first.clone()), "held: {seen:#?}");
    let told = shop
        .told()
        .replace(&first[..7], "<1>")
        .replace(&second[..7], "<2>");
    let why = r#" (Deployment apps/web: Deployment "web" exceeded its progress deadline)"#;
    insta::assert_snapshot!(told.replace(why, " (…)"), @"
    success: released and found healthy
    failure: rolled-back: the application is degraded (…)
    success: went back to <1>: <2> failed: the application is degraded (…)
    queued: held by Slipway: <2> failed: the application is degraded (…); it was…
    ");
    let seen = shop.tell(&Fact::HoldLifted { by: "ada".into() }).await;
    assert_eq!(live(&seen), Some(third), "{seen:#?}");
    world.assert_clean();
}

#[tokio::test]
async fn every_kind_of_update_brings_a_release_about_with_auto_sync_or_without() {
    for (update, by_itself) in [
        (KUSTOMIZE, false),
        (KUSTOMIZE, true),
        ("argocd: { application: shop }", false),
    ] {
        let (world, kept) = (asking::world().await, kept());
        let shop = Shop::new(&world, (&kept.0, &kept.1), update);
        if by_itself {
            world.argocd().application("shop", "").auto_sync(false);
        }
        let commit = shop.release("Add a cart");
        let seen = shop.go().await;
        assert_eq!(
            live(&seen),
            Some(commit.clone()),
            "{update}, {by_itself}: {seen:#?}"
        );
        if update == KUSTOMIZE {
            assert_eq!(shop.images(), [image(&commit)]);
        }
        world.assert_clean();
    }
}

#[tokio::test]
async fn an_older_build_that_is_done_later_and_a_fork_called_main_change_nothing() {
    let (world, kept) = (asking::world().await, kept());
    let shop = Shop::new(&world, (&kept.0, &kept.1), KUSTOMIZE);
    let older = shop.repository.push("main", "Older");
    let newer = shop.release("Newer");
    shop.go().await;
    shop.repository.run("CI").for_commit(&older).succeed();
    let pull = shop
        .repository
        .open_pull_request_from_fork("mallory", "Free coins", "main");
    let webhooks = world.github().webhooks();
    while let Some(waiting) = webhooks
        .waiting()
        .iter()
        .find(|one| one.event == "pull_request")
    {
        webhooks.lose(&waiting.guid);
    }
    let fork = shop.repository.run("CI").for_pull_request(&pull);
    fork.event("push").succeed();
    let seen = shop.go().await;
    assert_eq!(live(&seen), Some(newer.clone()), "{seen:#?}");
    assert_eq!(shop.images(), [image(&newer)]);
    let superseded = seen
        .ended
        .iter()
        .find(|one| one.commit.as_str() == older)
        .unwrap();
    assert_eq!(superseded.phase, Phase::Superseded, "{superseded:?}");
    assert!(seen.waiting.is_empty(), "{:?}", seen.waiting);
}

#[tokio::test]
async fn a_commit_that_a_force_push_took_away_is_not_released() {
    let (world, kept) = (asking::world().await, kept());
    let shop = Shop::new(&world, (&kept.0, &kept.1), KUSTOMIZE);
    let first = shop.release("First");
    shop.go().await;
    let gone = shop.repository.push("main", "Gone");
    shop.repository.force_push("main", &first, "Instead");
    shop.repository.run("CI").for_commit(&gone).succeed();
    let seen = shop.go().await;
    assert_eq!(live(&seen), Some(first), "{seen:#?}");
    let ended = seen
        .ended
        .iter()
        .find(|one| one.commit.as_str() == gone)
        .unwrap();
    assert_eq!(
        (ended.phase, ended.reason.as_str()),
        (Phase::Cancelled, "it is no longer in the branch main")
    );
}

#[tokio::test]
async fn argo_cd_that_is_down_is_waited_for_and_one_that_is_not_configured_is_told() {
    let (world, kept) = (asking::world().await, kept());
    let mut shop = Shop::new(&world, (&kept.0, &kept.1), KUSTOMIZE);
    let fault = world.fault(Vendor::ArgoCd).is(Fault::Status(503));
    let commit = shop.release("Add a cart");
    let seen = shop.go().await;
    let reason = seen.running.unwrap().reason;
    assert!(reason.contains("503"), "{reason}");
    fault.lift();
    let seen = shop.tell(&Fact::RetryAsked).await;
    assert_eq!(live(&seen), Some(commit.clone()));

    shop.with_argocd = false;
    let next = shop.release("Fill the cart");
    let seen = shop.go().await;
    let failed = seen.ended.first().unwrap();
    assert_eq!(
        (failed.commit.as_str(), failed.phase),
        (next.as_str(), Phase::Failed)
    );
    assert!(
        failed
            .reason
            .starts_with("the variables argocd_url and argocd_token are not set"),
        "{}",
        failed.reason
    );
    assert!(shop.told().contains("argocd_url"), "{}", shop.told());
}

/// How many commits there were to files of other repositories.
fn commits(world: &World) -> usize {
    let effects = world.effects();
    let committed = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::FileCommitted { .. }));
    committed.count()
}

#[tokio::test]
async fn a_release_by_git_is_one_commit_and_its_way_back_another_one() {
    for by_itself in [true, false] {
        let (world, kept) = (asking::world().await, kept());
        let shop = Shop::new(
            &world,
            (&kept.0, &kept.1),
            "argocd: { application: shop, update: git }",
        );
        let application = world.argocd().application("shop", "");
        if by_itself {
            application.auto_sync(true);
        }
        // The first answer to a commit is lost.
        world
            .fault(Vendor::GitHub)
            .on("PUT", "/contents")
            .once()
            .is(Fault::DropAnswer);
        let first = shop.release("Add a cart");
        let seen = shop.go().await;
        assert_eq!(live(&seen), Some(first.clone()), "{by_itself}: {seen:#?}");
        assert_eq!(shop.images(), [image(&first)], "{by_itself}");
        assert_eq!(commits(&world), 1, "{by_itself}");

        let second = shop.release("Break the cart");
        world.argocd().sick_image(&image(&second));
        let seen = shop.go().await;
        assert_eq!(live(&seen), Some(first.clone()), "{by_itself}: {seen:#?}");
        assert_eq!(shop.images(), [image(&first)], "{by_itself}");
        assert_eq!(commits(&world), 3, "{by_itself}: there, and back");
        assert!(seen.hold.is_some(), "{by_itself}: {seen:#?}");
        let file = application
            .gitops()
            .file_on("main", "shop/kustomization.yaml");
        assert!(
            file.is_some_and(|file| file.contains(&first)),
            "{by_itself}"
        );
        world.assert_clean();
    }
}

#[tokio::test]
async fn a_release_by_git_says_what_is_missing_in_the_repository_of_the_manifests() {
    let (world, kept) = (asking::world().await, kept());
    let shop = Shop::new(
        &world,
        (&kept.0, &kept.1),
        "argocd: { application: shop, update: git }",
    );
    world
        .argocd()
        .application("shop", "")
        .gitops()
        .write_file("shop/kustomization.yaml", "resources: [deployment.yaml]\n");
    shop.release("Add a cart");
    shop.go().await;
    let told = shop.told();
    assert!(
        told.starts_with("failure: setting the version in shop/kustomization.yaml on main of acme/gitops: there is no place for"),
        "{told}"
    );
    world.assert_clean();
}
