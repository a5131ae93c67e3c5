//! The keys of an entity. All begin with the entity's own, and the runner deletes them with it.

use std::fmt::Display;

use domain::audit::ActKey;

/// The counter that numbers an entity's mail, in `default`.
pub(crate) fn mail_counter(entity: &impl Display) -> String {
    format!("{entity}/seq")
}

/// One mail, in `queue`: what is found there is due.
pub(crate) fn mail(entity: &impl Display, number: u64) -> String {
    format!("mail/{entity}/{number}")
}

/// When an entity is to be looked at again, in `queue`, one for each lease: whoever deletes it deletes only its own.
pub(crate) fn due(entity: &impl Display, epoch: u64) -> String {
    format!("due/{entity}/{epoch}")
}

/// The counter by which a lease is claimed, in `default`: the first to increment it has it.
pub(crate) fn lease_claim(entity: &impl Display, epoch: u64) -> String {
    format!("{entity}/lease/{epoch}")
}

/// Since when a claimed lease was seen not to be taken up, in `default`.
pub(crate) fn contested(entity: &impl Display) -> String {
    format!("{entity}/contested")
}

/// The counter by which an effect is claimed, in `default`.
pub(crate) fn effect_claim(entity: &impl Display, claim: &str) -> String {
    format!("{entity}/claim/{claim}")
}

/// An act that is to be noted for the audit, in `queue`.
pub(crate) fn act(key: &ActKey) -> String {
    format!("act/{key}")
}

/// What a key of the queue stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueKey<'a> {
    /// A delivery, with its GUID.
    Delivery(&'a str),
    /// A mail of an entity.
    Mail {
        /// The entity.
        entity: &'a str,
        /// The mail's number.
        number: u64,
    },
    /// An entity is to be looked at.
    Due {
        /// The entity.
        entity: &'a str,
        /// The lease under which this was written.
        epoch: u64,
    },
    /// An act that is to be noted for the audit.
    Act,
    /// None of Slipway's.
    Foreign,
}

impl<'a> QueueKey<'a> {
    /// Reads a key of the queue.
    pub fn parse(key: &'a str) -> Self {
        if let Some(guid) = key.strip_prefix("delivery/") {
            return Self::Delivery(guid);
        }
        if key.starts_with("act/") {
            return Self::Act;
        }
        let numbered = |rest: &'a str| {
            let (entity, number) = rest.rsplit_once('/')?;
            Some((entity, number.parse::<u64>().ok()?))
        };
        if let Some((entity, number)) = key.strip_prefix("mail/").and_then(numbered) {
            return Self::Mail { entity, number };
        }
        match key.strip_prefix("due/").and_then(numbered) {
            Some((entity, epoch)) => Self::Due { entity, epoch },
            None => Self::Foreign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_key_is_read_back_as_it_was_written() {
        let entity = "preview/1/7";
        assert_eq!(
            QueueKey::parse(&mail(&entity, 3)),
            QueueKey::Mail { entity, number: 3 }
        );
        assert_eq!(
            QueueKey::parse(&due(&entity, 9)),
            QueueKey::Due { entity, epoch: 9 }
        );
        assert_eq!(QueueKey::parse("delivery/a-b"), QueueKey::Delivery("a-b"));
        for foreign in ["", "mail", "mail/x", "due/preview/1/x", "other/1"] {
            assert_eq!(QueueKey::parse(foreign), QueueKey::Foreign, "{foreign}");
        }
    }
}
