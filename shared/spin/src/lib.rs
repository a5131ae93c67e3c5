//! The ports on Spin: the only crate, besides the components' entry points, that knows what Slipway runs on.
//!
//! Instances of a component serve many requests, also at the same time, so nothing here keeps data in statics: a component
//! makes these values anew for every request.

mod answer;
mod body;
mod clock;
mod http;
mod keyvalue;
mod limit;
mod log;
mod store;
mod variables;

pub use answer::response;
pub use body::{BodyError, read_request_body};
pub use clock::SpinClock;
pub use http::SpinHttp;
pub use log::JsonLog;
pub use spin_sdk::wasip3::spawn;
pub use store::SpinStore;
pub use variables::{Secret, VariableError, Variables};
