//! A circuit breaker per vendor, shared by all instances through the store.
//!
//! After some failures in a row calls are held back for a while: [`HttpError::Paused`]. Then one call of one instance is let
//! through to try (half-open). If it works everybody goes on, if not all wait again, longer. A vendor that works costs one read
//! of the store per call and no write; what is said here never decides whether something was done, only when it is tried.

mod circuit;
mod health;
#[cfg(test)]
mod tests;

use std::time::Duration;

use domain::Timestamp;
use ports::{Clock, Http, HttpError, Label, Level, Log, Request, Response, Store, StoreError};
use serde::Deserialize;
use vendors::{argocd, backstage, coolify, github, kubernetes, platform, registry, slack};

use circuit::{Admission, Circuit};
pub use health::{Failing, VENDORS, failing};

/// HTTP to one vendor, behind its circuit breaker.
#[derive(Debug, Clone)]
pub struct Guarded<H, S, C, L> {
    /// The vendor's name for people: `Coolify`.
    pub vendor: &'static str,
    /// What sends.
    pub http: H,
    /// Where instances tell each other how the vendor is.
    pub store: S,
    /// The time.
    pub clock: C,
    /// Where it is told when a vendor fails and when it is back.
    pub log: L,
}

/// A vendor that is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Since when nothing works there.
    pub since: Timestamp,
    /// When it is tried again.
    pub until: Timestamp,
    /// How it failed the last time.
    pub last_error: String,
}

/// Whether `vendor` is left alone at present.
pub async fn pause(store: &impl Store, vendor: &str) -> Result<Option<Pause>, StoreError> {
    let circuit = read(store, vendor).await?;
    Ok(circuit.and_then(|circuit| {
        circuit.open.map(|open| Pause {
            since: circuit.failing_since,
            until: open.until,
            last_error: circuit.last_error,
        })
    }))
}

/// The vendors that are left alone at present, by name, since they keep failing. Reads a key for each that is ever called.
pub async fn paused(store: &impl Store) -> Result<Vec<(&'static str, Pause)>, StoreError> {
    let mut paused = Vec::new();
    for vendor in [
        argocd::VENDOR,
        backstage::VENDOR,
        coolify::VENDOR,
        github::VENDOR,
        kubernetes::VENDOR,
        platform::VENDOR,
        registry::VENDOR,
        slack::VENDOR,
    ] {
        let found = pause(store, vendor).await?;
        paused.extend(found.map(|pause| (vendor, pause)));
    }
    Ok(paused)
}

impl<H: Http, S: Store, C: Clock, L: Log> Http for Guarded<H, S, C, L> {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        // Without the store nobody knows how the vendor is: then it is asked.
        let known = self.told(read(&self.store, self.vendor).await).flatten();
        if let Some(circuit) = &known {
            let held_back = self.told(self.admit(circuit).await).flatten();
            if let Some(after) = held_back {
                return Err(self.paused(circuit, after));
            }
        }
        let answer = self.http.send(request).await;
        let noted = match failure(&answer) {
            Some(reason) => self.failed(reason).await,
            None if known.is_some() => self.worked().await,
            None => Ok(()),
        };
        self.told(noted);
        match (&known, answer) {
            // Whoever tries for all must not be worse off for it: like the others he was not let in, and nothing came of it.
            (Some(circuit), Err(HttpError::NoConnection { .. })) if circuit.open.is_some() => {
                Err(self.paused(circuit, circuit::FIRST_PAUSE))
            }
            (_, answer) => answer,
        }
    }

    async fn held_back(&self) -> Option<HttpError> {
        let circuit = self.told(read(&self.store, self.vendor).await).flatten()?;
        match circuit.admit(self.clock.now()) {
            Admission::Wait { after } => Some(self.paused(&circuit, after)),
            Admission::Go | Admission::Try { .. } => None,
        }
    }
}

impl<H, S: Store, C: Clock, L: Log> Guarded<H, S, C, L> {
    fn paused(&self, circuit: &Circuit, after: Duration) -> HttpError {
        HttpError::Paused {
            vendor: self.vendor,
            since: circuit.failing_since,
            after,
        }
    }

    /// For how long a call is held back; none if it may be made. Who is let through to try has claimed it by `increment`.
    async fn admit(&self, circuit: &Circuit) -> Result<Option<Duration>, StoreError> {
        let now = self.clock.now();
        let probe = match circuit.admit(now) {
            Admission::Go => return Ok(None),
            Admission::Wait { after } => return Ok(Some(after)),
            Admission::Try { probe } => probe,
        };
        let claim = claim_key(self.vendor, probe);
        let is_first = self.store.increment(Label::Default, &claim, 1).await? == 1;
        if is_first {
            return self.try_first(circuit, &claim, now).await;
        }
        if let Some(passed_over) = circuit.passing_over(now) {
            // Whoever claimed it is gone: the next one may.
            self.write(&passed_over).await?;
            self.delete(&[&claim]).await?;
        }
        Ok(Some(circuit::WHILE_TRIED))
    }

    /// Tells the others that somebody tries, unless the vendor was found to work before this claim was made.
    async fn try_first(
        &self,
        circuit: &Circuit,
        claim: &str,
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        if read(&self.store, self.vendor).await?.as_ref() == Some(circuit) {
            self.write(&circuit.trying(now)).await?;
            self.delete_spent(circuit).await?;
        } else {
            self.delete(&[claim]).await?;
        }
        Ok(None)
    }

    async fn failed(&self, reason: String) -> Result<(), StoreError> {
        let now = self.clock.now();
        // Read again: others failed in the meantime. A count lost between two of them only opens the circuit a little later.
        let before = read(&self.store, self.vendor).await?;
        let after = Circuit::failed(before.as_ref(), reason, now);
        if before.as_ref() == Some(&after) {
            return Ok(());
        }
        self.write(&after).await?;
        if let Some(before) = &before {
            self.delete_spent(before).await?;
        }
        let was_open = before.is_some_and(|before| before.open.is_some());
        if let (Some(open), false) = (&after.open, was_open) {
            self.delete_left_behind().await?;
            let fields = [
                ("vendor", self.vendor.into()),
                ("since", after.failing_since.to_string().into()),
                ("until", open.until.to_string().into()),
                ("reason", after.last_error.as_str().into()),
            ];
            self.log.write(
                Level::Error,
                "a vendor keeps failing: it is left alone for a while",
                &fields,
            );
        }
        Ok(())
    }

    async fn worked(&self) -> Result<(), StoreError> {
        let Some(circuit) = read(&self.store, self.vendor).await? else {
            return Ok(());
        };
        let mut spent = vec![key(self.vendor)];
        if let Some(open) = &circuit.open {
            spent.extend(
                circuit
                    .spent_probe()
                    .map(|probe| claim_key(self.vendor, probe)),
            );
            spent.push(claim_key(self.vendor, open.probe));
            let fields = [
                ("vendor", self.vendor.into()),
                ("since", circuit.failing_since.to_string().into()),
            ];
            self.log.write(
                Level::Info,
                "a vendor that kept failing works again",
                &fields,
            );
        }
        let spent: Vec<&str> = spent.iter().map(String::as_str).collect();
        self.delete(&spent).await
    }

    /// Deletes claims of an earlier failure whose owner died before he could: they would stand in the way of those to come.
    async fn delete_left_behind(&self) -> Result<(), StoreError> {
        let claims = circuit::FIRST_PROBES.map(|probe| claim_key(self.vendor, probe));
        self.delete(&claims.each_ref().map(String::as_str)).await
    }

    /// Deletes the claim of a try that had its outcome, or can have none any more.
    async fn delete_spent(&self, circuit: &Circuit) -> Result<(), StoreError> {
        match circuit.spent_probe() {
            Some(spent) => self.delete(&[&claim_key(self.vendor, spent)]).await,
            None => Ok(()),
        }
    }

    async fn write(&self, circuit: &Circuit) -> Result<(), StoreError> {
        self.store
            .set(Label::Default, &key(self.vendor), &circuit.to_bytes())
            .await
    }

    async fn delete(&self, keys: &[&str]) -> Result<(), StoreError> {
        self.store.delete_many(Label::Default, keys).await
    }

    /// The result; none after an error, which is told: a call is not worse for it.
    fn told<T>(&self, result: Result<T, StoreError>) -> Option<T> {
        result
            .inspect_err(|error| {
                let fields = [
                    ("vendor", self.vendor.into()),
                    ("reason", error.to_string().into()),
                ];
                self.log.write(
                    Level::Warn,
                    "could not use a vendor's circuit breaker",
                    &fields,
                );
            })
            .ok()
    }
}

async fn read(store: &impl Store, vendor: &str) -> Result<Option<Circuit>, StoreError> {
    let bytes = store.get(Label::Default, &key(vendor)).await?;
    // One that cannot be read is taken as closed, and overwritten with the next failure.
    Ok(bytes.and_then(|bytes| Circuit::from_bytes(&bytes)))
}

fn key(vendor: &str) -> String {
    format!("breaker/{vendor}")
}

fn claim_key(vendor: &str, probe: u64) -> String {
    format!("breaker/{vendor}/probe/{probe}")
}

/// Whether a 500 is about this one call only, and the vendor works: Argo CD gives what it did not expect of one application, and a
/// change that lost a race, as gRPC's codes 2 and 13 with a 500, but a part of it that is down as a 503 (VENDORS 2.1).
fn is_of_one_call(response: &Response) -> bool {
    #[derive(Deserialize)]
    struct Grpc {
        code: u32,
        #[serde(rename = "message")]
        _message: String,
    }

    response.status.as_u16() == 500
        && serde_json::from_slice(&response.body)
            .is_ok_and(|Grpc { code, .. }| matches!(code, 2 | 13))
}

/// How a call shows that the vendor itself does not work; none if it answers, whatever it says.
fn failure(answer: &Result<Response, HttpError>) -> Option<String> {
    match answer {
        Ok(response) if response.status.is_server_error() && !is_of_one_call(response) => {
            Some(format!("it answered {}", response.status.as_u16()))
        }
        Ok(_) => None,
        Err(
            error @ (HttpError::NoConnection { .. }
            | HttpError::TimedOut { .. }
            | HttpError::Broken { .. }),
        ) => Some(error.to_string()),
        // It answers, at length; or the request never left.
        Err(
            HttpError::TooLong { .. } | HttpError::NotAllowed { .. } | HttpError::Paused { .. },
        ) => None,
    }
}
