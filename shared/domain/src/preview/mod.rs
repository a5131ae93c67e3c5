//! The preview of one pull request.

mod action;
mod admission;
mod approval;
mod ask;
mod builds;
mod command;
mod comment;
mod effort;
mod expiry;
mod fact;
mod files;
mod fold;
mod fold_target;
mod given_up;
mod images;
mod judgement;
mod ledger;
mod namespace;
mod needs;
mod plan;
mod plan_target;
mod publication;
mod report;
mod settings;
mod sighting;
mod state;
#[cfg(test)]
mod tests;
mod timeline;
mod variables;
mod view;
mod wanted;
mod wish;

pub use action::{Action, Source, TargetAction};
pub use admission::{AdmissionAction, AdmissionFact};
pub use approval::{LabelAdded, Permission};
pub use ask::{Ask, AskParticulars, AskRefused};
pub use command::{CommandOutcome, CommandWish, Commanded, Place};
pub use comment::marker;
pub use effort::{Effort, Reaction, Trouble};
pub use fact::{DeploymentProgress, Fact, Reading, Revision, TargetFact};
pub use files::{Sieve, Sifted};
pub use images::ImageOutcome;
pub use judgement::Judgement;
pub use ledger::{Ruling, Verdict};
pub use namespace::{
    COMMIT_LABEL, NUMBER_LABEL, REPOSITORY_LABEL, SeenNamespace, find_namespace, namespace_names,
    own_namespaces,
};
pub use report::{
    CHECK, CheckState, CheckText, DeploymentText, Report, ReportFact, ReportKind, ReportText,
    ReportWish, check_id, environment, preview_of_check,
};
pub use settings::{Released, ServiceSettings, Settings};
pub use sighting::{PullRequest, PullRequestState, RunProgress, WorkflowRun, skips_preview};
pub use state::Preview;
pub use variables::Inherited;
pub use view::{ServiceView, Standing, TroubleView};
pub use wish::{Request, Wish};

use crate::{
    PreviewId, Timestamp,
    directory::{Attention, Kind},
    entity::{Entity, GivenUp, Step},
};

impl AsRef<Self> for Preview {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Entity for Preview {
    type Id = PreviewId;
    type Fact = Fact;
    type Action = Action;

    const LISTED: Option<Kind> = Some(Kind::Previews);

    fn new(id: PreviewId) -> Self {
        Self::unknown(id)
    }

    fn record(&mut self, fact: &Fact, at: Timestamp) {
        self.fold(fact, at);
        self.leave_lines();
        self.expect_namespace();
        self.note_rulings(fact, at);
    }

    fn plan(&self, now: Timestamp) -> Step<Action> {
        self.next_step(now)
    }

    fn attention(&self) -> Attention {
        self.standing().attention()
    }

    fn given_up(&self) -> Vec<GivenUp> {
        self.exhausted_efforts()
    }

    fn claims(&self) -> Vec<String> {
        let deployments = self.targets.iter().flat_map(|(application, target)| {
            (1..=target.attempts).map(move |attempt| action::start_claim(application, attempt))
        });
        deployments
            .chain((1..=self.comment.attempts).map(action::comment_claim))
            .chain(self.reports.claims())
            .collect()
    }
}
