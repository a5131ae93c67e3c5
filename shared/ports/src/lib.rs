//! What Slipway needs of the outside, as small traits over plain data: HTTP, a key-value store, a clock, a log.
//!
//! Domain code never sees these; `vendors` and `runtime` are generic over them; `slipway-spin` implements them on Spin,
//! `memory` in memory for tests and the simulation. Static dispatch throughout: there is one implementation in a build.

mod clock;
mod http;
mod log;
pub mod memory;
mod store;

pub use clock::Clock;
pub use http::{Http, HttpError, Request, Response};
pub use log::{Level, Log, NoLog};
pub use store::{Label, Store, StoreError};
