//! Builds, from what environments and previews keep of their runs. A page reads at most so many of them.

use domain::{
    build::{Build, BuildStatus},
    preview::Preview,
    release::Line,
};
use ports::{Clock, Log, Store};
use runtime::browse;

use super::{
    Entities,
    keepers::{Keeper, cursor, keeper_after},
    pages::{READ_MAX, first, repository_of},
};
use crate::{
    Problem, Reply,
    caller::Sees,
    model::{BuildEntry, BuildList},
    query::Query,
};

/// The builds of so many environments and previews at most are on one page.
pub const PAGE_MAX: usize = 25;
/// Of one of them so many are shown, the newest.
const OF_ONE_MAX: usize = 10;

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    pub(super) async fn list_builds(&self, query: &Query, sees: &Sees) -> Result<Reply, Problem> {
        query.only(&["repository", "status", "limit", "cursor"])?;
        let repository = repository_of(query)?;
        let status = status_of(query)?;
        let limit = query.limit(PAGE_MAX)?;
        let after = keeper_after(query)?;
        let mut keepers = self.keepers(repository, sees).await?;
        keepers.retain(|keeper| keeper.follows(after.as_ref()));
        let keepers = first(keepers, Keeper::order);
        let mut list = BuildList {
            builds: Vec::new(),
            next: None,
        };
        let mut found = 0;
        let mut rest = keepers.iter().take(READ_MAX + 1).enumerate().peekable();
        while let Some((read, keeper)) = rest.next() {
            let (name, mut builds) = self.builds_of(keeper).await?;
            builds.retain(|build| status.is_none_or(|status| build.status == status));
            builds.truncate(OF_ONE_MAX);
            found += usize::from(!builds.is_empty());
            for build in &builds {
                add(&mut list.builds, keeper, name.as_deref(), build);
            }
            if found == limit || read + 1 == READ_MAX {
                list.next = rest.peek().map(|_| cursor(keeper));
                break;
            }
        }
        Ok(Reply::ok(&list))
    }

    /// The builds that it knows, and the repository's name.
    async fn builds_of(&self, keeper: &Keeper) -> Result<(Option<String>, Vec<Build>), Problem> {
        match keeper {
            Keeper::Line(id) => {
                let line = browse::state::<Line>(&self.store, id).await;
                let line = self.readable(id, line)?;
                let name = line.as_ref().and_then(|line| line.repository());
                let name = name.map(ToString::to_string);
                Ok((name, line.map(|line| line.builds()).unwrap_or_default()))
            }
            Keeper::Preview(id) => {
                let preview = browse::state::<Preview>(&self.store, id).await;
                let preview = self.readable(id, preview)?;
                let shown = preview.as_ref().and_then(|preview| preview.pull_request());
                let name = shown.map(|shown| shown.repository.to_string());
                Ok((
                    name,
                    preview.map(|preview| preview.builds()).unwrap_or_default(),
                ))
            }
        }
    }
}

/// Adds a build, or who else uses it: staging and production know the same one.
fn add(builds: &mut Vec<BuildEntry>, keeper: &Keeper, name: Option<&str>, build: &Build) {
    let repository_id = keeper.repository().0;
    let is_it = |known: &&mut BuildEntry| {
        known.repository_id == repository_id
            && known.run == build.run
            && known.attempt == build.attempt
    };
    if let Some(known) = builds.iter_mut().find(is_it) {
        known.used_by.push(keeper.to_string());
        if known.url.is_none() {
            known.url.clone_from(&build.url);
        }
        for image in &build.images {
            if !known.images.contains(image) {
                known.images.push(image.clone());
            }
        }
        return;
    }
    let (workflow, reference) = build.source.clone().unzip();
    builds.push(BuildEntry {
        repository_id,
        repository: name.map(str::to_owned),
        run: build.run,
        attempt: build.attempt,
        status: build.status.name().to_owned(),
        commit: build.commit.to_string(),
        title: build.title.clone(),
        workflow,
        reference: reference.flatten(),
        url: build.url.clone(),
        images: build.images.clone(),
        used_by: vec![keeper.to_string()],
    });
}

fn status_of(query: &Query) -> Result<Option<BuildStatus>, Problem> {
    let Some(text) = query.one("status")? else {
        return Ok(None);
    };
    let found = BuildStatus::ALL.into_iter().find(|one| one.name() == text);
    found.map(Some).ok_or_else(|| {
        let known = BuildStatus::ALL.map(BuildStatus::name).join(", ");
        Problem::bad_request(format!(
            "the parameter status is {text:?}, expected one of {known}"
        ))
    })
}
