//! Argo CD as stories see it: applications with their repository of manifests, and what goes wrong on its side.

pub(crate) mod api;
mod change;
mod manifests;
mod operations;
mod patch;
mod shape;
pub(crate) mod state;
mod steps;
mod windows;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

pub use state::WindowKind;

use crate::github::{GitHub, Repository};
use crate::state::Shared;
use shape::put;
use state::{Account, Application as Record, ArgoCdState, Failure, Live, Window};

/// The repository that an application's manifests are in unless said otherwise.
pub const GITOPS: &str = "acme/gitops";

/// The simulated Argo CD.
#[derive(Debug, Clone)]
pub struct ArgoCd {
    pub(crate) shared: Arc<Shared>,
}

/// An application of the simulated Argo CD.
#[derive(Debug, Clone)]
pub struct ArgoCdApplication {
    shared: Arc<Shared>,
    name: String,
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

impl Shared {
    /// What an application's address answers on a story's wish, and the images that would answer.
    pub(crate) fn site_of(&self, application: &str) -> Option<(Option<u16>, Vec<String>)> {
        let now = self.clock.now();
        self.change(|state| {
            steps::time_passes(&mut state.argocd, &state.github, now);
            let found = state.argocd.applications.get(application)?;
            Some((found.site_status, found.serving(now)))
        })
    }
}

impl ArgoCd {
    fn change<T>(&self, change: impl FnOnce(&mut ArgoCdState) -> T) -> T {
        self.shared.change(|state| change(&mut state.argocd))
    }

    /// The application with this name. If there is none it is made: of the project `default`, without auto-sync, of the folder of
    /// its name in [`GITOPS`] on the simulated GitHub, where a `kustomization.yaml` is written that runs `image`; and it runs that.
    pub fn application(&self, name: &str, image: &str) -> ArgoCdApplication {
        let application = ArgoCdApplication {
            shared: Arc::clone(&self.shared),
            name: name.to_owned(),
        };
        if self
            .shared
            .look(|state| state.argocd.applications.contains_key(name))
        {
            return application;
        }
        let at = image
            .rfind(':')
            .filter(|at| !image.get(*at..).unwrap_or_default().contains('/'));
        let (image, tag) = at.map_or((image, ":latest"), |at| image.split_at(at));
        let tag = tag.trim_start_matches(':');
        let path = format!("{name}/kustomization.yaml");
        application.gitops().write_file(
            &path,
            format!(
                "resources:\n- deployment.yaml\nimages:\n- name: {image}\n  newTag: \"{tag}\"\n"
            ),
        );
        self.make(name);
        application.sync_now();
        drop(application.images());
        application
    }

    fn make(&self, name: &str) {
        let (uid, now) = (self.shared.names.guid(), self.shared.clock.now());
        let spec = json!({
            "project": "default",
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            "source": {"repoURL": format!("https://github.com/{GITOPS}"), "path": name, "targetRevision": "main"},
        });
        let record = Record {
            name: name.to_owned(),
            uid,
            created_at: now,
            version: 1,
            annotations: Map::new(),
            owners: Vec::new(),
            deleting: false,
            spec,
            operation: None,
            state: None,
            history: Vec::new(),
            next_history: 0,
            live: Live::default(),
            seen: None,
            compare_at: now,
            synced_by_itself: None,
            next_failure: None,
            next_degrades: false,
            site_status: None,
        };
        self.change(|argocd| argocd.applications.insert(name.to_owned(), record));
    }

    /// A token of an account that may do only these (`get`, `sync`, `update`, `override`), in one project or in all.
    #[must_use]
    pub fn token_with(&self, account: &str, actions: &[&str], project: Option<&str>) -> String {
        let token = format!(
            "eyJhbGciOiJIUzI1NiJ9.{}.{}",
            self.shared.names.sha(),
            self.shared.names.sha()
        );
        self.add_token(&token, account, actions, project);
        token
    }

    /// Makes this token one of such an account; it must look like a JWT.
    pub fn add_token(&self, token: &str, account: &str, actions: &[&str], project: Option<&str>) {
        let account = Account {
            name: account.to_owned(),
            actions: actions.iter().map(ToString::to_string).collect(),
            project: project.map(str::to_owned),
        };
        self.change(|argocd| argocd.tokens.insert(token.to_owned(), account));
    }

    /// A token is no longer good: 401 from now on.
    pub fn revoke_token(&self, token: &str) {
        self.change(|argocd| argocd.tokens.remove(token));
    }

    /// Adds a sync window to a project; `manual_sync` lets through what is asked for.
    pub fn window(&self, project: &str, kind: WindowKind, open: bool, manual_sync: bool) {
        let window = Window {
            kind,
            open,
            manual_sync,
        };
        self.change(|argocd| {
            argocd
                .projects
                .entry(project.to_owned())
                .or_default()
                .push(window)
        });
    }

    /// Opens or closes all windows of a project.
    pub fn open_windows(&self, project: &str, open: bool) {
        self.change(|argocd| {
            for window in argocd.projects.entry(project.to_owned()).or_default() {
                window.open = open;
            }
        });
    }

    /// This image (`name:tag`) starts and never gets ready: its rollouts end degraded.
    pub fn sick_image(&self, image: &str) {
        self.change(|argocd| argocd.sick_images.insert(image.to_owned()));
    }

    /// How long an operation takes, and a rollout after it; both in whole seconds of the world's clock, one by default.
    pub fn pace(&self, sync: Duration, rollout: Duration) {
        self.change(|argocd| {
            argocd.settings.sync = seconds(sync);
            argocd.settings.rollout = seconds(rollout);
        });
    }

    /// How long after a change the controller compares, and after a request takes an operation up: none by default.
    pub fn lag(&self, compare: Duration, pick_up: Duration) {
        self.change(|argocd| {
            argocd.settings.lag = seconds(compare);
            argocd.settings.pick_up = seconds(pick_up);
        });
    }

    /// How often the controller looks at Git by itself, three minutes by default.
    pub fn git_poll(&self, every: Duration) {
        self.change(|argocd| argocd.settings.git_poll = seconds(every));
    }

    /// Whether the controller runs: without it requests are answered, and nothing goes on.
    pub fn controller(&self, runs: bool) {
        self.change(|argocd| argocd.settings.controller = runs);
    }

    /// Whether Argo CD's server of repositories answers: without it syncs and changes are refused for the moment.
    pub fn repo_server(&self, answers: bool) {
        self.change(|argocd| argocd.settings.repo_server = answers);
    }

    /// The next so many changes and operations meet somebody else's change of the same object: 409.
    pub fn next_changes_conflict(&self, times: u32) {
        self.change(|argocd| argocd.settings.conflicts = times);
    }

    /// Whether a sync to another revision than the tracked one needs the right `override`.
    pub fn revision_needs_override(&self, needs: bool) {
        self.change(|argocd| argocd.settings.revision_needs_override = needs);
    }
}

impl ArgoCdApplication {
    fn change<T: Default>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        let changed = self.shared.change(|state| {
            let found = state.argocd.applications.get_mut(&self.name)?;
            found.version += 1;
            Some(change(found))
        });
        changed.unwrap_or_default()
    }

    fn look<T: Default>(&self, look: impl FnOnce(&Record) -> T) -> T {
        let now = self.shared.clock.now();
        self.shared.change(|state| {
            steps::time_passes(&mut state.argocd, &state.github, now);
            state
                .argocd
                .applications
                .get(&self.name)
                .map(look)
                .unwrap_or_default()
        })
    }

    /// Compares again soon.
    fn stirred(&self) {
        let now = self.shared.clock.now();
        self.shared.change(|state| {
            let lag = state.argocd.settings.lag;
            if let Some(found) = state.argocd.applications.get_mut(&self.name) {
                found.compare_at = found.compare_at.min(now + lag);
            }
        });
    }

    /// Everything is applied and healthy, and an entry of the history: as after a sync long ago.
    fn sync_now(&self) {
        let now = self.shared.clock.now();
        self.shared.change(|state| {
            let Some(found) = state.argocd.applications.get_mut(&self.name) else {
                return;
            };
            let Ok(manifests) = manifests::render(&state.github, &found.sources(), &[]) else {
                return;
            };
            found.live = Live {
                serving: manifests.images.clone(),
                images: manifests.images.clone(),
                digest: manifests.digest.clone(),
                drifted: false,
                crashed: false,
                settles_at: now,
                well: true,
            };
            let entry = json!({"id": found.next_history, "revision": manifests.revisions.first(), "source": found.spec.get("source"),
                "deployStartedAt": shape::time(now), "deployedAt": shape::time(now), "initiatedBy": {"username": "admin"}});
            found.history.push(entry);
            found.next_history += 1;
        });
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The repository of its manifests.
    #[must_use]
    pub fn gitops(&self) -> Repository {
        let github = GitHub {
            shared: Arc::clone(&self.shared),
        };
        github.repository(GITOPS)
    }

    /// Puts it into this project.
    pub fn project(&self, project: &str) -> &Self {
        self.change(|found| put(&mut found.spec, "project", project));
        self.stirred();
        self
    }

    /// Has Argo CD sync it by itself, and undo changes in the cluster or not.
    pub fn auto_sync(&self, self_heal: bool) -> &Self {
        self.change(|found| {
            put(
                &mut found.spec,
                "syncPolicy",
                json!({"automated": {"prune": false, "selfHeal": self_heal}}),
            );
        });
        self.stirred();
        self
    }

    /// Has nobody but those who ask sync it.
    pub fn manual_sync(&self) -> &Self {
        self.change(|found| put(&mut found.spec, "syncPolicy", json!({})));
        self
    }

    /// Replaces `spec.source` or, with an array, puts `spec.sources` in its place: somebody edits the application.
    pub fn sources(&self, sources: Value) -> &Self {
        self.change(|found| {
            let key = if sources.is_array() {
                "sources"
            } else {
                "source"
            };
            if let Some(spec) = found.spec.as_object_mut() {
                spec.remove("source");
                spec.remove("sources");
                spec.insert(key.to_owned(), sources);
            }
        });
        self.stirred();
        self
    }

    /// Belongs to another application, which made it from Git.
    pub fn child_of(&self, parent: &str) -> &Self {
        let id = format!("{parent}:argoproj.io/Application:argocd/{}", self.name);
        self.change(|found| {
            found
                .annotations
                .insert("argocd.argoproj.io/tracking-id".to_owned(), id.into())
        });
        self
    }

    /// Is being deleted from now on.
    pub fn delete(&self) {
        self.change(|found| found.deleting = true);
    }

    /// Somebody changes the cluster by hand.
    pub fn drift(&self) {
        self.change(|found| found.live.drifted = true);
        self.stirred();
    }

    /// The next rollout ends degraded, whatever its image.
    pub fn next_rollout_degrades(&self) {
        self.change(|found| found.next_degrades = true);
    }

    /// What runs breaks, without anybody having deployed.
    pub fn crash(&self) {
        self.change(|found| {
            found.live.well = false;
            found.live.crashed = true;
        });
        self.stirred();
    }

    /// What runs works again.
    pub fn recover(&self) {
        self.change(|found| {
            found.live.well = true;
            found.live.crashed = false;
        });
        self.stirred();
    }

    /// The next operation fails: the cluster does not take a resource, and says this.
    pub fn next_sync_fails(&self, message: &str) {
        self.change(|found| found.next_failure = Some(Failure::NotApplied(message.to_owned())));
    }

    /// The next operation fails: a hook before the sync ends badly, and says this.
    pub fn next_hook_fails(&self, message: &str) {
        self.change(|found| found.next_failure = Some(Failure::Hook(message.to_owned())));
    }

    /// Its address answers with this status; none: with its page.
    pub fn site_answers(&self, status: Option<u16>) {
        self.change(|found| found.site_status = status);
    }

    /// The images that its cluster was last told to run.
    #[must_use]
    pub fn images(&self) -> Vec<String> {
        self.look(|found| found.live.images.clone())
    }

    /// The application as Argo CD's API shows it now.
    #[must_use]
    pub fn shown(&self) -> Value {
        self.look(shape::application)
    }
}
