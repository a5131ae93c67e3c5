//! What Slipway knows and decides: facts, entities, `fold`, `plan`, configuration, and every text that people read.
//!
//! Pure: no I/O, no `async`, no clock, no randomness, no vendor's JSON. Time comes in as an argument.

mod time;

pub use time::Timestamp;
