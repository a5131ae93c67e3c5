//! The store: what Spin's key-value store guarantees, and no more, with failures before and after the effect.

use std::collections::BTreeMap;

use ports::{Label, Store, StoreError};

use crate::{
    kernel::{MILLISECOND, Micros, SECOND},
    mutation::Mutation,
    oracle::Life,
    port::Port,
    sim::{Course, Sim},
};

/// A value or a counter.
#[derive(Debug, Clone)]
enum Entry {
    Value(Vec<u8>),
    Counter(i64),
}

/// What is stored.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    by_label: [BTreeMap<String, Entry>; Label::ALL.len()],
    /// Nothing works until then.
    pub(crate) down_until: Micros,
}

impl Entries {
    fn of(&mut self, label: Label) -> &mut BTreeMap<String, Entry> {
        let [default, inbox, queue, ledger] = &mut self.by_label;
        match label {
            Label::Default => default,
            Label::Inbox => inbox,
            Label::Queue => queue,
            Label::Ledger => ledger,
        }
    }

    /// All keys of a label.
    pub(crate) fn keys(&mut self, label: Label) -> Vec<String> {
        self.of(label).keys().cloned().collect()
    }

    /// The value of a key.
    pub(crate) fn value(&mut self, label: Label, key: &str) -> Option<Vec<u8>> {
        match self.of(label).get(key) {
            Some(Entry::Value(value)) => Some(value.clone()),
            Some(Entry::Counter(_)) | None => None,
        }
    }
}

/// One operation.
#[derive(Debug)]
enum Operation {
    Get(String),
    Set(Vec<(String, Vec<u8>)>),
    Delete(Vec<String>),
    Increment(String, i64),
    Keys,
}

/// Its answer.
#[derive(Debug)]
enum Answer {
    Value(Option<Vec<u8>>),
    Done,
    Sum(i64),
    Keys(Vec<String>),
}

impl Operation {
    const fn name(&self) -> &'static str {
        match self {
            Self::Get(_) => "get",
            Self::Set(_) => "set",
            Self::Delete(_) => "delete",
            Self::Increment(..) => "increment",
            Self::Keys => "keys",
        }
    }

    fn key(&self) -> &str {
        match self {
            Self::Get(key) | Self::Increment(key, _) => key,
            Self::Set(pairs) => pairs.first().map_or("", |(key, _)| key),
            Self::Delete(keys) => keys.first().map_or("", String::as_str),
            Self::Keys => "",
        }
    }

    fn perform(self, label: Label, sim: &Sim, (task, life): (u64, Life)) -> Result<Answer, String> {
        let mut entries = sim.store.borrow_mut();
        let entries = entries.of(label);
        match self {
            Self::Get(key) => match entries.get(&key) {
                None => Ok(Answer::Value(None)),
                Some(Entry::Value(value)) => Ok(Answer::Value(Some(value.clone()))),
                Some(Entry::Counter(_)) => Err(format!("{key} is a counter, not a value")),
            },
            Self::Set(pairs) => {
                for (key, value) in pairs {
                    if matches!(entries.get(&key), Some(Entry::Counter(_))) {
                        return Err(format!("{key} is a counter, not a value"));
                    }
                    if label == Label::Default {
                        sim.oracle.borrow_mut().written(sim, &key, &value, task);
                    }
                    entries.insert(key, Entry::Value(value));
                }
                Ok(Answer::Done)
            }
            Self::Delete(keys) => {
                for key in keys {
                    entries.remove(&key);
                    if label == Label::Default {
                        sim.oracle.borrow_mut().deleted(&key);
                    }
                }
                Ok(Answer::Done)
            }
            Self::Increment(key, delta) => {
                let broken = sim.mutation == Some(Mutation::Lease) && key.contains("/lease/");
                if label == Label::Default && !entries.contains_key(&key) {
                    let mut oracle = sim.oracle.borrow_mut();
                    oracle.counted_first(&key, life, sim.kernel.now());
                }
                match entries.entry(key).or_insert(Entry::Counter(0)) {
                    Entry::Counter(sum) => {
                        *sum = sum.wrapping_add(delta);
                        Ok(Answer::Sum(if broken { 1 } else { *sum }))
                    }
                    Entry::Value(_) => Err("a value is not a counter".to_owned()),
                }
            }
            Self::Keys => Ok(Answer::Keys(entries.keys().cloned().collect())),
        }
    }

    fn told(&self, label: Label) -> String {
        let size = match self {
            Self::Set(pairs) => pairs.first().map_or_else(String::new, |(_, value)| {
                let text = String::from_utf8_lossy(value);
                let short: String = text.chars().take(60).collect();
                format!(" = {short}")
            }),
            Self::Get(_) | Self::Delete(_) | Self::Increment(..) | Self::Keys => String::new(),
        };
        format!("{} {} {}{size}", self.name(), label.name(), self.key())
    }
}

impl Port {
    async fn ask(&self, label: Label, operation: Operation) -> Result<Answer, StoreError> {
        let sim = &self.sim;
        sim.statistics.store_calls.add(1);
        let failure = |operation: &Operation, reason: &str| StoreError {
            label,
            operation: operation.name(),
            key: operation.key().to_owned(),
            reason: reason.to_owned(),
        };
        let faults = sim.faults.get().store;
        let random = &sim.random;
        let now = sim.kernel.now();
        if random.chance(faults.outage) {
            sim.store.borrow_mut().down_until = now + random.between(1, 20) * SECOND;
            sim.tell("store", || "is down for a while".to_owned());
        }
        let slow = |rate: u64| {
            if random.chance(rate) {
                random.below(3 * SECOND)
            } else {
                random.between(50, 2 * MILLISECOND)
            }
        };
        let (effect, answer) = (slow(faults.slow), slow(faults.slow));
        let mut course = Course {
            effect: Some(effect),
            answer: effect + answer,
            outlives: random.percent(50),
        };
        let otherwise = if sim.store.borrow().down_until > now || random.chance(faults.before) {
            course.effect = None;
            Some(Err(failure(&operation, "the store does not answer")))
        } else if random.chance(faults.after) {
            Some(Err(failure(&operation, "the answer was lost")))
        } else {
            None
        };
        if otherwise.is_some() {
            sim.statistics.store_failures.add(1);
            let done = course.effect.is_some();
            sim.tell(&self.name(), || {
                let how = if done {
                    "done, but the answer is lost"
                } else {
                    "not done"
                };
                format!("store fails: {} ({how})", operation.told(label))
            });
        } else if sim.journal.is_kept() && !matches!(operation, Operation::Get(_) | Operation::Keys)
        {
            sim.tell(&self.name(), || operation.told(label));
        }
        let by = (
            sim.kernel.running(),
            (self.instance, sim.life(self.instance)),
        );
        let act = move |sim: &std::rc::Rc<Sim>| {
            let (name, key) = (operation.name(), operation.key().to_owned());
            operation.perform(label, sim, by).map_err(|reason| {
                // Spin's stores panic or answer rubbish then: never acceptable.
                sim.violate(|| format!("counter and value confused: {name} {key}: {reason}"));
                StoreError {
                    label,
                    operation: name,
                    key,
                    reason,
                }
            })
        };
        sim.call(self.instance, course, act, otherwise).await
    }
}

fn unexpected(label: Label, operation: &'static str) -> StoreError {
    StoreError {
        label,
        operation,
        key: String::new(),
        reason: "the simulated store answered something else".to_owned(),
    }
}

impl Store for Port {
    async fn get(&self, label: Label, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.ask(label, Operation::Get(key.to_owned())).await? {
            Answer::Value(value) => Ok(value),
            Answer::Done | Answer::Sum(_) | Answer::Keys(_) => Err(unexpected(label, "get")),
        }
    }

    async fn set(&self, label: Label, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.set_many(label, &[(key, value)]).await
    }

    async fn set_many(&self, label: Label, pairs: &[(&str, &[u8])]) -> Result<(), StoreError> {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.to_vec()))
            .collect();
        self.ask(label, Operation::Set(pairs)).await.map(drop)
    }

    async fn delete_many(&self, label: Label, keys: &[&str]) -> Result<(), StoreError> {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        self.ask(label, Operation::Delete(keys)).await.map(drop)
    }

    async fn increment(&self, label: Label, key: &str, delta: i64) -> Result<i64, StoreError> {
        match self
            .ask(label, Operation::Increment(key.to_owned(), delta))
            .await?
        {
            Answer::Sum(sum) => Ok(sum),
            Answer::Value(_) | Answer::Done | Answer::Keys(_) => {
                Err(unexpected(label, "increment"))
            }
        }
    }

    async fn keys(&self, label: Label) -> Result<Vec<String>, StoreError> {
        match self.ask(label, Operation::Keys).await? {
            Answer::Keys(keys) => Ok(keys),
            Answer::Value(_) | Answer::Done | Answer::Sum(_) => Err(unexpected(label, "keys")),
        }
    }
}

#[cfg(test)]
mod tests;
