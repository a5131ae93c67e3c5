//! The word of a person on GitHub, by a label or a button: GitHub is asked whether it counts, and it is kept for the audit.

use domain::{
    PreviewId, RepositoryName,
    audit::{Act, Door, Outcome},
    entity::Entity,
    preview::{Fact, LabelAdded, Permission, Preview, PullRequestState, Request, Trouble, Wish},
};
use ports::{Clock, Http, Log, Store};

use super::PreviewExecutor;
use crate::{RunError, browse, witnessed, witnessed::Witnessed};

impl<V, H, C, L, S, P> PreviewExecutor<V, H, C, L, S, P>
where
    V: Http,
    H: Http,
    C: Clock,
    L: Log,
    S: Store,
    P: Entity<Id = PreviewId, Fact: From<Fact>> + AsRef<Preview>,
{
    /// What whoever put on the label may do that approves commits of a fork.
    pub(super) async fn judge_approval(
        &self,
        id: PreviewId,
        name: &RepositoryName,
        added: &LabelAdded,
    ) -> Result<Permission, Trouble> {
        let asked = (added.login.as_str(), added.account);
        let permission = self.read_permission(id, name, asked).await?;
        let act = Act {
            at: added.as_of,
            by: added.login.clone(),
            act: "preview-approve".to_owned(),
            ..on_github(id)
        };
        let act = act.saying(&format!("{} by the label {}", added.commit, added.label));
        self.witness(judged(act, permission), added.label.clone())
            .await?;
        Ok(permission)
    }

    /// What whoever pressed a button may do.
    pub(super) async fn judge_request(
        &self,
        id: PreviewId,
        name: &RepositoryName,
        request: &Request,
    ) -> Result<Permission, Trouble> {
        let asked = (request.login.as_str(), request.account);
        let permission = self.read_permission(id, name, asked).await?;
        let act = match request.wish {
            Wish::Redeploy => "redeploy",
            Wish::Remove => "preview-remove",
        };
        let act = Act {
            at: request.at,
            by: request.login.clone(),
            act: act.to_owned(),
            ..on_github(id)
        };
        let act = act.saying(&format!("{} by a button", request.commit));
        let mut act = judged(act, permission);
        if act.outcome == Outcome::Allowed && !self.is_head(id, request).await.map_err(failed)? {
            act = act.ended(Outcome::Refused, "it is not of the head commit any more");
        }
        self.witness(act, request.id.clone()).await?;
        Ok(permission)
    }

    /// Whether the button was pressed for what is the head commit still: else nothing follows.
    async fn is_head(&self, id: PreviewId, request: &Request) -> Result<bool, RunError> {
        // With its mail: what the run took in before this is not saved yet.
        let known: P = browse::current(&self.store, &id).await?;
        let shown = known.as_ref().pull_request();
        Ok(shown.is_some_and(|shown| {
            shown.head_commit == request.commit && shown.state == PullRequestState::Open
        }))
    }

    /// Whoever runs previews may not write the audit.
    async fn witness(&self, act: Act, mark: String) -> Result<(), Trouble> {
        let witnessed = Witnessed {
            act,
            mark,
            label: None,
        };
        let kept = witnessed::keep(&self.store, &witnessed).await;
        kept.map_err(|error| failed(error.into()))
    }
}

/// An act on the preview that nobody is known to have done.
fn on_github(id: PreviewId) -> Act {
    Act {
        at: domain::Timestamp::default(),
        by: String::new(),
        door: Door::GitHub,
        act: String::new(),
        on: id.to_string(),
        repository: Some(id.repository),
        said: None,
        outcome: Outcome::Allowed,
        reason: None,
    }
}

fn judged(act: Act, permission: Permission) -> Act {
    if permission.may_write() {
        act
    } else {
        act.ended(Outcome::Refused, "no write permission")
    }
}

fn failed(error: RunError) -> Trouble {
    Trouble::retry(error.to_string())
}
