//! `cargo xtask reconcile`: asks a running application to advance everything that is due.

use anyhow::Context as _;

use crate::command_line::ReconcileOptions;
use crate::requests;

/// Asks and prints the report.
pub(crate) async fn reconcile(options: ReconcileOptions) -> anyhow::Result<()> {
    let token = options
        .token
        .or_else(|| std::env::var("SPIN_VARIABLE_RECONCILE_TOKEN").ok())
        .context("no token: give it with --token or in SPIN_VARIABLE_RECONCILE_TOKEN")?;
    let headers = [("authorization".to_owned(), format!("Bearer {token}"))];
    requests::show(&requests::post(&options.url, &headers, Vec::new()).await?)
}
