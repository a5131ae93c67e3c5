//! Installations of the GitHub App: a page, one, and letting go what is held back.

use domain::{
    audit::Act,
    installation::{Fact, HeldBack, Installation, Key, Selection},
};
use ports::{Clock, Log, Store};
use runtime::browse;

use super::{
    Entities,
    pages::{PAGE_MAX, not_a_cursor},
    view::{count, rate_limit},
};
use crate::{
    Problem, Reply,
    caller::Sees,
    model::{self, HeldBackLosses, InstallationList},
    query::Query,
};

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    pub(super) async fn list_installations(
        &self,
        query: &Query,
        sees: &Sees,
    ) -> Result<Reply, Problem> {
        query.only(&["limit", "cursor"])?;
        let limit = query.limit(PAGE_MAX)?;
        let after = query
            .one("cursor")?
            .map(|text| text.parse::<u64>().map_err(|_| not_a_cursor(text)))
            .transpose()?;
        let mut keys = self.ids::<Installation>().await?;
        keys.retain(|key| sees.installation(*key));
        keys.retain(|key| after.is_none_or(|after| key.0.0 > after));
        keys.sort_unstable();
        let more = keys.len() > limit;
        keys.truncate(limit);
        let mut list = InstallationList {
            installations: Vec::new(),
            next: keys.last().filter(|_| more).map(|key| key.0.to_string()),
        };
        for key in keys {
            let read = browse::state::<Installation>(&self.store, &key).await;
            let installation = self.readable(&key, read)?;
            if let Some(installation) = installation {
                list.installations
                    .push(self.view_installation(&installation, sees).await?);
            }
        }
        Ok(Reply::ok(&list))
    }

    pub(super) async fn show_installation(&self, key: Key, sees: &Sees) -> Result<Reply, Problem> {
        let installation = self.installation(key).await?;
        Ok(Reply::ok(
            &self.view_installation(&installation, sees).await?,
        ))
    }

    /// Refused if nothing is held back: whoever asks looked at something that has changed since.
    pub(super) async fn allow_losses(&self, key: Key, act: &Act) -> Result<Reply, Problem> {
        if self.installation(key).await?.held_back().is_none() {
            return Err(Problem::conflict(format!(
                "no losses are held back in {key}"
            )));
        }
        self.tell::<Installation>(&key, &Fact::LossesAllowed, act)
            .await
    }

    async fn view_installation(
        &self,
        installation: &Installation,
        sees: &Sees,
    ) -> Result<model::Installation, Problem> {
        let mut view = view(installation, sees);
        if !sees.is_everything() {
            // How much all repositories of the account together ask of GitHub is not told to who sees some of them.
            return Ok(view);
        }
        let limit = browse::rate_limit_of(&self.store, installation.id).await?;
        view.rate_limit = limit
            .and_then(|limit| limit.budget)
            .map(|budget| rate_limit(budget, self.clock.now()));
        Ok(view)
    }

    async fn installation(&self, key: Key) -> Result<Installation, Problem> {
        let installation = browse::state::<Installation>(&self.store, &key).await?;
        installation.ok_or_else(|| Problem::unknown(&key))
    }
}

/// Of repositories that who asks may not see neither ids nor numbers.
fn view(installation: &Installation, sees: &Sees) -> model::Installation {
    let details = installation.details();
    let permissions = details.map(|details| &details.permissions);
    model::Installation {
        id: installation.id.0,
        account: details.map(|details| details.login.clone()),
        target_type: details.map(|details| details.target_type.clone()),
        selection: details.map(|details| {
            let selection = match details.selection {
                Selection::All => "all",
                Selection::Selected => "selected",
            };
            selection.to_owned()
        }),
        repositories: count(
            installation
                .reached_repositories()
                .filter(|id| sees.repository(*id))
                .count(),
        ),
        permissions: permissions
            .into_iter()
            .flatten()
            .map(|(name, access)| format!("{name}: {access}"))
            .collect(),
        suspended_at: details
            .and_then(|details| details.suspended_at)
            .map(|at| at.to_string()),
        gone: installation.is_gone(),
        looked_at: installation.looked_at().map(|at| at.to_string()),
        trouble: installation.trouble().map(|trouble| {
            // It may name a repository.
            let shown = if sees.is_everything() {
                trouble
            } else {
                "the last look did not work: how is shown to who has a token of the API"
            };
            shown.to_owned()
        }),
        rate_limit: None,
        held_back: installation
            .held_back()
            .map(|held_back| held_back_view(held_back, sees)),
    }
}

fn held_back_view(held_back: &HeldBack, sees: &Sees) -> HeldBackLosses {
    let all = held_back.repositories.iter();
    let shown: Vec<u64> = all
        .filter(|id| sees.repository(**id))
        .map(|id| id.0)
        .collect();
    let reason = if sees.is_everything() {
        held_back.to_string()
    } else {
        "repositories are missing from the App's installation without an event that says so"
            .to_owned()
    };
    HeldBackLosses {
        others: shown.len() < held_back.repositories.len(),
        repositories: shown,
        reason,
        since: held_back.since.to_string(),
    }
}
