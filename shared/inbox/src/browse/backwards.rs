//! Reads the journals backwards, as if they were one: what ended last comes first.

use ports::{Store, StoreError};

use super::Place;
use crate::{Finish, Inbox, journal::Entry};

/// Where somebody reads in the journals.
pub(super) struct Backwards<'inbox, S, H, C, L> {
    inbox: &'inbox Inbox<S, H, C, L>,
    done: Tail,
    dead: Tail,
}

/// The rest of one journal.
struct Tail {
    /// What comes next has this number or a lower one; none if it begins at the journal's end.
    number: Option<i64>,
    /// The lowest number; none if the journal is not read.
    begin: Option<i64>,
    /// The entry with the number, once it is read.
    entry: Option<Entry>,
}

/// What comes next.
pub(super) enum Step {
    /// A delivery that ended so.
    Entry(Finish, Entry),
    /// Nothing.
    End,
    /// Nothing more may be read.
    Tired,
}

impl<'inbox, S: Store, H, C, L> Backwards<'inbox, S, H, C, L> {
    /// From these numbers on, of what was done and what is dead; else from the newest.
    pub(super) fn new(inbox: &'inbox Inbox<S, H, C, L>, numbers: Option<(i64, i64)>) -> Self {
        let tail = |number| Tail {
            number,
            begin: None,
            entry: None,
        };
        Self {
            inbox,
            done: tail(numbers.map(|(done, _)| done)),
            dead: tail(numbers.map(|(_, dead)| dead)),
        }
    }

    fn tail(&mut self, finish: Finish) -> &mut Tail {
        match finish {
            Finish::Done => &mut self.done,
            Finish::Dead => &mut self.dead,
        }
    }

    /// Has this journal read too.
    pub(super) async fn open(&mut self, finish: Finish) -> Result<(), StoreError> {
        let inbox = self.inbox;
        let tail = self.tail(finish);
        tail.begin = Some(inbox.begin(finish).await?);
        if tail.number.is_none() {
            tail.number = Some(inbox.end(finish).await?);
        }
        Ok(())
    }

    /// The place of what comes next.
    pub(super) fn place(&self) -> Place {
        Place::Finished {
            done: self.done.number.unwrap_or_default(),
            dead: self.dead.number.unwrap_or_default(),
        }
    }

    /// Reads what comes next; each look at a number takes one of `left`.
    pub(super) async fn next(&mut self, left: &mut usize) -> Result<Step, StoreError> {
        for finish in Finish::ALL {
            if !self.find(finish, left).await? {
                return Ok(Step::Tired);
            }
        }
        let at = |tail: &Tail| tail.entry.as_ref().map(|entry| entry.finished_at);
        let finish = if at(&self.done) > at(&self.dead) {
            Finish::Done
        } else {
            Finish::Dead
        };
        let tail = self.tail(finish);
        let Some(entry) = tail.entry.take() else {
            return Ok(Step::End);
        };
        tail.pass();
        Ok(Step::Entry(finish, entry))
    }

    /// Goes back to the next entry of a journal, over holes. Whether that was not too much.
    async fn find(&mut self, finish: Finish, left: &mut usize) -> Result<bool, StoreError> {
        let inbox = self.inbox;
        let tail = self.tail(finish);
        while let Some(number) = tail.unread() {
            let Some(fewer) = left.checked_sub(1) else {
                return Ok(false);
            };
            *left = fewer;
            tail.entry = inbox.entry(finish, number).await?;
            if tail.entry.is_none() {
                tail.pass();
            }
        }
        Ok(true)
    }
}

impl Tail {
    /// The number that is to be read; none if its entry is known, or there is none.
    fn unread(&self) -> Option<i64> {
        let begin = self.begin?;
        let number = self.number.filter(|number| *number >= begin)?;
        self.entry.is_none().then_some(number)
    }

    fn pass(&mut self) {
        self.number = self.number.map(|number| number.saturating_sub(1));
    }
}
