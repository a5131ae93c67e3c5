//! The stored previews of repositories: listed once for a request, since that lists the whole store of entities.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    marker::PhantomData,
};

use domain::{PreviewId, PullRequestNumber, RepositoryId, entity::Entity, preview::Preview};
use ports::{Label, Store};

use crate::{RunError, record::Record};

/// The stored previews. `P` is the preview as it is stored.
pub struct StoredPreviews<P> {
    listed: RefCell<Option<BTreeSet<PreviewId>>>,
    preview: PhantomData<P>,
}

impl<P> Default for StoredPreviews<P> {
    fn default() -> Self {
        Self {
            listed: RefCell::default(),
            preview: PhantomData,
        }
    }
}

impl<P> StoredPreviews<P>
where
    P: Entity<Id = PreviewId> + AsRef<Preview>,
{
    /// Those of one repository.
    pub async fn of(
        &self,
        store: &impl Store,
        repository: RepositoryId,
    ) -> Result<BTreeMap<PullRequestNumber, Preview>, RunError> {
        let known = self.listed.borrow().clone();
        let all = match known {
            Some(all) => all,
            None => {
                let keys = store.keys(Label::Default).await?;
                let all: BTreeSet<PreviewId> =
                    keys.iter().filter_map(|key| key.parse().ok()).collect();
                self.listed.borrow_mut().get_or_insert(all).clone()
            }
        };
        let mut previews = BTreeMap::new();
        for preview in all
            .iter()
            .filter(|preview| preview.repository == repository)
        {
            let record: Option<Record<P>> = Record::read(store, preview).await?;
            if let Some(record) = record {
                previews.insert(preview.number, record.state.as_ref().clone());
            }
        }
        Ok(previews)
    }
}
