//! What is done about a preview in a Kubernetes namespace, which others make: looking whether it is there, and removing it.

use domain::{
    PreviewId,
    preview::{
        Revision, SeenNamespace, TargetAction, TargetFact, Trouble, find_namespace,
        namespace_names, own_namespaces,
    },
};
use ports::{Clock, Http, Log, Store};
use vendors::kubernetes::Client;

use super::{PreviewExecutor, refused, target::unfit};

impl<V: Http, H: Http, C: Clock, L: Log, S: Store, P> PreviewExecutor<V, H, C, L, S, P> {
    pub(super) async fn execute_on_namespace(
        &self,
        id: PreviewId,
        action: &TargetAction,
    ) -> TargetFact {
        let done = match action {
            TargetAction::Find { revision } => self.find(id, revision).await,
            TargetAction::LookAfter => self.look_after(id).await,
            TargetAction::Remove => self.remove_namespaces(id).await,
            TargetAction::Start { .. }
            | TargetAction::ResolveStart { .. }
            | TargetAction::Look { .. }
            | TargetAction::Poll { .. }
            | TargetAction::Cancel { .. }
            | TargetAction::Probe { .. }
            | TargetAction::ReadVariables { .. } => Err(unfit(action)),
        };
        done.unwrap_or_else(|trouble| TargetFact::Troubled { trouble })
    }

    fn kubernetes(&self) -> Result<&Client<V>, Trouble> {
        let kubernetes = self.kubernetes.as_ref();
        kubernetes.ok_or_else(|| {
            refused("the variables kubernetes_api_url and kubernetes_token are not set")
        })
    }

    /// Every namespace with a name that the pull request's may have, whoever made it.
    async fn seen(&self, id: PreviewId) -> Result<Vec<SeenNamespace>, Trouble> {
        let kubernetes = self.kubernetes()?;
        let mut seen = Vec::new();
        for name in namespace_names(id) {
            seen.extend(kubernetes.namespace(&name).await?);
        }
        Ok(seen)
    }

    async fn find(&self, id: PreviewId, revision: &Revision) -> Result<TargetFact, Trouble> {
        let seen = self.seen(id).await?;
        Ok(match find_namespace(id, &revision.commit, &seen) {
            Ok(found) => TargetFact::Found {
                revision: revision.clone(),
                deployment: found
                    .uid
                    .parse()
                    .map_err(|error: domain::NotParsed| refused(&error.to_string()))?,
            },
            Err(reason) => TargetFact::NotFound { reason },
        })
    }

    /// Whether a build made the namespace once more.
    async fn look_after(&self, id: PreviewId) -> Result<TargetFact, Trouble> {
        let seen = self.seen(id).await?;
        let found = !own_namespaces(id, &seen).is_empty();
        Ok(TargetFact::LookedAfter { found })
    }

    /// Deletes what is there and belongs to the pull request; what is on its way already is only looked at.
    async fn remove_namespaces(&self, id: PreviewId) -> Result<TargetFact, Trouble> {
        let seen = self.seen(id).await?;
        let own = own_namespaces(id, &seen);
        for namespace in own.iter().filter(|namespace| !namespace.going) {
            self.kubernetes()?.delete_namespace(namespace).await?;
        }
        Ok(TargetFact::RemovalAsked {
            nothing_there: own.is_empty(),
            remains: own.iter().find_map(|namespace| namespace.remains.clone()),
        })
    }
}
