//! Stories on the real components.

mod app;
mod crash;
mod ingress;
mod payloads;
mod preview;
mod reconcile;
mod schema;
mod store;
mod storm;
mod trouble;
