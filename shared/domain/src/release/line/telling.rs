//! What `/status` and `/why` say of an environment, in Markdown in which all that is not ours is code.
//!
//! It stands in a comment that whoever may see the pull request may read, which may be anybody. So what a vendor answered is not in it:
//! that may quote addresses that are nobody else's business.

use super::{Line, Phase, Release, Situation};
use crate::{
    CommitSha, Timestamp,
    markdown::{code, link},
};

/// So many commits that wait are told of; the one that is asked about in any case.
const WAITING_MAX: usize = 3;
/// `/why` tells of so many releases that are over.
const ENDED_MAX: usize = 3;
/// And of so many runs that proved nothing.
const REFUSED_MAX: usize = 2;

/// What is asked of an environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// The commit of the pull request that it is asked on.
    pub(crate) commit: Option<&'a CommitSha>,
    /// Whether it is asked why, too.
    pub(crate) why: bool,
}

impl Line {
    /// The answer at `now`: a line of a list, with lists below it.
    pub(crate) fn told(&self, question: Question<'_>, now: Timestamp) -> String {
        let mut told = format!("\n- {}", self.told_standing());
        let mut add = |what: String| {
            told.push_str("\n  - ");
            told.push_str(&what);
        };
        let overview = self.overview(now);
        for (how, hold) in [("locked", &overview.lock), ("held", &overview.hold)] {
            if let Some(hold) = hold {
                let (by, reason) = (code(&hold.by), code(&hold.reason));
                add(format!("{how} by {by} since {}: {reason}", hold.since));
            }
        }
        if let Some(test) = &overview.test {
            add(format!("its test: {}", code(test)));
        }
        let releases = self.releases(now);
        self.told_releases(&releases, question).for_each(&mut add);
        if question.why {
            let refused = self.refused.iter().rev().take(REFUSED_MAX);
            refused.for_each(|(run, attempt, refusal)| {
                let reason = code(&refusal.to_string());
                add(format!(
                    "run {run} (attempt {attempt}) proves nothing: {reason}"
                ));
            });
        }
        if overview.trouble.is_some() {
            add("something does not work at present: the dashboard tells what".to_owned());
        }
        told
    }

    /// How the environment is as a whole, and what is there.
    fn told_standing(&self) -> String {
        let place = code(&format!("{}/{}", self.id.service, self.id.environment));
        let url = self.terms.as_ref().and_then(|terms| terms.url.as_deref());
        let at = url
            .map(|url| format!(" at {}", link(url)))
            .unwrap_or_default();
        let there = |commit: &CommitSha| code(commit.short());
        match (self.situation(), self.live_for_others()) {
            (_, Some(live)) => format!(
                "{place}: {} is live{at} since {}: {}",
                there(&live.commit),
                live.since,
                code(&live.title)
            ),
            (Situation::Releasing, None) => format!("{place}: a release is being made{at}"),
            (Situation::GoingBack, None) => format!("{place}: a release is being taken back{at}"),
            (Situation::Failed | Situation::Live, None) => match &self.deployed {
                Some(deployed) if self.is_proven(deployed) => format!(
                    "{place}: {} was released last, to another application than is configured at present",
                    there(deployed)
                ),
                Some(deployed) => format!(
                    "{place}: {} was released last{at}, and not found healthy",
                    there(deployed)
                ),
                None => format!("{place}: the last release failed{at}"),
            },
            (Situation::Empty, None) => format!("{place}: nothing was released{at}"),
        }
    }

    /// Whether what was given to Argo CD last is this commit, and was found healthy wherever that was.
    fn is_proven(&self, commit: &CommitSha) -> bool {
        let last = self.verified.last();
        last.is_some_and(|last| last.commit == *commit) && !self.is_unproven
    }

    /// The release in hand, those that wait, what became of the commit that is asked about, and if it is asked why, of the last ones.
    fn told_releases<'a>(
        &'a self,
        releases: &'a [Release],
        question: Question<'a>,
    ) -> impl Iterator<Item = String> + 'a {
        let is_asked = move |release: &Release| question.commit == Some(&release.shown.commit);
        let (over, open): (Vec<&Release>, Vec<&Release>) = releases
            .iter()
            .partition(|release| release.ended_at.is_some());
        let (running, waiting): (Vec<&Release>, Vec<&Release>) =
            open.into_iter().partition(|release| release.rule.is_none());
        let all = waiting.len();
        let waiting: Vec<&Release> = (0..)
            .zip(waiting)
            .filter(|(place, release)| *place < WAITING_MAX || is_asked(release))
            .map(|(_, release)| release)
            .collect();
        let left_out = all.saturating_sub(waiting.len());
        let more = (left_out > 0).then(|| format!("{left_out} more wait"));
        // What is live is told at the top.
        let is_live = self.live().map(|live| live.commit.clone());
        let newest_asked = over.iter().position(|release| is_asked(release));
        let over = (0..).zip(over).filter(move |(place, release)| {
            let is_told = release.shown.phase == Phase::Live
                && is_live.as_ref() == Some(&release.shown.commit);
            let is_wanted = Some(*place) == newest_asked || (question.why && *place < ENDED_MAX);
            is_wanted && !is_told
        });
        let over = over.map(|(_, release)| release);
        let open = running.into_iter().chain(waiting);
        let open = open.map(move |release| told_release(release, is_asked(release), question.why));
        let over = over.map(move |release| told_release(release, is_asked(release), question.why));
        open.chain(more).chain(over)
    }
}

fn told_release(release: &Release, is_asked: bool, why: bool) -> String {
    let shown = &release.shown;
    let whose = if is_asked {
        " of this pull request"
    } else {
        ""
    };
    let rule = release.rule.filter(|_| why);
    let rule = rule.map(|rule| format!(", by {}", code(rule)));
    let ended = release.ended_at.map(|at| format!(" at {at}"));
    format!(
        "{}{whose} ({}) is {}{}{}: {}",
        code(shown.commit.short()),
        code(&shown.title),
        shown.phase,
        ended.unwrap_or_default(),
        rule.unwrap_or_default(),
        code(&shown.reason)
    )
}
