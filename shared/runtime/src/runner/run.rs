//! One run of an entity under one lease: what is read of the mailbox, when the state is saved, and what is deleted with that.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    Timestamp,
    directory::Attention,
    entity::{Action, Entity, Step},
};
use ports::{Clock, Label, Level, Log, Store};

use super::{ACTIONS_MAX, Claim, EFFECT, Executor, Outcome, Runner, Until};
use crate::{
    RunError, alert, directory, due, keys, lease, mailbox,
    record::{Gap, Head, Record},
};

/// A gap in the numbers of mail is passed in so many looks, each of some 60 numbers.
const GAP_LOOKS: usize = 16;

/// One entity under one lease.
pub(super) struct Run<'a, E: Entity, S, C, L, X> {
    runner: &'a Runner<S, C, L, X>,
    id: &'a E::Id,
    pub(super) record: Record<E>,
    /// Whether nothing was stored of it when the lease was taken.
    is_new: bool,
    /// Whether the store shows that the lease is ours.
    held: bool,
    /// Whether the record was written, or may have been.
    written: bool,
    /// What the directory was told last of the attention that it asks for; none if it was told nothing.
    told: Option<Attention>,
    /// The keys of mail that is in the state but not deleted yet.
    read: BTreeSet<String>,
    /// The highest number of mail that was read, in the order of numbers or by its number alone.
    newest_read: u64,
    /// What came of the last action, while only we know it.
    pub(super) learnt: Option<mailbox::Mail<E::Fact>>,
}

impl<E: Entity, S: Store, C: Clock, L: Log, X: Executor<E>> Run<'_, E, S, C, L, X> {
    /// Plans and acts until there is nothing to do for now, and gives the lease back.
    pub(super) async fn finish(&mut self, mail: &[u64], until: Until) -> Result<Outcome, RunError> {
        let ended = self.plan_and_act(mail, until).await;
        self.unclaimed(ended).await
    }

    async fn plan_and_act(&mut self, mail: &[u64], until: Until) -> Result<Outcome, RunError> {
        if let Some(taken_back) = self.begin(mail).await? {
            return Ok(taken_back);
        }
        for _ in 0..ACTIONS_MAX {
            self.take_in_new_mail().await?;
            let now = self.runner.clock.now();
            let action = match self.record.state.plan(now) {
                Step::Act(_) if until.is_over(now) => {
                    return self.release(Some(now), until.followed).await;
                }
                Step::Act(action) => action,
                Step::Wait { until: at } => return self.release(Some(at), until.followed).await,
                Step::Settled => return self.release(None, until.followed).await,
                Step::Forget => return self.forget().await,
            };
            if !self.act(&action).await? {
                return Ok(Outcome::Lost);
            }
        }
        let soon = self.runner.clock.now().after(EFFECT);
        self.release(Some(soon), until.followed).await
    }

    /// Does one action under its intent and claim. Returns whether the lease is still ours.
    async fn act(&mut self, action: &E::Action) -> Result<bool, RunError> {
        let clock = &self.runner.clock;
        if action.claim().is_some()
            && let Some(fact) = self.runner.executor.held_back(self.id, action).await
        {
            self.learn(fact);
            return Ok(true);
        }
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
        self.learn(fact);
        Ok(true)
    }

    /// Takes in what came of an action.
    fn learn(&mut self, fact: E::Fact) {
        let now = self.runner.clock.now();
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
    }
}

impl<'a, E: Entity, S: Store, C: Clock, L: Log, X> Run<'a, E, S, C, L, X> {
    pub(super) fn new(
        runner: &'a Runner<S, C, L, X>,
        id: &'a E::Id,
        (record, is_new): (Record<E>, bool),
    ) -> Self {
        let told = (!is_new).then(|| record.state.attention());
        Self {
            runner,
            id,
            record,
            is_new,
            held: false,
            written: false,
            told,
            read: BTreeSet::new(),
            newest_read: 0,
            learnt: None,
        }
    }

    /// Takes mail in, acts on none of it, and notes when somebody should.
    pub(super) async fn take_in_only(&mut self, mail: &[u64]) -> Result<Outcome, RunError> {
        let ended = self.take_in_and_note(mail).await;
        self.unclaimed(ended).await
    }

    /// Gives back the claim of an entity of which nothing is stored if the run failed before anything was written: no record leads
    /// anybody to it. Older claims stay for whoever comes next: somebody may be about to take one up.
    async fn unclaimed(&self, ended: Result<Outcome, RunError>) -> Result<Outcome, RunError> {
        match ended {
            Err(error) if self.is_new && !self.written => {
                Err(lease::give_back(&self.runner.store, self.id, self.record.epoch, error).await)
            }
            Ok(_) | Err(_) => ended,
        }
    }

    async fn take_in_and_note(&mut self, mail: &[u64]) -> Result<Outcome, RunError> {
        if let Some(taken_back) = self.begin(mail).await? {
            return Ok(taken_back);
        }
        self.take_in_new_mail().await?;
        let now = self.runner.clock.now();
        let wake = match self.record.state.plan(now) {
            Step::Act(_) | Step::Forget => Some(now),
            Step::Wait { until } => Some(until),
            Step::Settled => None,
        };
        self.release(wake, None).await
    }

    /// Takes in the mail that is known, and leaves gaps behind. Returns how the run ended if there is nothing of the entity.
    async fn begin(&mut self, mail: &[u64]) -> Result<Option<Outcome>, RunError> {
        self.take_in_known(mail).await?;
        if self.is_new && self.read.is_empty() {
            // Nothing was written yet, and without a record nothing would lead anybody to the claims.
            return self.take_back().await.map(Some);
        }
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
        for _ in 0..GAP_LOOKS {
            let read = self.record.mail_read;
            let (found, last) =
                mailbox::up_to::<E>(&self.runner.store, self.id, read, gap.last).await?;
            for (number, posted) in &found {
                self.take_in(*number, posted);
            }
            self.record.mail_read = read.max(last);
            if last <= read || last >= gap.last {
                return Ok(());
            }
        }
        // A wider one is passed in several runs.
        self.record.gap = Some(gap);
        Ok(())
    }

    async fn take_in_new_mail(&mut self) -> Result<(), RunError> {
        // What was named by number needs no second look.
        while self
            .read
            .contains(&keys::mail(self.id, self.record.mail_read + 1))
        {
            self.record.mail_read += 1;
        }
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
            self.read.insert(key);
        }
    }

    /// Saves the state under the lease and renews it. Returns whether the lease was still ours.
    async fn hold(&mut self) -> Result<bool, RunError> {
        self.tell_directory_before_saving().await?;
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
        self.written = true;
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
        self.tell_directory_before_saving().await?;
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
        self.written = true;
        self.record.write(&self.runner.store, self.id).await?;
        self.learnt = None;
        // Only now: before the state is saved nothing may put off the time when somebody comes to look after a crash.
        if let Some(until) = wake {
            due::note(&self.runner.store, self.id, epoch, until).await?;
        }
        self.clear_queue(past_due).await?;
        Ok(wake.map_or(Outcome::Settled, |until| Outcome::Waiting { until }))
    }

    /// Tells the directory of an entity of which nothing is stored, or that it asks for another attention than what is stored: a
    /// crash leaves at most something to look at in vain.
    async fn tell_directory_before_saving(&mut self) -> Result<(), RunError> {
        if E::LISTED.is_none() {
            return Ok(());
        }
        let attention = self.record.state.attention();
        if self.told != Some(attention) {
            self.tell_directory().await?;
            self.told = Some(attention);
        }
        Ok(())
    }

    /// Before the lease is looked at, since it takes two calls.
    async fn tell_directory(&self) -> Result<(), RunError> {
        let now = self.runner.clock.now();
        directory::touch::<E>(&self.runner.store, self.id, now).await
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
        let read = std::mem::take(&mut self.read);
        let mut spent: Vec<String> = read.into_iter().collect();
        spent.extend(past_due.map(|epoch| keys::due(self.id, epoch)));
        self.delete(Label::Queue, &spent).await
    }

    async fn delete_spent_claims(&mut self) -> Result<(), RunError> {
        let spent = lease::spent_claims(self.id, &mut self.record);
        self.delete(Label::Default, &spent).await
    }

    /// Deletes the entity and all that was stored for it; the record goes last, since only it knows the rest.
    async fn forget(&mut self) -> Result<Outcome, RunError> {
        if self.written || !self.is_new {
            self.tell_directory().await?;
        }
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
