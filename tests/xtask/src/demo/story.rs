//! The story: what people do, what must come of it, and the check that nothing else did.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use world::{Effect, PullRequest};

use super::narration::Narration;
use super::stage::Stage;
use super::watch::Watch;
use crate::{requests, scene};

/// How long a step may take: several times what it takes on a slow machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// The story, as far as it has been told.
pub(super) struct Story<'a> {
    pub(super) stage: &'a Stage,
    pub(super) narration: &'a mut Narration,
    watch: Watch,
}

impl<'a> Story<'a> {
    pub(super) fn new(stage: &'a Stage, narration: &'a mut Narration) -> Self {
        Self {
            stage,
            narration,
            watch: Watch::default(),
        }
    }

    /// Tells it all.
    pub(super) async fn tell(&mut self) -> anyhow::Result<()> {
        let pull = self.open("Add a cart", "feature/cart").await?;
        self.build(&pull, "CI pushes the image").await?;
        self.push(&pull).await?;
        self.build(&pull, "CI pushes the new image").await?;
        self.redeliver().await?;
        self.merge(&pull).await?;
        self.release().await?;
        self.check(&pull).await
    }

    /// What is there to be looked at after the story: a second pull request, and a release that waits for somebody's approval.
    pub(crate) async fn go_on(&mut self) -> anyhow::Result<()> {
        let pull = self.open("Add a wish list", "feature/wishes").await?;
        self.build(&pull, "CI pushes the image").await?;
        self.offer().await
    }

    async fn open(&mut self, title: &str, branch: &str) -> anyhow::Result<PullRequest> {
        self.narration.step(&format!(
            "Somebody opens the pull request {title:?} in {}",
            scene::REPOSITORY
        ));
        let pull = self.stage.repository.open_pull_request(title, branch);
        self.until_comment(&pull, "Waiting for").await?;
        Ok(pull)
    }

    async fn build(&mut self, pull: &PullRequest, title: &str) -> anyhow::Result<()> {
        let commit = short(&pull.head_sha());
        self.narration
            .step(&format!("{title} of {commit}: the preview is deployed"));
        self.stage
            .repository
            .run(scene::WORKFLOW)
            .for_pull_request(pull)
            .succeed();
        self.until_comment(pull, &format!("`{commit}`")).await?;
        self.until_comment(pull, "✅ Ready").await?;
        let url = self.stage.preview_url(pull);
        let page = self.stage.world.look_at(&url).await?;
        let image = page.image.unwrap_or_default();
        self.narration.tell_of(
            "preview",
            &format!("{url} answers {} with {image}", page.status),
        );
        let expected = format!("{}:pr-{}-{commit}", scene::IMAGE, pull.number());
        ensure!(
            page.status == 200 && image == expected,
            "the preview must answer 200 with {expected}"
        );
        Ok(())
    }

    async fn push(&mut self, pull: &PullRequest) -> anyhow::Result<()> {
        self.narration.step("A second commit is pushed");
        pull.push();
        self.until_comment(pull, "Waiting for").await
    }

    async fn redeliver(&mut self) -> anyhow::Result<()> {
        self.narration
            .step("Somebody presses Redeliver at GitHub: nothing happens twice");
        let webhooks = self.stage.world.github().webhooks();
        let last = webhooks.all().pop().context("GitHub has sent nothing")?;
        let attempt = webhooks
            .redeliver(&last.guid, &self.stage.webhook_url())
            .await
            .context("it was not sent")?;
        self.look();
        ensure!(
            attempt.status == Some(200) && attempt.answer.contains("duplicate"),
            "a delivery that came before must be answered as a duplicate, and was: {attempt:?}"
        );
        Ok(())
    }

    async fn merge(&mut self, pull: &PullRequest) -> anyhow::Result<()> {
        self.narration.step(
            "The pull request is merged: the preview is removed, and Coolify asked until it agrees",
        );
        pull.merge();
        self.until_comment(pull, "its preview was removed").await?;
        let url = self.stage.preview_url(pull);
        let page = self.stage.world.look_at(&url).await?;
        self.narration
            .tell_of("preview", &format!("{url} answers {}", page.status));
        ensure!(page.status == 404, "a removed preview must answer 404");
        Ok(())
    }

    /// Holds that the story left nothing behind and did nothing twice.
    async fn check(&mut self, pull: &PullRequest) -> anyhow::Result<()> {
        self.narration.step("What is left");
        let stage = self.stage;
        let headers = [(
            "authorization".to_owned(),
            format!("Bearer {}", scene::RECONCILE_TOKEN),
        )];
        let answer = requests::post(&stage.slipway_url("/reconcile"), &headers, Vec::new()).await?;
        self.narration.tell_of(
            "reconcile",
            &format!(
                "POST /reconcile answers {}: {}",
                answer.status,
                answer.text()
            ),
        );
        ensure!(answer.status == 200, "POST /reconcile must answer 200");

        let effects = stage.world.effects();
        let count = |of: fn(&Effect) -> bool| effects.iter().filter(|effect| of(effect)).count();
        let deployed = count(|effect| matches!(effect, Effect::DeployRequested { .. }));
        let written = count(|effect| matches!(effect, Effect::CommentCreated { .. }));
        let edited = count(|effect| matches!(effect, Effect::CommentUpdated { .. }));
        let deliveries = stage.world.github().webhooks().all().len();
        self.narration.tell(&format!(
            "{deliveries} deliveries led to {deployed} deployments and {written} comment, edited {edited} times"
        ));
        ensure!(
            deployed == 2 && written == 1,
            "there must be 2 deployments and 1 comment"
        );
        ensure!(
            !stage.application.has_preview(pull.number()),
            "Coolify still has the preview"
        );
        let untidy = stage.world.untidy();
        ensure!(
            untidy.is_empty(),
            "the world is not as it must be: {}",
            untidy.join("; ")
        );
        // That a bad release was taken back calls a person, once.
        let mut errors = stage.errors();
        let calls = errors.len();
        errors.retain(|line| !line.contains("the environment is held"));
        ensure!(
            errors.is_empty() && calls == 1,
            "Slipway logged other errors than that production is held:\n{}",
            errors.join("\n")
        );
        self.narration.tell(
            "nothing is left at Coolify, and the one error in Slipway's log is that production is held",
        );
        Ok(())
    }

    /// Waits until the comment contains `text`, telling what happens meanwhile.
    async fn until_comment(&mut self, pull: &PullRequest, text: &str) -> anyhow::Result<()> {
        let what = format!("the comment to say {text:?}");
        let world = &self.stage.world;
        world
            .until(&what, PATIENCE, |_| {
                self.look();
                pull.slipway_comment()
                    .is_some_and(|comment| comment.body.contains(text))
            })
            .await?;
        Ok(())
    }

    pub(super) fn look(&mut self) {
        self.watch
            .look(&self.stage.world, &self.stage.repository, self.narration);
    }
}

pub(super) fn short(commit: &str) -> String {
    commit.chars().take(7).collect()
}
