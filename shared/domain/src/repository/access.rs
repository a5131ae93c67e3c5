//! Whether the App reaches the repository. When it does not any more, the previews are taken down, although their pull requests
//! cannot be read then: that rests on what the installation agreed on (`domain::installation`) and on one more look of the
//! repository's own, at whether any installation of the App reaches it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Action;
use crate::{
    InstallationId, RepositoryName, Timestamp,
    entity::Step,
    installation::Loss,
    preview::{Effort, Trouble},
};

/// Previews are told a second time after this long: one may have been about to begin.
const TELL_AGAIN: Duration = Duration::from_secs(600);
/// A repository that is reached no more is forgotten after this long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30 * 86_400);

/// What can be learnt about the App's access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessFact {
    /// An installation reaches it, or does so no more.
    Told {
        /// Which one.
        installation: InstallationId,
        /// Its name, as GitHub showed it last.
        name: RepositoryName,
        /// Why it is reached no more; none if it is.
        lost: Option<Loss>,
        /// When GitHub showed that.
        as_of: Timestamp,
    },
    /// GitHub says that no installation of the App reaches it.
    Confirmed,
    /// GitHub says that an installation of the App reaches it.
    Refuted,
    /// That could not be asked.
    NotConfirmed {
        /// Why.
        trouble: Trouble,
    },
    /// The previews were told.
    PreviewsTold {
        /// Whether they were told that it is lost.
        lost: bool,
    },
    /// They could not be told.
    PreviewsNotTold {
        /// Why.
        trouble: Trouble,
    },
}

/// Something to do about the App's access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessAction {
    /// Ask GitHub whether any installation of the App reaches the repository.
    Confirm {
        /// The repository.
        repository: RepositoryName,
        /// What was said of it.
        loss: Loss,
    },
    /// Tell the previews that it is reached no more, or again.
    TellPreviews {
        /// The repository.
        repository: RepositoryName,
        /// Why it is reached no more; none if it is again.
        loss: Option<Loss>,
    },
}

/// The App's access to one repository.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Access {
    /// By which installation it is or was reached, as far as one said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    installation: Option<InstallationId>,
    /// When GitHub showed the newest of what that one said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    as_of: Option<Timestamp>,
    /// When GitHub last showed that any reaches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reached_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lost: Option<Lost>,
    /// It is reached again, and the previews do not know.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    regained: bool,
    #[serde(default)]
    effort: Effort,
}

/// A loss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lost {
    loss: Loss,
    since: Timestamp,
    /// GitHub confirmed it.
    confirmed: bool,
    /// When the previews were first told.
    told_at: Option<Timestamp>,
    /// They were told a second time.
    told_again: bool,
}

impl Access {
    pub(super) fn installation(&self) -> Option<InstallationId> {
        self.installation
    }

    /// Why the App does not reach it, if GitHub confirmed that.
    pub(super) fn loss(&self) -> Option<Loss> {
        let lost = self.lost.as_ref().filter(|lost| lost.confirmed);
        lost.map(|lost| lost.loss)
    }

    /// Takes in a fact. Returns whether the repository is reached again: then everything is to be looked at anew.
    pub(super) fn fold(&mut self, fact: &AccessFact, at: Timestamp, seed: u64) -> bool {
        match fact {
            AccessFact::Told {
                installation,
                lost,
                as_of,
                ..
            } => match lost {
                Some(loss) => self.told_lost(*loss, *installation, *as_of, at),
                None => self.told_reached(*installation, *as_of),
            },
            AccessFact::Confirmed => {
                if let Some(lost) = &mut self.lost {
                    lost.confirmed = true;
                }
                self.regained = false;
                self.effort.succeed();
            }
            AccessFact::Refuted => {
                self.effort.succeed();
                self.found_again();
            }
            AccessFact::NotConfirmed { trouble } | AccessFact::PreviewsNotTold { trouble } => {
                self.effort.fail(trouble, at, seed);
            }
            AccessFact::PreviewsTold { lost: true } => {
                self.effort.succeed();
                if let Some(lost) = &mut self.lost {
                    lost.told_again = lost.told_at.is_some();
                    lost.told_at.get_or_insert(at);
                }
            }
            AccessFact::PreviewsTold { lost: false } => {
                self.effort.succeed();
                return std::mem::take(&mut self.regained);
            }
        }
        false
    }

    /// What one installation says of a loss says nothing of another: of two that reach it the newer one counts.
    fn told_reached(&mut self, installation: InstallationId, as_of: Timestamp) {
        let same = self.installation == Some(installation);
        let newest = if same { self.as_of } else { self.reached_at };
        if newest.is_some_and(|newest| newest > as_of) {
            return;
        }
        self.installation = Some(installation);
        self.as_of = Some(as_of);
        self.reached_at = Some(as_of);
        self.found_again();
    }

    fn told_lost(
        &mut self,
        loss: Loss,
        installation: InstallationId,
        as_of: Timestamp,
        at: Timestamp,
    ) {
        // It may have come to another installation, which says so for itself.
        let another = self
            .installation
            .is_some_and(|present| present != installation);
        if another || self.as_of.is_some_and(|newest| newest > as_of) {
            return;
        }
        self.installation = Some(installation);
        self.as_of = Some(as_of);
        match &mut self.lost {
            Some(lost) => lost.loss = loss,
            None => {
                self.effort.start_afresh();
                self.lost = Some(Lost {
                    loss,
                    since: at,
                    confirmed: false,
                    told_at: None,
                    told_again: false,
                });
            }
        }
    }

    fn found_again(&mut self) {
        if let Some(lost) = self.lost.take() {
            self.effort.start_afresh();
            self.regained |= lost.confirmed;
        }
    }

    /// What is to be done, if that comes before everything else about the repository.
    pub(super) fn plan(&self, name: &RepositoryName, now: Timestamp) -> Option<Step<Action>> {
        let tell = |loss| {
            Action::Access(AccessAction::TellPreviews {
                repository: name.clone(),
                loss,
            })
        };
        let Some(lost) = &self.lost else {
            return self.regained.then(|| self.when_due(now, tell(None)));
        };
        if !lost.confirmed {
            let confirm = AccessAction::Confirm {
                repository: name.clone(),
                loss: lost.loss,
            };
            return Some(self.when_due(now, Action::Access(confirm)));
        }
        let until = match lost.told_at {
            None => now,
            Some(told_at) if !lost.told_again => told_at.after(TELL_AGAIN),
            Some(_) => {
                let forget_at = lost.since.after(FORGOTTEN_AFTER);
                return Some(if forget_at <= now {
                    Step::Forget
                } else {
                    Step::Wait { until: forget_at }
                });
            }
        };
        Some(if until > now {
            Step::Wait { until }
        } else {
            self.when_due(now, tell(Some(lost.loss)))
        })
    }

    fn when_due(&self, now: Timestamp, action: Action) -> Step<Action> {
        match self
            .effort
            .not_before_at_last()
            .filter(|until| *until > now)
        {
            Some(until) => Step::Wait { until },
            None => Step::Act(action),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        RepositoryId,
        entity::Entity,
        repository::{Fact, Key, Repository},
    };

    const FIRST: InstallationId = InstallationId(5);
    const SECOND: InstallationId = InstallationId(6);

    fn told(installation: InstallationId, lost: Option<Loss>, as_of: i64) -> Fact {
        Fact::Access(AccessFact::Told {
            installation,
            name: "acme/shop".parse().unwrap(),
            lost,
            as_of: Timestamp::from_milliseconds(as_of),
        })
    }

    /// What is to be done, when it is about the access.
    fn next(repository: &Repository, now: i64) -> Option<AccessAction> {
        match repository.plan(Timestamp::from_milliseconds(now)) {
            Step::Act(Action::Access(action)) => Some(action),
            Step::Act(_) | Step::Wait { .. } | Step::Settled | Step::Forget => None,
        }
    }

    fn lost_at(as_of: i64) -> Repository {
        let mut repository = Repository::new(Key(RepositoryId(1)));
        let at = Timestamp::from_milliseconds(as_of);
        repository.record(&told(FIRST, None, 1), Timestamp::from_milliseconds(1));
        repository.record(&told(FIRST, Some(Loss::Removed), as_of), at);
        repository
    }

    #[test]
    fn a_loss_is_confirmed_with_github_before_previews_are_told_twice() {
        let mut repository = lost_at(10);
        assert!(matches!(
            next(&repository, 10),
            Some(AccessAction::Confirm {
                loss: Loss::Removed,
                ..
            })
        ));
        assert_eq!(repository.access_lost(), None);
        let at = Timestamp::from_milliseconds(11);
        repository.record(&Fact::Access(AccessFact::Confirmed), at);
        assert_eq!(repository.access_lost(), Some(Loss::Removed));
        for told_at in [11, 700_000] {
            let tell = next(&repository, told_at);
            assert!(
                matches!(tell, Some(AccessAction::TellPreviews { loss: Some(_), .. })),
                "{tell:?}"
            );
            let at = Timestamp::from_milliseconds(told_at);
            repository.record(&Fact::Access(AccessFact::PreviewsTold { lost: true }), at);
            assert_eq!(next(&repository, told_at), None);
        }
        let months = Timestamp::from_milliseconds(0).after(2 * FORGOTTEN_AFTER);
        assert_eq!(repository.plan(months), Step::Forget);
    }

    #[test]
    fn a_loss_that_github_does_not_confirm_changes_nothing() {
        let mut repository = lost_at(10);
        let at = Timestamp::from_milliseconds(11);
        repository.record(&Fact::Access(AccessFact::Refuted), at);
        assert_eq!(next(&repository, 11), None);
        assert_eq!(repository.access_lost(), None);
    }

    #[test]
    fn a_repository_that_came_to_another_installation_is_not_lost() {
        let mut repository = lost_at(10);
        repository.record(&told(SECOND, None, 11), Timestamp::from_milliseconds(11));
        assert_eq!(next(&repository, 11), None);
        // The first one finds it missing once more.
        let again = told(FIRST, Some(Loss::Removed), 12);
        repository.record(&again, Timestamp::from_milliseconds(12));
        assert_eq!(next(&repository, 12), None);
        assert_eq!(repository.installation(), Some(SECOND));
        // The first one looked later, and said so earlier.
        let mut repository = lost_at(10);
        repository.record(&told(SECOND, None, 9), Timestamp::from_milliseconds(11));
        assert_eq!(next(&repository, 11), None);
        assert_eq!(repository.installation(), Some(SECOND));
    }

    #[test]
    fn previews_are_told_when_it_is_reached_again_and_it_is_surveyed() {
        let mut repository = lost_at(10);
        let at = Timestamp::from_milliseconds(11);
        repository.record(&Fact::Access(AccessFact::Confirmed), at);
        repository.record(&told(FIRST, None, 12), Timestamp::from_milliseconds(12));
        let tell = next(&repository, 12);
        assert!(
            matches!(tell, Some(AccessAction::TellPreviews { loss: None, .. })),
            "{tell:?}"
        );
        let at = Timestamp::from_milliseconds(13);
        repository.record(&Fact::Access(AccessFact::PreviewsTold { lost: false }), at);
        assert!(matches!(repository.plan(at), Step::Act(Action::Survey(_))));
        // What is older than the newest word changes nothing.
        repository.record(&told(FIRST, Some(Loss::Removed), 11), at);
        assert_eq!(next(&repository, 13), None);
    }
}
