//! What people did on GitHub: a label, a button. Components that run previews learn of it and may not write the audit, so it lies in
//! `queue` until `POST /reconcile`, which may, notes it. It is durable before the delivery counts as taken in.

use std::time::Duration;

use domain::{
    RepositoryId, Timestamp,
    audit::Act,
    preview::{Reading, Settings},
    repository::{Key, Repository},
};
use ports::{Label, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::{RunError, audit, browse, keys};

/// So many are noted in one run.
const NOTED_MAX: usize = 500;
/// For so long the configuration is waited for that says whether a label means anything.
const AWAITED: Duration = Duration::from_secs(86_400);

/// What somebody did on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witnessed {
    /// It.
    pub act: Act,
    /// What tells it from others of the same moment, the same each time that it is learnt: the GUID of its delivery.
    pub mark: String,
    /// The label that it was, of which only the configuration says whether it means anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<LabelMoved>,
}

/// A label was put on a pull request, or taken off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelMoved {
    /// Its name.
    pub name: String,
    /// Whether it was put on.
    pub added: bool,
    /// Whether the pull request is a fork's.
    pub of_fork: bool,
}

/// Makes durable what was learnt; the same act as often as it is learnt is one.
pub async fn keep(store: &impl Store, witnessed: &Witnessed) -> Result<(), StoreError> {
    let key = keys::act(&witnessed.act.key(&witnessed.mark));
    // Plain data with text keys: serde_json cannot fail on it.
    let value = serde_json::to_vec(witnessed).unwrap_or_default();
    store.set(Label::Queue, &key, &value).await
}

/// Notes for the audit what lies under these keys of `queue`. A label that nobody can judge yet is left there, for a day.
pub async fn note_all(store: &impl Store, keys: &[String], now: Timestamp) -> Result<(), RunError> {
    for key in keys.iter().take(NOTED_MAX) {
        let value = store.get(Label::Queue, key).await?;
        let read = value.and_then(|value| serde_json::from_slice::<Witnessed>(&value).ok());
        if let Some(witnessed) = read {
            match matters(store, &witnessed).await? {
                Some(true) => {
                    let key = witnessed.act.key(&witnessed.mark);
                    audit::note(store, &key, &witnessed.act).await?;
                }
                Some(false) => {}
                None if now.since(witnessed.act.at) < AWAITED => continue,
                None => {}
            }
        }
        store.delete_many(Label::Queue, &[key.as_str()]).await?;
    }
    Ok(())
}

/// Whether it is an act of somebody's on a preview; none before the configuration was read.
async fn matters(store: &impl Store, witnessed: &Witnessed) -> Result<Option<bool>, RunError> {
    let (Some(label), Some(repository)) = (&witnessed.label, witnessed.act.repository) else {
        return Ok(Some(true));
    };
    let is_moved =
        |settings: &Settings| settings.is_moved_by(&label.name, label.added, label.of_fork);
    Ok(match settings(store, repository).await? {
        None => None,
        Some(Reading::Valid { settings }) => Some(is_moved(&settings)),
        Some(Reading::Missing) => Some(false),
        Some(Reading::Invalid { in_force, .. }) => {
            Some(in_force.is_some_and(|settings| is_moved(&settings)))
        }
    })
}

async fn settings(
    store: &impl Store,
    repository: RepositoryId,
) -> Result<Option<Reading>, RunError> {
    let known: Repository = browse::current(store, &Key(repository)).await?;
    Ok(known.preview_settings())
}

#[cfg(test)]
mod tests {
    use domain::{
        audit::{Door, Outcome},
        configuration,
        repository::{self, ConfigurationFact, Origin, Outcome as Found, Reading as Read, Version},
    };
    use ports::memory::MemoryStore;

    use super::*;
    use crate::mailbox;

    const REPOSITORY: RepositoryId = RepositoryId(42);

    /// The store in memory answers at once.
    fn wait<T>(future: impl Future<Output = T>) -> T {
        futures_util::FutureExt::now_or_never(future).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(1_795_257_000_000 + seconds * 1_000)
    }

    fn witnessed(name: &str, label: Option<(bool, bool)>) -> Witnessed {
        Witnessed {
            act: Act {
                at: at(0),
                by: "grace".to_owned(),
                door: Door::GitHub,
                act: "label".to_owned(),
                on: "preview/42/7".to_owned(),
                repository: Some(REPOSITORY),
                said: Some(name.to_owned()),
                outcome: Outcome::Allowed,
                reason: None,
            },
            mark: "guid".to_owned(),
            label: label.map(|(added, of_fork)| LabelMoved {
                name: name.to_owned(),
                added,
                of_fork,
            }),
        }
    }

    fn configured(store: &MemoryStore) {
        let text = "version: 1\nbuild: { workflow: CI }\nservices:\n  web:\n    preview:\n      \
                    coolify: { application: web-app, tag: 'pr-{number}' }\n      \
                    url: https://pr-{number}.example.com\n      when: { label: preview, forks: label }\n";
        let read = repository::Fact::Configuration(ConfigurationFact::Read(Read {
            version: Version {
                origin: Origin::Own,
                id: Some("c".repeat(40).parse().unwrap()),
            },
            outcome: Found::Valid(Box::new(configuration::parse(text).unwrap())),
        }));
        let posted = mailbox::post::<Repository>(store, &Key(REPOSITORY), &read, at(0));
        wait(posted).unwrap();
    }

    /// What the audit has after everything was noted that can be, and how many wait.
    fn noted(store: &MemoryStore, now: Timestamp) -> (Vec<String>, usize) {
        let work = wait(crate::reconcile::work(store)).unwrap();
        wait(note_all(store, &work.acts, now)).unwrap();
        let page = wait(audit::page(store, None, 100, |_| true)).unwrap();
        let said = page.acts.into_iter().filter_map(|act| act.said);
        let left = wait(crate::reconcile::work(store)).unwrap().acts.len();
        (said.collect(), left)
    }

    #[test]
    fn what_was_learnt_is_noted_once_however_often_it_comes() {
        let store = MemoryStore::default();
        for _ in 0..2 {
            wait(keep(&store, &witnessed("by a button", None))).unwrap();
        }
        assert_eq!(noted(&store, at(1)), (vec!["by a button".to_owned()], 0));
        wait(keep(&store, &witnessed("by a button", None))).unwrap();
        assert_eq!(noted(&store, at(1)), (vec!["by a button".to_owned()], 0));
    }

    #[test]
    fn labels_count_by_the_configuration_which_is_waited_for_a_day() {
        let store = MemoryStore::default();
        wait(keep(&store, &witnessed("preview", Some((true, false))))).unwrap();
        wait(keep(&store, &witnessed("bug", Some((true, false))))).unwrap();
        assert_eq!(noted(&store, at(86_399)), (Vec::new(), 2));
        configured(&store);
        assert_eq!(noted(&store, at(86_399)), (vec!["preview".to_owned()], 0));
        let late = MemoryStore::default();
        wait(keep(&late, &witnessed("preview", Some((true, false))))).unwrap();
        assert_eq!(noted(&late, at(86_400)), (Vec::new(), 0));
    }

    #[test]
    fn an_approval_of_a_fork_is_noted_by_who_asks_about_it_and_its_end_here() {
        for (added, expected) in [(true, 0), (false, 1)] {
            let store = MemoryStore::default();
            configured(&store);
            wait(keep(&store, &witnessed("preview", Some((added, true))))).unwrap();
            let (said, left) = noted(&store, at(1));
            assert_eq!((said.len(), left), (expected, 0), "added: {added}");
        }
    }
}
