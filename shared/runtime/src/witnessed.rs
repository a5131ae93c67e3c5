//! What people did on GitHub: a label, a button. Components that run previews learn of it and may not write the audit, so it lies in
//! `queue` until `POST /reconcile`, which may, notes it. It is durable before the delivery counts as taken in.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use domain::{
    RepositoryId, Timestamp,
    audit::Act,
    preview::{Reading, Settings},
    repository::{Key, Repository},
};
use ports::{Clock, Label, Store, StoreError};
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

/// Notes for the audit what lies under these keys of `queue`, until the deadline. A label that nobody can judge yet is left there, for
/// a day, and keeps nothing else from being noted.
pub async fn note_all(
    store: &impl Store,
    keys: &[String],
    (clock, deadline): (&impl Clock, Timestamp),
) -> Result<(), StoreError> {
    let mut known = BTreeMap::new();
    let mut finished = 0;
    for key in keys {
        let now = clock.now();
        if finished == NOTED_MAX || now >= deadline {
            break;
        }
        let value = store.get(Label::Queue, key).await?;
        let read = value.and_then(|value| serde_json::from_slice::<Witnessed>(&value).ok());
        if let Some(witnessed) = read {
            match matters(store, &mut known, &witnessed).await? {
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
        finished += 1;
    }
    Ok(())
}

/// What the configurations of repositories say, each read once in a run; none before it was read.
type Known = BTreeMap<RepositoryId, Option<Reading>>;

/// Whether it is an act of somebody's on a preview; none before the configuration was read.
async fn matters(
    store: &impl Store,
    known: &mut Known,
    witnessed: &Witnessed,
) -> Result<Option<bool>, StoreError> {
    let (Some(label), Some(repository)) = (&witnessed.label, witnessed.act.repository) else {
        return Ok(Some(true));
    };
    let is_moved = |settings: &Settings| settings.is_moved_by(&label.name, label.of_fork);
    let reading = match known.entry(repository) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(unknown) => unknown.insert(settings(store, repository).await?),
    };
    Ok(match reading {
        None => None,
        Some(Reading::Valid { settings }) => Some(is_moved(settings)),
        Some(Reading::Missing) => Some(false),
        Some(Reading::Invalid { in_force, .. }) => Some(in_force.as_ref().is_some_and(is_moved)),
    })
}

/// None too of a repository whose record cannot be read: it may be read later.
async fn settings(
    store: &impl Store,
    repository: RepositoryId,
) -> Result<Option<Reading>, StoreError> {
    let known: Result<Repository, RunError> = browse::current(store, &Key(repository)).await;
    match known {
        Ok(known) => Ok(known.preview_settings()),
        Err(RunError::Store(error)) => Err(error),
        Err(RunError::Unreadable { .. } | RunError::Unwritable { .. }) => Ok(None),
    }
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

    struct Standing(Timestamp);

    impl Clock for Standing {
        fn now(&self) -> Timestamp {
            self.0
        }

        async fn sleep(&self, _: Duration) {}
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(1_795_257_000_000 + seconds * 1_000)
    }

    fn witnessed(name: &str, of_fork: Option<bool>) -> Witnessed {
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
            label: of_fork.map(|of_fork| LabelMoved {
                name: name.to_owned(),
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
        let until = (&Standing(now), now.after(AWAITED));
        wait(note_all(store, &work.acts, until)).unwrap();
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
        wait(keep(&store, &witnessed("preview", Some(false)))).unwrap();
        wait(keep(&store, &witnessed("bug", Some(false)))).unwrap();
        assert_eq!(noted(&store, at(86_399)), (Vec::new(), 2));
        configured(&store);
        assert_eq!(noted(&store, at(86_399)), (vec!["preview".to_owned()], 0));
        let late = MemoryStore::default();
        wait(keep(&late, &witnessed("preview", Some(false)))).unwrap();
        assert_eq!(noted(&late, at(86_400)), (Vec::new(), 0));
    }

    #[test]
    fn what_nobody_can_judge_yet_keeps_nothing_else_from_being_noted() {
        let store = MemoryStore::default();
        configured(&store);
        let unreadable = Key(RepositoryId(41)).to_string();
        wait(store.set(Label::Default, &unreadable, b"{")).unwrap();
        for number in 0..NOTED_MAX {
            let mut early = witnessed("preview", Some(false));
            early.act.at = at(-1);
            early.act.repository = Some(RepositoryId(41));
            early.mark = format!("guid-{number}");
            wait(keep(&store, &early)).unwrap();
        }
        wait(keep(&store, &witnessed("preview", Some(false)))).unwrap();
        let noted = noted(&store, at(1));
        assert_eq!(noted, (vec!["preview".to_owned()], NOTED_MAX));
    }

    #[test]
    fn at_the_deadline_the_rest_is_left_to_the_next_run() {
        let store = MemoryStore::default();
        wait(keep(&store, &witnessed("by a button", None))).unwrap();
        let work = wait(crate::reconcile::work(&store)).unwrap();
        let until = (&Standing(at(1)), at(1));
        wait(note_all(&store, &work.acts, until)).unwrap();
        assert_eq!(noted(&store, at(1)), (vec!["by a button".to_owned()], 0));
    }

    #[test]
    fn a_label_that_approves_a_forks_commit_is_noted_whether_it_counts_or_not() {
        let store = MemoryStore::default();
        configured(&store);
        // GitHub is asked only about a label that counts for the head commit: every other try is noted here alone.
        wait(keep(&store, &witnessed("preview", Some(true)))).unwrap();
        assert_eq!(noted(&store, at(1)), (vec!["preview".to_owned()], 0));
    }
}
