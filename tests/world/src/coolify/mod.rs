//! Coolify as stories see it: applications, their deployments, and what goes wrong on its side.

pub(crate) mod api;
mod applications;
mod deploy;
mod deployments;
mod previews;
pub(crate) mod state;
mod steps;
mod variables;

use std::sync::Arc;

pub use state::{Container, Deployment, DeploymentStatus, Health, Pace};

use crate::github::Repository;
use crate::state::Shared;
use state::{Application as Record, CoolifyState};

/// The simulated Coolify.
#[derive(Debug, Clone)]
pub struct Coolify {
    pub(crate) shared: Arc<Shared>,
}

/// An application of the simulated Coolify.
#[derive(Debug, Clone)]
pub struct Application {
    shared: Arc<Shared>,
    uuid: String,
}

impl Coolify {
    fn change<T>(&self, change: impl FnOnce(&mut CoolifyState) -> T) -> T {
        self.shared.change(|state| change(&mut state.coolify))
    }

    /// The application with this uuid; made, as one of a Docker image, if there is none.
    pub fn application(&self, uuid: &str) -> Application {
        let (id, now) = (self.shared.names.number(), self.shared.clock.now());
        self.change(|coolify| {
            coolify
                .applications
                .entry(uuid.to_owned())
                .or_insert_with(|| Record {
                    id,
                    uuid: uuid.to_owned(),
                    name: uuid.to_owned(),
                    build_pack: "dockerimage".to_owned(),
                    image: format!("ghcr.io/acme/{uuid}"),
                    tag: "latest".to_owned(),
                    fqdn: Some(format!("https://{uuid}.example.com")),
                    url_template: "{{pr_id}}.{{domain}}".to_owned(),
                    repository: None,
                    variables: Vec::new(),
                    created_at: now,
                });
        });
        Application {
            shared: Arc::clone(&self.shared),
            uuid: uuid.to_owned(),
        }
    }

    /// A token with only these abilities (`read`, `read:sensitive`, `write`, `deploy`, `root`).
    #[must_use]
    pub fn token_with(&self, abilities: &[&str]) -> String {
        let token = format!("{}|{}", self.shared.names.number(), self.shared.names.sha());
        self.add_token(&token, abilities);
        token
    }

    /// Makes this token one with these abilities.
    pub fn add_token(&self, token: &str, abilities: &[&str]) {
        let abilities = abilities.iter().map(ToString::to_string).collect();
        self.change(|coolify| coolify.tokens.insert(token.to_owned(), abilities));
    }

    /// A token is no longer good: 401 from now on.
    pub fn revoke_token(&self, token: &str) {
        self.change(|coolify| coolify.tokens.remove(token));
    }

    /// What moves deployments on; polling does unless said otherwise.
    pub fn pace(&self, pace: Pace) {
        self.change(|coolify| coolify.settings.pace = pace);
    }

    /// Moves every deployment on one step: queued, in progress, finished.
    pub fn step(&self) {
        let now = self.shared.clock.now();
        self.change(|coolify| coolify.step(now));
    }

    /// Runs the asynchronous clean-ups of removed previews now; gives how many there were.
    pub fn run_removals(&self) -> usize {
        self.change(|coolify| {
            let places: Vec<_> = coolify
                .removals
                .iter()
                .map(|removal| removal.place.clone())
                .collect();
            places
                .iter()
                .filter(|place| coolify.run_removal(place))
                .count()
        })
    }

    /// New containers answer so many probes with 502 before they are up.
    pub fn probes_until_healthy(&self, probes: u32) {
        self.change(|coolify| coolify.settings.probes_until_healthy = probes);
    }

    /// The registry has no image with this tag: its deployments fail.
    pub fn lacks_image(&self, tag: &str) {
        self.change(|coolify| coolify.missing_tags.insert(tag.to_owned()));
    }

    /// The image with this tag starts and never answers properly.
    pub fn sick_image(&self, tag: &str) {
        self.change(|coolify| coolify.sick_tags.insert(tag.to_owned()));
    }

    /// Images that were missing or sick are good from now on; containers that run stay as they are.
    pub fn mend_images(&self) {
        self.change(|coolify| {
            coolify.missing_tags.clear();
            coolify.sick_tags.clear();
        });
    }

    /// Whether the API is switched on in the instance's settings; 403 if not.
    pub fn enable_api(&self, enabled: bool) {
        self.change(|coolify| coolify.settings.api_enabled = enabled);
    }

    /// Whether the caller's address is on the allow-list; 403 if not.
    pub fn allow_address(&self, allowed: bool) {
        self.change(|coolify| coolify.settings.address_allowed = allowed);
    }

    /// Whether Coolify reaches its server; if not, removals answer 200 and leave the container.
    pub fn reach_server(&self, reachable: bool) {
        self.change(|coolify| coolify.settings.server_reachable = reachable);
    }

    /// Requests a minute of one token, 200 by default in the real one; none: unlimited.
    pub fn rate_limit(&self, limit: Option<u64>) {
        self.change(|coolify| coolify.settings.rate_limit = limit);
    }

    /// Queued deployments at which /deploy answers 429.
    pub fn queue_limit(&self, limit: usize) {
        self.change(|coolify| coolify.settings.queue_limit = limit);
    }

    /// Deployments that its server runs at the same time, 2 by default.
    pub fn concurrent_builds(&self, builds: usize) {
        self.change(|coolify| coolify.settings.concurrent_builds = builds);
    }

    /// All deployments, oldest first.
    #[must_use]
    pub fn deployments(&self) -> Vec<Deployment> {
        self.shared.look(|state| state.coolify.deployments.clone())
    }

    /// Begins one queued deployment; false when it must wait or is not queued.
    #[must_use]
    pub fn start(&self, deployment: &str) -> bool {
        let now = self.shared.clock.now();
        self.change(|coolify| coolify.start(deployment, now))
    }

    /// Ends one running deployment with a container that is just starting; false when it does not run.
    #[must_use]
    pub fn finish(&self, deployment: &str) -> bool {
        let now = self.shared.clock.now();
        self.change(|coolify| coolify.finish(deployment, now))
    }

    /// Ends one deployment badly; false when it was over.
    #[must_use]
    pub fn fail(&self, deployment: &str) -> bool {
        let now = self.shared.clock.now();
        self.change(|coolify| coolify.fail(deployment, now))
    }
}

impl Application {
    fn change(&self, change: impl FnOnce(&mut Record)) -> &Self {
        self.shared.change(|state| {
            if let Some(found) = state.coolify.applications.get_mut(&self.uuid) {
                change(found);
            }
        });
        self
    }

    /// Its uuid.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// The image that it runs, without a tag.
    pub fn image(&self, image: &str) -> &Self {
        self.change(|found| image.clone_into(&mut found.image))
    }

    /// Gives production a variable, as its page in Coolify does: previews get a copy unless they have one.
    pub fn variable(&self, key: &str, value: &str) -> &Self {
        let now = self.shared.clock.now();
        self.change(|found| found.set_variable(key, value, false, now))
    }

    /// Gives previews a value of their own.
    pub fn preview_variable(&self, key: &str, value: &str) -> &Self {
        let now = self.shared.clock.now();
        self.change(|found| found.set_variable(key, value, true, now))
    }

    /// Deletes a variable of the previews.
    pub fn delete_preview_variable(&self, key: &str) -> &Self {
        self.change(|found| {
            found
                .variables
                .retain(|one| !(one.is_preview && one.key == key))
        })
    }

    /// Only this repository's pull requests justify its previews, for `World::assert_clean` with several repositories.
    pub fn belongs_to(&self, repository: &Repository) -> &Self {
        self.change(|found| found.repository = Some(repository.id()))
    }

    /// Makes it one that is built from Git: no previews by API.
    pub fn built_from_git(&self) -> &Self {
        self.change(|found| "nixpacks".clone_into(&mut found.build_pack))
    }

    /// Its addresses, separated by commas; none: no preview URL.
    pub fn fqdn(&self, fqdn: Option<&str>) -> &Self {
        self.change(|found| found.fqdn = fqdn.map(str::to_owned))
    }

    /// Its deployments, oldest first.
    #[must_use]
    pub fn deployments(&self) -> Vec<Deployment> {
        let all = self.shared.look(|state| state.coolify.deployments.clone());
        all.into_iter()
            .filter(|deployment| deployment.application == self.uuid)
            .collect()
    }

    /// What runs for a pull request; 0 for the base application.
    #[must_use]
    pub fn container(&self, pull_request: u64) -> Option<Container> {
        self.shared.look(|state| {
            state
                .coolify
                .containers
                .get(&(self.uuid.clone(), pull_request))
                .cloned()
        })
    }

    /// Whether Coolify has a preview of this pull request on record.
    #[must_use]
    pub fn has_preview(&self, pull_request: u64) -> bool {
        self.shared.look(|state| {
            state
                .coolify
                .previews
                .contains_key(&(self.uuid.clone(), pull_request))
        })
    }

    /// A running container breaks: it answers 502 until it is deployed again.
    pub fn crash(&self, pull_request: u64) {
        self.set_health(pull_request, Health::Sick);
    }

    /// A container answers from now on.
    pub fn recover(&self, pull_request: u64) {
        self.set_health(pull_request, Health::Healthy);
    }

    fn set_health(&self, pull_request: u64, health: Health) {
        self.shared.change(|state| {
            if let Some(container) = state
                .coolify
                .containers
                .get_mut(&(self.uuid.clone(), pull_request))
            {
                container.health = health;
            }
        });
    }
}
