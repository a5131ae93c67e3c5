//! The durable core under fire: the real domain, the real vendors' clients and the real runtime against a simulated world and
//! store, under a seeded scheduler with its own clock. `docs/simulation.md` says what is simulated and what must hold.

mod burst;
mod command;
mod coolify;
mod directories;
mod faults;
mod ghost;
mod github;
mod http;
mod instance;
mod journal;
mod kernel;
mod kubernetes;
mod mutation;
mod oracle;
mod platform;
mod port;
mod random;
mod releases;
mod run;
mod seed;
mod settled;
mod sim;
mod site;
mod statistics;
mod store;
mod story;
mod targets;
mod watched;

pub use burst::{Burst, burst};
pub use command::main;
pub use faults::Storm;
pub use mutation::Mutation;
pub use run::{Failure, Options, Report, World, run};
pub use statistics::Totals;
