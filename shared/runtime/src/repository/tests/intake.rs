//! What a repository tells those who release from it: that another configuration counts, and that the App lost the repository.

use domain::{
    installation::Loss,
    release::{Intake, IntakeFact, IntakeId},
    repository::{AccessAction, Action, ConfigurationAction, Origin, Version},
};

use super::*;
use crate::{Claim, Executor};

const INTAKE: IntakeId = IntakeId(RepositoryId(42));

impl World {
    /// What is in the intake's mailbox after the action.
    async fn told_by(&self, action: &Action) -> Vec<IntakeFact> {
        let previews = StoredPreviews::default();
        let surveyor: Surveyor<'_> = RepositoryExecutor {
            github: None,
            store: &self.store,
            clock: &self.clock,
            log: &self.alerts,
            policy: SurveyPolicy::new(INTERVAL, 10),
            previews: &previews,
        };
        surveyor.execute(&KEY, action, Claim::NotNeeded).await;
        let mail = mailbox::following::<Intake>(&self.store, &INTAKE, 0).await;
        mail.unwrap()
            .into_iter()
            .map(|(_, mail)| mail.fact)
            .collect()
    }

    async fn store_intake(&self) {
        let record = Record::<Intake>::new(INTAKE);
        record.write(&self.store, &INTAKE).await.unwrap();
    }
}

fn another_configuration() -> Action {
    Action::Configuration(ConfigurationAction::Tell {
        version: Version {
            origin: Origin::Own,
            id: Some("b".repeat(40).parse().unwrap()),
        },
    })
}

#[tokio::test]
async fn what_releases_is_told_of_another_configuration_and_of_the_loss_of_the_repository() {
    let world = World::with([]).await;
    world.store_intake().await;
    assert_eq!(
        world.told_by(&another_configuration()).await,
        [IntakeFact::ConfigurationChanged]
    );
    let lost = Action::Access(AccessAction::TellPreviews {
        repository: "acme/shop".parse().unwrap(),
        loss: Some(Loss::Uninstalled),
    });
    assert_eq!(
        world.told_by(&lost).await,
        [IntakeFact::ConfigurationChanged, IntakeFact::AccessLost]
    );
}

#[tokio::test]
async fn where_nothing_was_ever_pushed_nobody_is_told() {
    let world = World::with([]).await;
    assert_eq!(world.told_by(&another_configuration()).await, []);
}
