//! Approvals: people let one release go on, bound to what they saw. Another build or another image voids them, and so does another
//! commit, which is another candidate. Who wrote or committed the change is nobody who can approve it.

use super::{
    Line,
    candidate::{Approval, Build, Candidate},
    progress::deploy_key,
};
use crate::{CommitSha, release::Terms};

impl Line {
    /// So many approvals of one commit are kept.
    const APPROVALS_MAX: usize = 50;

    /// A person approves the commit as it would be released now. What is not built cannot be approved: nobody knows what it is.
    pub(super) fn approved(&mut self, commit: &CommitSha, by: &str) {
        let (Some(terms), Some(candidate)) = (&self.terms, self.candidates.get(commit)) else {
            return;
        };
        let Some(approval) = self.approval(commit, candidate, terms, by) else {
            return;
        };
        if let Some(candidate) = self.candidates.get_mut(commit)
            && !candidate.approvals.contains(&approval)
            && candidate.approvals.len() < Self::APPROVALS_MAX
        {
            candidate.approvals.push(approval);
        }
    }

    /// What `by` approves by approving the commit now; none if it is not built or cannot be released.
    fn approval(
        &self,
        commit: &CommitSha,
        candidate: &Candidate,
        terms: &Terms,
        by: &str,
    ) -> Option<Approval> {
        let build = candidate.build(&self.id, terms);
        match build {
            Build::Succeeded(_) => Some(Approval {
                by: by.to_owned(),
                key: deploy_key(commit, candidate, build),
                asked: candidate.asked(commit, self, terms).ok()?,
            }),
            Build::NotSeen | Build::Ambiguous(..) | Build::Underway(_) | Build::Ended(_) => None,
        }
    }

    /// Why the approval of this person would not count; none if it would, or if that is not known yet.
    pub(super) fn would_not_count(&self, commit: &CommitSha, by: &str) -> Option<String> {
        let Some(candidate) = self.candidates.get(commit) else {
            return Some(format!("{} does not wait for anything", commit.short()));
        };
        let Some(terms) = &self.terms else {
            return Some("the configuration names this environment no longer".to_owned());
        };
        let is_by = |name: &String| name.eq_ignore_ascii_case(by);
        let short = commit.short();
        if terms.approvals == 0 {
            Some("no approvals are asked for here".to_owned())
        } else if self.approval(commit, candidate, terms, by).is_none() {
            Some(format!("{short} is not built yet: nobody knows what it is"))
        } else if candidate.authors.iter().flatten().any(is_by) {
            Some(format!(
                "{by} wrote {short}, and nobody approves their own work"
            ))
        } else if self.approvers(commit, candidate).iter().any(is_by) {
            Some(format!("{by} has approved {short} already"))
        } else {
            None
        }
    }

    /// Who approved what would be released now: each once, and nobody who wrote it. As long as it is not known who wrote it,
    /// nobody's approval counts.
    pub(super) fn approvers(&self, commit: &CommitSha, candidate: &Candidate) -> Vec<String> {
        let (Some(terms), Some(authors)) = (&self.terms, &candidate.authors) else {
            return Vec::new();
        };
        let mut approvers: Vec<String> = Vec::new();
        for approval in &candidate.approvals {
            let now = self.approval(commit, candidate, terms, &approval.by);
            let is_same = |name: &String| name.eq_ignore_ascii_case(&approval.by);
            let counts = now.as_ref() == Some(approval)
                && !authors.iter().any(is_same)
                && !approvers.iter().any(is_same);
            if counts {
                approvers.push(approval.by.clone());
            }
        }
        approvers
    }
}
