//! Stories on the real components.

mod api;
mod app;
mod commands;
mod configuration;
mod costs;
mod crash;
mod dashboard;
mod discretion;
mod gap;
mod health;
mod ingress;
mod installation;
mod metrics;
mod outage;
mod payloads;
mod preview;
mod reconcile;
mod release;
mod rules;
mod schema;
mod setup;
mod store;
mod storm;
mod survey;
mod trouble;
mod trust;
