//! How vendors are: whom calls fail at, who is left alone until when, and whose limits are met. A few reads of known keys.

use domain::Timestamp;
use ports::{Clock, Log, Store};
use runtime::{breaker, browse, preview::coolify_limit};

use super::{Entities, view::rate_limit};
use crate::{
    Problem, Reply,
    caller::Sees,
    model::{PayerLimit, Vendor, VendorList},
    query::Query,
};

/// For whom GitHub counts beside installations.
const PAYERS: [&str; 2] = ["app", "token"];
/// What is said in place of an error that may be of another repository.
const HIDDEN: &str = "how is shown to who has a token of the API";

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    pub(super) async fn list_vendors(&self, query: &Query, sees: &Sees) -> Result<Reply, Problem> {
        query.only(&[])?;
        let now = self.clock.now();
        let mut list = VendorList {
            vendors: Vec::new(),
            limits: Vec::new(),
        };
        for name in breaker::VENDORS {
            let failing = breaker::failing(&self.store, name).await?;
            let limited = match name {
                vendors::coolify::VENDOR => coolify_limit(&self.store).await?,
                _ => None,
            };
            list.vendors
                .push(shown(name, failing, limited, (sees, now)));
        }
        if sees.is_everything() {
            for whose in PAYERS {
                let limit = browse::rate_limit_for(&self.store, whose).await?;
                let budget = limit.and_then(|limit| limit.budget);
                list.limits.extend(budget.map(|budget| PayerLimit {
                    whose: whose.to_owned(),
                    rate_limit: rate_limit(budget, now),
                }));
            }
        }
        Ok(Reply::ok(&list))
    }
}

fn shown(
    name: &str,
    failing: Option<breaker::Failing>,
    limited: Option<Timestamp>,
    (sees, now): (&Sees, Timestamp),
) -> Vendor {
    let limited = limited.filter(|until| *until > now);
    let state = match (&failing, limited) {
        (Some(failing), _) if failing.until.is_some() => "left-alone",
        (Some(_), None) => "failing",
        (_, Some(_)) => "limited",
        (None, None) => "untroubled",
    };
    let until = failing.as_ref().and_then(|failing| failing.until);
    Vendor {
        vendor: name.to_owned(),
        state: state.to_owned(),
        since: failing.as_ref().map(|failing| failing.since.to_string()),
        failures: failing.as_ref().map_or(0, |failing| failing.failures),
        until: until.or(limited).map(|until| until.to_string()),
        last_error: failing.map(|failing| match sees.is_everything() {
            true => failing.last_error,
            false => HIDDEN.to_owned(),
        }),
    }
}
