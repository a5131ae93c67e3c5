//! The simulated vendors and a host with the real components, set up for one run of the demo.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use host::{LogSink, Running};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use world::{Application, Options, PullRequest, Repository, World};

use crate::scene::Person;
use crate::{requests, scene, stores};

/// So many lines of Slipway's log are kept, to explain a story that went wrong.
const LINES_KEPT: usize = 40;
/// So often what is due is advanced while everything stays up.
const RECONCILE_EVERY: Duration = Duration::from_secs(2);

/// Everything that plays in the demo.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) repository: Repository,
    pub(crate) application: Application,
    slipway: Running,
    log: Arc<Mutex<Log>>,
    // Holds the stores; deleted with the stage.
    state: TempDir,
}

#[derive(Default)]
struct Log {
    last: VecDeque<String>,
    errors: Vec<String>,
}

impl Log {
    fn take(&mut self, line: String) {
        if line.contains(r#""level":"error""#) || line.contains(": host]") {
            self.errors.push(line.clone());
        }
        if self.last.len() == LINES_KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }
}

impl Stage {
    /// Starts everything, on free ports, Slipway with the variables by which it finds the world.
    pub(crate) async fn set_up(
        manifest: PathBuf,
        variables: impl FnOnce(&World) -> BTreeMap<&'static str, String>,
    ) -> anyhow::Result<Self> {
        let world = World::start(Options::default()).await?;
        let (repository, application) = scene::furnish(&world);
        let state = tempfile::tempdir()?;
        let log = Arc::new(Mutex::new(Log::default()));
        let lines = Arc::clone(&log);
        let mut options = host::Options::new(manifest);
        let runtime_config = state.path().join("runtime-config.toml");
        std::fs::write(&runtime_config, stores::sqlite())?;
        options.runtime_config = Some(runtime_config);
        options.state_dir = state.path().to_owned();
        options.variables = variables(&world)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        options.log = LogSink::callback(move |line| {
            lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(line.to_string());
        });
        let slipway = host::start(options).await?;
        let stage = Self {
            world,
            repository,
            application,
            slipway,
            log,
            state,
        };
        stage
            .world
            .github()
            .webhooks()
            .send_to(&stage.webhook_url());
        Ok(stage)
    }

    /// Asks Slipway every two seconds to advance what is due, as a schedule does once in a minute, until it is told to end.
    pub(crate) fn keep_reconciling(&self) -> JoinHandle<()> {
        let url = self.slipway_url("/reconcile");
        tokio::spawn(async move {
            let mut schedule = tokio::time::interval(RECONCILE_EVERY);
            loop {
                schedule.tick().await;
                let authorization = format!("Bearer {}", scene::RECONCILE_TOKEN);
                let headers = [("authorization".to_owned(), authorization)];
                // What fails now is tried again with the next one; Slipway's log says why.
                drop(requests::post(&url, &headers, Vec::new()).await);
            }
        })
    }

    /// The directory of the stores, each in `<label>.db`.
    pub(crate) fn state(&self) -> &Path {
        self.state.path()
    }

    /// Where Slipway takes deliveries.
    pub(super) fn webhook_url(&self) -> String {
        self.slipway_url(scene::WEBHOOK_PATH)
    }

    /// A path of Slipway.
    pub(crate) fn slipway_url(&self, path: &str) -> String {
        format!("{}{path}", self.slipway.url())
    }

    /// Where the preview of a pull request is.
    pub(super) fn preview_url(&self, pull: &PullRequest) -> String {
        self.world
            .preview_url_template()
            .replace("{number}", &pull.number().to_string())
    }

    /// Where an environment is.
    pub(super) fn environment_url(&self, environment: &str) -> String {
        self.world.environment_url(&scene::deployed_as(environment))
    }

    /// What the reconcile route knows an environment by.
    pub(super) fn line(&self, environment: &str) -> String {
        format!("{}/{}/{environment}", self.repository.id(), scene::SERVICE)
    }

    /// What runs where.
    pub(super) fn whereabouts(&self) -> String {
        format!(
            "Slipway   {}\nGitHub    {}  with the repository {}\nCoolify   {}  with the application {}\n\
             Argo CD   {}  with the applications {}\nBackstage {}  with {}\nSlack     with the channels {}",
            self.slipway.url(),
            self.world.github_url(),
            scene::REPOSITORY,
            self.world.coolify_url(),
            scene::APPLICATION,
            self.world.argocd_url(),
            scene::ENVIRONMENTS.map(scene::deployed_as).join(", "),
            self.world.backstage_url(),
            scene::ENTITY,
            scene::CHANNELS.join(", "),
        )
    }

    /// What the person can do while everything stays up.
    pub(super) fn invitation(&self) -> String {
        let control = self.world.control_url();
        let people: String = scene::PEOPLE
            .iter()
            .map(|person| {
                let Person { name, role, token } = person;
                format!("\n  {token:<12} {name}, {role}")
            })
            .collect();
        format!(
            "Everything stays up until Ctrl-C, and what is due is advanced every {} seconds.

The dashboard is at {}. A release waits there for somebody's approval: docs/walkthrough.md goes on from here.
Sign in with one of these tokens:{people}

See and change the rest:
  curl {control}/_world/state
  curl -d '{{\"repository\":\"{repository}\"}}' {control}/_world/pull-requests/2/push
  curl -d '{{\"repository\":\"{repository}\",\"number\":2,\"workflow\":\"{workflow}\"}}' {control}/_world/runs
  curl -d '{{\"repository\":\"{repository}\"}}' {control}/_world/pull-requests/2/close
  curl {production}
  curl -X POST -H 'authorization: Bearer {token}' '{reconcile}?releases=all'
  curl -H 'authorization: Bearer {admin}' {api}",
            RECONCILE_EVERY.as_secs(),
            self.slipway.url(),
            production = self.environment_url("production"),
            reconcile = self.slipway_url("/reconcile"),
            token = scene::RECONCILE_TOKEN,
            api = self.slipway_url("/api/v1/overview"),
            admin = scene::admin().token,
            repository = scene::REPOSITORY,
            workflow = scene::WORKFLOW,
        )
    }

    /// The end of Slipway's log.
    pub(crate) fn last_words(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.last.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// What Slipway logged as errors, which in a good story is nothing.
    pub(super) fn errors(&self) -> Vec<String> {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .errors
            .clone()
    }

    /// Stops Slipway, then the world.
    pub(crate) async fn tear_down(self) {
        self.slipway.stop().await;
    }
}
