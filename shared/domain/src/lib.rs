//! What Slipway knows and decides: facts, entities, `fold`, `plan`, configuration, and every text that people read.
//!
//! Pure: no I/O, no `async`, no clock, no randomness, no vendor's JSON. Time comes in as an argument.

mod account;
pub mod argocd;
pub mod audit;
mod backstage;
pub mod build;
pub mod command;
pub mod configuration;
mod coolify;
pub mod directory;
pub mod dispatch;
pub mod entity;
pub mod gap;
mod glob;
mod identity;
pub mod installation;
pub mod manifest;
mod markdown;
pub mod notice;
pub mod operation;
pub mod outbox;
pub mod places;
pub mod preview;
pub mod protection;
pub mod release;
pub mod repository;
mod target_id;
mod time;

pub use account::{Account, Speaker};
pub use backstage::EntityRef;
pub use coolify::{ApplicationUuid, DeploymentUuid, ImageTag};
pub use identity::{
    CommitSha, DeliveryGuid, InstallationId, NotParsed, PreviewId, PullRequestNumber, RepositoryId,
    RepositoryName,
};
pub use target_id::TargetId;
pub use time::Timestamp;
