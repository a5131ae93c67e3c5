//! How a delivery is stored: a line of JSON about it, then its payload as it came.

use domain::{DeliveryGuid, RepositoryId, Timestamp};
use ports::{Label, StoreError};
use serde::{Deserialize, Serialize};

/// The version of the head that is written. Older ones are read: what they lack is optional.
const SCHEMA: u32 = 1;

/// The key of a delivery, in `queue` while it is pending and in `inbox` after that.
pub fn delivery_key(guid: &DeliveryGuid) -> String {
    format!("delivery/{guid}")
}

/// What is known about a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    schema: u32,
    /// GitHub's id of it.
    pub guid: DeliveryGuid,
    /// `pull_request` …
    pub event: String,
    /// The payload's action.
    #[serde(default)]
    pub action: Option<String>,
    /// The repository that it is about.
    #[serde(default)]
    pub repository: Option<RepositoryId>,
    /// Which webhook secret signed it, by its position from 0; none if none did, or an older version took it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<u32>,
    /// When it came.
    pub received_at: Timestamp,
    /// How many attempts to process it have begun.
    #[serde(default)]
    pub attempts: u32,
    /// It is due at this time: for the next attempt, or because the attempt that has begun was interrupted.
    #[serde(default)]
    pub next_attempt_at: Timestamp,
    /// Whether an attempt has begun and not ended.
    #[serde(default)]
    pub claimed: bool,
    /// How the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// How it ended; none while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// Its component has taken it.
    Done,
    /// It was refused, or failed too often: a person decides whether to run it again.
    Dead,
}

impl Finish {
    /// Both of them.
    pub(crate) const ALL: [Self; 2] = [Self::Done, Self::Dead];

    /// Its name in keys.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

/// A stored delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What is known about it.
    pub head: Head,
    /// The payload's JSON as GitHub sent it.
    pub payload: Vec<u8>,
}

/// A stored value that is not a delivery to this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A newer version of Slipway wrote it, and must be the one to touch it.
    #[error("it was written with schema {found}; this version knows schemas up to {SCHEMA}")]
    Newer {
        /// Its schema.
        found: u32,
    },
    /// It is damaged.
    #[error("it is not a stored delivery: {reason}")]
    Damaged {
        /// What is wrong with it.
        reason: String,
    },
}

impl Head {
    /// Of a delivery that has just come.
    pub(crate) const fn new(guid: DeliveryGuid, event: String, received_at: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            guid,
            event,
            action: None,
            repository: None,
            secret: None,
            received_at,
            attempts: 0,
            next_attempt_at: received_at,
            claimed: false,
            last_error: None,
            finish: None,
            finished_at: None,
        }
    }

    /// Whether somebody is processing it, as far as can be known.
    pub fn is_in_hand(&self, now: Timestamp) -> bool {
        self.claimed && now < self.next_attempt_at
    }
}

impl Record {
    /// As it is stored in `label`.
    pub(crate) fn encode(&self, label: Label) -> Result<Vec<u8>, StoreError> {
        let mut value = Vec::with_capacity(512 + self.payload.len());
        serde_json::to_writer(&mut value, &self.head).map_err(|error| StoreError {
            label,
            operation: "encode",
            key: delivery_key(&self.head.guid),
            reason: error.to_string(),
        })?;
        value.push(b'\n');
        value.extend_from_slice(&self.payload);
        Ok(value)
    }

    /// Parses a stored value of this or an older version.
    pub fn parse(value: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }

        let damaged = |reason: String| Unreadable::Damaged { reason };
        let end = value
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or_else(|| damaged("it has no line about it".to_owned()))?;
        let (line, payload) = value.split_at(end);
        let json = |error: serde_json::Error| damaged(format!("its first line: {error}"));
        let Version { schema } = serde_json::from_slice(line).map_err(json)?;
        if schema > SCHEMA {
            return Err(Unreadable::Newer { found: schema });
        }
        let mut head: Head = serde_json::from_slice(line).map_err(json)?;
        head.schema = SCHEMA;
        let payload = payload.get(1..).unwrap_or_default().to_vec();
        Ok(Self { head, payload })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record() -> Record {
        let guid = "72d3162e-cc78-11e3-81ab-4c9367dc0958".parse().unwrap();
        let mut head = Head::new(
            guid,
            "pull_request".to_owned(),
            Timestamp::from_milliseconds(1_795_257_067_042),
        );
        head.action = Some("opened".to_owned());
        head.repository = Some(RepositoryId(42));
        Record {
            head,
            payload: b"{\n\"action\":\"opened\"}\n".to_vec(),
        }
    }

    #[test]
    fn a_record_is_one_line_and_the_payload_byte_for_byte() {
        let value = record().encode(Label::Queue).unwrap();
        assert_eq!(Record::parse(&value).unwrap(), record());
        let shown = String::from_utf8(value).unwrap().replace(",\"", ",\n \"");
        insta::assert_snapshot!(shown, @r#"
        {"schema":1,
         "guid":"72d3162e-cc78-11e3-81ab-4c9367dc0958",
         "event":"pull_request",
         "action":"opened",
         "repository":42,
         "received_at":1795257067042,
         "attempts":0,
         "next_attempt_at":1795257067042,
         "claimed":false}
        {
        "action":"opened"}
        "#);
    }

    #[test]
    fn a_record_of_schema_1_is_read_for_ever() {
        let stored = concat!(
            r#"{"schema":1,"guid":"a-1","event":"workflow_run","received_at":1795257067042,"unknown":[]}"#,
            "\n{}"
        );
        let record = Record::parse(stored.as_bytes()).unwrap();
        assert_eq!(record.head.event, "workflow_run");
        assert_eq!((record.head.attempts, record.head.claimed), (0, false));
        assert_eq!(record.payload, b"{}");
    }

    #[test]
    fn a_record_of_a_newer_version_is_left_to_it() {
        let stored = "{\"schema\":2,\"id\":\"a-1\"}\n{}";
        assert_eq!(
            Record::parse(stored.as_bytes()),
            Err(Unreadable::Newer { found: 2 })
        );
    }

    #[test]
    fn what_is_damaged_is_told_apart() {
        for stored in ["", "{}", "{}\n{}", "[1]\n", "{\"schema\":1}\n", "\n{}"] {
            let error = Record::parse(stored.as_bytes()).unwrap_err();
            assert!(
                matches!(error, Unreadable::Damaged { .. }),
                "{stored:?} gave {error:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_payload_comes_back(payload: Vec<u8>) {
            let record = Record { payload, ..record() };
            prop_assert_eq!(Record::parse(&record.encode(Label::Queue).unwrap()), Ok(record));
        }

        #[test]
        fn any_bytes_are_a_record_or_unreadable(value: Vec<u8>) {
            prop_assert!(Record::parse(&value).is_err());
        }
    }
}
