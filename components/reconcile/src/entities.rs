//! Entities that are due: repositories first, since their surveys tell previews what they missed; then previews, a step for each,
//! and after the answer those that go on within minutes.

use std::{cell::RefCell, collections::BTreeMap, marker::PhantomData};

use domain::{
    PreviewId, Timestamp,
    preview::{self, Preview},
    release::{Intake, Line, LineId},
    repository::{Fact, Key, Repository, SurveyFact, SurveyPolicy},
};
use futures_util::future::join_all;
use ports::{Clock, Label, Level, Log, Store};
use previews::{FOLLOWED_FOR, PreviewRunner};
use runtime::{
    RunError, Runner,
    reconcile::{self, Pending, Report, Work},
    repository::{Overview, RepositoryExecutor},
};
use slipway_spin::SpinStore;

use crate::wishes::Wishes;

/// At most so many previews are followed after the answer.
const FOLLOWED_MAX: usize = 32;

/// What was done.
pub(crate) struct Advanced {
    pub(crate) repositories: Report,
    pub(crate) previews: Report,
    /// All repositories that are known.
    pub(crate) overviews: Vec<Overview>,
}

/// Why nothing was done, or not all of it.
pub(crate) enum NotAdvanced {
    /// No such repository is known.
    UnknownRepository(Key),
    /// No such preview is known.
    UnknownPreview(PreviewId),
    /// No such release line is known.
    UnknownLine(LineId),
    /// The store did not do what was asked.
    Failed(RunError),
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
    let report = advance_repositories(runner, policy, &repositories, surveyed_until).await;
    if report.advanced > 0 {
        // Previews that were told have mail now.
        work = reconcile::work(&runner.store).await?;
        work.take::<Repository>();
    }
    // Releases have their own turn.
    work.take::<Intake>();
    work.take::<Line>();
    let previews = runner
        .advance_all::<Preview>(&work.entities, deadline)
        .await;
    let mut overviews = Vec::new();
    for key in repositories.keys().filter_map(|entity| entity.parse().ok()) {
        match Overview::read(&runner.store, key).await {
            Ok(overview) => overviews.extend(overview),
            Err(error) => not_told(runner, key, &error),
        }
    }
    Ok(Advanced {
        repositories: report,
        previews,
        overviews,
    })
}

fn not_told(runner: &PreviewRunner, key: Key, error: &RunError) {
    let fields = [
        ("entity", key.to_string().into()),
        ("reason", error.to_string().into()),
    ];
    runner
        .log
        .write(Level::Error, "cannot tell of a repository", &fields);
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

async fn advance_repositories(
    runner: &PreviewRunner,
    policy: SurveyPolicy,
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
            listed: RefCell::default(),
            preview: PhantomData::<Preview>,
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
pub(crate) async fn follow(runner: PreviewRunner, report: Report) {
    let deadline = runner.clock.now().after(FOLLOWED_FOR);
    let soon = report
        .waiting
        .iter()
        .filter(|(_, until)| *until <= deadline)
        .take(FOLLOWED_MAX);
    join_all(soon.map(|(entity, until)| {
        let runner = &runner;
        async move {
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
        }
    }))
    .await;
}
