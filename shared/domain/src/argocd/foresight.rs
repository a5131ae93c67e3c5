//! What Argo CD would refuse, told before it is asked, and what of a change would not last (VENDORS 2.2, 2.4, 2.5).

use std::fmt;

use super::Application;

/// Why something cannot work with an application as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreseen {
    /// It is being deleted.
    Deleting,
    /// Argo CD syncs it by itself, and only to what it tracks.
    AutoSyncTracks {
        /// What was to be synced.
        asked: String,
        /// What it tracks.
        tracked: String,
    },
    /// Argo CD syncs it by itself, and would undo a rollback.
    AutoSyncUndoes,
    /// No earlier deployment has this id.
    NoSuchHistory {
        /// The id.
        id: u64,
        /// Those that there are.
        known: Vec<u64>,
    },
    /// It has several sources, so one revision does not say enough.
    SeveralSources,
    /// None of its sources takes such a setting, or more than one does.
    NoPlace {
        /// What was to be set, as `an image for Kustomize (ghcr.io/acme/shop)`.
        setting: String,
        /// How many sources would do.
        places: usize,
    },
    /// Another application, or a set of them, owns it and takes changes back.
    Managed {
        /// The owner.
        by: String,
    },
}

impl fmt::Display for Foreseen {
    /// What is wrong and what would be right.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deleting => f.write_str("the application is being deleted"),
            Self::AutoSyncTracks { asked, tracked } => write!(
                f,
                "Argo CD syncs the application by itself to {tracked} and would refuse to sync it to {asked}: switch auto-sync \
                 off, or release by `update: git` or `update: kustomize-image`"
            ),
            Self::AutoSyncUndoes => f.write_str(
                "Argo CD syncs the application by itself and refuses rollbacks: switch auto-sync off, or release by \
                 `update: git` or `update: kustomize-image`, which go back by setting the former version",
            ),
            Self::NoSuchHistory { id, known } => {
                let known: Vec<String> = known.iter().map(u64::to_string).collect();
                let known = if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                };
                write!(f, "Argo CD knows no deployment {id} of the application any more, only: {known}")
            }
            Self::SeveralSources => f.write_str(
                "the application has several sources, so that one revision does not say what to sync: sync what they track",
            ),
            Self::NoPlace { setting, places: 0 } => write!(
                f,
                "the application has no source that takes {setting}: choose the `update` that fits how its manifests are made"
            ),
            Self::NoPlace { setting, places } => write!(
                f,
                "{places} sources of the application could take {setting}: set it once in the right one, and Slipway goes on \
                 there"
            ),
            Self::Managed { by } => write!(
                f,
                "the application belongs to {by}, which takes changes of its specification back: release by `update: git`"
            ),
        }
    }
}

impl Application {
    /// Why Argo CD would refuse to sync it to `revision`, or to what it tracks if that is none. That another operation is under
    /// way is no reason: it ends.
    pub fn would_refuse_sync(&self, revision: Option<&str>) -> Option<Foreseen> {
        if self.deleting {
            return Some(Foreseen::Deleting);
        }
        let asked = revision?;
        let [source] = self.sources.as_slice() else {
            return Some(Foreseen::SeveralSources);
        };
        if self.has_several_sources {
            return Some(Foreseen::SeveralSources);
        }
        let tracked = match source.target_revision.as_str() {
            "" => "HEAD",
            tracked => tracked,
        };
        (self.automation.is_some() && asked != tracked).then(|| Foreseen::AutoSyncTracks {
            asked: asked.to_owned(),
            tracked: tracked.to_owned(),
        })
    }

    /// Why Argo CD would refuse to roll it back to an earlier deployment.
    pub fn would_refuse_rollback(&self, id: u64) -> Option<Foreseen> {
        if self.deleting {
            return Some(Foreseen::Deleting);
        }
        if self.automation.is_some() {
            return Some(Foreseen::AutoSyncUndoes);
        }
        let known: Vec<u64> = self.history.iter().map(|entry| entry.id).collect();
        (!known.contains(&id)).then_some(Foreseen::NoSuchHistory { id, known })
    }

    /// Why a change of its specification would not last.
    pub fn would_take_back_changes(&self) -> Option<Foreseen> {
        if self.deleting {
            return Some(Foreseen::Deleting);
        }
        let by = self.managed_by.clone()?;
        Some(Foreseen::Managed { by })
    }
}
