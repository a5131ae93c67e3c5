//! Approvals: people let one release go on, bound to what they saw. Another build or another image voids them, and so does another
//! commit, which is another candidate. Who wrote or committed any of what it would bring is nobody who can approve it.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Line,
    authorship::Authors,
    candidate::{Approval, Build, Candidate, Offer},
    progress::deploy_key,
};
use crate::{Account, CommitSha, Timestamp, release::Terms};

/// The account of this login.
fn named(login: &str) -> Account {
    Account {
        id: None,
        login: Some(login.to_owned()),
    }
}

/// What GitHub's times are whole numbers of.
const SECOND: Duration = Duration::from_secs(1);

impl Line {
    /// So many approvals of one commit are kept.
    const APPROVALS_MAX: usize = 50;

    /// A person approves the commit as it would be released now, if that is what they saw. What is not built cannot be approved: nobody
    /// knows what it is.
    pub(super) fn approved(&mut self, commit: &CommitSha, by: &str, of: Option<&Offer>) {
        let (Some(terms), Some(candidate)) = (&self.terms, self.candidates.get(commit)) else {
            return;
        };
        let Some(approval) = self.approval(commit, candidate, terms, by) else {
            return;
        };
        let is_it = |of: &Offer| (&of.key, &of.asked) == (&approval.key, &approval.asked);
        if !of.is_none_or(is_it) {
            return;
        }
        if let Some(candidate) = self.candidates.get_mut(commit)
            && !candidate.approvals.contains(&approval)
            && candidate.approvals.len() < Self::APPROVALS_MAX
        {
            candidate.approvals.push(approval);
        }
    }

    /// What an approval of the commit is of, for somebody who saw it at this time, by GitHub's clock in whole seconds; an error says for
    /// people that it is something else by now.
    pub fn offer_as_of(
        &self,
        commit: &CommitSha,
        seen_at: Timestamp,
    ) -> Result<Option<Offer>, String> {
        let candidate = self.candidates.get(commit);
        let Some((offer, since)) = candidate.and_then(|candidate| candidate.offered.as_ref())
        else {
            return Ok(None);
        };
        if since.since(seen_at) >= SECOND {
            return Err(format!(
                "{} was built, or its image named, only after that was written. If you have seen it, say so again",
                commit.short()
            ));
        }
        Ok(Some(offer.clone()))
    }

    /// Keeps since when what an approval of each commit would be of is what it is.
    pub(super) fn note_offers(&mut self, at: Timestamp) {
        let Some(terms) = &self.terms else {
            return;
        };
        let offer = |(commit, candidate): (&CommitSha, &Candidate)| {
            let Approval { key, asked, .. } = self.approval(commit, candidate, terms, "")?;
            Some((commit.clone(), Offer { key, asked }))
        };
        let mut offers: BTreeMap<CommitSha, Offer> =
            self.candidates.iter().filter_map(offer).collect();
        for (commit, candidate) in &mut self.candidates {
            let offer = offers.remove(commit);
            let known = candidate.offered.take();
            candidate.offered = offer.map(|offer| match known {
                Some((known, since)) if known == offer => (known, since),
                Some(_) | None => (offer, at),
            });
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
        } else if self.is_author(candidate, by) {
            Some(format!(
                "{by} wrote something that {short} brings, and nobody approves their own work"
            ))
        } else if self.approvers(commit, candidate).iter().any(is_by) {
            Some(format!("{by} has approved {short} already"))
        } else {
            None
        }
    }

    fn is_author(&self, candidate: &Candidate, by: &str) -> bool {
        match self.authors(candidate) {
            Authors::Known(authors) => authors.iter().any(|author| author.may_be(&named(by))),
            Authors::NotRead | Authors::Untold(_) => false,
        }
    }

    /// Who approved what would be released now: each once, and nobody who wrote any of what it would bring. As long as it is not known who
    /// did, nobody's approval counts.
    pub(super) fn approvers(&self, commit: &CommitSha, candidate: &Candidate) -> Vec<String> {
        let (Some(terms), Authors::Known(authors)) = (&self.terms, self.authors(candidate)) else {
            return Vec::new();
        };
        let mut approvers: Vec<String> = Vec::new();
        for approval in &candidate.approvals {
            let now = self.approval(commit, candidate, terms, &approval.by);
            let is_same = |name: &String| name.eq_ignore_ascii_case(&approval.by);
            let counts = now.as_ref() == Some(approval)
                && !authors
                    .iter()
                    .any(|author| author.may_be(&named(&approval.by)))
                && !approvers.iter().any(is_same);
            if counts {
                approvers.push(approval.by.clone());
            }
        }
        approvers
    }
}
