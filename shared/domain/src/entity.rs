//! What an entity is to the runner: something that takes facts in and says what is to be done next.

use std::{fmt, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    NotParsed, Timestamp,
    directory::{self, Attention},
};

/// An entity: its state is what its facts add up to, and its plan follows from its state and the time alone.
pub trait Entity: Serialize + DeserializeOwned {
    /// What it is known by; its text is the start of its keys in the store.
    type Id: fmt::Display + FromStr<Err = NotParsed> + Clone;
    /// What can be learnt about it. Recording a fact twice, or late, is harmless.
    type Fact: Serialize + DeserializeOwned + Clone;
    /// What can be done about it.
    type Action: Action<Fact = Self::Fact>;

    /// The directory that names all entities of this kind to those who list them; none if nobody does.
    const LISTED: Option<directory::Kind>;

    /// Whether mail that nobody named is read only up to the first number that has none: for those whose readers read the mail behind
    /// what was taken in, and would never meet one that was passed over while it was being written.
    const IN_ORDER: bool = false;

    /// The entity of which nothing is known yet.
    fn new(id: Self::Id) -> Self;

    /// Takes in a fact that was learnt at `at`.
    fn record(&mut self, fact: &Self::Fact, at: Timestamp);

    /// What is to be done at `now`.
    fn plan(&self, now: Timestamp) -> Step<Self::Action>;

    /// How much it asks of people, by what its directory says who is to be looked at; of entities that no directory names nobody
    /// asks.
    fn attention(&self) -> Attention {
        Attention::Quiet
    }

    /// What it tries no more, or hardly, until a person does something. Told as an alert when it begins.
    fn given_up(&self) -> Vec<GivenUp>;

    /// The names of all claims that were ever made for it, so that they can be deleted with it.
    fn claims(&self) -> Vec<String>;
}

/// Something that was tried in vain until it was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// What was tried, the same words each time.
    pub what: String,
    /// How it failed the last time.
    pub reason: String,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<A> {
    /// This, now.
    Act(A),
    /// Nothing before this time.
    Wait {
        /// When to plan again.
        until: Timestamp,
    },
    /// Nothing until there is a new fact.
    Settled,
    /// The entity is over: delete all that is stored of it.
    Forget,
}

/// Something to do.
pub trait Action {
    /// The entity's facts.
    type Fact;

    /// What is saved before it is done, if a second time would do harm or must be known of.
    fn intent(&self) -> Option<Self::Fact>;

    /// The name of the claim that only one runner ever wins, if it must not be done twice.
    fn claim(&self) -> Option<String>;
}
