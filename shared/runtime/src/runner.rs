//! The loop that runs an entity: take in facts, plan, act, save, until there is nothing to do for now.

use std::time::Duration;

use domain::{
    Timestamp,
    entity::{Action, Entity, Step},
};
use ports::{Clock, Label, Level, Log, Store};

use crate::{
    RunError, alert, due, keys,
    lease::{self, Acquired},
    mailbox,
    record::{Gap, Head, Record},
};

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
            let (outcome, epoch) = self.run_once(id, mail, Some(deadline)).await?;
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
        Ok(self.run_once(id, mail, None).await?.0)
    }

    /// Takes mail in and acts on none of it: what is to be done is due for whoever reconciles. For those who have no right to do it.
    pub async fn take_in<E: Entity>(&self, id: &E::Id, mail: &[u64]) -> Result<Outcome, RunError> {
        let Some(acquired) = self.acquire::<E>(id, mail).await? else {
            return Ok(Outcome::Busy);
        };
        let mut run = Run::new(self, id, acquired);
        if let Some(taken_back) = run.begin(mail).await? {
            return Ok(taken_back);
        }
        run.take_in_new_mail().await?;
        let now = self.clock.now();
        let wake = match run.record.state.plan(now) {
            Step::Act(_) | Step::Forget => Some(now),
            Step::Wait { until } => Some(until),
            Step::Settled => None,
        };
        run.release(wake, None).await
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
        follow_until: Option<Timestamp>,
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
            let ended = run.finish(&mail, follow_until).await;
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
            if mail.is_empty() {
                return Ok((outcome, epoch));
            }
        }
    }
}

/// One entity under one lease.
struct Run<'a, E: Entity, S, C, L, X> {
    runner: &'a Runner<S, C, L, X>,
    id: &'a E::Id,
    record: Record<E>,
    /// Whether nothing was stored of it when the lease was taken.
    is_new: bool,
    /// Whether the store shows that the lease is ours.
    held: bool,
    /// The keys of mail that is in the state but not deleted yet.
    read: Vec<String>,
    /// The highest number of mail that was read, in the order of numbers or by its number alone.
    newest_read: u64,
    /// What came of the last action, while only we know it.
    learnt: Option<mailbox::Mail<E::Fact>>,
}

impl<E: Entity, S: Store, C: Clock, L: Log, X: Executor<E>> Run<'_, E, S, C, L, X> {
    /// Plans and acts until there is nothing to do for now, and gives the lease back.
    async fn finish(
        &mut self,
        mail: &[u64],
        follow_until: Option<Timestamp>,
    ) -> Result<Outcome, RunError> {
        if let Some(taken_back) = self.begin(mail).await? {
            return Ok(taken_back);
        }
        for _ in 0..ACTIONS_MAX {
            self.take_in_new_mail().await?;
            let action = match self.record.state.plan(self.runner.clock.now()) {
                Step::Act(action) => action,
                Step::Wait { until } => return self.release(Some(until), follow_until).await,
                Step::Settled => return self.release(None, follow_until).await,
                Step::Forget => return self.forget().await,
            };
            if !self.act(&action).await? {
                return Ok(Outcome::Lost);
            }
        }
        let soon = self.runner.clock.now().after(EFFECT);
        self.release(Some(soon), follow_until).await
    }

    /// Does one action under its intent and claim. Returns whether the lease is still ours.
    async fn act(&mut self, action: &E::Action) -> Result<bool, RunError> {
        let clock = &self.runner.clock;
        let intent = action.intent();
        if let Some(intent) = &intent {
            self.record.state.record(intent, clock.now());
        }
        let saved = self.held && intent.is_none() && self.learnt.is_none();
        let ready = saved && lease::allows(&self.record, clock.now(), EFFECT);
        if !ready && !self.hold().await? {
            return Ok(false);
        }
        let claim = match action.claim() {
            None => Claim::NotNeeded,
            Some(claim) => {
                let key = keys::effect_claim(self.id, &claim);
                if self.runner.store.increment(Label::Default, &key, 1).await? == 1 {
                    Claim::First
                } else {
                    Claim::Later
                }
            }
        };
        // The claim can have taken long: an effect is begun only while the lease lasts. A claim won in vain is found as such.
        if !lease::allows(&self.record, clock.now(), EFFECT) {
            return Ok(false);
        }
        let fact = self.runner.executor.execute(self.id, action, claim).await;
        let now = clock.now();
        let given_up = self.record.state.given_up();
        self.record.state.record(&fact, now);
        alert::given_up(
            &self.runner.log,
            self.id,
            &given_up,
            &self.record.state.given_up(),
        );
        let outcome = Some(self.record.next_outcome());
        self.learnt = Some(mailbox::Mail {
            at: now,
            fact,
            outcome,
        });
        Ok(true)
    }
}

impl<'a, E: Entity, S: Store, C: Clock, L: Log, X> Run<'a, E, S, C, L, X> {
    fn new(
        runner: &'a Runner<S, C, L, X>,
        id: &'a E::Id,
        (record, is_new): (Record<E>, bool),
    ) -> Self {
        Self {
            runner,
            id,
            record,
            is_new,
            held: false,
            read: Vec::new(),
            newest_read: 0,
            learnt: None,
        }
    }

    /// Takes in the mail that is known, and leaves gaps behind. Returns how the run ended if there is nothing of the entity.
    async fn begin(&mut self, mail: &[u64]) -> Result<Option<Outcome>, RunError> {
        let known = self.take_in_known(mail).await;
        if self.is_new && (known.is_err() || self.read.is_empty()) {
            // Nothing was written yet, and without a record nothing would lead anybody to the claim.
            let taken_back = self.take_back().await;
            known?;
            return taken_back.map(Some);
        }
        known?;
        self.pass_gap().await?;
        Ok(None)
    }

    /// Takes in mail that is known by its number.
    async fn take_in_known(&mut self, mail: &[u64]) -> Result<(), RunError> {
        for number in mail {
            if let Some(posted) = mailbox::get::<E>(&self.runner.store, self.id, *number).await? {
                self.take_in(*number, &posted);
            }
        }
        Ok(())
    }

    /// Gives up the lease of an entity of which there is nothing: whoever had its mail has forgotten it since.
    async fn take_back(&self) -> Result<Outcome, RunError> {
        let claims: Vec<String> = lease::all_claims(self.id, &self.record);
        self.delete(Label::Default, &claims).await?;
        Ok(Outcome::Forgotten)
    }

    /// Leaves numbers behind that still have no mail so long after they were given out: whoever took them died. Should one be
    /// written after all, its poster or reconcile names it.
    async fn pass_gap(&mut self) -> Result<(), RunError> {
        let now = self.runner.clock.now();
        let passed = |gap: &Gap| now.since(gap.since) > lease::TTL;
        let Some(gap) = self.record.gap.filter(passed) else {
            return Ok(());
        };
        self.record.gap = None;
        let read = self.record.mail_read;
        let (found, last) =
            mailbox::up_to::<E>(&self.runner.store, self.id, read, gap.last).await?;
        for (number, posted) in &found {
            self.take_in(*number, posted);
        }
        self.record.mail_read = read.max(last);
        Ok(())
    }

    async fn take_in_new_mail(&mut self) -> Result<(), RunError> {
        let found =
            mailbox::following::<E>(&self.runner.store, self.id, self.record.mail_read).await?;
        for (number, posted) in &found {
            self.record.mail_read = *number;
            self.take_in(*number, posted);
        }
        if self.newest_read > self.record.mail_read {
            self.record.gap.get_or_insert(Gap {
                last: self.newest_read,
                since: self.runner.clock.now(),
            });
        }
        Ok(())
    }

    fn take_in(&mut self, number: u64, posted: &mailbox::Mail<E::Fact>) {
        let key = keys::mail(self.id, number);
        self.newest_read = self.newest_read.max(number);
        // One that was named by number is met again in the order of numbers.
        if !self.read.contains(&key) {
            let contained = |outcome| self.record.contains_or_count(outcome);
            if !posted.outcome.is_some_and(contained) {
                self.record.state.record(&posted.fact, posted.at);
            }
            self.read.push(key);
        }
    }

    /// Saves the state under the lease and renews it. Returns whether the lease was still ours.
    async fn hold(&mut self) -> Result<bool, RunError> {
        if !self.is_ours().await? {
            return Ok(false);
        }
        let now = self.runner.clock.now();
        let first = !self.held;
        if first {
            // Once the state is saved the mail can go; then only this brings anybody back here.
            due::note(
                &self.runner.store,
                self.id,
                self.record.epoch,
                now.after(lease::TTL),
            )
            .await?;
            self.delete_spent_claims().await?;
        }
        self.record.lease_until = Some(now.after(lease::TTL));
        self.record.followed_until = None;
        let past_due = if first {
            self.record.due_epoch.replace(self.record.epoch)
        } else {
            None
        };
        self.record.write(&self.runner.store, self.id).await?;
        self.held = true;
        self.learnt = None;
        self.clear_queue(past_due).await?;
        Ok(true)
    }

    /// Saves the state, gives the lease back, and notes when to come back.
    async fn release(
        &mut self,
        wake: Option<Timestamp>,
        follow_until: Option<Timestamp>,
    ) -> Result<Outcome, RunError> {
        if !self.is_ours().await? {
            return Ok(Outcome::Lost);
        }
        let epoch = self.record.epoch;
        if !self.held {
            self.delete_spent_claims().await?;
        }
        let past_due = match wake {
            Some(_) => self
                .record
                .due_epoch
                .replace(epoch)
                .filter(|past| *past != epoch),
            None => self.record.due_epoch.take(),
        };
        self.record.lease_until = None;
        self.record.followed_until =
            follow_until.filter(|deadline| wake.is_some_and(|until| until <= *deadline));
        self.record.write(&self.runner.store, self.id).await?;
        self.learnt = None;
        // Only now: before the state is saved nothing may put off the time when somebody comes to look after a crash.
        if let Some(until) = wake {
            due::note(&self.runner.store, self.id, epoch, until).await?;
        }
        self.clear_queue(past_due).await?;
        Ok(wake.map_or(Outcome::Settled, |until| Outcome::Waiting { until }))
    }

    /// Whether the lease still allows to write.
    async fn is_ours(&self) -> Result<bool, RunError> {
        let stored = Head::read(&self.runner.store, self.id).await?;
        let overtaken = stored.is_some_and(|stored| stored.epoch > self.record.epoch);
        let ours =
            !overtaken && lease::allows(&self.record, self.runner.clock.now(), Duration::ZERO);
        if !ours {
            let fields = [
                ("entity", self.id.to_string().into()),
                ("epoch", self.record.epoch.into()),
            ];
            self.runner.log.write(
                Level::Warn,
                "the lease ran out before the work was done",
                &fields,
            );
        }
        Ok(ours)
    }

    /// Deletes from the queue the mail that is in the saved state, and the note of a past lease.
    async fn clear_queue(&mut self, past_due: Option<u64>) -> Result<(), RunError> {
        let mut spent = std::mem::take(&mut self.read);
        spent.extend(past_due.map(|epoch| keys::due(self.id, epoch)));
        self.delete(Label::Queue, &spent).await
    }

    async fn delete_spent_claims(&mut self) -> Result<(), RunError> {
        let spent = lease::spent_claims(self.id, &mut self.record);
        self.delete(Label::Default, &spent).await
    }

    /// Deletes the entity and all that was stored for it; the record goes last, since only it knows the rest.
    async fn forget(&mut self) -> Result<Outcome, RunError> {
        if !self.is_ours().await? {
            return Ok(Outcome::Lost);
        }
        let claims = self.record.state.claims();
        let mut spent: Vec<String> = claims
            .iter()
            .map(|claim| keys::effect_claim(self.id, claim))
            .collect();
        spent.extend(lease::all_claims(self.id, &self.record));
        spent.push(keys::mail_counter(self.id));
        self.delete(Label::Default, &spent).await?;
        self.delete(Label::Default, &[self.id.to_string()]).await?;
        self.learnt = None;
        let past_due = self.record.due_epoch;
        self.clear_queue(past_due).await?;
        Ok(Outcome::Forgotten)
    }

    async fn delete(&self, label: Label, keys: &[String]) -> Result<(), RunError> {
        if keys.is_empty() {
            return Ok(());
        }
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        Ok(self.runner.store.delete_many(label, &keys).await?)
    }
}
