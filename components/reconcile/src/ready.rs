//! What `reconcile` reports to `health`: its own token, the entities' store, and the vendors, which it holds the variables of.

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use ports::Label;
use previews::DeliveryLog;
use readiness::{Check, Standing};
use slipway_spin::{SpinStore, Variables};

/// The report; only other components can ask for it.
pub(crate) async fn report(log: DeliveryLog) -> Response<Full<Bytes>> {
    let mut checks = vec![
        token().await,
        Check::store(&SpinStore::new(), &log, Label::Default).await,
    ];
    checks.extend(previews::vendors_ready(log).await);
    Response::new(Full::new(Bytes::from(readiness::report(&checks))))
}

async fn token() -> Check {
    let name = "reconcile_token";
    match Variables.secret(name).await {
        Ok(Some(_)) => Check::new(name, Standing::Ready, "POST /reconcile can be called"),
        Ok(None) => Check::new(
            name,
            Standing::Off,
            "not set: POST /reconcile refuses everybody, so nothing that was interrupted goes on by itself",
        ),
        Err(error) => Check::new(name, Standing::Failed, error.to_string()),
    }
}
