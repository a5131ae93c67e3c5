//! What people are told outside of GitHub when the state of the environment changes: letters for the repository's outbox, one
//! for each change. They are handed over when nothing of the release itself is to be done, so a notice delays none.

use super::{
    Action, Asked, Failure, Kind, Line,
    plan::{Wish, due},
    progress::deploy_key,
    standing::Standing,
    state::Running,
};
use crate::{
    CommitSha, Timestamp, argocd,
    notice::{Event, Link, Next, Notice, Place, Version},
    outbox::{Catalog, Letter},
    release::Terms,
};

impl Line {
    /// So many letters wait at most: the oldest of more tell of what is long over.
    const LETTERS_MAX: usize = 20;

    /// The next letter to be handed over.
    pub(super) fn announce_next(&self, now: Timestamp) -> Wish {
        let Some(letter) = self.letters.first() else {
            return Wish::Nothing;
        };
        due(&self.announcing, now, now, || Action::Announce {
            letter: Box::new(letter.clone()),
        })
    }

    /// The outbox has the letter.
    pub(super) fn announced(&mut self, number: u64) {
        self.announcing.succeed();
        self.letters.retain(|letter| letter.number != number);
    }

    /// The release in hand is live, `at` now.
    pub(super) fn announce_success(&mut self, running: &Running, at: Timestamp) {
        let broken_since = self.broken_since.take();
        let event = match &running.kind {
            Kind::Deploy => broken_since.map_or(Event::Released, |broken_since| Event::Recovered {
                broken_since,
            }),
            Kind::Rollback { reason, by, .. } => Event::RolledBack {
                from: self.earlier(running.from.as_ref().unwrap_or(&running.commit)),
                reason: reason.clone(),
                by: by.clone(),
            },
        };
        self.announce(event, running.version(), at);
    }

    /// The release in hand failed; whether it is taken back is decided.
    pub(super) fn announce_failure(&mut self, running: &Running, failure: &Failure, at: Timestamp) {
        let event = match failure {
            Failure::Infrastructure(reason) => Event::NotReleased {
                reason: reason.clone(),
            },
            Failure::Artefact(reason) => {
                self.broken_since.get_or_insert(at);
                Event::Broke {
                    reason: reason.clone(),
                    next: match &self.way_back {
                        Some(_) => Next::RollsBack,
                        None => Next::NeedsAPerson,
                    },
                }
            }
        };
        self.announce(event, running.version(), at);
    }

    /// A commit cannot be released as it is.
    pub(super) fn announce_not_begun(&mut self, commit: &CommitSha, reason: &str, at: Timestamp) {
        let event = Event::NotReleased {
            reason: reason.to_owned(),
        };
        let version = self.earlier(commit);
        self.announce(event, version, at);
    }

    /// Tells once of each thing that a commit, and each build of it, waits for from people.
    pub(super) fn announce_waiting(&mut self, at: Timestamp) {
        let Some(terms) = &self.terms else {
            return;
        };
        let waiting: Vec<(CommitSha, String, Event)> = self
            .candidates
            .iter()
            .filter_map(|(commit, candidate)| {
                let key = deploy_key(commit, candidate, candidate.build(&self.id, terms));
                let event = match self.standing(commit, candidate, terms, at) {
                    Standing::Diverged(of) => Event::Waiting {
                        reason: format!("it does not contain {}", of.short()),
                    },
                    Standing::Unfounded(reason) => Event::Waiting { reason },
                    // Whose approval counts is about to be known.
                    Standing::Unapproved { .. } if self.awaits_authors(candidate) => return None,
                    Standing::Untested {
                        reason,
                        has_failed: true,
                    } => Event::Waiting { reason },
                    Standing::Unapproved { needed, given } => {
                        Event::WaitingForApproval { needed, given }
                    }
                    Standing::Unattributed(reason) => Event::Waiting { reason },
                    Standing::Unbuilt(_)
                    | Standing::Upstream(..)
                    | Standing::Unordered(_)
                    | Standing::Outrun(_)
                    | Standing::Untested {
                        has_failed: false, ..
                    }
                    | Standing::Ready => return None,
                };
                Some((commit.clone(), key, event))
            })
            .collect();
        for (commit, key, event) in waiting {
            let Some(candidate) = self.candidates.get_mut(&commit) else {
                continue;
            };
            if !candidate.announced.is_new(key, event.name()) {
                continue;
            }
            let version = self.earlier(&commit);
            self.announce(event, version, at);
        }
    }

    /// What is known of a commit that is not in hand.
    fn earlier(&self, commit: &CommitSha) -> Version {
        let waiting = self.candidates.get(commit).map(|waiting| waiting.title());
        let ended = || {
            let mut newest_first = self.ended.iter().rev();
            newest_first
                .find(|ended| ended.commit == *commit)
                .map(|ended| ended.title.clone())
        };
        Version {
            commit: commit.clone(),
            title: waiting.or_else(ended).unwrap_or_default(),
            image: None,
        }
    }

    fn announce(&mut self, event: Event, version: Version, at: Timestamp) {
        let (Some(repository), Some(terms)) = (&self.repository, &self.terms) else {
            return;
        };
        let notice = Notice {
            place: Place {
                repository: repository.clone(),
                service: self.id.service.to_string(),
                environment: self.id.environment.to_string(),
            },
            event,
            version,
            at,
            links: links(&self.id.environment.to_string(), terms),
        };
        let catalog = notice.is_success().then(|| Catalog {
            repository: repository.clone(),
            entity: terms.backstage.clone(),
        });
        self.letters_written += 1;
        let letter = Letter::new(
            (self.id.clone(), self.letters_written),
            notice,
            terms.notify.as_ref(),
            catalog,
        );
        self.letters.push(letter);
        let surplus = self.letters.len().saturating_sub(Self::LETTERS_MAX);
        self.letters.drain(..surplus);
    }
}

impl Running {
    fn version(&self) -> Version {
        let image = match &self.asked {
            Asked::Setting(argocd::Setting::KustomizeImage { image, version }) => {
                Some(format!("{image}{version}"))
            }
            Asked::Commit(wanted) => Some(wanted.to_string()),
            Asked::Setting(argocd::Setting::HelmParameter { .. })
            | Asked::Sync
            | Asked::History(_) => None,
        };
        Version {
            commit: self.commit.clone(),
            title: self.title.clone(),
            image,
        }
    }
}

/// Where people look at the environment.
fn links(environment: &str, terms: &Terms) -> Vec<Link> {
    let url = terms.url.iter();
    url.map(|url| Link {
        name: environment.to_owned(),
        url: url.clone(),
    })
    .collect()
}
