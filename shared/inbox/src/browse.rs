//! Lists deliveries for people, a page at a time. It lists keys, which is never done while a delivery is taken in.

use domain::{DeliveryGuid, Timestamp};
use ports::{Label, Store, StoreError};

use crate::{Finish, Head, Inbox, Record, delivery_key, listing::parse_expiry_key};

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

/// A place in the list: pending ones come first, then finished ones, the newest hour first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// How long before the end of time it ended, in hours; less than any for a pending one.
    age: Option<i64>,
    guid: String,
}

impl Place {
    fn pending(guid: &DeliveryGuid) -> Self {
        Self {
            age: None,
            guid: guid.to_string(),
        }
    }

    fn finished(at: Timestamp, guid: &DeliveryGuid) -> Self {
        Self {
            age: Some(i64::MAX - at.milliseconds()),
            guid: guid.to_string(),
        }
    }

    /// The place as a cursor: text of letters, digits, `.` and `-`.
    pub fn cursor(&self) -> String {
        match self.age {
            None => format!("p.{}", self.guid),
            Some(age) => format!("f{age}.{}", self.guid),
        }
    }

    /// The place that [`Place::cursor`] wrote; none for any other text.
    pub fn parse(cursor: &str) -> Option<Self> {
        let (place, guid) = cursor.split_once('.')?;
        let guid: DeliveryGuid = guid.parse().ok()?;
        let age = match place {
            "p" => None,
            place => Some(place.strip_prefix('f')?.parse().ok()?),
        };
        Some(Self {
            age,
            guid: guid.to_string(),
        })
    }
}

/// Some deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
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

    /// Up to `limit` deliveries (at most [`PAGE_MAX`]) after `after`, of one status or of all, of those that are wanted. If few are, a
    /// page may hold fewer, or none, and still name where to go on.
    pub async fn list(
        &self,
        status: Option<Status>,
        after: Option<&Place>,
        limit: usize,
        is_wanted: impl Fn(&Head) -> bool,
    ) -> Result<Page, StoreError> {
        let limit = limit.clamp(1, PAGE_MAX);
        let places = self.places(status).await?;
        let mut rest = places
            .into_iter()
            .filter(|(place, _)| after.is_none_or(|after| place > after))
            .peekable();
        let mut page = Page {
            heads: Vec::new(),
            next: None,
        };
        let mut read = 0;
        while let Some((place, guid)) = rest.next() {
            read += 1;
            // What moved on meanwhile, or was run again since, stands at another place.
            let head = self
                .find(&guid)
                .await?
                .filter(|head| place_of(head) == place && is_wanted(head));
            page.heads.extend(head);
            if page.heads.len() == limit || read == READ_MAX {
                page.next = rest.peek().map(|_| place);
                break;
            }
        }
        Ok(page)
    }

    /// How many deliveries there are of each status, by their keys: one that was run again counts once more until it expires.
    pub async fn count(&self) -> Result<[(Status, usize); 3], StoreError> {
        let queue = self.store.keys(Label::Queue).await?;
        let pending = queue.iter().filter(|key| key.starts_with("delivery/"));
        let inbox = self.store.keys(Label::Inbox).await?;
        let ended = |finish: Finish| {
            let ends = inbox.iter().filter_map(|key| parse_expiry_key(key));
            ends.filter(|expiry| expiry.finish == finish).count()
        };
        Ok([
            (Status::Pending, pending.count()),
            (Status::Done, ended(Finish::Done)),
            (Status::Dead, ended(Finish::Dead)),
        ])
    }

    async fn places(
        &self,
        status: Option<Status>,
    ) -> Result<Vec<(Place, DeliveryGuid)>, StoreError> {
        let wanted = |of: Status| status.is_none_or(|status| status == of);
        let mut places = Vec::new();
        if wanted(Status::Pending) {
            for key in self.store.keys(Label::Queue).await? {
                let guid = key
                    .strip_prefix("delivery/")
                    .map(str::parse::<DeliveryGuid>);
                if let Some(Ok(guid)) = guid {
                    places.push((Place::pending(&guid), guid));
                }
            }
        }
        if wanted(Status::Done) || wanted(Status::Dead) {
            for key in self.store.keys(Label::Inbox).await? {
                let Some(expiry) = parse_expiry_key(&key) else {
                    continue;
                };
                if wanted(expiry.finish.into()) {
                    let place = Place::finished(expiry.end, &expiry.guid);
                    places.push((place, expiry.guid));
                }
            }
        }
        places.sort_unstable();
        Ok(places)
    }
}

fn place_of(head: &Head) -> Place {
    match (head.finish, head.finished_at) {
        (Some(_), Some(at)) => Place::finished(crate::listing::end_of_hour(at), &head.guid),
        (_, _) => Place::pending(&head.guid),
    }
}

#[cfg(test)]
mod tests;
