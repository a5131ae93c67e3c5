//! The host, tried with guests of its own: each test starts hosts, asks them over HTTP and looks at what they left behind.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what the tests share fails them as they do"
)]

mod allow_list;
mod chaining;
mod client;
mod guests;
mod instances;
mod key_value;
mod redis;
mod refusals;
mod routes;
mod sqlite;
mod stage;
mod starting;
mod variables;
