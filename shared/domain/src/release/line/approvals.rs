//! Approvals: people let one release go on, bound to what they saw. Another build or another image voids them, and so does another
//! commit, which is another candidate. Who wrote or committed any of what it would bring is nobody who can approve it.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Line, ShownRelease,
    authorship::Authors,
    candidate::{Approval, Build, Candidate, Offer},
    progress::deploy_key,
};
use crate::{Account, CommitSha, Speaker, Timestamp, release::Terms};

/// What GitHub's times are whole numbers of.
const SECOND: Duration = Duration::from_secs(1);

impl Line {
    /// So many approvals of one commit are kept.
    const APPROVALS_MAX: usize = 50;

    /// A person approves the commit as it would be released now, if that is what they saw. What is not built cannot be approved: nobody
    /// knows what it is.
    pub(super) fn approved(
        &mut self,
        commit: &CommitSha,
        (by, account): (&str, Option<&Account>),
        of: Option<&Offer>,
    ) {
        let (Some(terms), Some(candidate)) = (&self.terms, self.candidates.get(commit)) else {
            return;
        };
        let Some(mut approval) = self.approval(commit, candidate, terms, by) else {
            return;
        };
        approval.account = account.cloned();
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

    /// What an approval of the commit is of, for somebody who was shown this release of it; an error says for people that it is
    /// something else by now.
    pub fn offer_shown(&self, commit: &CommitSha, shown: &ShownRelease) -> Result<Offer, String> {
        let waiting = self.candidates.get(commit).zip(self.terms.as_ref());
        let short = commit.short();
        let Some((candidate, terms)) = waiting else {
            return Err(format!("{short} does not wait for anything"));
        };
        let Some(Approval { key, asked, .. }) = self.approval(commit, candidate, terms, "") else {
            return Err(format!("{short} is not built: nobody knows what it is"));
        };
        if shown.id.as_ref().is_some_and(|shown| *shown != key) {
            return Err(format!(
                "{short} was built anew since that was shown: look at it again"
            ));
        }
        let image = self.image(&asked).unwrap_or_default();
        if shown.image.as_ref().is_some_and(|shown| *shown != image) {
            return Err(format!(
                "the image of {short} is another one than was shown: look at it again"
            ));
        }
        Ok(Offer { key, asked })
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
                account: None,
                key: deploy_key(commit, candidate, build),
                asked: candidate.asked(commit, self, terms).ok()?,
            }),
            Build::NotSeen | Build::Ambiguous(..) | Build::Underway(_) | Build::Ended(_) => None,
        }
    }

    /// Why the approval of this person would not count; none if it would, or if that is not known yet.
    pub(super) fn would_not_count(&self, commit: &CommitSha, by: &Speaker) -> Option<String> {
        let Some(candidate) = self.candidates.get(commit) else {
            return Some(format!("{} does not wait for anything", commit.short()));
        };
        let Some(terms) = &self.terms else {
            return Some("the configuration names this environment no longer".to_owned());
        };
        let (name, short) = (by.name.as_str(), commit.short());
        if terms.approvals == 0 {
            return Some("no approvals are asked for here".to_owned());
        }
        let Some(account) = &by.account else {
            return Some(format!(
                "nobody knows whether {name} wrote it: the token names no GitHub account (github, in api_tokens)"
            ));
        };
        let counted = self.approvals_that_count(commit, candidate);
        let theirs = |known: &&Approval| {
            let theirs = known.account.as_ref()?;
            let may_be = theirs.may_be(account);
            may_be.then(|| (known.by.clone(), theirs.can_be_compared_with(account)))
        };
        // Whom it surely is first.
        let approved = counted.iter().filter_map(theirs);
        let approved = approved.max_by_key(|(_, is_certain)| *is_certain);
        if self.approval(commit, candidate, terms, name).is_none() {
            Some(format!("{short} is not built yet: nobody knows what it is"))
        } else if self.is_author(candidate, account) {
            Some(format!(
                "{name} wrote something that {short} brings, and nobody approves their own work"
            ))
        } else {
            approved.map(|(by, is_certain)| match is_certain {
                true => format!("{name} has approved {short} already"),
                false => format!(
                    "{name} may be {by}, who has approved {short} already: of the one account only the id is known, of the other only \
                     the login. Name the id of both (github, in api_tokens)"
                ),
            })
        }
    }

    fn is_author(&self, candidate: &Candidate, account: &Account) -> bool {
        match self.authors(candidate) {
            Authors::Known(authors) => authors.iter().any(|author| author.may_be(account)),
            Authors::NotRead | Authors::Untold(_) => false,
        }
    }

    /// Who approved what would be released now.
    pub(super) fn approvers(&self, commit: &CommitSha, candidate: &Candidate) -> Vec<String> {
        let counted = self.approvals_that_count(commit, candidate);
        counted
            .into_iter()
            .map(|approval| approval.by.clone())
            .collect()
    }

    /// The approvals of what would be released now: one of each account, and of nobody who wrote any of what it would bring. As long as
    /// it is not known who did, nobody's approval counts; and never that of somebody of whom it is not known who they are.
    fn approvals_that_count<'a>(
        &self,
        commit: &CommitSha,
        candidate: &'a Candidate,
    ) -> Vec<&'a Approval> {
        let (Some(terms), Authors::Known(authors)) = (&self.terms, self.authors(candidate)) else {
            return Vec::new();
        };
        let Some(offer) = self.approval(commit, candidate, terms, "") else {
            return Vec::new();
        };
        let mut seen: Vec<&Account> = Vec::new();
        let mut counted = Vec::new();
        for approval in &candidate.approvals {
            let Some(account) = &approval.account else {
                continue;
            };
            let is_of_this = (&approval.key, &approval.asked) == (&offer.key, &offer.asked);
            let is_barred = authors
                .iter()
                .chain(&seen)
                .any(|other| other.may_be(account));
            if is_of_this && !is_barred {
                seen.push(account);
                counted.push(approval);
            }
        }
        counted
    }
}
