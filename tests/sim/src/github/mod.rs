//! A small GitHub: repositories with a configuration, pull requests with their history, runs, comments and images.

mod api;
pub(crate) mod ci;
pub(crate) mod deliveries;
pub(crate) mod log;
mod payload;
mod reports;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    CommitSha, PreviewId, PullRequestNumber, RepositoryId, Timestamp,
    configuration::Forks,
    preview::{PullRequest, PullRequestState, WorkflowRun},
};

pub(crate) use api::{answer, copy_of};

use crate::{
    kernel::{MINUTE, Micros},
    random::mix,
    site,
    targets::On,
};

/// The account that Slipway's token acts as.
pub(crate) const OWN_ACCOUNT: u64 = 4_711;
/// The label that asks for a preview, and approves a fork's.
pub(crate) const LABEL: &str = "preview";
/// Somebody with write permission.
pub(crate) const MAINTAINER: (u64, &str) = (4_712, "grace");
/// Somebody who may put labels on, and no more.
pub(crate) const TRIAGER: (u64, &str) = (4_713, "mallory");
/// The folder that services with a filter look at.
pub(crate) const FOLDER: &str = "apps/web";
/// The name of the workflow that builds.
pub(crate) const WORKFLOW: &str = "CI";

/// Everything on GitHub.
#[derive(Debug, Default)]
pub(crate) struct GitHub {
    pub(crate) repositories: Vec<Repository>,
    pub(crate) pulls: Vec<Pull>,
    pub(crate) comments: Vec<Comment>,
    checks: Vec<reports::Check>,
    deployments: Vec<reports::Deployment>,
    pub(crate) deliveries: Vec<deliveries::Delivery>,
    /// All attempts, oldest first; none in a seed without the log.
    pub(crate) log: Option<Vec<log::Attempt>>,
    /// By application and tag: the commit that the image was built from.
    pub(crate) images: BTreeMap<(String, String), String>,
    /// Commits whose message asks for no preview.
    pub(crate) skipped: BTreeSet<String>,
    /// Commits with which a pull request changes what [`Service::paths`] name.
    pub(crate) touching: BTreeSet<String>,
    /// Commits whose program never answers.
    pub(crate) sick: BTreeSet<String>,
    pub(crate) numbers_given: u64,
    pub(crate) down_until: Micros,
}

/// A repository.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) id: RepositoryId,
    /// Its names, the present one last.
    pub(crate) names: Vec<String>,
    pub(crate) services: Vec<Service>,
    /// The commits that changed the configuration, and whether it was valid then; the present last.
    pub(crate) configured: Vec<(Micros, CommitSha, bool)>,
    /// Whether what builds is told by name or by file.
    pub(crate) workflow: &'static str,
}

/// A service of a repository's configuration on one of its targets. Those of one name are one service, which differ in nothing but
/// what they are on, and in their limit.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) on: On,
    /// The application, or what stands for it where there is none.
    pub(crate) application: String,
    /// The application whose URL it has: that of the first target of the service.
    pub(crate) url_of: String,
    /// The services that must be ready before it.
    pub(crate) needs: Vec<String>,
    pub(crate) tag: &'static str,
    pub(crate) label: Option<&'static str>,
    pub(crate) drafts: bool,
    pub(crate) forks: Forks,
    /// Only changes below this folder concern it.
    pub(crate) paths: Option<&'static str>,
    /// So many previews of it are live at a time.
    pub(crate) limit: Option<usize>,
    /// Without activity it lives so many minutes.
    pub(crate) ttl: Option<u64>,
}

/// A pull request.
#[derive(Debug)]
pub(crate) struct Pull {
    pub(crate) id: PreviewId,
    pub(crate) repository: usize,
    /// What it was, and since when; the present last.
    pub(crate) versions: Vec<(Micros, PullRequest)>,
    /// Its heads, oldest first.
    pub(crate) commits: Vec<String>,
    pub(crate) runs: Vec<Run>,
    /// Commits for which the maintainer put the label on, at GitHub's time.
    pub(crate) approved: Vec<(String, Timestamp)>,
    /// Since when it is in the state that it is in, for what must follow from it.
    pub(crate) head_since: Micros,
}

/// A workflow run.
#[derive(Debug)]
pub(crate) struct Run {
    /// What it was, and since when; the present last.
    pub(crate) versions: Vec<(Micros, WorkflowRun)>,
}

/// A comment on a pull request.
#[derive(Debug)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) pull: PreviewId,
    pub(crate) author: u64,
    pub(crate) body: String,
    pub(crate) at: Micros,
    pub(crate) created_at: Timestamp,
}

/// What should be there of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    Absent,
    Awaited,
    Present(String),
    /// Whatever was there before, or nothing.
    Anything,
}

impl Repository {
    pub(crate) fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    /// The commit that had changed its configuration last by then.
    pub(crate) fn configured_at(&self, at: Micros) -> Option<&CommitSha> {
        let newest = self
            .configured
            .iter()
            .rev()
            .find(|(since, ..)| *since <= at);
        newest
            .or(self.configured.first())
            .map(|(_, commit, _)| commit)
    }

    /// The text of its `.github/slipway.yml` as of a commit.
    pub(crate) fn configuration_of(&self, commit: &str) -> Option<String> {
        let known = |(_, known, _): &&(Micros, CommitSha, bool)| known.as_str() == commit;
        let (_, _, valid) = self.configured.iter().find(known)?;
        Some(if *valid {
            self.configuration()
        } else {
            self.configuration().replace("preview:", "previews:")
        })
    }

    fn configuration(&self) -> String {
        let mut text = format!(
            "version: 1\nbuild: {{ workflow: \"{}\" }}\nservices:\n",
            self.workflow
        );
        let is_first = |service: &&Service| service.application == service.url_of;
        for service in self.services.iter().filter(is_first) {
            let url = site::url_template(&service.url_of);
            let targets = self.services.iter();
            let targets = targets.filter(|other| other.name == service.name);
            let targets: String = targets.map(Service::configured_target).collect();
            let needs = match service.needs.as_slice() {
                [] => String::new(),
                needs => format!("      needs: [{}]\n", needs.join(", ")),
            };
            let label = service
                .label
                .map_or_else(String::new, |label| format!("label: {label}, "));
            let forks = match service.forks {
                Forks::Never => "never",
                Forks::Label => "label",
                Forks::Always => "always",
            };
            let ttl = service
                .ttl
                .map_or_else(String::new, |minutes| format!("      ttl: {minutes}m\n"));
            let limit = service
                .limit
                .map_or_else(String::new, |limit| format!("limit: {limit}, "));
            let paths = service.paths.map_or_else(String::new, |folder| {
                format!("    paths: ['{folder}/**']\n")
            });
            text.push_str(&format!(
                "  {}:\n{paths}    preview:\n{targets}{needs}      url: \"{url}\"\n      \
                 when: {{ {label}{limit}drafts: {}, forks: {forks} }}\n      \
                 health: {{ path: /health, attempts: 8, interval: 10s }}\n{ttl}",
                service.name, service.drafts
            ));
        }
        text
    }
}

impl Service {
    /// What the configuration says of the target.
    fn configured_target(&self) -> String {
        match self.on {
            On::Coolify => format!(
                "      coolify: {{ application: {}, tag: \"{}\" }}\n",
                self.application, self.tag
            ),
            On::Cluster => format!("      vcluster: {{ tag: \"{}\" }}\n", self.tag),
            On::Namespace => "      namespace: {}\n".to_owned(),
        }
    }

    /// Whether each commit has a tag of its own, which never stands for another one.
    pub(crate) fn tag_names_commit(&self) -> bool {
        self.tag.contains("commit}")
    }

    /// The tag of the image of a commit.
    pub(crate) fn tag_of(&self, number: PullRequestNumber, commit: &str) -> String {
        self.tag
            .replace("{number}", &number.to_string())
            .replace("{commit}", commit)
            .replace("{short_commit}", commit.get(..7).unwrap_or_default())
    }

    /// Whether a pull request in this state gets no preview at all.
    pub(crate) fn refuses(&self, repository: RepositoryId, pull_request: &PullRequest) -> bool {
        let fork = pull_request.head_repository != Some(repository);
        // The label that approves must be there as well as one that is asked for; both are called `preview`.
        let approved_by_label = fork && self.forks == Forks::Label;
        let label = self.label.or(approved_by_label.then_some(LABEL));
        let labelled = label.is_none_or(|label| pull_request.labels.iter().any(|own| own == label));
        pull_request.state != PullRequestState::Open
            || (fork && self.forks == Forks::Never)
            || pull_request.title.contains("[skip preview]")
            || (pull_request.draft && !self.drafts)
            || !labelled
    }
}

impl Pull {
    /// What it is now.
    pub(crate) fn now(&self) -> Option<&PullRequest> {
        self.versions.last().map(|(_, version)| version)
    }

    /// What it was at a time.
    pub(crate) fn at(&self, at: Micros) -> Option<&PullRequest> {
        self.versions
            .iter()
            .rev()
            .find(|(since, _)| *since <= at)
            .or(self.versions.first())
            .map(|(_, version)| version)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.now()
            .is_some_and(|now| now.state == PullRequestState::Open)
    }

    pub(crate) fn head(&self) -> &str {
        self.commits.last().map_or("", String::as_str)
    }

    /// Whether the maintainer ever approved the commit.
    pub(crate) fn was_approved(&self, commit: &str) -> bool {
        self.approved.iter().any(|(approved, _)| approved == commit)
    }

    /// Whether an approval of the head commit stands beyond doubt: within one second nobody can tell what came first.
    fn is_approved(&self) -> bool {
        let unlabelled = self
            .versions
            .iter()
            .filter(|(_, version)| !version.labels.iter().any(|label| label == LABEL))
            .map(|(_, version)| version.updated_at)
            .max();
        self.approved.iter().any(|(approved, at)| {
            approved == self.head() && unlabelled.is_none_or(|unlabelled| unlabelled < *at)
        })
    }

    /// What is expected if so many minutes without any activity are over by then, or nearly.
    fn ended(&self, ttl: u64, at: Micros) -> Option<Expected> {
        let same = |one: &PullRequest, other: &PullRequest| {
            PullRequest {
                updated_at: other.updated_at,
                ..one.clone()
            } == *other
        };
        let changed = self
            .versions
            .windows(2)
            .filter_map(|pair| match pair {
                [(_, before), (at, after)] if !same(before, after) => Some(*at),
                _ => None,
            })
            .next_back();
        let opened = self.versions.first().map(|(at, _)| *at);
        let idle = at.saturating_sub(changed.or(opened).unwrap_or_default());
        // Slipway counts from when it learnt of the activity, and a removal takes its time.
        match idle {
            idle if idle > (ttl + 40) * MINUTE => Some(Expected::Absent),
            idle if idle + MINUTE > ttl * MINUTE => Some(Expected::Anything),
            _ => None,
        }
    }

    /// The place of a commit among its heads.
    pub(crate) fn index_of(&self, commit: &str) -> Option<usize> {
        self.commits.iter().position(|known| known == commit)
    }

    /// Whether what built the head commit succeeded.
    fn is_built(&self) -> bool {
        self.runs
            .iter()
            .filter_map(|run| run.versions.last())
            .any(|(_, run)| ci::is_success(run, self.now()))
    }
}

impl GitHub {
    /// What should be there of a service on a pull request.
    pub(crate) fn expected(&self, pull: &Pull, service: &Service, at: Micros) -> Expected {
        let Some(now) = pull.now() else {
            return Expected::Absent;
        };
        let fork = now.head_repository != Some(pull.id.repository);
        let concerns = self.concerns(service, now.head_commit.as_str());
        let awaits_approval = fork && service.forks == Forks::Label && !pull.is_approved();
        if service.on == On::Namespace && pull.is_open() && awaits_approval {
            // Whoever lets a fork's builds make namespaces does not ask for an approval, and a preview is not removed for lack of one.
            Expected::Anything
        } else if service.refuses(pull.id.repository, now) {
            Expected::Absent
        } else if !concerns && service.on == On::Namespace {
            // Paths decide whether a preview begins, never whether one is removed; and a build that makes it asks nobody.
            Expected::Anything
        } else if !concerns {
            Expected::Absent
        } else if awaits_approval {
            Expected::Awaited
        } else if self.skipped.contains(now.head_commit.as_str()) {
            Expected::Anything
        } else if let Some(ended) = service.ttl.and_then(|ttl| pull.ended(ttl, at)) {
            ended
        } else if pull.is_built() {
            Expected::Present(now.head_commit.as_str().to_owned())
        } else {
            Expected::Awaited
        }
    }

    /// Whether a pull request with this head changes what concerns the service.
    pub(crate) fn concerns(&self, service: &Service, commit: &str) -> bool {
        let touches = service.paths.is_none() || self.touching.contains(commit);
        // What concerns a service concerns all that it needs.
        touches
            || self
                .siblings(service)
                .any(|other| other.needs.contains(&service.name) && self.concerns(other, commit))
    }

    /// All services of the repository that a service is of.
    pub(crate) fn siblings(&self, service: &Service) -> impl Iterator<Item = &Service> {
        let same = |other: &Service| other.application == service.application;
        let mut all = self.repositories.iter();
        let found = all.find(|one| one.services.iter().any(same));
        found.into_iter().flat_map(|found| &found.services)
    }

    /// The service that an application is of.
    pub(crate) fn service_of(&self, application: &str) -> Option<&Service> {
        let mut services = self.repositories.iter().flat_map(|one| &one.services);
        services.find(|service| service.application == application)
    }

    pub(crate) fn repository_of(&self, pull: &Pull) -> Option<&Repository> {
        self.repositories.get(pull.repository)
    }

    /// Whether some service of the repository asks for an approval of the pull request's commits.
    pub(crate) fn awaits_approval(&self, pull: &Pull) -> bool {
        let fork = pull
            .now()
            .is_some_and(|now| now.head_repository != Some(pull.id.repository));
        let found = self.repository_of(pull).into_iter();
        let mut services = found.flat_map(|found| &found.services);
        fork && services.any(|service| service.forks == Forks::Label)
    }

    pub(crate) fn pull(&self, id: PreviewId) -> Option<&Pull> {
        self.pulls.iter().find(|pull| pull.id == id)
    }

    /// The pull request whose preview an application shows under a number.
    pub(crate) fn pull_of(&self, application: &str, number: u64) -> Option<&Pull> {
        let uses = |repository: &&Repository| {
            repository
                .services
                .iter()
                .any(|service| service.application == application)
        };
        let repository = self.repositories.iter().find(uses)?;
        self.pull(PreviewId {
            repository: repository.id,
            number: PullRequestNumber(number),
        })
    }

    /// Whether commits of the pull request may run on the application only when a maintainer approved them.
    pub(crate) fn needs_approval(&self, pull: &Pull, application: &str) -> bool {
        let of_fork = pull
            .now()
            .is_some_and(|now| now.head_repository != Some(pull.id.repository));
        of_fork
            && self.repository_of(pull).is_some_and(|repository| {
                repository.services.iter().any(|service| {
                    service.application == application && service.forks == Forks::Label
                })
            })
    }

    /// The commit of an image.
    pub(crate) fn image(&self, application: &str, tag: &str) -> Option<String> {
        self.images
            .get(&(application.to_owned(), tag.to_owned()))
            .cloned()
    }

    /// Whether the program of a commit never answers.
    pub(crate) fn is_sick(&self, commit: &str) -> bool {
        self.sick.contains(commit)
    }

    /// A number that was never given.
    pub(crate) fn number(&mut self) -> u64 {
        self.numbers_given += 1;
        self.numbers_given
    }

    /// A commit that was never made.
    pub(crate) fn commit(&mut self) -> Option<CommitSha> {
        let number = self.number();
        format!("{:016x}{number:024x}", mix(number)).parse().ok()
    }
}
