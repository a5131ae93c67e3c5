//! Faults on demand: what a vendor does instead of answering properly, for which requests and how often.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::Vendor;
use crate::message::Request;
use crate::state::Shared;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is closed without an answer; nothing was done.
    Close,
    /// Everything is done, then the connection is closed: the caller cannot know.
    DropAnswer,
    /// The answer comes this many milliseconds late.
    DelayMilliseconds(u64),
    /// 429 with `Retry-After` in seconds; nothing was done.
    TooManyRequests(u64),
    /// This status with an HTML page of a proxy; nothing was done.
    Status(u16),
    /// GitHub's primary rate limit: 403, nothing remaining, reset in this many seconds (VENDORS 4.6).
    PrimaryRateLimit(u64),
    /// GitHub's secondary rate limit: 403 with `Retry-After` in seconds (VENDORS 4.6).
    SecondaryRateLimit(u64),
    /// 200 with an HTML page, as from a captive portal; nothing was done.
    Rubbish,
    /// Done, but the body arrives in eight pieces, this many milliseconds apart.
    SlowBodyMilliseconds(u64),
    /// Done, but the body ends halfway, in a well-formed HTTP message.
    TruncatedJson,
    /// Done, but where the answer is a list, it is an empty one without further pages, as from a copy that lost its data.
    EmptyList,
}

#[derive(Debug, Clone)]
struct Rule {
    id: u64,
    vendor: Vendor,
    method: Option<String>,
    path_contains: String,
    spared: u32,
    remaining: Option<u32>,
    hits: u32,
    fault: Fault,
}

/// All faults that are in force, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    next: u64,
}

impl Faults {
    /// The fault that meets this request; the first rule that matches counts it.
    pub(crate) fn meet(&mut self, request: &Request) -> Option<Fault> {
        let rule = self.rules.iter_mut().find(|rule| {
            rule.vendor == request.vendor
                && rule.remaining != Some(0)
                && rule
                    .method
                    .as_ref()
                    .is_none_or(|method| method == &request.method)
                && request.path.contains(&rule.path_contains)
        })?;
        if rule.spared > 0 {
            rule.spared -= 1;
            return None;
        }
        rule.hits += 1;
        rule.remaining = rule.remaining.map(|left| left - 1);
        Some(rule.fault.clone())
    }

    pub(crate) fn lift_all(&mut self) {
        self.rules.clear();
    }
}

/// A fault in the making: `world.fault(Vendor::Coolify).on("POST", "/deploy").times(2).is(Fault::Status(502))`.
#[must_use = "a fault is in force only after `is`"]
#[derive(Debug)]
pub struct FaultBuilder {
    shared: Arc<Shared>,
    rule: Rule,
}

impl FaultBuilder {
    pub(crate) fn new(shared: Arc<Shared>, vendor: Vendor) -> Self {
        let rule = Rule {
            id: 0,
            vendor,
            method: None,
            path_contains: String::new(),
            spared: 0,
            remaining: None,
            hits: 0,
            fault: Fault::Close,
        };
        Self { shared, rule }
    }

    /// Only requests with this method and with this text in their path.
    pub fn on(mut self, method: &str, path_contains: &str) -> Self {
        self.rule.method = Some(method.to_owned());
        path_contains.clone_into(&mut self.rule.path_contains);
        self
    }

    /// Only requests with this text in their path, whatever their method.
    pub fn on_path(mut self, path_contains: &str) -> Self {
        path_contains.clone_into(&mut self.rule.path_contains);
        self
    }

    /// The first so many matching requests are spared.
    pub fn after(mut self, spared: u32) -> Self {
        self.rule.spared = spared;
        self
    }

    /// Only so many times; without this, until lifted.
    pub fn times(mut self, times: u32) -> Self {
        self.rule.remaining = Some(times);
        self
    }

    /// Once.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Puts it in force.
    pub fn is(mut self, fault: Fault) -> FaultHandle {
        self.rule.fault = fault;
        let id = self.shared.change(|state| {
            state.faults.next += 1;
            self.rule.id = state.faults.next;
            state.faults.rules.push(self.rule);
            state.faults.next
        });
        FaultHandle {
            shared: self.shared,
            id,
        }
    }

    /// Puts a delay in force.
    pub fn delay(self, delay: Duration) -> FaultHandle {
        let milliseconds = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.is(Fault::DelayMilliseconds(milliseconds))
    }
}

/// A fault that is in force; dropping the handle leaves it so.
#[derive(Debug)]
pub struct FaultHandle {
    shared: Arc<Shared>,
    id: u64,
}

impl FaultHandle {
    /// How many requests met it.
    #[must_use]
    pub fn hits(&self) -> u32 {
        self.shared.look(|state| {
            state
                .faults
                .rules
                .iter()
                .find(|rule| rule.id == self.id)
                .map_or(0, |rule| rule.hits)
        })
    }

    /// Ends it; later requests are answered properly.
    pub fn lift(&self) {
        self.shared.change(|state| {
            if let Some(rule) = state
                .faults
                .rules
                .iter_mut()
                .find(|rule| rule.id == self.id)
            {
                rule.remaining = Some(0);
            }
        });
    }
}
