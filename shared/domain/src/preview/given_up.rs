//! What a preview has given up, for the alert.

use super::{Effort, state::Preview};
use crate::entity::GivenUp;

impl Preview {
    /// Everything that was tried in vain for so long that it is given up.
    pub(super) fn exhausted_efforts(&self) -> Vec<GivenUp> {
        let own = [
            ("reading the pull request", &self.reading),
            ("reading the configuration", &self.configuration.effort),
            ("reading the workflow runs", &self.builds.effort),
            ("reading the changed files", &self.files.effort),
            ("asking for a permission", &self.approvals.effort),
            (
                "asking for the permission of who pressed a button",
                &self.wishes.effort,
            ),
            ("writing the comment", &self.comment.effort),
        ];
        let own = own.map(|(what, effort)| (what.to_owned(), effort));
        let targets = self.targets.values().map(|target| {
            let what = format!("bringing the preview of {} about", target.service);
            (what, &target.effort)
        });
        let reports = self.reports.efforts().into_iter();
        let reports = reports.filter_map(|(what, effort)| Some((what.to_owned(), effort?)));
        let standing = self.images.standing();
        let images = ("deleting the image".to_owned(), &standing);
        own.into_iter()
            .chain(targets)
            .chain([images])
            .chain(reports)
            .filter(|(_, effort)| effort.is_exhausted())
            .map(|(what, effort)| given_up(what, effort))
            .collect()
    }
}

fn given_up(what: String, effort: &Effort) -> GivenUp {
    GivenUp {
        what,
        reason: effort.last_error.clone().unwrap_or_default(),
    }
}
