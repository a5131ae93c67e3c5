//! The host, tried with guests of its own: each test starts hosts, asks them over HTTP and looks at what they left behind.

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
