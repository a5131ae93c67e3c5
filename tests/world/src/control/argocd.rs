//! The control API's part for Argo CD.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Outcome, Wish};
use crate::argocd::{ArgoCd, WindowKind};

impl Wish<'_> {
    fn cd(&self) -> ArgoCd {
        ArgoCd {
            shared: Arc::clone(self.shared),
        }
    }

    fn flag(&self, name: &str) -> bool {
        self.body
            .get(name)
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }

    fn seconds(&self, name: &str, otherwise: u64) -> Duration {
        Duration::from_secs(self.number(name).unwrap_or(otherwise))
    }

    /// All applications as the API shows them.
    pub(super) fn argocd_state(&self) -> Value {
        let names: Vec<String> = self
            .shared
            .look(|state| state.argocd.applications.keys().cloned().collect());
        let shown = |name: &String| {
            let application = self.cd().application(name, "");
            json!({"name": name, "images": application.images(), "shown": application.shown()})
        };
        names.iter().map(shown).collect()
    }

    /// `POST /_world/argocd/…`.
    pub(super) fn argocd(&self, rest: &[&str]) -> Outcome {
        let argocd = self.cd();
        match rest {
            ["applications"] => {
                let application = argocd.application(self.text("name")?, self.text("image")?);
                if self.flag("auto_sync") {
                    application.auto_sync(self.flag("self_heal"));
                }
                if let Ok(project) = self.text("project") {
                    application.project(project);
                }
                Ok(json!({"application": application.name()}))
            }
            ["applications", name, verb] => self.argocd_application(name, verb),
            ["pace"] => {
                argocd.pace(self.seconds("sync", 1), self.seconds("rollout", 1));
                argocd.lag(self.seconds("lag", 0), self.seconds("pick_up", 0));
                Ok(json!({"pace": "set"}))
            }
            ["trouble"] => {
                argocd.controller(!self.flag("no_controller"));
                argocd.repo_server(!self.flag("no_repo_server"));
                argocd.next_changes_conflict(
                    self.number("conflicts")
                        .and_then(|count| u32::try_from(count).ok())
                        .unwrap_or_default(),
                );
                Ok(json!({"trouble": "set"}))
            }
            ["sick-images"] => {
                argocd.sick_image(self.text("image")?);
                Ok(json!({"sick": self.text("image")?}))
            }
            ["windows"] => {
                let kind = match self.text("kind")? {
                    "allow" => WindowKind::Allow,
                    "deny" => WindowKind::Deny,
                    other => {
                        return Err((
                            400,
                            format!("`kind` is {other:?}, must be \"allow\" or \"deny\""),
                        ));
                    }
                };
                argocd.window(
                    self.text("project")?,
                    kind,
                    self.flag("open"),
                    self.flag("manual_sync"),
                );
                Ok(json!({"window": "added"}))
            }
            ["windows", verb @ ("open" | "close")] => {
                argocd.open_windows(self.text("project")?, *verb == "open");
                Ok(json!({"windows": verb}))
            }
            _ => Err((
                404,
                "Argo CD has applications, pace, trouble, sick-images and windows".to_owned(),
            )),
        }
    }

    fn argocd_application(&self, name: &str, verb: &str) -> Outcome {
        if !self
            .shared
            .look(|state| state.argocd.applications.contains_key(name))
        {
            return Err((404, format!("Argo CD has no application {name}")));
        }
        let application = self.cd().application(name, "");
        match verb {
            "degrade-next" => application.next_rollout_degrades(),
            "fail-next" => application.next_sync_fails(self.text("message")?),
            "fail-next-hook" => application.next_hook_fails(self.text("message")?),
            "drift" => application.drift(),
            "crash" => application.crash(),
            "recover" => application.recover(),
            "delete" => application.delete(),
            "site" => application.site_answers(
                self.number("status")
                    .and_then(|status| u16::try_from(status).ok()),
            ),
            _ => {
                return Err((
                    404,
                    format!(
                        "an application cannot `{verb}`; it can degrade-next, fail-next, fail-next-hook, drift, crash, recover, \
                         delete, site"
                    ),
                ));
            }
        }
        Ok(json!({"application": name}))
    }
}
