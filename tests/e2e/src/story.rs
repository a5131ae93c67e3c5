//! A story: a world, Slipway, and what people look at.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use world::{Answer, Options, PullRequest, Repository, World};

use xtask::redis::Redis;

use crate::{Discretion, Slipway, Stores, engine::Plan};

/// How long a story waits for anything: far longer than it takes, since machines are busy.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The token of `POST /reconcile` in stories.
const RECONCILE_TOKEN: &str = "reconcile-me";

/// A token of the API in stories, with the role admin, and its SHA-256.
pub const API_TOKEN: &str = "tell-me-all";
const API_TOKEN_SHA256: &str = "a233fb1928557ca9d4c6d6180f4bf7cf89b601baa599cb3b5dc1fcda9a9e2098";

/// The Coolify application in stories.
const APPLICATION: &str = "shop-web";

/// The slug of the GitHub App in stories that have one.
pub const APP: &str = "slipway-acme";

/// What is different about a story.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    variables: BTreeMap<String, String>,
    redis: bool,
    single_use: bool,
    apart: Option<PathBuf>,
    held: bool,
    as_app: bool,
}

impl Setup {
    /// With another value for a variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With its stores on a Redis server of its own, where several instances can share them.
    #[must_use]
    pub fn on_redis(mut self) -> Self {
        self.redis = true;
        self
    }

    /// With a fresh instance of each component for every request.
    #[must_use]
    pub fn single_use(mut self) -> Self {
        self.single_use = true;
        self
    }

    /// With Slipway as a process of its own, started from the binary `host` unless it runs on Spin.
    #[must_use]
    pub fn apart(mut self, host: &str) -> Self {
        self.apart = Some(host.into());
        self
    }

    /// With a GitHub App, installed on `acme`, instead of a token.
    #[must_use]
    pub fn as_app(mut self) -> Self {
        self.as_app = true;
        self
    }

    /// With deliveries only by hand.
    #[must_use]
    pub fn held(mut self) -> Self {
        self.held = true;
        self
    }

    /// Starts the world and Slipway.
    pub async fn start(self) -> Result<Story> {
        let world = World::start(Options::default())
            .await
            .context("starting the world")?;
        self.start_in(world).await
    }

    /// Starts Slipway in a world that is there already.
    pub async fn start_in(self, world: World) -> Result<Story> {
        let directory = TempDir::new().context("making a directory for the state")?;
        let stores = match self.redis {
            true => Stores::Redis(Redis::start()?),
            false => Stores::Sqlite(directory.path().to_owned()),
        };
        let plan = self.plan(&world, directory.path(), &stores)?;
        let slipway = start(&plan, self.apart.as_deref()).await?;
        if !self.held {
            world
                .github()
                .webhooks()
                .send_to(&format!("{}/webhooks/github", slipway.url));
        }
        if self.as_app {
            let back = format!("{}/dashboard/sign-in/github/callback", slipway.url);
            world.github().app(APP).call_back_to(&back);
        }
        let repository = world.github().repository("acme/shop");
        let application = world.coolify().application(APPLICATION);
        application.image("ghcr.io/acme/shop");
        let discretion = Discretion::new(&plan, world.records(), stores)?;
        discretion.hears(&slipway);
        let story = Story {
            world,
            repository,
            slipway,
            discretion,
            plan,
            apart: self.apart,
            held: self.held,
            directory,
        };
        story
            .repository
            .write_file(".github/slipway.yml", story.configuration());
        Ok(story)
    }

    fn plan(&self, world: &World, directory: &Path, stores: &Stores) -> Result<Plan> {
        let manifest = xtask::components::ensure_built()?;
        let runtime_config = directory.join("runtime-config.toml");
        std::fs::write(&runtime_config, stores.runtime_config())
            .context("writing the runtime configuration")?;
        let options = world.options();
        let mut variables: BTreeMap<String, String> = [
            (
                "github_webhook_secrets",
                options.webhook_secret.clone().unwrap_or_default(),
            ),
            ("github_token", options.github_token.clone()),
            ("github_api_url", world.github_url()),
            ("github_url", world.github_url()),
            ("github_oidc_url", world.github_url()),
            ("coolify_url", world.coolify_url()),
            ("coolify_token", options.coolify_token.clone()),
            ("preview_hosts", world.previews_url()),
            ("platform_api_url", world.platform_url()),
            ("platform_api_token", options.platform_token.clone()),
            ("kubernetes_api_url", world.kubernetes_url()),
            ("kubernetes_token", options.kubernetes_token.clone()),
            ("argocd_url", world.argocd_url()),
            ("argocd_token", options.argocd_token.clone()),
            ("gitops_token", options.github_token.clone()),
            ("environment_hosts", world.previews_url()),
            (
                "slack_webhooks",
                world.slack().webhooks(&["deployments", "alerts"]),
            ),
            ("slack_hosts", world.slack_url()),
            (
                "notify_webhooks",
                format!(r#"{{"audit":"{}"}}"#, world.receiver().url("audit")),
            ),
            ("notify_hosts", world.receiver_url()),
            ("notify_secret", options.notify_secret.clone()),
            ("backstage_url", world.backstage_url()),
            ("backstage_token", options.backstage_token.clone()),
            ("reconcile_token", RECONCILE_TOKEN.to_owned()),
            (
                "session_secret",
                "only for stories, and long enough".to_owned(),
            ),
            // Stories ask as fast as they can.
            ("api_requests_per_minute", "100000".to_owned()),
            ("sign_ins_per_minute", "100000".to_owned()),
            (
                "api_tokens",
                format!(r#"[{{"name":"stories","role":"admin","sha256":"{API_TOKEN_SHA256}","github":"stories"}}]"#),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if self.as_app {
            let app = world.github().app(APP);
            app.install_on("acme");
            variables.insert("github_token".to_owned(), String::new());
            variables.insert("github_app_id".to_owned(), app.id().to_string());
            variables.insert(
                "github_app_private_key".to_owned(),
                app.private_key().to_owned(),
            );
            variables.insert("github_app_client_id".to_owned(), app.client_id());
            let secret = app.client_secret();
            variables.insert("github_app_client_secret".to_owned(), secret);
        }
        variables.extend(self.variables.clone());
        let state_dir = directory.join("state");
        Ok(Plan {
            manifest,
            runtime_config,
            state_dir,
            variables,
            single_use: self.single_use,
        })
    }
}

async fn start(plan: &Plan, apart: Option<&Path>) -> Result<Slipway> {
    match apart {
        Some(host) => Slipway::start_apart(plan, host).await,
        None => Slipway::start(plan).await,
    }
}

/// A world and Slipway.
pub struct Story {
    /// The vendors.
    pub world: World,
    /// The repository `acme/shop`, configured.
    pub repository: Repository,
    /// Slipway.
    pub slipway: Slipway,
    /// Looks at the end whether any secret was told. It comes before the directory, in which it looks.
    pub discretion: Discretion,
    plan: Plan,
    apart: Option<PathBuf>,
    held: bool,
    directory: TempDir,
}

impl Story {
    /// A story in which nothing is different.
    pub async fn start() -> Result<Self> {
        Setup::default().start().await
    }

    /// The directory of the runtime configuration: SQLite stores lie in it, as `<label>.db`.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where all that Slipway stores lies.
    pub fn stores(&self) -> &Stores {
        self.discretion.stores()
    }

    /// The configuration of the repository.
    pub fn configuration(&self) -> String {
        format!(
            "version: 1\n\
             build: {{ workflow: CI }}\n\
             services:\n\
             \x20 web:\n\
             \x20   preview:\n\
             \x20     coolify: {{ application: {APPLICATION}, tag: 'pr-{{number}}' }}\n\
             \x20     url: {}\n\
             \x20     health: {{ path: /, attempts: 10, interval: 1s }}\n",
            self.world.preview_url_template()
        )
    }

    /// The Coolify application.
    pub fn application(&self) -> world::Application {
        self.world.coolify().application(APPLICATION)
    }

    /// Waits until the comment on `pull` contains `text`, and returns it.
    pub async fn comment_with(&self, pull: &PullRequest, text: &str) -> Result<String> {
        let says = |_: &World| {
            pull.slipway_comment()
                .is_some_and(|comment| comment.body.contains(text))
        };
        let waited = self
            .world
            .until(&format!("a comment that says {text:?}"), PATIENCE, says)
            .await;
        let comment = pull.slipway_comment().map(|comment| comment.body);
        waited.with_context(|| {
            format!(
                "the comment: {comment:?}\nthe log:\n{}",
                self.slipway.log().join("\n")
            )
        })?;
        comment.context("the comment is gone")
    }

    /// Waits until a condition holds.
    pub async fn until(&self, what: &str, holds: impl FnMut(&World) -> bool) -> Result<()> {
        let waited = self.world.until(what, PATIENCE, holds).await;
        waited.with_context(|| format!("the log:\n{}", self.slipway.log().join("\n")))
    }

    /// How many deployments of `pull` were asked for.
    pub fn deployments_of(&self, pull: &PullRequest) -> usize {
        let of = |deployment: &&world::Deployment| deployment.pull_request == pull.number();
        self.application().deployments().iter().filter(of).count()
    }

    /// Stops Slipway as by SIGKILL and starts it anew on the same state.
    pub async fn restart(&mut self) -> Result<()> {
        // The old one is gone before the new one opens its store.
        self.slipway.kill().await?;
        self.slipway = start(&self.plan, self.apart.as_deref()).await?;
        self.discretion.hears(&self.slipway);
        if !self.held {
            self.world
                .github()
                .webhooks()
                .send_to(&format!("{}/webhooks/github", self.slipway.url));
        }
        Ok(())
    }

    /// Starts another instance of Slipway with the same configuration: on the same store, if that can be shared.
    pub async fn another(&self) -> Result<Slipway> {
        let another = start(&self.plan, self.apart.as_deref()).await?;
        self.discretion.hears(&another);
        Ok(another)
    }

    /// `POST /reconcile`, once.
    pub async fn reconcile(&self) -> Result<Answer> {
        self.reconcile_at(&self.slipway.url).await
    }

    /// The same of the instance at `url`.
    pub async fn reconcile_at(&self, url: &str) -> Result<Answer> {
        self.ask_to_reconcile(&format!("{url}/reconcile")).await
    }

    /// `POST /reconcile` with a query: `?survey=now`.
    pub async fn reconcile_asking(&self, query: &str) -> Result<Answer> {
        let url = format!("{}/reconcile{query}", self.slipway.url);
        self.ask_to_reconcile(&url).await
    }

    async fn ask_to_reconcile(&self, url: &str) -> Result<Answer> {
        let headers = [(
            "authorization".to_owned(),
            format!("Bearer {RECONCILE_TOKEN}"),
        )];
        let answer = world::send("POST", url, &headers, Vec::new(), PATIENCE).await?;
        self.discretion.saw(&answer);
        Ok(answer)
    }

    /// A request to the API, by an admin; `path` begins with `/api/v1`. The answer is as the OpenAPI document says.
    pub async fn api(&self, method: &str, path: &str) -> Result<Answer> {
        self.api_as(API_TOKEN, method, path).await
    }

    /// What is at `path`, for an admin.
    pub async fn read(&self, path: &str) -> Result<Answer> {
        let headers = [("authorization".to_owned(), format!("Bearer {API_TOKEN}"))];
        let url = format!("{}{path}", self.slipway.url);
        let answer = world::send("GET", &url, &headers, Vec::new(), PATIENCE).await?;
        self.discretion.saw(&answer);
        Ok(answer)
    }

    /// The same with another token.
    pub async fn api_as(&self, token: &str, method: &str, path: &str) -> Result<Answer> {
        self.ask_api(token, method, path, Vec::new()).await
    }

    /// An act by an admin, with a body; `path` begins with `/api/v1`. The answer is as the OpenAPI document says.
    pub async fn act(&self, path: &str, body: &serde_json::Value) -> Result<Answer> {
        let body = body.to_string().into_bytes();
        self.ask_api(API_TOKEN, "POST", path, body).await
    }

    async fn ask_api(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Answer> {
        let headers = [
            ("authorization".to_owned(), format!("Bearer {token}")),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let url = format!("{}{path}", self.slipway.url);
        let answer = world::send(method, &url, &headers, body, PATIENCE).await?;
        self.discretion.saw(&answer);
        let content_type = answer.header("content-type").unwrap_or_default();
        let differences =
            openapi::differences(method, path, answer.status, content_type, &answer.json());
        if !differences.is_empty() {
            bail!(
                "{method} {path} answered {} {}, which differs from {}: {differences:?}",
                answer.status,
                answer.text(),
                openapi::PATH
            );
        }
        Ok(answer)
    }

    /// `POST /reconcile` again and again, as an impatient scheduler, until a condition holds.
    pub async fn reconcile_until(
        &self,
        what: &str,
        mut holds: impl FnMut(&World) -> bool,
    ) -> Result<()> {
        let started = Instant::now();
        while !holds(&self.world) {
            if started.elapsed() > PATIENCE {
                bail!(
                    "waited for {what} in vain; the log:\n{}",
                    self.slipway.log().join("\n")
                );
            }
            let answer = self.reconcile().await?;
            if answer.status != 200 {
                bail!("reconcile answered {} {}", answer.status, answer.text());
            }
            // Something changes, or it is time for the scheduler to ask again.
            drop(
                self.world
                    .until(what, Duration::from_millis(500), &mut holds)
                    .await,
            );
        }
        Ok(())
    }

    /// Sends bytes to the webhook.
    pub async fn post(&self, message: &Message) -> Result<Answer> {
        let url = format!("{}{}", self.slipway.url, message.path);
        let body = message.body.clone();
        let answer = world::send(message.method, &url, &message.headers, body, PATIENCE).await?;
        self.discretion.saw(&answer);
        Ok(answer)
    }

    /// A delivery as GitHub sends it, signed, to be changed.
    pub fn delivery(&self, event: &str, body: &[u8]) -> Message {
        let webhooks = self.world.github().webhooks();
        let headers = webhooks.headers(&webhooks.guid(), event, body);
        Message {
            method: "POST",
            path: "/webhooks/github",
            headers,
            body: body.to_vec(),
        }
    }
}

/// A request to the webhook.
#[derive(Debug, Clone)]
pub struct Message {
    /// `POST`, unless the story is about that.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Message {
    /// With another value of a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}
