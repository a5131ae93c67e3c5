//! What can be asked, and which role it needs.

use domain::DeliveryGuid;
use http::Method;

use crate::{Problem, Role};

/// A thing that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `GET /api/v1/deliveries`
    ListDeliveries,
    /// `GET /api/v1/deliveries/{guid}`
    ShowDelivery(DeliveryGuid),
    /// `POST /api/v1/deliveries/{guid}/replay`
    ReplayDelivery(DeliveryGuid),
    /// `POST /api/v1/deliveries/replay`
    ReplayDeliveries,
}

impl Route {
    /// The route of a request.
    pub(crate) fn of(method: &Method, path: &str) -> Result<Self, Problem> {
        let parts: Vec<&str> = path
            .trim_end_matches('/')
            .trim_start_matches('/')
            .split('/')
            .collect();
        let is = |expected: &Method, allowed| {
            if method == expected {
                Ok(())
            } else {
                Err(Problem::method_not_allowed(allowed))
            }
        };
        match parts.as_slice() {
            ["api", "v1", "deliveries"] => is(&Method::GET, "GET").map(|()| Self::ListDeliveries),
            ["api", "v1", "deliveries", "replay"] => {
                is(&Method::POST, "POST").map(|()| Self::ReplayDeliveries)
            }
            ["api", "v1", "deliveries", guid] => {
                is(&Method::GET, "GET")?;
                Ok(Self::ShowDelivery(delivery(guid)?))
            }
            ["api", "v1", "deliveries", guid, "replay"] => {
                is(&Method::POST, "POST")?;
                Ok(Self::ReplayDelivery(delivery(guid)?))
            }
            _ => Err(Problem::not_found(format!("there is nothing at {path}"))),
        }
    }

    /// The least role that may ask it.
    pub(crate) const fn role(&self) -> Role {
        match self {
            Self::ListDeliveries | Self::ShowDelivery(_) => Role::Viewer,
            Self::ReplayDelivery(_) | Self::ReplayDeliveries => Role::Deployer,
        }
    }

    /// Whether it changes anything.
    pub(crate) const fn changes(&self) -> bool {
        match self {
            Self::ListDeliveries | Self::ShowDelivery(_) => false,
            Self::ReplayDelivery(_) | Self::ReplayDeliveries => true,
        }
    }
}

fn delivery(text: &str) -> Result<DeliveryGuid, Problem> {
    text.parse().map_err(|error: domain::NotParsed| {
        Problem::not_found(format!("there is no such delivery: {error}"))
    })
}
