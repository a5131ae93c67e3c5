//! The second half of the story: a release to staging and production, a bad one, and its way back.

use anyhow::ensure;

use super::story::{PATIENCE, Story, short};
use crate::{requests, scene};

impl Story<'_> {
    /// Tells it.
    pub(super) async fn release(&mut self) -> anyhow::Result<()> {
        let good = self.pushed(
            "Show the cart",
            "it goes to staging, and from there to production",
        );
        self.until_live("staging", &good).await?;
        self.until_live("production", &good).await?;
        self.until_told("deployments", 2).await?;

        self.stage
            .world
            .argocd()
            .application(&scene::deployed_as("production"), "")
            .next_rollout_degrades();
        let bad = self.pushed(
            "Discount the cart",
            "it works in staging, breaks in production, and is taken back",
        );
        self.until_live("staging", &bad).await?;
        self.until_said("production", &bad, "failure: rolled-back")
            .await?;
        self.runs("production", &good).await?;
        self.until_told("alerts", 2).await?;

        let mended = self.pushed(
            "Mend the discount",
            "production is held, until a person lifts that",
        );
        self.until_live("staging", &mended).await?;
        self.until_said("production", &mended, "queued: held")
            .await?;
        self.lift_hold().await?;
        self.until_live("production", &mended).await?;
        self.refreshed()
    }

    /// A release to production that somebody has to approve.
    pub(super) async fn offer(&mut self) -> anyhow::Result<()> {
        scene::ask_for_approvals(&self.stage.world, &self.stage.repository);
        let offered = self.pushed(
            "Sort the cart",
            "from now on somebody must approve what goes to production",
        );
        self.until_live("staging", &offered).await?;
        self.until_said("production", &offered, "queued: 0 of 1 approvals")
            .await
    }

    /// Somebody pushes to main, and CI pushes the image.
    fn pushed(&mut self, title: &str, what_follows: &str) -> String {
        self.narration.step(&format!(
            "Somebody pushes {title:?} to main, and CI its image: {what_follows}"
        ));
        let repository = &self.stage.repository;
        let commit = repository.push("main", title);
        repository
            .run(scene::WORKFLOW)
            .for_commit(&commit)
            .succeed();
        commit
    }

    /// Waits until the environment runs the commit, found healthy.
    async fn until_live(&mut self, environment: &str, commit: &str) -> anyhow::Result<()> {
        self.until_said(environment, commit, "success").await?;
        self.runs(environment, commit).await
    }

    /// Waits until GitHub's deployment of the commit says so.
    async fn until_said(
        &mut self,
        environment: &str,
        commit: &str,
        text: &str,
    ) -> anyhow::Result<()> {
        let stage = self.stage;
        let what = format!("{} in {environment} to say {text:?}", short(commit));
        let said = |_: &world::World| {
            self.look();
            let deployments = stage.repository.deployments_to(environment);
            let mut of_commit = deployments.iter().filter(|one| one.sha == commit);
            of_commit.any(|one| one.says().starts_with(text))
        };
        Ok(stage.world.until(&what, PATIENCE, said).await?)
    }

    /// Waits for so many messages in a Slack channel.
    async fn until_told(&mut self, channel: &str, messages: usize) -> anyhow::Result<()> {
        let stage = self.stage;
        let what = format!("{messages} messages in {channel}");
        let told = |world: &world::World| {
            self.look();
            world.slack().messages(channel).len() >= messages
        };
        stage.world.until(&what, PATIENCE, told).await?;
        let arrived = stage.world.slack().messages(channel).len();
        ensure!(arrived == messages, "{arrived} messages came to {channel}");
        Ok(())
    }

    /// Holds that the environment serves the commit's image.
    async fn runs(&mut self, environment: &str, commit: &str) -> anyhow::Result<()> {
        let url = self.stage.environment_url(environment);
        let page = self.stage.world.look_at(&url).await?;
        let image = page.image.unwrap_or_default();
        self.narration.tell_of(
            environment,
            &format!("{url} answers {} with {image}", page.status),
        );
        let expected = format!("{}:{commit}", scene::IMAGE);
        ensure!(
            page.status == 200 && image == expected,
            "{environment} must answer 200 with {expected}"
        );
        Ok(())
    }

    /// A person lets releases go on.
    async fn lift_hold(&mut self) -> anyhow::Result<()> {
        let query = format!("/reconcile?lift_hold={}", self.stage.line("production"));
        let headers = [(
            "authorization".to_owned(),
            format!("Bearer {}", scene::RECONCILE_TOKEN),
        )];
        let url = self.stage.slipway_url(&query);
        let answer = requests::post(&url, &headers, Vec::new()).await?;
        self.narration.tell_of(
            "a person",
            &format!("POST {query} answers {}", answer.status),
        );
        ensure!(answer.status == 200, "the hold must be lifted");
        Ok(())
    }

    /// Holds that Backstage was told of what is live.
    fn refreshed(&mut self) -> anyhow::Result<()> {
        let refreshes = self.stage.world.backstage().refreshes(scene::ENTITY);
        ensure!(
            refreshes > 0,
            "Backstage must have read {} again",
            scene::ENTITY
        );
        Ok(())
    }
}
