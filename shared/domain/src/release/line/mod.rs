//! A release line: one environment of one service.
//!
//! Commits wait as candidates until they are built, live upstream, newer by ancestry and allowed; then one at a time is released
//! through Argo CD, verified, and taken back if it does not work and that is wanted. After a way back the environment is held.

mod action;
mod anew;
mod announce;
mod approvals;
mod attention;
mod authorship;
mod builds;
mod candidate;
mod ending;
mod fact;
mod fold;
mod gate;
mod giving_way;
mod intervention;
mod ledger;
mod plan;
mod progress;
mod report;
mod rule;
mod settling;
mod standing;
mod state;
mod status;
mod telling;
mod testing;
mod times;
mod view;
mod watching;
mod windows;
mod wishes;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use action::{Action, ReportAction, StepAction};
pub use candidate::Offer;
pub use fact::{Asked, Fact, Kind, Relation, ReportFact, StepFact, Upstream};
pub use gate::Gate;
pub use intervention::{Intervention, Particulars, ShownRelease, Wish};
pub use report::{Overview, Shown};
pub use state::{Failure, Hold, Line};
pub use status::{DeploymentState, DeploymentStatus};
pub(crate) use telling::Question;
pub use testing::{TestAction, TestFact, Tested};
pub use view::{Release, Situation};

use super::LineId;
use crate::{
    Timestamp,
    directory::{self, Attention},
    entity::{Entity, GivenUp, Step},
    preview::Effort,
};

/// The mark that a release bears at vendors: on its operation in Argo CD, on its deployment on GitHub. Other lines may have a release
/// of the same commit and build, of the same application too.
pub fn mark(line: &LineId, key: &str) -> String {
    format!("{line}:{key}")
}

/// How far a release is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Its image is not built.
    WaitingForBuild,
    /// A person has to let it go on.
    WaitingForApproval,
    /// It may go, and something else is in its way.
    Queued,
    /// Argo CD is at it.
    Syncing,
    /// Argo CD is done, and its URL is probed.
    Verifying,
    /// It is there, and was found healthy.
    Live,
    /// It did not work, and stays as it is.
    Failed,
    /// It did not work, and is being taken back.
    RollingBack,
    /// It did not work, and was taken back.
    RolledBack,
    /// A newer one went instead.
    Superseded,
    /// It was not to be released after all.
    Cancelled,
}

impl fmt::Display for Phase {
    /// As in the specification: `waiting-for-build`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WaitingForBuild => "waiting-for-build",
            Self::WaitingForApproval => "waiting-for-approval",
            Self::Queued => "queued",
            Self::Syncing => "syncing",
            Self::Verifying => "verifying",
            Self::Live => "live",
            Self::Failed => "failed",
            Self::RollingBack => "rolling-back",
            Self::RolledBack => "rolled-back",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        })
    }
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::WaitingForBuild,
        Self::WaitingForApproval,
        Self::Queued,
        Self::Syncing,
        Self::Verifying,
        Self::Live,
        Self::Failed,
        Self::RollingBack,
        Self::RolledBack,
        Self::Superseded,
        Self::Cancelled,
    ];
}

impl AsRef<Self> for Line {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Entity for Line {
    type Id = LineId;
    type Fact = Fact;
    type Action = Action;

    const LISTED: Option<directory::Kind> = Some(directory::Kind::Environments);

    fn new(id: LineId) -> Self {
        Self::unknown(id)
    }

    fn record(&mut self, fact: &Fact, at: Timestamp) {
        self.fold(fact, at);
    }

    fn plan(&self, now: Timestamp) -> Step<Action> {
        self.next_step(now)
    }

    fn attention(&self) -> Attention {
        self.asks_for()
    }

    fn given_up(&self) -> Vec<GivenUp> {
        let mut efforts: Vec<(&str, &Effort)> = vec![
            ("asking GitHub about commits", &self.reading),
            ("telling the environments after this one", &self.passing),
            ("handing notices over", &self.announcing),
        ];
        if let Some(running) = &self.running {
            efforts.push(("releasing", &running.effort));
            efforts.push(("telling GitHub of the release", &running.report.effort));
        }
        let mut given_up: Vec<GivenUp> = efforts
            .into_iter()
            .filter(|(_, effort)| effort.is_exhausted())
            .map(|(what, effort)| GivenUp {
                what: what.to_owned(),
                reason: effort.last_error.clone().unwrap_or_default(),
            })
            .collect();
        given_up.extend(self.test_failure());
        let blocked = self.running.as_ref().filter(|running| running.is_blocked);
        given_up.extend(blocked.map(|running| GivenUp {
            what: format!("the release of {} in time", running.commit.short()),
            reason: running.note.clone().unwrap_or_default(),
        }));
        // An alert for people: the environment is held, or a release failed and stays.
        given_up.extend(self.hold.as_ref().map(|hold| GivenUp {
            what: "releasing by itself: the environment is held".to_owned(),
            reason: hold.reason.clone(),
        }));
        given_up.extend(self.last_failure().map(|(release, reason)| GivenUp {
            what: format!("the release of {release}"),
            reason,
        }));
        given_up
    }

    fn claims(&self) -> Vec<String> {
        Vec::new()
    }
}
