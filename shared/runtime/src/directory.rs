//! Directories as they are stored: told of each entity that appears, goes or asks for another attention, read by whoever lists
//! entities, looked after by `reconcile`.
//!
//! The path of a webhook costs two calls for each entity that begins or asks for another attention, and nothing else: a mail lies
//! until `reconcile` takes it in, and whoever reads a directory reads its mail with it.

mod compare;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, marker::PhantomData};

use domain::{
    PreviewId, Timestamp,
    directory::{Action, Attention, Directory, Entry, Fact, Key, Kind},
    entity::Entity,
    installation::Installation,
    operation::OperationRun,
    release::Line,
    repository::Repository,
};
use ports::{Clock, Level, Log, Store};

use crate::{Claim, Executor, Outcome, RunError, Runner, browse::Listing, mailbox, record::Record};

pub use compare::{COMPARED_AT, Comparison, compare, compare_when_due};

/// With more mail than this, whoever reads a directory takes it in.
const MAIL_LEFT: u64 = 50;
/// More mail than this is not read for a page: then listing the keys costs less.
const MAIL_READ_MAX: u64 = 1_000;
/// So often mail is taken in for one reader, who waits: each time some 60.
const ROUNDS: usize = 4;
/// So often a directory is read anew that others change at the same time.
const ATTEMPTS: usize = 4;

/// Tells the directory, if there is one for these entities, that something is about to be stored of `id`, or all of it to be deleted.
pub(crate) async fn touch<E: Entity>(
    store: &impl Store,
    id: &E::Id,
    at: Timestamp,
) -> Result<(), RunError> {
    if let Some((kind, entry)) = E::LISTED.zip(Entry::of(&id.to_string())) {
        let entries = vec![entry];
        mailbox::post::<Directory>(store, &Key(kind), &Fact::Touched { entries }, at).await?;
    }
    Ok(())
}

/// What was found of a directory.
enum Found {
    /// There is none.
    Nothing,
    /// There is one that cannot be read, or not in time.
    Unknown {
        /// So many mails may lie there.
        unread: u64,
    },
    /// It, with its mail.
    Directory {
        /// The directory.
        directory: Directory,
        /// So many mails may lie there.
        unread: u64,
    },
}

/// The ids of all entities of one kind that are stored, in no order, and maybe of some that are not: that are about to be, or
/// were until a moment ago. One read and one for each new mail; if there is no complete directory, one listing of keys.
pub async fn ids<E: Entity<Id: Ord>>(store: &impl Store) -> Result<Vec<E::Id>, RunError> {
    Ok(named::<E, _>(store, Directory::ids, Listing::ids::<E>)
        .await?
        .0)
}

/// What the directory tells of entities of one kind, or else the keys; and how much mail it may have.
async fn named<E: Entity, T>(
    store: &impl Store,
    by_directory: impl FnOnce(&Directory) -> T,
    by_keys: impl FnOnce(&Listing) -> T,
) -> Result<(T, u64), RunError> {
    let found = match E::LISTED {
        Some(kind) => find(store, kind).await?,
        None => Found::Nothing,
    };
    let (directory, unread) = match found {
        Found::Nothing => (None, 0),
        Found::Unknown { unread } => (None, unread),
        Found::Directory { directory, unread } => (Some(directory), unread),
    };
    let told = match directory.filter(Directory::is_complete) {
        Some(directory) => by_directory(&directory),
        None => by_keys(&Listing::of(store).await?),
    };
    Ok((told, unread))
}

async fn find(store: &impl Store, kind: Kind) -> Result<Found, RunError> {
    match read(store, Key(kind)).await {
        // Nobody is kept from a page by one damaged value: the keys tell as much.
        Err(RunError::Unreadable { .. }) => Ok(Found::Unknown { unread: 0 }),
        found @ (Ok(_) | Err(RunError::Store(_) | RunError::Unwritable { .. })) => found,
    }
}

async fn read(store: &impl Store, key: Key) -> Result<Found, RunError> {
    let mut stored: Option<Record<Directory>> = Record::read(store, &key).await?;
    for _ in 0..ATTEMPTS {
        let newest = mailbox::newest(store, &key).await?;
        let mail_read = stored.as_ref().map_or(0, |record| record.mail_read);
        let unread = newest.saturating_sub(mail_read);
        if unread > MAIL_READ_MAX {
            return Ok(Found::Unknown { unread });
        }
        if unread == 0 {
            return Ok(match stored {
                Some(record) => Found::Directory {
                    directory: record.state,
                    unread,
                },
                None => Found::Nothing,
            });
        }
        let state = stored.as_ref().map(|record| record.state.clone());
        let mut directory = state.unwrap_or_else(|| Directory::new(key));
        let mut found = 0;
        for number in mail_read + 1..=newest {
            if let Some(mail) = mailbox::get::<Directory>(store, &key, number).await? {
                directory.record(&mail.fact, mail.at);
                found += 1;
            }
        }
        if found < unread {
            // Either it is about to be written, or was taken in: then it is in a later record.
            let again = Record::read(store, &key).await?;
            if again != stored {
                stored = again;
                continue;
            }
        }
        return Ok(Found::Directory { directory, unread });
    }
    Ok(Found::Unknown { unread: 0 })
}

impl<S: Store, C: Clock, L: Log, X> Runner<S, C, L, X> {
    /// As [`ids`], of those who may ask for one of these, for whoever may write: much mail is taken in, so that the next reader is
    /// better off. Others may be among them: who changed a moment ago, and all if nobody compared the directory yet.
    pub async fn ids_asking<E: Entity<Id: Ord>>(
        &self,
        wanted: &[Attention],
    ) -> Result<Vec<E::Id>, RunError> {
        let by_directory = |directory: &Directory| directory.ids_asking(wanted);
        let (ids, unread) = named::<E, _>(&self.store, by_directory, Listing::ids::<E>).await?;
        self.take_much_mail_in::<E>(unread).await;
        Ok(ids)
    }

    /// How many entities of one kind are stored, by the first number of their ids: of their repository, as a rule. As exact as
    /// [`ids`], and made of fewer texts.
    pub async fn counts<E: Entity>(&self) -> Result<Vec<(u64, usize)>, RunError> {
        let by_keys = |listing: &Listing| {
            let mut counts = BTreeMap::<u64, usize>::new();
            for entry in E::LISTED.into_iter().flat_map(|kind| listing.entries(kind)) {
                *counts.entry(entry.group).or_default() += 1;
            }
            counts.into_iter().collect()
        };
        let (counts, unread) = named::<E, _>(&self.store, Directory::counts, by_keys).await?;
        self.take_much_mail_in::<E>(unread).await;
        Ok(counts)
    }

    async fn take_much_mail_in<E: Entity>(&self, unread: u64) {
        if let Some(kind) = E::LISTED.filter(|_| unread > MAIL_LEFT)
            && let Err(error) = self.take_mail_in(kind).await
        {
            let fields = [
                ("entity", Key(kind).to_string().into()),
                ("reason", error.to_string().into()),
            ];
            let message = "left it to reconcile to take in what a directory was told";
            self.log.write(Level::Warn, message, &fields);
        }
    }

    async fn take_mail_in(&self, kind: Kind) -> Result<(), RunError> {
        for _ in 0..ROUNDS {
            match self.take_in::<Directory>(&Key(kind), &[]).await? {
                Outcome::Waiting { .. } | Outcome::Settled => {}
                Outcome::Busy | Outcome::Lost | Outcome::Forgotten => return Ok(()),
            }
        }
        Ok(())
    }
}

/// Does what directories ask for: looks whether entities are stored.
#[derive(Debug, Clone)]
pub struct DirectoryExecutor<S, L, P> {
    /// Where they are.
    pub store: S,
    /// Where it is told what failed.
    pub log: L,
    /// The preview as it is stored.
    pub preview: PhantomData<P>,
}

impl<S: Store, L: Log, P: Entity<Id = PreviewId>> Executor<Directory>
    for DirectoryExecutor<S, L, P>
{
    async fn execute(&self, id: &Key, action: &Action, _claim: Claim) -> Fact {
        let Action::Look { touched } = action;
        let looked = match id.0 {
            Kind::Previews => self.look::<P>(touched).await,
            Kind::Repositories => self.look::<Repository>(touched).await,
            Kind::Installations => self.look::<Installation>(touched).await,
            Kind::Environments => self.look::<Line>(touched).await,
            Kind::Operations => self.look::<OperationRun>(touched).await,
        };
        looked.unwrap_or_else(|error| {
            let fields = [
                ("entity", id.to_string().into()),
                ("reason", error.to_string().into()),
            ];
            let message = "could not look which entities are stored";
            self.log.write(Level::Warn, message, &fields);
            Fact::NotLooked
        })
    }
}

impl<S: Store, L, P> DirectoryExecutor<S, L, P> {
    async fn look<E: Entity>(&self, touched: &[(Entry, Timestamp)]) -> Result<Fact, RunError> {
        let (mut stored, mut absent, mut marked) = (Vec::new(), Vec::new(), Vec::new());
        for (entry, at) in touched {
            let seen = (entry.clone(), *at);
            match self.attention::<E>(entry).await? {
                Some(Attention::Quiet) => stored.push(seen),
                Some(mark @ (Attention::InHand | Attention::Needed)) => {
                    stored.push(seen);
                    marked.push((entry.clone(), mark));
                }
                None => absent.push(seen),
            }
        }
        Ok(Fact::Looked {
            stored,
            absent,
            marked,
        })
    }

    /// How much attention it asks for; none if nothing is stored of it.
    async fn attention<E: Entity>(&self, entry: &Entry) -> Result<Option<Attention>, RunError> {
        let id = E::LISTED.and_then(|kind| kind.id(entry).parse().ok());
        let Some(id) = id else {
            return Ok(None);
        };
        match Record::<E>::read(&self.store, &id).await {
            Ok(record) => Ok(record.map(|record| record.state.attention())),
            // Whoever lists it tells in the log that it is damaged.
            Err(RunError::Unreadable { .. }) => Ok(Some(Attention::Needed)),
            Err(error @ (RunError::Store(_) | RunError::Unwritable { .. })) => Err(error),
        }
    }
}
