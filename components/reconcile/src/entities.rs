//! Entities that are due: installations first, since they tell repositories whether the App reaches them; then repositories,
//! since they tell previews, and their surveys tell previews what they missed; then previews, a step for each,
//! and after the answer those that go on within minutes.

use std::collections::BTreeMap;

use domain::{
    PreviewId, Timestamp,
    command::Command,
    directory::Directory,
    installation::{self, Installation},
    outbox::Outbox,
    places::Places,
    preview::{self, Preview},
    release::{Intake, Line, LineId},
    repository::{Fact, Key, Repository, SurveyFact, SurveyPolicy},
};
use futures_util::future::join_all;
use ports::{Clock, Label, Level, Log, Store};
use previews::{FOLLOWED_FOR, PreviewRunner};
use runtime::{
    RunError, Runner,
    installation::{self as installations, InstallationExecutor},
    reconcile::{self, Pending, Report, Work},
    repository::{Overview, RepositoryExecutor, StoredPreviews},
};
use slipway_spin::SpinStore;

use crate::wishes::Wishes;

/// At most so many previews are followed after the answer.
const FOLLOWED_MAX: usize = 32;

/// What was done.
pub(crate) struct Advanced {
    pub(crate) installations: Report,
    /// The installations that are known.
    pub(crate) installed: Vec<Installation>,
    /// Why GitHub's list of installations could not be read.
    pub(crate) installations_problem: Option<String>,
    pub(crate) repositories: Report,
    pub(crate) previews: Report,
    /// All repositories that are known.
    pub(crate) overviews: Vec<Overview>,
}

/// Why nothing was done, or not all of it.
pub(crate) enum NotAdvanced {
    /// No such repository is known.
    UnknownRepository(Key),
    /// No such installation is known.
    UnknownInstallation(installation::Key),
    /// No such preview is known.
    UnknownPreview(PreviewId),
    /// No such release line is known.
    UnknownLine(LineId),
    /// The store did not do what was asked.
    Failed(RunError),
}

impl NotAdvanced {
    /// What is not known; none if something failed.
    pub(crate) fn unknown(&self) -> Option<String> {
        match self {
            Self::UnknownRepository(key) => {
                Some(format!("no repository with the id {} is known", key.0))
            }
            Self::UnknownInstallation(key) => Some(format!("no {key} is known")),
            Self::UnknownPreview(id) => Some(format!("no {id} is known")),
            Self::UnknownLine(id) => Some(format!("no {id} is known")),
            Self::Failed(_) => None,
        }
    }
}

impl NotAdvanced {
    /// Whether it is this that is not known, as the audit names it.
    pub(crate) fn is_about(&self, on: &str) -> bool {
        match self {
            Self::UnknownRepository(key) => key.to_string() == on,
            Self::UnknownInstallation(key) => key.to_string() == on,
            Self::UnknownPreview(id) => id.to_string() == on,
            Self::UnknownLine(id) => id.to_string() == on,
            Self::Failed(_) => false,
        }
    }
}

impl<E: Into<RunError>> From<E> for NotAdvanced {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Brings on what is due of `work`, until `deadline`.
pub(crate) async fn advance(
    runner: &PreviewRunner,
    policy: SurveyPolicy,
    wishes: &Wishes,
    (mut work, deadline): (Work, Timestamp),
) -> Result<Advanced, NotAdvanced> {
    let (found, installations_problem) = find_installations(runner, policy).await;
    if found > 0 {
        work = reconcile::work(&runner.store).await?;
    }
    let stored = StoredPreviews::default();
    let mut installations = work.take::<Installation>();
    post_installation_wishes(runner, wishes, &mut installations).await?;
    // A quarter of the time at most.
    let left = deadline.since(runner.clock.now());
    let looked_until = runner.clock.now().after(left / 4);
    let installation_report =
        advance_installations(runner, policy, &stored, &installations, looked_until).await;
    if installation_report.advanced > 0 {
        // Repositories that were told have mail now.
        work = reconcile::work(&runner.store).await?;
        work.take::<Installation>();
    }
    let mut repositories = work.take::<Repository>();
    post_wishes(runner, wishes, &mut repositories).await?;
    if let Some(id) = wishes.retry {
        let mail = ask_to_retry(runner, id).await?;
        let pending = work.entities.entry(id.to_string()).or_default();
        pending.mail.push(mail);
    }
    // Half of the time at most: however many repositories are due, previews get on too.
    let left = deadline.since(runner.clock.now());
    let surveyed_until = runner.clock.now().after(left / 2);
    let report = advance_repositories(runner, policy, &stored, &repositories, surveyed_until).await;
    if report.advanced > 0 {
        // Previews that were told have mail now.
        work = reconcile::work(&runner.store).await?;
        work.take::<Installation>();
        work.take::<Repository>();
    }
    // Commands, directories, places, and releases with their notices, have their own turn.
    work.take::<Command>();
    work.take::<Directory>();
    work.take::<Places>();
    work.take::<Intake>();
    work.take::<Line>();
    work.take::<Outbox>();
    let previews = runner
        .advance_all::<Preview>(&work.entities, deadline)
        .await;
    let mut installed = Vec::new();
    for key in installations
        .keys()
        .filter_map(|entity| entity.parse().ok())
    {
        match installations::read(&runner.store, key).await {
            Ok(installation) => installed.extend(installation),
            Err(error) => not_told(runner, &key, &error),
        }
    }
    let mut overviews = Vec::new();
    for key in repositories.keys().filter_map(|entity| entity.parse().ok()) {
        match Overview::read(&runner.store, key).await {
            Ok(overview) => overviews.extend(overview),
            Err(error) => not_told(runner, &key, &error),
        }
    }
    Ok(Advanced {
        installations: installation_report,
        installed,
        installations_problem,
        repositories: report,
        previews,
        overviews,
    })
}

fn not_told(runner: &PreviewRunner, key: &impl ToString, error: &RunError) {
    let fields = [
        ("entity", key.to_string().into()),
        ("reason", error.to_string().into()),
    ];
    runner
        .log
        .write(Level::Error, "cannot tell of an entity", &fields);
}

/// Posts the wish to try again, and returns the number of its mail.
async fn ask_to_retry(runner: &PreviewRunner, id: PreviewId) -> Result<u64, NotAdvanced> {
    let stored = runner.store.get(Label::Default, &id.to_string()).await?;
    if stored.is_none() {
        return Err(NotAdvanced::UnknownPreview(id));
    }
    let retry = preview::Fact::RetryAsked;
    Ok(runner.post::<Preview>(&id, &retry).await?)
}

/// Posts what the caller wishes to the repositories that it concerns.
async fn post_wishes(
    runner: &PreviewRunner,
    wishes: &Wishes,
    repositories: &mut BTreeMap<String, Pending>,
) -> Result<(), NotAdvanced> {
    if let Some(key) = wishes.allow_removals {
        let pending = repositories
            .get_mut(&key.to_string())
            .ok_or(NotAdvanced::UnknownRepository(key))?;
        let allowed = Fact::Survey(SurveyFact::RemovalsAllowed);
        pending
            .mail
            .push(runner.post::<Repository>(&key, &allowed).await?);
    }
    if wishes.survey_now {
        for (entity, pending) in repositories {
            let Ok(key) = entity.parse::<Key>() else {
                continue;
            };
            let requested = Fact::Survey(SurveyFact::Requested);
            pending
                .mail
                .push(runner.post::<Repository>(&key, &requested).await?);
        }
    }
    Ok(())
}

/// Posts what the caller wishes to the installations that it concerns.
async fn post_installation_wishes(
    runner: &PreviewRunner,
    wishes: &Wishes,
    installations: &mut BTreeMap<String, Pending>,
) -> Result<(), NotAdvanced> {
    let Some(key) = wishes.allow_losses else {
        return Ok(());
    };
    let pending = installations
        .get_mut(&key.to_string())
        .ok_or(NotAdvanced::UnknownInstallation(key))?;
    let allowed = installation::Fact::LossesAllowed;
    pending
        .mail
        .push(runner.post::<Installation>(&key, &allowed).await?);
    Ok(())
}

/// Notes installations of the App of which no delivery told. Returns how many, and why it could not.
async fn find_installations(
    runner: &PreviewRunner,
    policy: SurveyPolicy,
) -> (usize, Option<String>) {
    let Some(github) = runner.executor.github.as_ref() else {
        return (0, None);
    };
    let found = installations::find(github, &runner.store, &runner.clock, policy.interval()).await;
    match found {
        Ok(0) => (0, None),
        Ok(new) => {
            let fields = [("installations", new.into())];
            let message = "found installations of the App of which nobody told";
            runner.log.write(Level::Info, message, &fields);
            (new, None)
        }
        Err(error) => {
            let reason = error.to_string();
            let fields = [("reason", reason.as_str().into())];
            let message = "could not list the App's installations";
            runner.log.write(Level::Warn, message, &fields);
            (0, Some(reason))
        }
    }
}

async fn advance_installations(
    runner: &PreviewRunner,
    policy: SurveyPolicy,
    previews: &StoredPreviews<Preview>,
    installations: &BTreeMap<String, Pending>,
    deadline: Timestamp,
) -> Report {
    let installation_runner = Runner {
        store: &runner.store,
        clock: runner.clock,
        log: runner.log.clone(),
        executor: InstallationExecutor {
            github: runner.executor.github.as_ref(),
            store: SpinStore::new(),
            clock: runner.clock,
            log: runner.log.clone(),
            policy,
            previews,
        },
    };
    installation_runner
        .advance_all::<Installation>(installations, deadline)
        .await
}

async fn advance_repositories(
    runner: &PreviewRunner,
    policy: SurveyPolicy,
    previews: &StoredPreviews<Preview>,
    repositories: &BTreeMap<String, Pending>,
    deadline: Timestamp,
) -> Report {
    let repository_runner = Runner {
        store: &runner.store,
        clock: runner.clock,
        log: runner.log.clone(),
        executor: RepositoryExecutor {
            github: runner.executor.github.as_ref(),
            store: SpinStore::new(),
            clock: runner.clock,
            log: runner.log.clone(),
            policy,
            previews,
        },
    };
    repository_runner
        .advance_all::<Repository>(repositories, deadline)
        .await
}

/// Why GitHub does not let Slipway in as an App, asked of GitHub itself: a key that was replaced shows here, and not only when the
/// last token has expired. None with a plain token.
pub(crate) async fn github_problem(runner: &PreviewRunner) -> Option<String> {
    let github = runner.executor.github.as_ref()?;
    let problem = github.app_identity().await.err()?.to_string();
    let fields = [("reason", problem.as_str().into())];
    runner
        .log
        .write(Level::Error, "cannot sign in to GitHub", &fields);
    Some(problem)
}

/// Follows those that are due again soon. What is not finished in time, or is cut off, is due for the next call.
pub(crate) async fn follow(runner: &PreviewRunner, report: Report) {
    let deadline = runner.clock.now().after(FOLLOWED_FOR);
    let soon = report
        .waiting
        .iter()
        .filter(|(_, until)| *until <= deadline)
        .take(FOLLOWED_MAX);
    join_all(soon.map(|(entity, until)| async move {
        let Ok(id) = entity.parse::<PreviewId>() else {
            return;
        };
        runner.clock.sleep(until.since(runner.clock.now())).await;
        if let Err(error) = runner.follow::<Preview>(&id, &[], deadline).await {
            let fields = [
                ("entity", entity.as_str().into()),
                ("reason", error.to_string().into()),
            ];
            runner
                .log
                .write(Level::Error, "could not bring the preview on", &fields);
        }
    }))
    .await;
    let known = report.waiting.iter().map(|(entity, _)| entity.as_str());
    previews::follow_told(runner, known, deadline).await;
}
