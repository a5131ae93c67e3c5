//! Stories on the real components: a world of simulated vendors, and Slipway as it is deployed, over real HTTP.
//!
//! The application runs on the embedded host, or on Spin when `SLIPWAY_SPIN` names its binary.

mod discretion;
mod engine;
mod permissions;
mod stores;
mod story;

pub use discretion::{Discretion, TOKEN_KEYS};
pub use engine::{Process, Slipway};
pub use permissions::{rows, rows_of};
pub use stores::{LABELS, Stores};
pub use story::{API_TOKEN, APP, Message, PATIENCE, Setup, Story};
