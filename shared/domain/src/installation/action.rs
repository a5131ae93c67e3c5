//! What can be done about an installation. Everything here may be done twice: it looks, it posts facts, it writes to the log.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fact, HeldBack, News};
use crate::{RepositoryId, entity};

/// Something to do about an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Ask GitHub for it, and for the repositories that it reaches.
    Look {
        /// The App that it is one of, if that is known: another one's "not found" means nothing.
        app: Option<u64>,
    },
    /// Count the previews that hold something in these repositories.
    Weigh {
        /// Which ones.
        repositories: BTreeSet<RepositoryId>,
    },
    /// Tell these repositories.
    Tell {
        /// Which ones, and what.
        news: BTreeMap<RepositoryId, News>,
    },
    /// Tell people what is held back.
    Alert {
        /// What, and why.
        held_back: HeldBack,
    },
}

impl entity::Action for Action {
    type Fact = Fact;

    fn intent(&self) -> Option<Fact> {
        None
    }

    fn claim(&self) -> Option<String> {
        None
    }
}
