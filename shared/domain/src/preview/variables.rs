//! Production's variables in previews: what Coolify shows of them, and the warning that follows.
//!
//! Coolify copies every variable of production into the set of the previews when it is made, and fills that set in with production's
//! (VENDORS 1.3). Slipway cannot prevent that, so it says so. Only keys are known here; a value is never kept, told or logged.

use serde::{Deserialize, Serialize};

use super::{
    Action, Effort, Preview, Reaction, TargetAction, Trouble,
    plan::{Next, when_due},
    state::{Phase, Sighting, Target},
};
use crate::{CommitSha, TargetId, Timestamp, markdown::code};

/// So many keys are named in one line.
const NAMED: usize = 8;

/// The variables that the previews of an application share with production.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Inherited {
    /// The keys in alphabetical order, at most [`Inherited::KEYS_MAX`].
    #[serde(default)]
    pub keys: Vec<String>,
    /// How many there are in all.
    #[serde(default)]
    pub count: usize,
    /// Whether some are only told by their times: Coolify shows no values to a token without `read:sensitive`.
    #[serde(default)]
    pub by_times: bool,
}

impl Inherited {
    /// More keys are counted and not named.
    pub const KEYS_MAX: usize = 20;
    /// The longest key that is kept, in characters.
    const KEY_CHARACTERS: usize = 100;

    /// Of these keys.
    pub fn of(keys: impl IntoIterator<Item = String>, by_times: bool) -> Self {
        let mut keys: Vec<String> = keys.into_iter().collect();
        keys.sort_unstable();
        keys.dedup();
        let count = keys.len();
        keys.truncate(Self::KEYS_MAX);
        let kept = keys
            .into_iter()
            .map(|key| key.chars().take(Self::KEY_CHARACTERS).collect());
        Self {
            keys: kept.collect(),
            count,
            by_times,
        }
    }

    fn named(&self, word: impl Fn(&str) -> String) -> String {
        let mut named: Vec<String> = self.keys.iter().take(NAMED).map(|key| word(key)).collect();
        let more = self.count.saturating_sub(named.len());
        if more > 0 {
            named.push(format!("{more} more"));
        }
        named.join(", ")
    }

    /// In plain words, without markup.
    fn words(&self) -> String {
        let how = if self.by_times {
            "share with production, as far as their times show"
        } else {
            "share with production"
        };
        format!(
            "its previews {how}: {}",
            self.named(|key| key.replace('`', "'"))
        )
    }
}

/// What is known of the variables on one application.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Variables {
    /// The head commit that they were last looked at for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen_for: Option<CommitSha>,
    /// What was found; none if Coolify did not let them be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inherited: Option<Inherited>,
    #[serde(default)]
    pub(super) effort: Effort,
}

impl Variables {
    pub(super) fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn read(&mut self, commit: &CommitSha, inherited: &Inherited) {
        self.effort.succeed();
        self.seen_for = Some(commit.clone());
        self.inherited = Some(inherited.clone());
    }

    /// A token that may not look is nobody's mistake: then there is no warning, and no second try for the same commit.
    pub(super) fn not_read(
        &mut self,
        commit: &CommitSha,
        trouble: &Trouble,
        at: Timestamp,
        seed: u64,
    ) {
        match trouble.reaction {
            Reaction::GiveUp => {
                self.effort.succeed();
                self.seen_for = Some(commit.clone());
                self.inherited = None;
            }
            Reaction::Retry { .. } | Reaction::ComeBack { .. } | Reaction::Look => {
                self.effort.fail(trouble, at, seed);
            }
        }
    }
}

impl Target {
    /// What the preview that may be there runs with, as far as that is known.
    fn inherited(&self) -> Option<&Inherited> {
        let inherited = self.variables.inherited.as_ref();
        inherited.filter(|_| !self.is_vacant())
    }

    /// The same if there is something to warn of.
    fn shared(&self) -> Option<&Inherited> {
        self.inherited().filter(|inherited| inherited.count > 0)
    }
}

impl Preview {
    /// Looks at the variables once for each head commit, while its deployment is in hand or after it.
    pub(super) fn read_variables(
        &self,
        sighting: &Sighting,
        application: &TargetId,
        target: &Target,
        now: Timestamp,
    ) -> Next {
        let head = &sighting.pull_request.head_commit;
        let runs = match &target.phase {
            Phase::Underway { revision, .. } | Phase::Deployed { revision, .. } => {
                revision.commit == *head
            }
            Phase::Idle { .. }
            | Phase::Starting { .. }
            | Phase::Failed { .. }
            | Phase::Removing(_) => false,
        };
        let is_shown = matches!(application, TargetId::Coolify(_));
        if !runs || !is_shown || target.variables.seen_for.as_ref() == Some(head) {
            return Next::Nothing;
        }
        when_due(&target.variables.effort, now, || Action::Target {
            application: application.clone(),
            action: TargetAction::ReadVariables {
                commit: head.clone(),
            },
        })
    }

    /// Whether any service is warned of.
    pub(super) fn shares_variables(&self) -> bool {
        self.targets
            .values()
            .any(|target| target.shared().is_some())
    }

    /// The warnings in Markdown, a paragraph for each service.
    pub(super) fn told_variables(&self) -> String {
        let warned = self
            .targets
            .values()
            .filter_map(|target| Some((target, target.shared()?)));
        warned
            .map(|(target, inherited)| {
                let (service, keys) = (code(&target.service), inherited.named(code));
                let how = if inherited.by_times {
                    " (by their times: Coolify shows no values to Slipway's token)"
                } else {
                    ""
                };
                format!(
                    "\n\n⚠️ {service}: its previews run with variables of production's{how}: {keys}. Coolify copies them, and fills \
                     in those that previews lack. Give previews values of their own in the application's preview variables."
                )
            })
            .collect()
    }

    /// What the ledger says of one application: what is shared, or that nothing is if there was a warning before.
    pub(super) fn variables_in_words(
        &self,
        application: &TargetId,
        was_warned: bool,
    ) -> Option<String> {
        match self.targets.get(application)?.inherited()? {
            shared if shared.count > 0 => Some(shared.words()),
            _ => was_warned.then(|| {
                "its previews share no variable with production, as far as Coolify shows".to_owned()
            }),
        }
    }
}
