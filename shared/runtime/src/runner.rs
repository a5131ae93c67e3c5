//! The loop that runs an entity: take in facts, plan, act, save, until there is nothing to do for now.

use std::time::Duration;

use domain::{Timestamp, entity::Entity};
use ports::{Clock, Log, Store};

use crate::{
    RunError,
    lease::{self, Acquired},
    mailbox,
    record::{Head, Record},
};

mod run;

use run::Run;

/// The longest that a call to a vendor takes: what an executor gives each request.
pub(crate) const EFFECT: Duration = Duration::from_secs(30);
/// So many actions are done under one lease before it is given back: a plan that never ends cannot run for ever.
const ACTIONS_MAX: u32 = 200;

/// Whether the claim of an action was won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The action has none.
    NotNeeded,
    /// This runner is the first and only one to do it.
    First,
    /// Somebody was here before: it may or may not have been done.
    Later,
}

/// Does what plans ask for.
#[expect(
    async_fn_in_trait,
    reason = "static dispatch on one thread: no auto traits are needed"
)]
pub trait Executor<E: Entity> {
    /// Does `action` and says what came of it. What fails is a fact too.
    async fn execute(&self, id: &E::Id, action: &E::Action, claim: Claim) -> E::Fact;

    /// Says, before `action` is intended and claimed, that it cannot be done at present: its vendor does not answer anybody. So
    /// waiting for a vendor uses up no claims. None if it is to be tried.
    async fn held_back(&self, id: &E::Id, action: &E::Action) -> Option<E::Fact> {
        let _ = (id, action);
        None
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There is nothing to do before this time.
    Waiting {
        /// When to run it again.
        until: Timestamp,
    },
    /// There is nothing to do until there is a new fact.
    Settled,
    /// The entity was deleted.
    Forgotten,
    /// Somebody else runs it.
    Busy,
    /// The lease ran out in the middle; what was learnt was posted as mail.
    Lost,
}

/// Runs entities.
#[derive(Debug, Clone, Copy)]
pub struct Runner<S, C, L, X> {
    /// Where entities are.
    pub store: S,
    /// The time.
    pub clock: C,
    /// Where it is told what was done.
    pub log: L,
    /// What does the work.
    pub executor: X,
}

impl<S: Store, C: Clock, L: Log, X> Runner<S, C, L, X> {
    /// Makes `fact` durable and returns the number of its mail, to be named when the entity is run. An error means that the fact may
    /// not be durable.
    pub async fn post<E: Entity>(&self, id: &E::Id, fact: &E::Fact) -> Result<u64, RunError> {
        mailbox::post::<E>(&self.store, id, fact, self.clock.now()).await
    }

    /// Runs the entity, and comes back to it whenever it is time, until `deadline`, it is settled, or somebody else does so.
    pub async fn follow<E: Entity>(
        &self,
        id: &E::Id,
        mail: &[u64],
        deadline: Timestamp,
    ) -> Result<Outcome, RunError>
    where
        X: Executor<E>,
    {
        let mut mail = mail;
        loop {
            let until = Until {
                followed: Some(deadline),
                acting: None,
            };
            let (outcome, epoch) = self.run_once(id, mail, until).await?;
            mail = &[];
            let Outcome::Waiting { until } = outcome else {
                return Ok(outcome);
            };
            if until > deadline {
                return Ok(outcome);
            }
            self.clock.sleep(until.since(self.clock.now())).await;
            let head = Head::read(&self.store, id).await?;
            let now = self.clock.now();
            let followed = |head: &Head| head.followed_until.is_some_and(|until| until > now);
            if head.is_none_or(|head| head.epoch != epoch && followed(&head)) {
                return Ok(Outcome::Busy);
            }
        }
    }

    /// Runs the entity until there is nothing to do for now. `mail` are the numbers of mail that is known to be there.
    pub async fn run<E: Entity>(&self, id: &E::Id, mail: &[u64]) -> Result<Outcome, RunError>
    where
        X: Executor<E>,
    {
        Ok(self.run_once(id, mail, Until::default()).await?.0)
    }

    /// Like [`Self::run`], but begins no action after `deadline`: what is left is due at once. So it takes no longer than until
    /// then, one action and a save.
    pub async fn run_until<E: Entity>(
        &self,
        id: &E::Id,
        mail: &[u64],
        deadline: Timestamp,
    ) -> Result<Outcome, RunError>
    where
        X: Executor<E>,
    {
        let until = Until {
            followed: None,
            acting: Some(deadline),
        };
        Ok(self.run_once(id, mail, until).await?.0)
    }

    /// Takes mail in and acts on none of it: what is to be done is due for whoever reconciles. For those who have no right to do it.
    pub async fn take_in<E: Entity>(&self, id: &E::Id, mail: &[u64]) -> Result<Outcome, RunError> {
        let Some(acquired) = self.acquire::<E>(id, mail).await? else {
            return Ok(Outcome::Busy);
        };
        Run::new(self, id, acquired).take_in_only(mail).await
    }

    /// The record under a lease of ours, and whether nothing was stored of the entity; none if somebody else has it.
    async fn acquire<E: Entity>(
        &self,
        id: &E::Id,
        mail: &[u64],
    ) -> Result<Option<(Record<E>, bool)>, RunError> {
        let acquired = lease::acquire::<E>(&self.store, &self.clock, id, mail).await?;
        Ok(match acquired {
            Acquired::Ours(record) => Some((record, false)),
            Acquired::New(record) => Some((record, true)),
            Acquired::Busy => None,
        })
    }

    /// One run, and further ones while mail was posted in the meantime. Also returns the last lease.
    async fn run_once<E: Entity>(
        &self,
        id: &E::Id,
        mail: &[u64],
        until: Until,
    ) -> Result<(Outcome, u64), RunError>
    where
        X: Executor<E>,
    {
        let mut mail = mail.to_vec();
        loop {
            let Some(acquired) = self.acquire::<E>(id, &mail).await? else {
                return Ok((Outcome::Busy, 0));
            };
            let mut run = Run::new(self, id, acquired);
            let ended = run.finish(&mail, until).await;
            let epoch = run.record.epoch;
            // What an effect led to must not be lost with the lease, or with a store that fails for a moment.
            if let Some(learnt) = run.learnt.take() {
                let posted = mailbox::send(&self.store, id, &learnt).await;
                if let (Ok(_), Err(error)) = (&ended, posted) {
                    return Err(error);
                }
            }
            let outcome = match ended? {
                Outcome::Lost => return Ok((Outcome::Lost, epoch)),
                Outcome::Forgotten => return Ok((Outcome::Forgotten, epoch)),
                outcome @ (Outcome::Waiting { .. } | Outcome::Settled | Outcome::Busy) => outcome,
            };
            // Whoever posted while the lease was held left it to us.
            mail = mailbox::waiting(&self.store, id, run.record.mail_read).await?;
            if mail.is_empty() || until.is_over(self.clock.now()) {
                return Ok((outcome, epoch));
            }
        }
    }
}

/// How long a run goes on.
#[derive(Debug, Clone, Copy, Default)]
struct Until {
    /// Until when the runner comes back to the entity by itself, which others are told.
    followed: Option<Timestamp>,
    /// No action is begun after this.
    acting: Option<Timestamp>,
}

impl Until {
    fn is_over(self, now: Timestamp) -> bool {
        self.acting.is_some_and(|acting| now > acting)
    }
}
