//! Lines of the log by which a person is called.

use std::fmt::Display;

use domain::entity::GivenUp;
use ports::{Level, Log};

/// Tells what an entity has given up after an action and had not before it.
pub(crate) fn given_up(log: &impl Log, id: &impl Display, before: &[GivenUp], after: &[GivenUp]) {
    let is_known = |given_up: &GivenUp| before.iter().any(|known| known.what == given_up.what);
    for given_up in after.iter().filter(|given_up| !is_known(given_up)) {
        let fields = [
            ("entity", id.to_string().into()),
            ("what", given_up.what.as_str().into()),
            ("reason", given_up.reason.as_str().into()),
        ];
        log.write(
            Level::Error,
            "gave up until a person does something",
            &fields,
        );
    }
}
