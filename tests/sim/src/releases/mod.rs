//! Releases in a world of their own: one repository whose branch goes through staging to production, its builds, an Argo CD, and
//! people who push, lock, approve, go back and lift holds. The processes, the store and the faults are those of all seeds.

pub(crate) mod argocd;
pub(crate) mod github;
pub(crate) mod history;
pub(crate) mod instance;
mod payload;
mod people;
mod seed;
mod settled;
mod watch;

use std::rc::Rc;

use domain::{
    CommitSha, RepositoryId,
    release::{Line, LineId},
};
use ports::Label;

pub(crate) use seed::play;

use crate::{random::Random, sim::Sim};
use argocd::ArgoCd;
use history::History;
use watch::Watch;

/// The repository.
pub(crate) const REPOSITORY: RepositoryId = RepositoryId(1_000);
/// Its name.
pub(crate) const NAME: &str = "acme/shop";
/// The image that its builds push.
pub(crate) const IMAGE: &str = "ghcr.io/acme/shop";
/// Who writes the commits.
pub(crate) const AUTHOR: &str = "ada";
/// Who approves, and does all else that people do.
pub(crate) const MAINTAINER: &str = "grace";

/// An environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Environment {
    /// Follows the branch.
    Staging,
    /// Follows staging.
    Production,
}

impl Environment {
    /// Both, in the order of promotion.
    pub(crate) const ALL: [Self; 2] = [Self::Staging, Self::Production];

    /// Its name in the configuration.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// The name of its application in Argo CD.
    pub(crate) const fn application(self) -> &'static str {
        match self {
            Self::Staging => "shop-staging",
            Self::Production => "shop-production",
        }
    }

    /// Where it is reached.
    pub(crate) fn url(self) -> String {
        format!("https://{}.test", self.application())
    }

    /// Its release line.
    pub(crate) fn line(self) -> Option<LineId> {
        Some(LineId {
            repository: REPOSITORY,
            service: "web".parse().ok()?,
            environment: self.name().parse().ok()?,
        })
    }
}

/// What the configuration says, drawn for each seed.
#[derive(Debug, Clone, Copy)]
struct Terms {
    cancels: bool,
    goes_back: bool,
    soak_minutes: u64,
    approvals: u64,
    allows_diverged: bool,
    probes: bool,
}

impl Terms {
    fn draw(random: &Random) -> Self {
        Self {
            cancels: random.percent(40),
            goes_back: random.percent(75),
            soak_minutes: random.pick(&[0, 0, 2]),
            approvals: random.pick(&[0, 0, 1]),
            allows_diverged: random.percent(30),
            probes: random.percent(70),
        }
    }

    /// The text of `.github/slipway.yml`.
    fn text(self) -> String {
        let mut text =
            "version: 1\nbuild: { workflow: CI }\nservices:\n  web:\n    environments:\n"
                .to_owned();
        let rollback = if self.goes_back {
            "automatic"
        } else {
            "manual"
        };
        for environment in Environment::ALL {
            let (name, application) = (environment.name(), environment.application());
            let source = match environment {
                Environment::Staging => format!(
                    "        branch: main\n        superseded: {}\n        allow_diverged: {}\n",
                    if self.cancels { "cancel" } else { "queue" },
                    self.allows_diverged,
                ),
                Environment::Production => {
                    let soak = match self.soak_minutes {
                        0 => String::new(),
                        minutes => format!("        soak: {minutes}m\n"),
                    };
                    let approvals = self.approvals;
                    format!("        after: [staging]\n{soak}        approvals: {approvals}\n")
                }
            };
            text.push_str(&format!(
                "      {name}:\n{source}        argocd: {{ application: {application}, update: kustomize-image }}\n        \
                 rollback: {rollback}\n        timeout: 5m\n"
            ));
            if self.probes {
                text.push_str(&format!(
                    "        url: {}\n        health: {{ path: /health, attempts: 3, interval: 5s }}\n",
                    environment.url()
                ));
            }
        }
        text
    }
}

/// All that a seed of releases has beside the processes and the store.
#[derive(Debug)]
pub(crate) struct World {
    terms: Terms,
    pub(crate) history: History,
    pub(crate) argocd: ArgoCd,
    deployments: Vec<github::Deployment>,
    watch: Watch,
}

impl World {
    /// A repository with one commit, and applications that run what was there before Slipway.
    pub(crate) fn new(random: &Random, first: CommitSha) -> Self {
        Self {
            terms: Terms::draw(random),
            history: History::new(first),
            argocd: ArgoCd::new(),
            deployments: Vec::new(),
            watch: Watch::default(),
        }
    }

    /// The commit that an image was built from; none if it was there before.
    fn commit_of(&self, image: &str) -> Option<usize> {
        let tag = image.rsplit_once(':')?.1;
        self.history.index_of(tag)
    }
}

/// The image of a commit.
fn image_of(commit: &CommitSha) -> String {
    format!("{IMAGE}:{commit}")
}

/// Does something with the world of releases; nothing in a seed that has none.
pub(crate) fn with<T: Default>(sim: &Sim, act: impl FnOnce(&mut World) -> T) -> T {
    sim.releases
        .as_ref()
        .map(|world| act(&mut world.borrow_mut()))
        .unwrap_or_default()
}

/// An entity as it is stored, as far as whoever looks on cares.
#[derive(serde::Deserialize)]
struct Saved {
    state: Line,
}

/// The saved state of an environment; none if nothing is saved of it.
fn line(sim: &Rc<Sim>, environment: Environment) -> Option<Line> {
    let key = environment.line()?.to_string();
    let saved = sim.store.borrow_mut().value(Label::Default, &key)?;
    match serde_json::from_slice::<Saved>(&saved) {
        Ok(saved) => Some(saved.state),
        Err(error) => {
            sim.violate(|| format!("{key} cannot be read: {error}"));
            None
        }
    }
}
