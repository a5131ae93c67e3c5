//! What a service is previewed on, and what is there of it, whoever has it.

use domain::{PullRequestNumber, RepositoryId, TargetId};

use crate::{
    coolify::Container,
    github::{GitHub, Service},
    kubernetes,
    sim::Sim,
};

/// What a service is previewed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// An application of Coolify's.
    Coolify,
    /// The virtual cluster of the pull request.
    Cluster,
    /// The namespace of the pull request, which its builds make.
    Namespace,
}

impl Service {
    /// Whether it is on what the product knows by this.
    pub(crate) fn is_on(&self, target: &TargetId) -> bool {
        match target {
            TargetId::Coolify(uuid) => self.on == On::Coolify && self.application == uuid.as_str(),
            TargetId::VirtualCluster => self.on == On::Cluster,
            TargetId::Namespace => self.on == On::Namespace,
        }
    }

    /// By what the product knows what it is on.
    pub(crate) fn target(&self) -> &str {
        match self.on {
            On::Coolify => &self.application,
            On::Cluster => CLUSTER,
            On::Namespace => NAMESPACE,
        }
    }
}

const CLUSTER: &str = "platform:vcluster";
const NAMESPACE: &str = "kubernetes:namespace";

impl GitHub {
    /// The service of a repository that is on this target.
    pub(crate) fn service_on(
        &self,
        repository: RepositoryId,
        target: &TargetId,
    ) -> Option<&Service> {
        let found = self.repositories.iter().find(|one| one.id == repository)?;
        let mut services = found.services.iter();
        services.find(|service| service.is_on(target))
    }

    /// Whose application it is.
    pub(crate) fn repository_with(&self, application: &str) -> Option<RepositoryId> {
        let uses = |service: &Service| service.application == application;
        let mut all = self.repositories.iter();
        all.find(|one| one.services.iter().any(uses))
            .map(|one| one.id)
    }
}

/// What runs as the preview of a pull request on an application.
pub(crate) fn container(sim: &Sim, application: &str, number: u64) -> Option<Container> {
    let github = sim.github.borrow();
    let repository = github.repository_with(application)?;
    match github.service_of(application)?.on {
        On::Coolify => sim.coolify.borrow().container(application, number).cloned(),
        On::Cluster => sim.platform.borrow().container(repository, number).cloned(),
        On::Namespace => {
            let kubernetes = sim.kubernetes.borrow();
            let own = kubernetes.own(repository, PullRequestNumber(number));
            own.filter(|own| !own.going)
                .and_then(|own| own.container.clone())
        }
    }
}

/// Whether anything is there that a removal would take away.
pub(crate) fn is_there(
    sim: &Sim,
    service: &Service,
    repository: RepositoryId,
    number: u64,
) -> bool {
    match service.on {
        On::Coolify => {
            let coolify = sim.coolify.borrow();
            let found = coolify.applications.get(&service.application);
            let preview = found.and_then(|found| found.previews.get(&number));
            preview.is_some_and(|preview| preview.shown || preview.container.is_some())
        }
        On::Cluster => sim.platform.borrow().has(repository, number),
        On::Namespace => {
            let kubernetes = sim.kubernetes.borrow();
            kubernetes
                .own(repository, PullRequestNumber(number))
                .is_some()
        }
    }
}

/// The numbers of the previews that an application shows.
pub(crate) fn shown(sim: &Sim, application: &str) -> Vec<u64> {
    let github = sim.github.borrow();
    let service = github.service_of(application);
    match (
        service.map(|service| service.on),
        github.repository_with(application),
    ) {
        (Some(On::Coolify), _) => {
            let coolify = sim.coolify.borrow();
            let found = coolify.applications.get(application).into_iter();
            let previews = found.flat_map(|found| &found.previews);
            let shown = previews.filter(|(_, preview)| preview.shown);
            shown.map(|(number, _)| *number).collect()
        }
        (Some(On::Cluster), Some(repository)) => sim.platform.borrow().numbers_of(repository),
        // Whoever makes namespaces asks nobody for a place.
        (Some(On::Cluster | On::Namespace), _) | (None, _) => Vec::new(),
    }
}

/// What builds make of a namespace is there for whoever looks: `kubernetes` has it.
pub(crate) fn deploy_of_build(
    sim: &std::rc::Rc<Sim>,
    service: &Service,
    repository: RepositoryId,
    number: PullRequestNumber,
    commit: &str,
) {
    if service.on == On::Namespace {
        kubernetes::apply_later(sim, repository, number, commit);
    }
}
