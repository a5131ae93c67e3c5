//! Lists deliveries for people, a page at a time. Pending ones are found by a listing of `queue`, which holds nothing of what is over;
//! finished ones by the journals, without any listing.

mod backwards;

use domain::{DeliveryGuid, RepositoryId};
use ports::{Label, Store, StoreError};

use crate::{Finish, Head, Inbox, Record, delivery_key};
use backwards::{Backwards, Step};

/// The most deliveries on one page.
pub const PAGE_MAX: usize = 100;

/// So many are read for one page at most, however few of them are wanted.
const READ_MAX: usize = 500;

/// Where a delivery is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is to be processed, or just now is.
    Pending,
    /// Its component has taken it.
    Done,
    /// It was refused, or failed too often.
    Dead,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Done, Self::Dead];

    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    /// Of a delivery.
    pub const fn of(head: &Head) -> Self {
        match head.finish {
            None => Self::Pending,
            Some(Finish::Done) => Self::Done,
            Some(Finish::Dead) => Self::Dead,
        }
    }
}

impl From<Finish> for Status {
    fn from(finish: Finish) -> Self {
        match finish {
            Finish::Done => Self::Done,
            Finish::Dead => Self::Dead,
        }
    }
}

/// A place in the list: pending ones come first, then finished ones, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// After the pending one with this id.
    Pending(DeliveryGuid),
    /// At these numbers of the two journals.
    Finished {
        /// Of what was done.
        done: i64,
        /// Of what is dead.
        dead: i64,
    },
}

impl Place {
    /// The place as a cursor: text of letters, digits, `.` and `-`.
    pub fn cursor(&self) -> String {
        match self {
            Self::Pending(guid) => format!("p.{guid}"),
            Self::Finished { done, dead } => format!("f{done}.{dead}"),
        }
    }

    /// The place that [`Place::cursor`] wrote; none for any other text.
    pub fn parse(cursor: &str) -> Option<Self> {
        match cursor.split_once('.')? {
            ("p", guid) => guid.parse().ok().map(Self::Pending),
            (done, dead) => Some(Self::Finished {
                done: done.strip_prefix('f')?.parse().ok()?,
                dead: dead.parse().ok()?,
            }),
        }
    }
}

/// Some deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// What is known about each.
    pub heads: Vec<Head>,
    /// Where to go on; none at the end.
    pub next: Option<Place>,
}

impl<S: Store, H, C, L> Inbox<S, H, C, L> {
    /// What is known about a delivery; none if it is not stored, or cannot be read.
    pub async fn find(&self, guid: &DeliveryGuid) -> Result<Option<Head>, StoreError> {
        Ok(self.stored(guid).await?.map(|record| record.head))
    }

    /// The stored delivery, wherever it is in its life.
    pub(crate) async fn stored(&self, guid: &DeliveryGuid) -> Result<Option<Record>, StoreError> {
        for label in [Label::Queue, Label::Inbox] {
            let value = self.store.get(label, &delivery_key(guid)).await?;
            if let Some(Ok(record)) = value.map(|value| Record::parse(&value)) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// Up to `limit` deliveries (at most [`PAGE_MAX`]) from `place` on, of one status or of all, of those of a wanted repository. If few
    /// are wanted, a page may hold fewer, or none, and still name where to go on.
    pub async fn list(
        &self,
        status: Option<Status>,
        place: Option<&Place>,
        limit: usize,
        is_wanted: impl Fn(Option<RepositoryId>) -> bool,
    ) -> Result<Page, StoreError> {
        let mut reading = Reading {
            heads: Vec::new(),
            limit: limit.clamp(1, PAGE_MAX),
            left: READ_MAX,
            is_wanted,
        };
        let next = self.read(&mut reading, status, place).await?;
        let heads = reading.heads;
        Ok(Page { heads, next })
    }

    async fn read<W: Fn(Option<RepositoryId>) -> bool>(
        &self,
        reading: &mut Reading<W>,
        status: Option<Status>,
        place: Option<&Place>,
    ) -> Result<Option<Place>, StoreError> {
        let wants = |of: Status| status.is_none_or(|status| status == of);
        let (after, numbers) = match place {
            None => (None, None),
            Some(Place::Pending(guid)) => (Some(guid), None),
            Some(Place::Finished { done, dead }) => (None, Some((*done, *dead))),
        };
        if numbers.is_none() && wants(Status::Pending) {
            let next = self.read_pending(reading, after).await?;
            if next.is_some() {
                return Ok(next);
            }
        }
        let mut finished = Backwards::new(self, numbers);
        for finish in Finish::ALL {
            if wants(finish.into()) {
                finished.open(finish).await?;
            }
        }
        self.read_finished(reading, finished).await
    }

    async fn read_pending<W: Fn(Option<RepositoryId>) -> bool>(
        &self,
        reading: &mut Reading<W>,
        after: Option<&DeliveryGuid>,
    ) -> Result<Option<Place>, StoreError> {
        let keys = self.store.keys(Label::Queue).await?;
        let guids = keys.iter().filter_map(|key| key.strip_prefix("delivery/"));
        let mut guids: Vec<DeliveryGuid> = guids.filter_map(|guid| guid.parse().ok()).collect();
        guids.retain(|guid| after.is_none_or(|after| guid > after));
        guids.sort_unstable();
        let mut last = None;
        for guid in guids {
            if reading.is_over() {
                return Ok(last.map(Place::Pending));
            }
            reading.left -= 1;
            // What is finished meanwhile stands at another place.
            let head = self.find(&guid).await?;
            let head = head.filter(|head| Status::of(head) == Status::Pending);
            reading.take(head.filter(|head| (reading.is_wanted)(head.repository)));
            last = Some(guid);
        }
        Ok(None)
    }

    async fn read_finished<W: Fn(Option<RepositoryId>) -> bool>(
        &self,
        reading: &mut Reading<W>,
        mut finished: Backwards<'_, S, H, C, L>,
    ) -> Result<Option<Place>, StoreError> {
        loop {
            let place = finished.place();
            match finished.next(&mut reading.left).await? {
                Step::End => return Ok(None),
                Step::Tired => return Ok(Some(finished.place())),
                Step::Entry(..) if reading.is_full() => return Ok(Some(place)),
                Step::Entry(finish, entry) if (reading.is_wanted)(entry.repository) => {
                    // What is being run again, or ended later, stands at another place.
                    let head = self.find(&entry.guid).await?;
                    reading.take(head.filter(|head| entry.fits(finish, head)));
                }
                Step::Entry(..) => {}
            }
        }
    }

    /// How many deliveries there are of each status. One that ended twice, being run again or by two processes, counts twice until it
    /// expires; so does one whose process died while it ended.
    pub async fn count(&self) -> Result<[(Status, u64); 3], StoreError> {
        let queue = self.store.keys(Label::Queue).await?;
        let pending = queue.iter().filter(|key| key.starts_with("delivery/"));
        let pending = u64::try_from(pending.count()).unwrap_or(u64::MAX);
        Ok([
            (Status::Pending, pending),
            (Status::Done, self.numbers(Finish::Done).await?),
            (Status::Dead, self.numbers(Finish::Dead).await?),
        ])
    }

    /// How many numbers the journal has.
    async fn numbers(&self, finish: Finish) -> Result<u64, StoreError> {
        let (begin, end) = (self.begin(finish).await?, self.end(finish).await?);
        Ok(u64::try_from(end.saturating_sub(begin).saturating_add(1)).unwrap_or_default())
    }
}

/// A page that is being read.
struct Reading<W> {
    heads: Vec<Head>,
    limit: usize,
    /// So many may still be looked at.
    left: usize,
    is_wanted: W,
}

impl<W> Reading<W> {
    fn is_full(&self) -> bool {
        self.heads.len() == self.limit
    }

    fn is_over(&self) -> bool {
        self.is_full() || self.left == 0
    }

    /// Two processes may have ended a delivery in one moment: it is shown once.
    fn take(&mut self, head: Option<Head>) {
        let head = head.filter(|head| self.heads.iter().all(|other| other.guid != head.guid));
        self.heads.extend(head);
    }
}

#[cfg(test)]
mod tests;
