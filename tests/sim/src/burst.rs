//! Many pull requests at once: 200 within a minute against a Coolify that takes 200 requests a minute, queues 25 deployments and
//! runs two at a time, while another repository opens a few. Nothing fails but by these limits.

use std::{collections::BTreeMap, rc::Rc};

use domain::{
    PreviewId, PullRequestNumber, RepositoryId,
    configuration::Forks,
    preview::{PullRequest, PullRequestState},
};

use crate::{
    Options, Storm,
    coolify::{Application, Limits},
    github::{Pull, Repository, Service, ci, deliveries},
    instance,
    kernel::{MINUTE, Micros, SECOND},
    seed, settled,
    sim::Sim,
    targets::On,
};

/// Who opens so many.
const CROWD: u64 = 1_000;
/// Who opens a few while the crowd waits.
const OTHER: u64 = 2_000;
const CROWD_SIZE: u64 = 200;
/// Nobody waits for longer than this.
const ENDS_WITHIN: u64 = 90 * MINUTE;

/// How a burst went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Burst {
    /// What did not hold; none if all ended ready.
    pub violation: Option<String>,
    /// Requests to Coolify.
    pub asked: u64,
    /// Those that Coolify refused with 429.
    pub refused: u64,
    /// When the last of the crowd was ready, in seconds after the first was opened.
    pub crowd_ready: u64,
    /// The longest time from the opening of a pull request of the other repository until it was ready, in seconds.
    pub other_waited: u64,
}

/// Plays one burst.
pub fn burst(seed: u64) -> Burst {
    let options = Options {
        storm: Storm::Calm,
        ..Options::default()
    };
    let sim = Rc::new(seed::make(seed, &options, false));
    sim.coolify.borrow_mut().limits = Some(Limits::default());
    let mut opened: BTreeMap<PreviewId, Micros> = BTreeMap::new();
    let repositories = [CROWD, OTHER].map(|id| make_repository(&sim, id));
    for number in 1..=CROWD_SIZE {
        let at = sim.random.below(MINUTE);
        opened.insert(id_of(CROWD, number), at);
        let repository = repositories[0];
        sim.after(at, move |sim| open(sim, repository, CROWD, number));
    }
    for number in 1..=3 {
        let at = number * 2 * MINUTE;
        opened.insert(id_of(OTHER, number), at);
        let repository = repositories[1];
        sim.after(at, move |sim| open(sim, repository, OTHER, number));
    }
    for instance in 0..sim.instances.len() {
        instance::begin(&sim, instance);
    }
    let mut ready: BTreeMap<PreviewId, Micros> = BTreeMap::new();
    while ready.len() < opened.len() && sim.kernel.now() < ENDS_WITHIN {
        if !sim.kernel.run_until(sim.kernel.now() + 5 * SECOND) {
            break;
        }
        for id in opened.keys().filter(|id| is_ready(&sim, **id)) {
            ready.entry(*id).or_insert(sim.kernel.now());
        }
    }
    // The comments say so a little later.
    sim.kernel.run_until(sim.kernel.now() + 5 * MINUTE);
    let found = sim.violation.borrow().clone();
    let wrong = || settled::world(&sim).and_then(|()| settled::no_delivery_is_dead(&sim));
    let late = || format!("{} of {} are ready", ready.len(), opened.len());
    let violation = found
        .or_else(|| wrong().err())
        .or_else(|| (ready.len() < opened.len()).then(late));
    let waited = |repository: u64| {
        let of = ready.iter().filter(|(id, _)| id.repository.0 == repository);
        let waited = of.filter_map(|(id, at)| Some(at.saturating_sub(*opened.get(id)?) / SECOND));
        waited.max().unwrap_or_default()
    };
    let (asked, refused) = sim
        .coolify
        .borrow()
        .limits
        .as_ref()
        .map_or((0, 0), Limits::counted);
    sim.kernel.clear();
    Burst {
        violation,
        asked,
        refused,
        crowd_ready: waited(CROWD),
        other_waited: waited(OTHER),
    }
}

fn id_of(repository: u64, number: u64) -> PreviewId {
    PreviewId {
        repository: RepositoryId(repository),
        number: PullRequestNumber(number),
    }
}

fn make_repository(sim: &Rc<Sim>, id: u64) -> usize {
    let service = Service {
        name: "web".to_owned(),
        on: On::Coolify,
        application: format!("app{id}"),
        url_of: format!("app{id}"),
        needs: Vec::new(),
        tag: "{commit}",
        label: None,
        drafts: true,
        forks: Forks::Never,
        paths: None,
        limit: None,
        ttl: None,
    };
    let application = service.application.clone();
    let mut coolify = sim.coolify.borrow_mut();
    coolify
        .applications
        .insert(application, Application::default());
    let mut github = sim.github.borrow_mut();
    let first = github.commit();
    github.repositories.push(Repository {
        configured: first
            .into_iter()
            .map(|commit| (sim.kernel.now(), commit, true))
            .collect(),
        id: RepositoryId(id),
        names: vec![format!("acme/shop{id}")],
        services: vec![service],
        workflow: "CI",
    });
    github.repositories.len() - 1
}

fn open(sim: &Rc<Sim>, repository: usize, repository_id: u64, number: u64) {
    let id = id_of(repository_id, number);
    let now = sim.kernel.now();
    let mut github = sim.github.borrow_mut();
    let Some(head_commit) = github.commit() else {
        return;
    };
    let Ok(name) = format!("acme/shop{repository_id}").parse() else {
        return;
    };
    let pull_request = PullRequest {
        updated_at: deliveries::whole_second(sim.now()),
        state: PullRequestState::Open,
        title: "A change".to_owned(),
        author: "ada".to_owned(),
        draft: false,
        labels: Vec::new(),
        head_branch: format!("branch-{number}"),
        head_commit: head_commit.clone(),
        head_repository: Some(RepositoryId(repository_id)),
        base_branch: "main".to_owned(),
        repository: name,
        default_branch: "main".to_owned(),
        archived: false,
    };
    github.pulls.push(Pull {
        id,
        repository,
        versions: vec![(now, pull_request.clone())],
        commits: vec![head_commit.as_str().to_owned()],
        runs: Vec::new(),
        approved: Vec::new(),
        head_since: now,
    });
    drop(github);
    deliveries::send_pull(sim, id, "opened", &pull_request);
    ci::begin(sim, id, true);
}

/// Whether what answers is the head commit.
fn is_ready(sim: &Rc<Sim>, id: PreviewId) -> bool {
    let github = sim.github.borrow();
    let coolify = sim.coolify.borrow();
    let head = github.pull(id).map(Pull::head);
    let application = format!("app{}", id.repository);
    let container = coolify.container(&application, id.number.0);
    container.is_some_and(|container| {
        let answers = container
            .healthy_at
            .is_some_and(|at| at <= sim.kernel.now());
        answers && Some(container.commit.as_str()) == head
    })
}
