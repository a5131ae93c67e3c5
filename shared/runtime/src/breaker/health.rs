//! How vendors are, for people.

use domain::Timestamp;
use ports::{Store, StoreError};
use vendors::{argocd, backstage, coolify, github, kubernetes, platform, registry, slack};

use super::read;

/// The vendors that a circuit breaker stands before.
pub const VENDORS: [&str; 8] = [
    argocd::VENDOR,
    backstage::VENDOR,
    coolify::VENDOR,
    github::VENDOR,
    kubernetes::VENDOR,
    platform::VENDOR,
    registry::VENDOR,
    slack::VENDOR,
];

/// A vendor that failed since it last worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// How often in a row, up to the number from which it is left alone.
    pub failures: u32,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again, if it is left alone.
    pub until: Option<Timestamp>,
    /// How it failed the last time.
    pub last_error: String,
}

/// How the vendor fails; none if it works, or was never called.
pub async fn failing(store: &impl Store, vendor: &str) -> Result<Option<Failing>, StoreError> {
    let circuit = read(store, vendor).await?;
    Ok(circuit.map(|circuit| Failing {
        failures: circuit.failures,
        since: circuit.failing_since,
        until: circuit.open.map(|open| open.until),
        last_error: circuit.last_error,
    }))
}
