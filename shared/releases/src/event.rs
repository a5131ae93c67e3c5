//! What follows from a push or a workflow run: it goes into the repository's intake before the answer, and the lines that it
//! concerns are followed after it.

use std::collections::BTreeMap;

use domain::{
    RepositoryId, Timestamp,
    argocd::ApplicationId,
    release::{Intake, IntakeFact, IntakeId, Line, LineId},
};
use futures_util::future::join_all;
use ports::{Clock, Level, Log};
use previews::{DeliveryLog, FOLLOWED_FOR, Refusal};
use runtime::{RunError, release::rolled_out_by};

use crate::{ReleaseRunner, runner};

/// A fact that is durable, and whose consequences are to be followed.
pub struct Taken {
    /// Who does that.
    pub runner: ReleaseRunner,
    intake: IntakeId,
    mail: u64,
}

/// Makes `fact` durable in the intake of the repository.
pub async fn take(
    log: &DeliveryLog,
    repository: RepositoryId,
    fact: &IntakeFact,
) -> Result<Taken, Refusal> {
    let runner = runner(log.clone())
        .await
        .map_err(|error| Refusal::unavailable(&error))?;
    let intake = IntakeId(repository);
    let mail = runner
        .post::<Intake>(&intake, fact)
        .await
        .map_err(|error| Refusal::unavailable(&error))?;
    Ok(Taken {
        runner,
        intake,
        mail,
    })
}

impl Taken {
    /// Follows the intake, and the lines that it tells. What is not finished in time, or is cut off, is due for
    /// `POST /reconcile`.
    pub async fn follow(self) {
        let deadline = self.runner.clock.now().after(FOLLOWED_FOR);
        let followed = self
            .runner
            .follow::<Intake>(&self.intake, &[self.mail], deadline)
            .await;
        tell(&self.runner, &self.intake, followed.err());
        follow_lines(&self.runner, deadline).await;
    }
}

/// Follows the lines with a release in hand that the application rolls out: something happened to it.
pub async fn wake(runner: &ReleaseRunner, application: &ApplicationId) {
    let lines = match rolled_out_by(&runner.store, application).await {
        Ok(lines) => lines,
        Err(error) => return tell(runner, application, Some(error)),
    };
    let deadline = runner.clock.now().after(FOLLOWED_FOR);
    join_all(lines.iter().map(|line| async {
        let followed = runner.follow::<Line>(line, &[], deadline).await;
        tell(runner, line, followed.err());
    }))
    .await;
    follow_lines(runner, deadline).await;
}

/// Follows a line that was told something by another component.
pub async fn follow_woken(runner: &ReleaseRunner, line: &LineId) {
    let deadline = runner.clock.now().after(FOLLOWED_FOR);
    let followed = runner.follow::<Line>(line, &[], deadline).await;
    tell(runner, line, followed.err());
    follow_lines(runner, deadline).await;
}

/// Follows the lines that were told something, and those that they tell, until `deadline`.
pub async fn follow_lines(runner: &ReleaseRunner, deadline: Timestamp) {
    loop {
        let mut lines: BTreeMap<LineId, Vec<u64>> = BTreeMap::new();
        for (line, mail) in runner.executor.told.take() {
            lines.entry(line).or_default().push(mail);
        }
        if lines.is_empty() {
            return;
        }
        join_all(lines.iter().map(|(line, mail)| async {
            let followed = runner.follow::<Line>(line, mail, deadline).await;
            tell(runner, line, followed.err());
        }))
        .await;
    }
}

fn tell(runner: &ReleaseRunner, entity: &impl ToString, error: Option<RunError>) {
    if let Some(error) = error {
        let fields = [
            ("entity", entity.to_string().into()),
            ("reason", error.to_string().into()),
        ];
        runner
            .log
            .write(Level::Error, "could not bring a release on", &fields);
    }
}
