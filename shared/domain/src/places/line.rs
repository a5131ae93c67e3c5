//! The line before one application: who has a place, who waits, and what each was told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Ticket;
use crate::{PullRequestNumber, Timestamp};

/// So many before somebody are told exactly; beyond that in these steps, so that one who leaves is not news for all.
const EXACT: u32 = 5;
const STEPS: [u32; 6] = [10, 20, 50, 100, 200, 500];

/// What a preview is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// It has a place.
    Given,
    /// It waits for one.
    Waiting {
        /// So many are before it, at most: exact up to five.
        ahead: u32,
        /// So many have a place at a time.
        limit: u32,
    },
}

/// The tickets of one application.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Line {
    /// How many places there are: the inner one is none if there is no limit, the outer if that is not known.
    #[serde(default)]
    pub(super) limit: Option<Option<u32>>,
    /// By pull request, which has one ticket at a time.
    #[serde(default)]
    entries: BTreeMap<PullRequestNumber, Entry>,
    /// The newest ticket that each gave back, and when.
    #[serde(default)]
    ended: BTreeMap<PullRequestNumber, (u64, Timestamp)>,
}

/// Who waits, or has a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    ticket: u64,
    since: Timestamp,
    /// Since when it has a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    given: Option<Timestamp>,
    /// What it was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<Word>,
    /// When it was last heard of.
    seen_at: Timestamp,
}

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.ended.is_empty()
    }

    pub(super) fn has_entries(&self) -> bool {
        !self.entries.is_empty()
    }

    pub(super) fn has_waiting(&self) -> bool {
        self.entries.values().any(|entry| entry.given.is_none())
    }

    /// Takes in that somebody asks. Returns whether the ticket is new.
    pub(super) fn asked(
        &mut self,
        ticket: &Ticket,
        since: Timestamp,
        live: bool,
        at: Timestamp,
    ) -> bool {
        let ended = self.ended.get(&ticket.number);
        if ended.is_some_and(|(ended, _)| *ended >= ticket.ticket) {
            return false;
        }
        let known = self.entries.get_mut(&ticket.number);
        let is_new = match known {
            Some(known) if known.ticket > ticket.ticket => return false,
            Some(known) if known.ticket == ticket.ticket => {
                // Whoever asks again has not heard.
                known.told = None;
                known.seen_at = at;
                known.given = known.given.or(live.then_some(at));
                false
            }
            Some(_) | None => true,
        };
        if is_new {
            let entry = Entry {
                ticket: ticket.ticket,
                since,
                given: live.then_some(at),
                told: None,
                seen_at: at,
            };
            self.entries.insert(ticket.number, entry);
        }
        is_new
    }

    pub(super) fn given_back(&mut self, ticket: &Ticket, at: Timestamp) {
        let known = self.entries.get(&ticket.number);
        if known.is_some_and(|known| known.ticket <= ticket.ticket) {
            self.entries.remove(&ticket.number);
        }
        let ended = self.ended.entry(ticket.number).or_insert((0, at));
        *ended = (ended.0.max(ticket.ticket), at);
    }

    pub(super) fn told(&mut self, ticket: &Ticket, word: Word) {
        if let Some(entry) = self.entry_of(ticket) {
            entry.told = Some(word);
        }
    }

    pub(super) fn looked(&mut self, ticket: &Ticket, known: bool, at: Timestamp) {
        if let Some(entry) = self.entry_of(ticket) {
            entry.seen_at = at;
            if !known {
                self.entries.remove(&ticket.number);
            }
        }
    }

    fn entry_of(&mut self, ticket: &Ticket) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(&ticket.number);
        entry.filter(|entry| entry.ticket == ticket.ticket)
    }

    /// Hands out the places that are free, to those who wait longest.
    pub(super) fn hand_out(&mut self, at: Timestamp) {
        let Some(limit) = self.limit else {
            return;
        };
        let given = |entry: &&Entry| entry.given.is_some();
        let taken = self.entries.values().filter(given).count();
        let free = limit.map_or(usize::MAX, |limit| {
            usize::try_from(limit)
                .unwrap_or(usize::MAX)
                .saturating_sub(taken)
        });
        for number in self.waiting().into_iter().take(free) {
            if let Some(entry) = self.entries.get_mut(&number) {
                entry.given = Some(at);
            }
        }
    }

    /// Those who wait, the next one first.
    fn waiting(&self) -> Vec<PullRequestNumber> {
        let waiting = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.given.is_none());
        let mut waiting: Vec<(Timestamp, PullRequestNumber)> = waiting
            .map(|(number, entry)| (entry.since, *number))
            .collect();
        waiting.sort_unstable();
        waiting.into_iter().map(|(_, number)| number).collect()
    }

    /// Somebody who was not told how it stands: those with a place first. None while the limit is not known.
    pub(super) fn untold(&self) -> Option<(PullRequestNumber, u64, Word)> {
        let given = self.entries.iter().filter(|(_, it)| it.given.is_some());
        let mut words = given.map(|(number, entry)| (*number, entry, Word::Given));
        let is_news =
            |(_, entry, word): &(PullRequestNumber, &Entry, Word)| entry.told != Some(*word);
        let news = words.find(is_news).or_else(|| {
            let limit = self.limit.flatten()?;
            let waiting = self.waiting().into_iter().zip(0..);
            let mut words = waiting.filter_map(|(number, index)| {
                let ahead = rounded(index);
                let word = Word::Waiting { ahead, limit };
                Some((number, self.entries.get(&number)?, word))
            });
            words.find(is_news)
        });
        news.map(|(number, entry, word)| (number, entry.ticket, word))
    }

    /// Who was not heard of for longest, and since when.
    pub(super) fn longest_unseen(&self) -> Option<(PullRequestNumber, u64, Timestamp)> {
        let entries = self.entries.iter();
        let seen = entries.map(|(number, entry)| (*number, entry.ticket, entry.seen_at));
        seen.min_by_key(|(_, _, seen_at)| *seen_at)
    }

    /// When a ticket was last given back.
    pub(super) fn newest_end(&self) -> Option<Timestamp> {
        self.ended.values().map(|(_, at)| *at).max()
    }

    /// Forgets tickets that were given back before `before`.
    pub(super) fn forget_ended(&mut self, before: Timestamp) {
        self.ended.retain(|_, (_, at)| *at > before);
    }
}

/// So many, or the next step above.
fn rounded(ahead: u32) -> u32 {
    let step = STEPS.into_iter().find(|step| *step >= ahead);
    if ahead <= EXACT {
        ahead
    } else {
        step.unwrap_or(u32::MAX)
    }
}
