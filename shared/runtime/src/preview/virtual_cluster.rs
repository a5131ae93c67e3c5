//! What is done about a preview in a virtual cluster: asking the platform API for it, and for its removal.

use domain::{
    PreviewId,
    preview::{Revision, Source, TargetAction, TargetFact, Trouble},
};
use ports::{Clock, Http, Log, Store};
use vendors::platform::{Client, Deployed, Removal, Wish};

use super::{PreviewExecutor, refused, target::unfit};
use crate::Claim;

impl<V: Http, H: Http, C: Clock, L: Log, S: Store, P> PreviewExecutor<V, H, C, L, S, P> {
    pub(super) async fn execute_on_platform(
        &self,
        id: PreviewId,
        action: &TargetAction,
        claim: Claim,
    ) -> TargetFact {
        match action {
            TargetAction::Start {
                attempt,
                revision,
                source,
                ..
            } if claim == Claim::First => {
                let attempt = *attempt;
                match self.make_cluster(id, attempt, revision, source).await {
                    Ok(fact) => fact,
                    Err(trouble) if trouble.may_have_happened() => {
                        TargetFact::StartUnanswered { attempt, trouble }
                    }
                    Err(trouble) => TargetFact::StartFailed { attempt, trouble },
                }
            }
            TargetAction::ResolveStart { attempt } if claim == Claim::First => {
                TargetFact::StartVoided { attempt: *attempt }
            }
            // Somebody else asked, or was about to.
            TargetAction::Start { attempt, .. } | TargetAction::ResolveStart { attempt } => {
                TargetFact::StartUnanswered {
                    attempt: *attempt,
                    trouble: Trouble::retry("what became of the last request is not known"),
                }
            }
            TargetAction::Remove => match self.remove_cluster(id).await {
                Ok(nothing_there) => TargetFact::RemovalAsked {
                    nothing_there,
                    remains: None,
                },
                Err(trouble) => TargetFact::Troubled { trouble },
            },
            TargetAction::Find { .. }
            | TargetAction::LookAfter
            | TargetAction::Look { .. }
            | TargetAction::Poll { .. }
            | TargetAction::Cancel { .. }
            | TargetAction::Probe { .. }
            | TargetAction::ReadVariables { .. } => TargetFact::Troubled {
                trouble: unfit(action),
            },
        }
    }

    fn platform(&self) -> Result<&Client<V>, Trouble> {
        let platform = self.platform.as_ref();
        platform.ok_or_else(|| {
            refused("the variables platform_api_url and platform_api_token are not set")
        })
    }

    async fn make_cluster(
        &self,
        id: PreviewId,
        attempt: u32,
        revision: &Revision,
        source: &Source,
    ) -> Result<TargetFact, Trouble> {
        let wish = Wish {
            repository: &source.repository,
            number: id.number,
            branch: &source.branch,
            commit: &revision.commit,
            tag: &revision.tag,
        };
        if let Deployed::OfAnother(refused) = self.platform()?.deploy(wish).await? {
            let trouble = refused.into();
            return Ok(TargetFact::OfAnother { attempt, trouble });
        }
        // The platform gives no deployment a name: ours tells this one from those before.
        let deployment = format!("pr-{}-{attempt}", id.number).parse();
        let deployment =
            deployment.map_err(|error: domain::NotParsed| refused(&error.to_string()))?;
        Ok(TargetFact::Started {
            attempt,
            deployment,
        })
    }

    async fn remove_cluster(&self, id: PreviewId) -> Result<bool, Trouble> {
        match self.platform()?.remove(id.number).await? {
            Removal::Requested => Ok(false),
            Removal::NothingThere => Ok(true),
        }
    }
}
