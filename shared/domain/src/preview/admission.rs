//! The live-preview limit, as one preview sees it: it asks for a place before it begins, and gives it back when nothing is left.
//!
//! Places are handed out by [`crate::places`]. What is there is updated whatever the limit; it only sees to it that it is counted.

use serde::{Deserialize, Serialize};

use super::{
    Action, Effort, Preview, ServiceSettings, Trouble,
    plan::{Next, when_due_at_last},
    state::{Problem, Target},
    wanted::Wanted,
};
use crate::{TargetId, Timestamp, places::Word};

/// Who hears nothing asks again after so long, at first and later.
const UNHEARD: std::time::Duration = std::time::Duration::from_secs(10);
/// Who waits asks again so often: a message may be lost with a store.
const ASKED_AGAIN: std::time::Duration = std::time::Duration::from_secs(1_800);

/// What can be learnt about the place on one application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdmissionFact {
    /// It is about to be asked for.
    Asking {
        /// Counts up with every place that is asked for.
        ticket: u64,
    },
    /// It was asked for.
    Asked {
        /// Which one.
        ticket: u64,
    },
    /// The places tell how it stands.
    Told {
        /// Which one.
        ticket: u64,
        /// How.
        word: Word,
    },
    /// It is about to be given back: from now on nothing begins without a new one.
    Returning {
        /// Which one.
        ticket: u64,
    },
    /// It was given back.
    Returned {
        /// Which one.
        ticket: u64,
    },
    /// The places could not be told.
    Troubled {
        /// Why.
        trouble: Trouble,
    },
}

/// Something to do about the place on one application. The places are told by mail, so all of it may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdmissionAction {
    /// Ask for a place.
    Ask {
        /// Counts up with every place that is asked for.
        ticket: u64,
        /// Since when the preview could begin.
        since: Timestamp,
        /// Something is there already.
        live: bool,
        /// How many places the configuration allows.
        limit: u32,
    },
    /// Give it back.
    Return {
        /// Which one.
        ticket: u64,
    },
}

/// What is known of the place on one application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Admission {
    /// The newest ticket.
    ticket: u64,
    /// Since when the preview could begin, for as long as it is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    stage: Stage,
    #[serde(default)]
    pub(super) effort: Effort,
}

/// How a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// There is none.
    None,
    /// It is about to be asked for.
    Asking,
    /// It was asked for.
    Asked { at: Timestamp },
    /// The places told how it stands.
    Told { word: Word, at: Timestamp },
    /// It is being given back.
    Returning,
}

/// How a preview stands before the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admitted {
    /// It may begin, or go on.
    Yes,
    /// It waits for a place, behind at most so many, of so many in all. None while that is being asked.
    No(Option<(u32, u32)>),
}

impl Preview {
    /// Whether the preview of `service` may begin, as far as the limit goes.
    pub(super) fn admitted(&self, service: &ServiceSettings) -> Admitted {
        let target = self.targets.get(&service.application);
        if service.when.limit.is_none() || !target.is_none_or(Target::is_vacant) {
            return Admitted::Yes;
        }
        let known = self.admissions.get(&service.application);
        match known.map(|known| known.stage) {
            Some(Stage::Told {
                word: Word::Given, ..
            }) => Admitted::Yes,
            Some(Stage::Told {
                word: Word::Waiting { ahead, limit },
                ..
            }) => Admitted::No(Some((ahead, limit))),
            Some(Stage::None | Stage::Asking | Stage::Asked { .. } | Stage::Returning) | None => {
                Admitted::No(None)
            }
        }
    }

    /// Why it waits, in plain words; with its place in the line if `exactly`.
    pub(super) fn told_wait(&self, service: &ServiceSettings, exactly: bool) -> String {
        let (ahead, limit) = match self.admitted(service) {
            Admitted::No(Some((ahead, limit))) => (Some(ahead), limit),
            Admitted::No(None) | Admitted::Yes => (None, service.when.limit.unwrap_or_default()),
        };
        let mut told = if limit == 1 {
            "at most one of its previews is live at a time".to_owned()
        } else {
            format!("at most {limit} of its previews are live at a time")
        };
        match ahead.filter(|_| exactly) {
            Some(0) => told.push_str(", and this one is next"),
            Some(1) => told.push_str(", and one waits before this one"),
            Some(u32::MAX) => told.push_str(", and many wait before this one"),
            Some(ahead @ 2..=5) => told.push_str(&format!(", and {ahead} wait before this one")),
            Some(ahead) => told.push_str(&format!(", and up to {ahead} wait before this one")),
            None => {}
        }
        told
    }

    /// The limit of the service whose place the preview needs at present; none if it needs none.
    fn needed_place(&self, application: &TargetId) -> Option<u32> {
        let services = &self.settings_in_force()?.services;
        let service = services
            .iter()
            .find(|service| service.application == *application)?;
        let target = self.targets.get(application);
        if !target.is_none_or(Target::is_vacant) {
            return service.when.limit;
        }
        // A place for what does not get on would be kept from others.
        let is_stuck = target.is_some_and(|target| target.effort.is_exhausted());
        let could_begin = matches!(
            self.wanted(application),
            Wanted::Present { .. } | Wanted::Crowded(_)
        );
        service.when.limit.filter(|_| could_begin && !is_stuck)
    }

    /// Whether nobody can tell yet that the place is not needed.
    fn may_need_place(&self, application: &TargetId) -> bool {
        if self.settings_in_force().is_some() {
            return false;
        }
        let target = self.targets.get(application);
        let is_missing = matches!(self.configuration.problem, Some(Problem::Missing));
        !target.is_none_or(Target::is_vacant)
            || (self.wanted(application) == Wanted::Undecided && !is_missing)
    }

    /// Asks for places that are needed, and gives back those that are not.
    pub(super) fn see_to_places(&self, now: Timestamp) -> Next {
        let services = self.settings_in_force();
        let configured = services.iter().flat_map(|settings| &settings.services);
        let limited = configured.filter(|service| service.when.limit.is_some());
        let mut applications: Vec<&TargetId> = limited
            .map(|service| &service.application)
            .chain(self.admissions.keys())
            .collect();
        applications.sort_unstable();
        applications.dedup();
        let mut earliest: Option<Timestamp> = None;
        for application in applications {
            match self.see_to_place(application, now) {
                Next::Nothing => {}
                Next::At(at) => earliest = Some(earliest.map_or(at, |earliest| earliest.min(at))),
                act @ Next::Act(_) => return act,
            }
        }
        earliest.map_or(Next::Nothing, Next::At)
    }

    fn see_to_place(&self, application: &TargetId, now: Timestamp) -> Next {
        let known = self.admissions.get(application);
        let nothing = Effort::default();
        let effort = known.map_or(&nothing, |known| &known.effort);
        let act = |action: AdmissionAction| {
            when_due_at_last(effort, now, || Action::Admission {
                application: application.clone(),
                action,
            })
        };
        let newest = known.map_or(0, |known| known.ticket);
        let stage = known.map_or(Stage::None, |known| known.stage);
        let Some(limit) = self.needed_place(application) else {
            let is_kept = stage != Stage::Returning && self.may_need_place(application);
            return if stage == Stage::None || is_kept {
                Next::Nothing
            } else {
                act(AdmissionAction::Return { ticket: newest })
            };
        };
        let (ticket, due) = match stage {
            Stage::Returning => return act(AdmissionAction::Return { ticket: newest }),
            // Also above those of an earlier life of this preview, which the places may still remember.
            Stage::None => (milliseconds(now).max(newest + 1), now),
            Stage::Asking => (newest, now),
            Stage::Asked { at } => (newest, at.after(UNHEARD)),
            Stage::Told {
                word: Word::Waiting { .. },
                at,
            } => (newest, at.after(ASKED_AGAIN)),
            Stage::Told {
                word: Word::Given, ..
            } => return Next::Nothing,
        };
        if due > now {
            return Next::At(due);
        }
        let target = self.targets.get(application);
        act(AdmissionAction::Ask {
            ticket,
            since: known.and_then(|known| known.since).unwrap_or(now),
            live: !target.is_none_or(Target::is_vacant),
            limit,
        })
    }

    pub(super) fn admission_told(
        &mut self,
        application: &TargetId,
        fact: &AdmissionFact,
        at: Timestamp,
    ) {
        let seed = self.seed();
        let known = self
            .admissions
            .entry(application.clone())
            .or_insert_with(|| Admission {
                ticket: 0,
                since: None,
                stage: Stage::None,
                effort: Effort::default(),
            });
        match fact {
            AdmissionFact::Asking { ticket } if *ticket > known.ticket => {
                known.ticket = *ticket;
                known.since.get_or_insert(at);
                known.stage = Stage::Asking;
            }
            AdmissionFact::Asked { ticket } if *ticket == known.ticket => {
                known.effort.succeed();
                match &mut known.stage {
                    Stage::Asking => known.stage = Stage::Asked { at },
                    Stage::Asked { at: asked } | Stage::Told { at: asked, .. } => *asked = at,
                    Stage::None | Stage::Returning => {}
                }
            }
            AdmissionFact::Told { ticket, word } if *ticket == known.ticket => match known.stage {
                Stage::Asking | Stage::Asked { .. } | Stage::Told { .. } => {
                    known.stage = Stage::Told { word: *word, at };
                }
                Stage::None | Stage::Returning => {}
            },
            AdmissionFact::Returning { ticket } if *ticket == known.ticket => {
                known.stage = Stage::Returning;
            }
            AdmissionFact::Returned { ticket } if *ticket == known.ticket => {
                known.effort.succeed();
                known.stage = Stage::None;
            }
            AdmissionFact::Asking { .. }
            | AdmissionFact::Asked { .. }
            | AdmissionFact::Told { .. }
            | AdmissionFact::Returning { .. }
            | AdmissionFact::Returned { .. } => {}
            AdmissionFact::Troubled { trouble } => known.effort.fail(trouble, at, seed),
        }
    }

    /// Whether it still has the ticket, waiting or with a place.
    pub fn has_ticket(&self, application: &TargetId, ticket: u64) -> bool {
        let known = self.admissions.get(application);
        known.is_some_and(|known| known.ticket == ticket && known.stage != Stage::None)
    }

    /// Whether it has no ticket at all.
    pub(super) fn has_no_tickets(&self) -> bool {
        let mut admissions = self.admissions.values();
        admissions.all(|known| known.stage == Stage::None)
    }

    /// Who is not wanted any more has no claim to its old place in the line.
    pub(super) fn leave_lines(&mut self) {
        let is_over = |(application, known): &(&TargetId, &Admission)| {
            let target = self.targets.get(*application);
            known.stage == Stage::None
                && target.is_none_or(Target::is_vacant)
                && matches!(self.wanted(application), Wanted::Absent(_))
        };
        let over = self.admissions.iter().filter(is_over);
        let over: Vec<TargetId> = over.map(|(application, _)| application.clone()).collect();
        for application in over {
            if let Some(known) = self.admissions.get_mut(&application) {
                known.since = None;
            }
        }
    }
}

fn milliseconds(now: Timestamp) -> u64 {
    u64::try_from(now.milliseconds()).unwrap_or_default()
}
