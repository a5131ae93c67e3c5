//! What must hold all the way: one runner at a time, never an older commit after a newer one, bounded deployments.

use std::collections::BTreeMap;

use domain::{PreviewId, preview::PullRequestState};

use crate::{
    github::Service,
    kernel::{MINUTE, Micros, SECOND},
    sim::Sim,
};

/// A process between two crashes: which instance, and which of its lives.
pub(crate) type Life = (usize, u32);

/// Who has claimed a lease learns in this time whether the entity is still there: two calls to a store that may be slow.
const CLAIM_LOOKED_AFTER: Micros = 10 * SECOND;

/// A preview: application and number of the pull request.
type Place = (String, u64);

/// So long after a commit was superseded or its pull request closed, nothing may deploy it any more: the look at the pull request
/// may be 30 s old, GitHub's copy 8 s more, the request 30 s under way, and the clocks 4 s apart.
const SUPERSEDED_MAX: Micros = 80 * SECOND;

/// A preview is looked at every two seconds at most, and at once for what is delivered.
const LEASES_A_MINUTE: u64 = 150;

/// One thing is asked for one preview so often in a minute at most: polls come every two seconds, deliveries in bursts.
const CALLS_A_MINUTE: u64 = 45;

/// What was seen so far.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    /// Which task wrote an entity under which lease.
    writers: BTreeMap<String, BTreeMap<u64, u64>>,
    previews: BTreeMap<Place, History>,
    /// How often what was asked of a vendor for a preview in which minute.
    calls: BTreeMap<(String, &'static str), (Micros, u64)>,
    /// How many leases of an entity were taken up in which minute.
    leases: BTreeMap<String, (Micros, u64)>,
    /// How often each commit was deployed as which preview.
    deployments: BTreeMap<(Place, String), u64>,
    /// Who won which claim of a lease that is still there, and when.
    claims: BTreeMap<String, (Life, Micros)>,
    /// When processes died.
    deaths: BTreeMap<Life, Micros>,
    /// The commit that the newest request to deploy is meant for: a tag that moves may stand for another by the time.
    intended: BTreeMap<Place, String>,
}

#[derive(Debug, Default)]
struct History {
    newest_queued: usize,
    newest_started: usize,
    /// The newest head with which it answered.
    newest_answered: Option<usize>,
    /// What gives reason to deploy the same commit again.
    reasons: u64,
    /// Commits whose deployment was refused or failed: they need not run in the end.
    excused: Vec<String>,
}

impl Oracle {
    fn preview(&mut self, application: &str, number: u64) -> &mut History {
        self.previews
            .entry((application.to_owned(), number))
            .or_default()
    }

    /// A value was written to `default`: an entity's record is only ever written by the one task that has its lease.
    pub(crate) fn written(&mut self, sim: &Sim, key: &str, value: &[u8], task: u64) {
        let slashes = key.matches('/').count();
        let is_record = (key.starts_with("preview/") && slashes == 2)
            || (key.starts_with("release/") && slashes == 3)
            || (["repository/", "intake/", "outbox/"]
                .iter()
                .any(|kind| key.starts_with(kind))
                && slashes == 1);
        let Some(epoch) = is_record.then(|| epoch(value)).flatten() else {
            return;
        };
        let writers = self.writers.entry(key.to_owned()).or_default();
        let is_new = !writers.contains_key(&epoch);
        let writer = *writers.entry(epoch).or_insert(task);
        if is_new {
            self.count_lease(sim, key);
        }
        let writers = self.writers.entry(key.to_owned()).or_default();
        if writer != task {
            sim.violate(|| {
                format!(
                    "{key}: two runners write under lease {epoch}: task {writer} and task {task}"
                )
            });
        }
        if let Some((newest, _)) = writers.last_key_value()
            && *newest > epoch
        {
            let newest = *newest;
            sim.violate(|| format!("{key}: written under lease {epoch} after lease {newest}"));
        }
    }

    /// A runner is about to ask a vendor for something.
    pub(crate) fn asked(&mut self, sim: &Sim, id: &str, what: &'static str) {
        let minute = sim.kernel.now() / MINUTE;
        let counted = self.calls.entry((id.to_owned(), what)).or_default();
        if counted.0 != minute {
            *counted = (minute, 0);
        }
        counted.1 += 1;
        if counted.1 > CALLS_A_MINUTE {
            sim.violate(|| format!("{id}: {what}: more than {CALLS_A_MINUTE} times in a minute"));
        }
    }

    /// A runner that finds work that it cannot do takes one lease after the other.
    fn count_lease(&mut self, sim: &Sim, key: &str) {
        let minute = sim.kernel.now() / MINUTE;
        let counted = self.leases.entry(key.to_owned()).or_default();
        if counted.0 != minute {
            *counted = (minute, 0);
        }
        counted.1 += 1;
        if counted.1 > LEASES_A_MINUTE {
            sim.violate(|| format!("{key}: more than {LEASES_A_MINUTE} leases in a minute"));
        }
    }

    pub(crate) fn deleted(&mut self, key: &str) {
        self.writers.remove(key);
        self.claims.remove(key);
    }

    /// The first increment of a counter of `default`.
    pub(crate) fn counted_first(&mut self, key: &str, life: Life, at: Micros) {
        if key.contains("/lease/") {
            self.claims.insert(key.to_owned(), (life, at));
        }
    }

    /// A process died.
    pub(crate) fn died(&mut self, life: Life, at: Micros) {
        self.deaths.insert(life, at);
    }

    /// Whether whoever won this claim of a lease died before he could find that the entity is gone.
    pub(crate) fn is_claim_of_one_who_died(&self, key: &str) -> bool {
        self.claims.get(key).is_some_and(|(life, claimed_at)| {
            let died_at = self.deaths.get(life);
            died_at.is_some_and(|died_at| *died_at <= claimed_at + CLAIM_LOOKED_AFTER)
        })
    }

    /// A runner is about to ask for the deployment of a commit.
    pub(crate) fn intended(&mut self, application: &str, number: u64, commit: &str) {
        self.intended
            .insert((application.to_owned(), number), commit.to_owned());
    }

    /// Coolify took a deployment on. `image` is what its tag stands for now.
    pub(crate) fn deployment_queued(
        &mut self,
        sim: &Sim,
        application: &str,
        number: u64,
        image: Option<&str>,
    ) {
        let github = sim.github.borrow();
        let Some(pull) = github.pull_of(application, number) else {
            sim.violate(|| {
                format!("{application} #{number}: deployed, but there is no such pull request")
            });
            return;
        };
        let Some(commit) = image else {
            sim.violate(|| format!("{application} #{number}: deployed before its image was built"));
            return;
        };
        // A tag that moves may stand for a newer image by the time the request arrives: then what was asked for counts.
        let service = github.service_of(application);
        let moves = service.is_some_and(|service| !service.tag_names_commit());
        let asked = self.intended.get(&(application.to_owned(), number));
        let asked = asked.filter(|_| moves).map_or(commit, String::as_str);
        if github.needs_approval(pull, application) {
            sim.statistics.approved.add(1);
            if !pull.was_approved(asked) {
                sim.violate(|| {
                    format!("{application} #{number}: {asked:.7} of a fork is deployed, and nobody who may approved it")
                });
            }
        }
        if github.skipped.contains(asked) {
            sim.violate(|| {
                format!("{application} #{number}: {asked:.7} asks for no preview and is deployed")
            });
        }
        if service.is_some_and(|service| !github.concerns(service, asked)) {
            sim.violate(|| {
                format!("{application} #{number}: {asked:.7} changes nothing that concerns it")
            });
        }
        let now = sim.kernel.now();
        let index = pull.index_of(commit).unwrap_or_default();
        let closed_since = pull
            .versions
            .iter()
            .rev()
            .take_while(|(_, version)| version.state != PullRequestState::Open)
            .last()
            .map(|(since, _)| *since);
        if closed_since.is_some_and(|since| since + SUPERSEDED_MAX < now) {
            sim.violate(|| format!("{application} #{number}: deployed long after it was closed"));
        }
        if pull.head() != commit && pull.head_since + SUPERSEDED_MAX < now {
            sim.violate(|| {
                format!(
                    "{application} #{number}: {commit:.7} deployed long after it was superseded"
                )
            });
        }
        let history = self.preview(application, number);
        if index < history.newest_queued {
            sim.violate(|| {
                format!("{application} #{number}: {commit:.7} is deployed after a newer commit")
            });
        }
        history.newest_queued = history.newest_queued.max(index);
        let allowed = 1 + history.reasons;
        let place = (application.to_owned(), number);
        let meant = self.intended.get(&place).cloned().unwrap_or_default();
        let commit = meant.as_str();
        let count = self.deployments.entry((place, meant.clone())).or_default();
        *count += 1;
        let count = *count;
        if count > allowed {
            sim.violate(|| {
                format!("{application} #{number}: {commit:.7} is deployed {count} times, with reasons for {allowed}")
            });
        }
    }

    /// The platform API took a request, which may be made again as often as its answer is lost.
    pub(crate) fn asked_again_at_will(
        &mut self,
        sim: &Sim,
        application: &str,
        number: u64,
        image: Option<&str>,
    ) {
        self.preview(application, number).reasons += 1;
        self.deployment_queued(sim, application, number, image);
    }

    /// A preview answered as it should.
    pub(crate) fn answered(&mut self, sim: &Sim, application: &str, number: u64, commit: &str) {
        let github = sim.github.borrow();
        let pull = github.pull_of(application, number);
        let index = pull.and_then(|pull| pull.index_of(commit));
        let history = self.preview(application, number);
        history.newest_answered = history.newest_answered.max(index);
    }

    /// A runner is about to ask for a deployment of `service`: all that it needs must have answered with that commit, or a newer one.
    pub(crate) fn must_be_next(
        &mut self,
        sim: &Sim,
        service: &Service,
        id: PreviewId,
        commit: &str,
    ) {
        let github = sim.github.borrow();
        let index = github.pull(id).and_then(|pull| pull.index_of(commit));
        for needed in github.siblings(service) {
            if !service.needs.contains(&needed.name) {
                continue;
            }
            sim.statistics.in_order.add(1);
            let answered = self.preview(&needed.url_of, id.number.0).newest_answered;
            if answered.is_none() || answered < index {
                sim.violate(|| {
                    let (name, need) = (&service.name, &needed.name);
                    format!("{id}: {commit:.7} of {name} is deployed before {need}, which it needs")
                });
            }
        }
    }

    /// A container was started.
    pub(crate) fn container_started(
        &mut self,
        sim: &Sim,
        application: &str,
        number: u64,
        commit: &str,
    ) {
        let index = sim
            .github
            .borrow()
            .pull_of(application, number)
            .and_then(|pull| pull.index_of(commit))
            .unwrap_or_default();
        let history = self.preview(application, number);
        if index < history.newest_started {
            sim.violate(|| {
                format!("{application} #{number}: {commit:.7} runs after a newer commit")
            });
        }
        history.newest_started = history.newest_started.max(index);
    }

    pub(crate) fn deployment_failed(&mut self, application: &str, number: u64, commit: &str) {
        let history = self.preview(application, number);
        history.reasons += 1;
        history.excused.push(commit.to_owned());
    }

    pub(crate) fn refused(&mut self, application: &str, number: u64) {
        let history = self.preview(application, number);
        // Refused for good, until a person does something: any commit may be meant.
        history.excused.push(String::new());
    }

    pub(crate) fn in_the_way(&mut self, application: &str, number: u64) {
        self.preview(application, number).reasons += 1;
    }

    pub(crate) fn removed(&mut self, application: &str, number: u64) {
        self.preview(application, number).reasons += 1;
    }

    /// Whether a preview of the commit need not run in the end.
    pub(crate) fn is_excused(&self, application: &str, number: u64, commit: &str) -> bool {
        self.previews
            .get(&(application.to_owned(), number))
            .is_some_and(|history| {
                history
                    .excused
                    .iter()
                    .any(|excused| excused.is_empty() || excused == commit)
            })
    }

    /// From now on the vendors work, and a person pushed: nothing is excused any more.
    pub(crate) fn excuse_nothing(&mut self) {
        for history in self.previews.values_mut() {
            history.excused.clear();
        }
    }

    /// How often a commit was deployed.
    pub(crate) fn deployments(&self, application: &str, number: u64, commit: &str) -> u64 {
        let place = (application.to_owned(), number);
        self.deployments
            .get(&(place, commit.to_owned()))
            .copied()
            .unwrap_or_default()
    }
}

/// The lease in the beginning of a stored entity.
fn epoch(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value.get(..48.min(value.len()))?).ok()?;
    let (_, rest) = text.split_once("\"epoch\":")?;
    rest.split(',').next()?.parse().ok()
}
