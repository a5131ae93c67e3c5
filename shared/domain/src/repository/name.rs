//! The name of a repository: only ever an address, and the newest one that GitHub showed.

use serde::{Deserialize, Serialize};

use crate::{RepositoryName, Timestamp};

/// A name and when GitHub last showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Named {
    pub(super) full_name: RepositoryName,
    pub(super) as_of: Timestamp,
}

/// Takes in that the repository had the name `full_name` at `as_of`.
pub(super) fn seen(known: &mut Option<Named>, full_name: &RepositoryName, as_of: Timestamp) {
    // Of two names of one second the choice is arbitrary, but the same in every order: either leads to the repository.
    let newer = known
        .as_ref()
        .is_none_or(|named| (named.as_of, &named.full_name) < (as_of, full_name));
    if newer {
        *known = Some(Named {
            full_name: full_name.clone(),
            as_of,
        });
    }
}
