//! What a person may ask of a release line, through whatever door: read from text, checked, and the fact that it becomes.

use super::{Fact, Kind, Line, Offer, state::Verified};
use crate::{CommitSha, Speaker};

/// What a person may ask, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Automatic releases go on after a rollback.
    LiftHold,
    /// No automatic releases.
    Lock,
    /// Automatic releases again.
    Unlock,
    /// Go back to an earlier verified release.
    Rollback,
    /// Release a commit though it does not follow what is there.
    AllowDiverged,
    /// Let the release of a commit go on, as one of so many people.
    Approve,
    /// Try again what waits or was given up.
    Retry,
}

impl Wish {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::LiftHold,
        Self::Lock,
        Self::Unlock,
        Self::Rollback,
        Self::AllowDiverged,
        Self::Approve,
        Self::Retry,
    ];

    /// Its name in addresses: `lift-hold`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LiftHold => "lift-hold",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Rollback => "rollback",
            Self::AllowDiverged => "allow-diverged",
            Self::Approve => "approve",
            Self::Retry => "retry",
        }
    }

    /// The wish with this name, written with hyphens or with underscores.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.replace('_', "-");
        Self::ALL.into_iter().find(|wish| wish.name() == name)
    }
}

/// What is said beside a wish.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Particulars {
    /// Why.
    pub reason: Option<String>,
    /// How many verified releases back.
    pub back: Option<u32>,
    /// Which commit: the one that may go on, is approved or is tried again, or the one that is expected so many releases back.
    pub commit: Option<CommitSha>,
    /// Which release is approved, as it was shown.
    pub shown: Option<ShownRelease>,
}

/// A release that waits, as it was shown to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRelease {
    /// What it is known by: the commit with its build; none if whoever asks does not say.
    pub id: Option<String>,
    /// Its image, empty if none was shown; none if whoever asks does not say.
    pub image: Option<String>,
}

/// What a person asks of a release line, with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intervention {
    /// See [`Wish::LiftHold`].
    LiftHold,
    /// See [`Wish::Lock`].
    Lock {
        /// Why: never empty.
        reason: String,
    },
    /// See [`Wish::Unlock`].
    Unlock,
    /// See [`Wish::Rollback`].
    Rollback {
        /// How many verified releases back, from 1 to [`Self::BACK_MAX`].
        back: u32,
        /// The commit that this is to be, as whoever asks saw it; none if any will do.
        to: Option<CommitSha>,
        /// Why: never empty.
        reason: String,
    },
    /// See [`Wish::AllowDiverged`].
    AllowDiverged {
        /// The commit.
        commit: CommitSha,
    },
    /// See [`Wish::Approve`].
    Approve {
        /// The commit.
        commit: CommitSha,
        /// What whoever approves it saw; none for whatever it is now.
        of: Option<Offer>,
    },
    /// See [`Wish::Retry`].
    Retry {
        /// The only commit that is to be tried again; none for all that waits or was given up.
        commit: Option<CommitSha>,
    },
}

impl Intervention {
    /// So many verified releases are kept to go back to.
    pub const BACK_MAX: u32 = 10;
    /// The longest reason that is kept, in characters.
    pub const REASON_CHARACTERS: usize = 200;

    /// The intervention that is wished for. An error says what is missing beside it.
    pub fn of(wish: Wish, particulars: &Particulars) -> Result<Self, String> {
        Ok(match wish {
            Wish::LiftHold => Self::LiftHold,
            Wish::Unlock => Self::Unlock,
            Wish::Retry => Self::Retry {
                commit: particulars.commit.clone(),
            },
            Wish::Lock => Self::Lock {
                reason: reason(wish, particulars)?,
            },
            Wish::Rollback => {
                let back = particulars.back.unwrap_or_default();
                if !(1..=Self::BACK_MAX).contains(&back) {
                    return Err(format!(
                        "rollback: expected how many releases back, a whole number from 1 to {}",
                        Self::BACK_MAX
                    ));
                }
                Self::Rollback {
                    back,
                    to: particulars.commit.clone(),
                    reason: reason(wish, particulars)?,
                }
            }
            Wish::AllowDiverged => Self::AllowDiverged {
                commit: commit(wish, particulars)?,
            },
            Wish::Approve => Self::Approve {
                commit: commit(wish, particulars)?,
                of: None,
            },
        })
    }

    /// What is asked, by name.
    pub const fn wish(&self) -> Wish {
        match self {
            Self::LiftHold => Wish::LiftHold,
            Self::Lock { .. } => Wish::Lock,
            Self::Unlock => Wish::Unlock,
            Self::Rollback { .. } => Wish::Rollback,
            Self::AllowDiverged { .. } => Wish::AllowDiverged,
            Self::Approve { .. } => Wish::Approve,
            Self::Retry { .. } => Wish::Retry,
        }
    }

    /// What was said beside it, in words: `2 back, coins are free`.
    pub fn said(&self) -> String {
        match self {
            Self::LiftHold | Self::Unlock | Self::Retry { commit: None } => String::new(),
            Self::Lock { reason } => reason.clone(),
            Self::AllowDiverged { commit }
            | Self::Approve { commit, .. }
            | Self::Retry {
                commit: Some(commit),
            } => commit.to_string(),
            Self::Rollback { back, to, reason } => {
                let to = to.as_ref().map(|to| format!(" to {to}"));
                format!("{back} back{}, {reason}", to.unwrap_or_default())
            }
        }
    }

    /// The fact that it becomes, by the word of `speaker`.
    pub fn fact(&self, speaker: &Speaker) -> Fact {
        let by = speaker.name.clone();
        match self {
            Self::LiftHold => Fact::HoldLifted { by },
            Self::Lock { reason } => Fact::Locked {
                by,
                reason: reason.clone(),
            },
            Self::Unlock => Fact::Unlocked { by },
            Self::Rollback { back, reason, .. } => Fact::RollbackAsked {
                back: *back,
                by,
                reason: reason.clone(),
            },
            Self::AllowDiverged { commit } => Fact::DivergedAllowed {
                commit: commit.clone(),
            },
            Self::Approve { commit, of } => Fact::Approved {
                commit: commit.clone(),
                by,
                account: speaker.account.clone(),
                of: of.clone(),
            },
            Self::Retry {
                commit: Some(commit),
            } => Fact::ReleaseAsked {
                commit: commit.clone(),
            },
            Self::Retry { commit: None } => Fact::RetryAsked,
        }
    }
}

fn commit(wish: Wish, particulars: &Particulars) -> Result<CommitSha, String> {
    let commit = particulars.commit.clone();
    commit.ok_or_else(|| {
        format!(
            "{}: expected the commit, 40 hexadecimal digits",
            wish.name()
        )
    })
}

/// The reason on one line and not at length.
fn reason(wish: Wish, particulars: &Particulars) -> Result<String, String> {
    let given = particulars.reason.as_deref().unwrap_or_default();
    let words: Vec<&str> = given.split_whitespace().collect();
    let reason: String = words
        .join(" ")
        .chars()
        .take(Intervention::REASON_CHARACTERS)
        .collect();
    if reason.is_empty() {
        return Err(format!("{}: expected a reason", wish.name()));
    }
    Ok(reason)
}

impl Line {
    /// Why nothing would come of the intervention by this person as things are; none if something would.
    pub fn would_refuse(&self, intervention: &Intervention, by: &Speaker) -> Option<String> {
        match intervention {
            Intervention::LiftHold if self.hold.is_none() => Some("it is not held".to_owned()),
            Intervention::Unlock if self.lock.is_none() => Some("it is not locked".to_owned()),
            Intervention::Rollback { back, to, .. } => match self.way_back_by(*back) {
                Err(reason) => Some(reason),
                Ok(there) => to.as_ref().filter(|to| there.commit != **to).map(|to| {
                    let (there, to) = (there.commit.short(), to.short());
                    format!("the release that is {back} back is {there} by now, and not {to}")
                }),
            },
            Intervention::AllowDiverged { commit } if !self.candidates.contains_key(commit) => {
                Some(format!("{} does not wait for anything", commit.short()))
            }
            Intervention::Approve { commit, .. } => self.would_not_count(commit, by),
            Intervention::LiftHold
            | Intervention::Lock { .. }
            | Intervention::Unlock
            | Intervention::AllowDiverged { .. }
            | Intervention::Retry { .. } => None,
        }
    }

    /// The verified releases that a person can go back to, the nearest first: its commit and title.
    pub fn ways_back(&self) -> Vec<(CommitSha, String)> {
        let steps = 1..=Intervention::BACK_MAX;
        let to = steps.map_while(|back| self.way_back_by(back).ok());
        to.map(|to| (to.commit, to.title)).collect()
    }

    /// Whether a way back is being taken, or is about to be.
    pub(super) fn is_going_back(&self) -> bool {
        let is_back = |kind: &Kind| *kind != Kind::Deploy;
        self.way_back.is_some() || self.running.as_ref().is_some_and(|now| is_back(&now.kind))
    }

    /// The release that is `back` verified ones back from what is there. An error says why there is none.
    pub(super) fn way_back_by(&self, back: u32) -> Result<Verified, String> {
        if self.is_going_back() {
            return Err("it is being taken back already".to_owned());
        }
        let is_it = |commit: &CommitSha| self.deployed.as_ref() == Some(commit);
        let last = self.verified.last();
        let is_live = last.is_some_and(|last| is_it(&last.commit)) && !self.is_unproven;
        // If what was given to Argo CD last is not verified, the last verified one is one back.
        let steps = usize::try_from(back).unwrap_or(usize::MAX);
        let steps = steps.saturating_sub(usize::from(!is_live));
        let place = self.verified.len().checked_sub(steps.saturating_add(1));
        let to = place.and_then(|place| self.verified.get(place)).cloned();
        self.way_back_to(to, back)
    }
}
