//! Releases: from a push and its green build to an environment that runs it, through Argo CD.
//!
//! Two kinds of entities. The [`Intake`] of a repository takes in what deliveries tell and finds by the configuration whom it
//! concerns. A release [`Line`] is one environment of one service: it orders the commits by ancestry, releases one at a time,
//! follows it until it is live or failed, and goes back if it must.

mod identity;
mod image;
mod intake;
mod line;
mod push;
mod terms;
#[cfg(test)]
mod tests;
mod trust;
mod writers;

pub use identity::{IntakeId, LineId, Name};
pub use image::{ImageReport, ReportedImage};
pub use intake::{
    Action as IntakeAction, Fact as IntakeFact, Intake, Known, News, Place, Reading, Refused,
    Start, StartFact, StartState,
};
pub(crate) use line::Question;
pub use line::{
    Action, Asked, DeploymentState, DeploymentStatus, Fact, Failure, Gate, Hold, Intervention,
    Kind, Line, Overview, Particulars, Phase, Relation, Release, ReportAction, ReportFact, Shown,
    ShownRelease, Situation, StepAction, StepFact, TestAction, TestFact, Tested, Upstream, Wish,
    mark,
};
pub use push::{Push, Reference, SKIP, Source};
pub(crate) use terms::default_image;
pub use terms::{AllTerms, Terms, all as terms_of};
pub(crate) use trust::of_one_workflow;
pub use trust::{Refusal, judge, judge_attempt, judge_report};
pub use writers::{Brought, Untold, Writers};
