//! What follows from a command for a release of somebody who may give it: the same intervention that the API and the dashboard
//! know, judged by the same rules, or why none follows.

use super::{
    CommitPrefix, ReleaseAct, ReleaseOrder, Written,
    release::{Target, name},
};
use crate::{
    CommitSha, PullRequestNumber, Speaker, Timestamp,
    markdown::code,
    preview::{PullRequest, PullRequestState},
    release::{Fact, Intervention, Line, LineId, Particulars, Wish},
};

/// So many commits that wait are named in an answer.
const NAMED_MAX: usize = 3;

/// What a command asks of a release line.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReleaseWish {
    /// The line.
    pub line: LineId,
    /// What it is told, as often as it takes: it is taken in once.
    pub fact: Box<Fact>,
}

/// The pull request that a command for a release stands on.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// As GitHub shows it now.
    pub pull_request: &'a PullRequest,
    /// The commit that the base branch got by it; none if it is not merged.
    pub merge_commit: Option<&'a CommitSha>,
    /// Whether the head commit may have become the head only after the command was written.
    pub has_moved: bool,
}

/// What follows, as an answer in Markdown and an intervention.
type Judged = Result<(Intervention, String), String>;

impl ReleaseOrder {
    /// What follows from the command for `line`. `id` tells the command from others. The error says in Markdown why nothing
    /// follows.
    pub(super) fn judge(
        &self,
        (line, id): (&Line, &str),
        written: &Written,
        ground: Ground<'_>,
        now: Timestamp,
    ) -> Result<(ReleaseWish, String), String> {
        let (intervention, answer) = match &self.act {
            ReleaseAct::Deploy { commit } => {
                let commit = implied(line, commit.as_ref(), self, ground)?;
                unmoved(line, line.moved_at(), written)?;
                self.deploy(line, &commit, now)
            }
            ReleaseAct::Approve { commit } => {
                let is_own = ground
                    .pull_request
                    .author
                    .eq_ignore_ascii_case(&written.login);
                if is_own && commit.is_none() {
                    let refused = "whoever opened a pull request does not approve what came of it";
                    return Err(format!("{}: {refused}", code(&name(&line.id))));
                }
                let commit = implied(line, commit.as_ref(), self, ground)?;
                self.approve(line, commit, written)
            }
            ReleaseAct::Rollback { to, reason } => rollback(line, to, (reason.as_deref(), written)),
            ReleaseAct::Lock { reason } => lock(line, reason, written),
            ReleaseAct::Unlock => unlock(line, written),
        }?;
        let by = Speaker::seen(written.account, &written.login);
        if let Some(reason) = line.would_refuse(&intervention, &by) {
            return Err(format!("{}: {}", code(&name(&line.id)), code(&reason)));
        }
        let to = match &intervention {
            Intervention::Rollback { to, .. } => to.clone(),
            Intervention::LiftHold
            | Intervention::Lock { .. }
            | Intervention::Unlock
            | Intervention::AllowDiverged { .. }
            | Intervention::Approve { .. }
            | Intervention::Retry { .. } => None,
        };
        let fact = Fact::Wished {
            id: id.to_owned(),
            to,
            wish: Box::new(intervention.fact(&by)),
        };
        let wish = ReleaseWish {
            line: line.id.clone(),
            fact: Box::new(fact),
        };
        Ok((wish, answer))
    }

    fn deploy(&self, line: &Line, commit: &CommitSha, now: Timestamp) -> Judged {
        let (place, short) = (code(&name(&line.id)), code(commit.short()));
        let intervention = line
            .intervention_to_deploy(commit, now)
            .map_err(|reason| format!("{place}: {}", code(&reason)))?;
        let answer = match intervention {
            Intervention::AllowDiverged { .. } => {
                format!("{short} may go on in {place}, though it does not follow what is there")
            }
            Intervention::LiftHold
            | Intervention::Lock { .. }
            | Intervention::Unlock
            | Intervention::Rollback { .. }
            | Intervention::Approve { .. }
            | Intervention::Retry { .. } => {
                format!("{short} goes on in {place}: it is tried at once")
            }
        };
        Ok((intervention, answer))
    }

    /// An approval is of what was there to be seen when it was written.
    fn approve(&self, line: &Line, commit: CommitSha, written: &Written) -> Judged {
        let of = line
            .offer_as_of(&commit, written.written_at)
            .map_err(|reason| format!("{}: {}", code(&name(&line.id)), code(&reason)))?;
        let (given, needed) = line.approvals_of(&commit);
        let answer = format!(
            "the release of {} in {} is approved, as {} of {needed}",
            code(commit.short()),
            code(&name(&line.id)),
            given.saturating_add(1),
        );
        Ok((Intervention::Approve { commit, of }, answer))
    }
}

/// The commit that is meant: the one that is named, of those that are known here, or else the one of the pull request.
fn implied(
    line: &Line,
    named: Option<&CommitPrefix>,
    order: &ReleaseOrder,
    ground: Ground<'_>,
) -> Result<CommitSha, String> {
    let known = line.known_commits();
    let place = code(&name(&line.id));
    if let Some(prefix) = named {
        let mut fitting = known.into_iter().filter(|commit| prefix.is_of(commit));
        return match (fitting.next(), fitting.next()) {
            (Some(commit), None) => Ok(commit),
            (Some(_), Some(_)) => Err(format!(
                "several commits in {place} begin with {}",
                code(&prefix.to_string())
            )),
            (None, _) => Err(format!(
                "no commit that begins with {} is known in {place}{}",
                code(&prefix.to_string()),
                waiting(line, order)
            )),
        };
    }
    let commit = match ground.merge_commit {
        Some(commit) => commit,
        None if ground.has_moved => {
            return Err(format!(
                "{} became the head commit only after that was written. If you have seen it, say so again",
                code(ground.pull_request.head_commit.short())
            ));
        }
        None => &ground.pull_request.head_commit,
    };
    if known.contains(commit) {
        return Ok(commit.clone());
    }
    let what = match ground.pull_request.state {
        PullRequestState::Merged => "which this pull request became",
        PullRequestState::Open | PullRequestState::Closed => "the head of this pull request",
    };
    Err(format!(
        "{}, {what}, is not known in {place}{}",
        code(commit.short()),
        waiting(line, order)
    ))
}

/// What waits, and how it is named.
fn waiting(line: &Line, order: &ReleaseOrder) -> String {
    let word = order.act();
    let waiting = line.waiting_commits();
    if waiting.is_empty() {
        return ", and nothing waits there".to_owned();
    }
    let told = waiting.iter().take(NAMED_MAX).map(|(commit, title)| {
        let command = code(&format!("/{word} {} {}", order.place, commit.short()));
        format!("\n- {command} for {}", code(title))
    });
    format!(". There waits:\n{}", told.collect::<String>())
}

/// Back to a release, which whoever reads the answer is told: nothing is taken back to another one.
fn rollback(line: &Line, to: &Target, (reason, written): (Option<&str>, &Written)) -> Judged {
    let place = code(&name(&line.id));
    unmoved(line, line.moved_at(), written)?;
    let back = match to {
        Target::Back(back) => *back,
        Target::Commit(prefix) => {
            let ways = line.ways_back();
            let place_of = ways.iter().position(|(commit, _)| prefix.is_of(commit));
            let place_of = place_of.and_then(|place| u32::try_from(place).ok());
            place_of.map(|place| place.saturating_add(1)).ok_or_else(|| {
                format!(
                    "no release of {} in {place} is known to have been healthy that can be gone back to",
                    code(&prefix.to_string())
                )
            })?
        }
    };
    let target = line.target_of(back);
    let (commit, title) = target.map_err(|reason| format!("{place}: {}", code(&reason)))?;
    let answer = format!(
        "{place} goes back to {} ({}), and is held from then on: {} lets releases begin again",
        code(commit.short()),
        code(&title),
        code(&format!("/unlock {}", name(&line.id))),
    );
    let particulars = Particulars {
        reason: Some(reason.map_or_else(|| unexplained(written.number), str::to_owned)),
        back: Some(back),
        commit: Some(commit),
        shown: None,
    };
    let intervention = Intervention::of(Wish::Rollback, &particulars);
    Ok((intervention.map_err(|reason| code(&reason))?, answer))
}

/// Refuses what was written before something happened in the environment that its writer did not know. GitHub's times are whole
/// seconds.
fn unmoved(line: &Line, moved_at: Option<Timestamp>, written: &Written) -> Result<(), String> {
    let is_later = |moved: &Timestamp| moved.since(written.written_at).as_secs() >= 1;
    match moved_at.filter(is_later) {
        None => Ok(()),
        Some(_) => Err(format!(
            "something happened in {} since that was written. If you have seen it, say so again",
            code(&name(&line.id))
        )),
    }
}

fn unexplained(number: PullRequestNumber) -> String {
    format!("by a comment on #{number}, without a reason")
}

fn lock(line: &Line, reason: &str, written: &Written) -> Judged {
    if let Some(known) = line.lock().filter(|known| known.by != written.login) {
        return Err(format!(
            "{} is locked by {} already: {}. Take that lock off first",
            code(&name(&line.id)),
            code(&known.by),
            code(&known.reason),
        ));
    }
    let particulars = Particulars {
        reason: Some(reason.to_owned()),
        ..Particulars::default()
    };
    let intervention = Intervention::of(Wish::Lock, &particulars);
    let intervention = intervention.map_err(|reason| code(&reason))?;
    let answer = format!(
        "{} is locked: releases wait until somebody says {}",
        code(&name(&line.id)),
        code(&format!("/unlock {}", name(&line.id))),
    );
    Ok((intervention, answer))
}

/// Takes off the lock, or else lifts the hold: of two reasons to wait one word takes one away.
fn unlock(line: &Line, written: &Written) -> Judged {
    let place = code(&name(&line.id));
    let goes = line.lock().or_else(|| line.hold());
    unmoved(line, goes.map(|goes| goes.since), written)?;
    if line.hold().is_some() && line.lock().is_none() {
        let answer = format!("the hold of {place} is lifted: releases begin by themselves again");
        return Ok((Intervention::LiftHold, answer));
    }
    let mut answer = format!("the lock of {place} is taken off");
    if line.hold().is_some() {
        answer.push_str(", and it is held still after a way back: say it again to lift that too");
    }
    Ok((Intervention::Unlock, answer))
}
