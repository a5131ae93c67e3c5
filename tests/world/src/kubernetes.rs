//! The Kubernetes API, as far as namespaces go: looking at one and deleting it (core v1 `Namespace`, meta v1 `Status` and
//! `DeleteOptions`). One that is deleted is `Terminating` for some looks, or for as long as a finalizer holds it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::message::{Reply, Request};
use crate::state::Shared;

/// A namespace that is deleted is still seen so many times.
const LOOKS_UNTIL_GONE: u32 = 2;

/// Its whole state.
#[derive(Debug, Default)]
pub(crate) struct KubernetesState {
    /// Tokens of service accounts, each with its verbs on namespaces.
    tokens: BTreeMap<String, BTreeSet<String>>,
    namespaces: BTreeMap<String, Namespace>,
}

#[derive(Debug, Clone)]
struct Namespace {
    uid: String,
    labels: BTreeMap<String, String>,
    /// The finalizer that holds what is in it.
    held_by: Option<String>,
    /// How often it is still seen; none while it is not being deleted.
    going: Option<u32>,
}

impl KubernetesState {
    /// What runs in a namespace.
    pub(crate) fn image(&self, name: &str) -> Option<String> {
        let namespace = self.namespaces.get(name);
        let namespace = namespace.filter(|namespace| namespace.going.is_none())?;
        let commit = namespace.labels.get("slipway/commit").cloned();
        Some(format!("ghcr.io/acme/shop:{}", commit.unwrap_or_default()))
    }
}

/// The simulated Kubernetes.
#[derive(Debug, Clone)]
pub struct Kubernetes {
    pub(crate) shared: Arc<Shared>,
}

impl Kubernetes {
    /// A token of a service account that may do these with namespaces (`get`, `delete`).
    pub fn add_token(&self, token: &str, verbs: &[&str]) {
        let verbs = verbs.iter().map(ToString::to_string).collect();
        self.shared
            .change(|state| state.kubernetes.tokens.insert(token.to_owned(), verbs));
    }

    /// Makes a namespace with these labels, or gives it them.
    pub fn apply(&self, name: &str, labels: &[(&str, &str)]) {
        let uid = format!(
            "{}-{}",
            self.shared.names.number(),
            self.shared.names.number()
        );
        let labels = labels
            .iter()
            .map(|(label, value)| ((*label).to_owned(), (*value).to_owned()))
            .collect();
        self.shared.change(|state| {
            let all = &mut state.kubernetes.namespaces;
            let namespace = all.entry(name.to_owned()).or_insert_with(|| Namespace {
                uid,
                labels: BTreeMap::new(),
                held_by: None,
                going: None,
            });
            namespace.labels = labels;
        });
    }

    /// A finalizer holds what is in a namespace, until somebody lets go of it.
    pub fn hold(&self, name: &str, finalizer: &str) {
        self.change(name, |namespace| {
            namespace.held_by = Some(finalizer.to_owned())
        });
    }

    /// Lets go of it.
    pub fn let_go(&self, name: &str) {
        self.change(name, |namespace| namespace.held_by = None);
    }

    /// Whether there is a namespace of this name, also one that is being deleted.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.shared
            .look(|state| state.kubernetes.namespaces.contains_key(name))
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Namespace)) {
        self.shared.change(|state| {
            if let Some(namespace) = state.kubernetes.namespaces.get_mut(name) {
                change(namespace);
            }
        });
    }
}

/// A `Status` that tells what went wrong.
fn failure(code: u16, reason: &str, message: &str) -> Reply {
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": reason, "code": code});
    Reply::json(code, &body)
}

/// Answers one request.
pub(crate) fn answer(shared: &Arc<Shared>, request: &Request) -> Reply {
    shared.change(|state| {
        let kubernetes = &mut state.kubernetes;
        let Some(verbs) = request.token().and_then(|token| kubernetes.tokens.get(token)) else {
            return failure(401, "Unauthorized", "Unauthorized");
        };
        let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        let ["api", "v1", "namespaces", name] = segments.as_slice() else {
            return failure(404, "NotFound", "the server could not find the requested resource");
        };
        let verb = match request.method.as_str() {
            "GET" => "get",
            "DELETE" => "delete",
            _ => return failure(405, "MethodNotAllowed", "the server does not allow this method"),
        };
        if !verbs.contains(verb) {
            let message = format!(
                "namespaces \"{name}\" is forbidden: User \"system:serviceaccount:slipway:slipway\" cannot {verb} resource \
                 \"namespaces\" in API group \"\" in the namespace \"{name}\""
            );
            return failure(403, "Forbidden", &message);
        }
        let name = (*name).to_owned();
        time_passes(kubernetes, &name);
        let Some(namespace) = kubernetes.namespaces.get_mut(&name) else {
            return failure(404, "NotFound", &format!("namespaces \"{name}\" not found"));
        };
        if verb == "delete"
            && let Some(refusal) = delete(&name, namespace, request)
        {
            return refusal;
        }
        Reply::json(200, &shown(&name, namespace))
    })
}

/// One that is being deleted is gone after some looks, unless it is held.
fn time_passes(kubernetes: &mut KubernetesState, name: &str) {
    let Some(namespace) = kubernetes.namespaces.get_mut(name) else {
        return;
    };
    match namespace.going {
        Some(0) if namespace.held_by.is_none() => {
            kubernetes.namespaces.remove(name);
        }
        Some(left) => namespace.going = Some(left.saturating_sub(1)),
        None => {}
    }
}

/// Begins to delete it; the reply, if that is refused.
fn delete(name: &str, namespace: &mut Namespace, request: &Request) -> Option<Reply> {
    let options = request.json().unwrap_or_default();
    let wanted = options
        .pointer("/preconditions/uid")
        .and_then(Value::as_str);
    if wanted.is_some_and(|uid| uid != namespace.uid) {
        let message = format!(
            "Operation cannot be fulfilled on namespaces \"{name}\": the UID in the precondition ({}) does not match the UID in \
             record ({})",
            wanted.unwrap_or_default(),
            namespace.uid
        );
        return Some(failure(409, "Conflict", &message));
    }
    if namespace.going.is_some() {
        let message = format!(
            "Operation cannot be fulfilled on namespaces \"{name}\": The system is ensuring all content is removed from this \
             namespace.  Upon completion, this namespace will automatically be purged by the system."
        );
        return Some(failure(409, "Conflict", &message));
    }
    namespace.going = Some(LOOKS_UNTIL_GONE);
    None
}

fn shown(name: &str, namespace: &Namespace) -> Value {
    let (deleted_at, status) = match namespace.going {
        Some(_) => (Some("2026-11-21T10:31:07Z"), terminating(namespace)),
        None => (None, json!({"phase": "Active"})),
    };
    let mut metadata = json!({"name": name, "uid": namespace.uid, "labels": namespace.labels,
        "creationTimestamp": "2026-11-21T10:00:00Z"});
    if let (Some(metadata), Some(at)) = (metadata.as_object_mut(), deleted_at) {
        metadata.insert("deletionTimestamp".to_owned(), at.into());
    }
    json!({"kind": "Namespace", "apiVersion": "v1", "metadata": metadata, "spec": {"finalizers": ["kubernetes"]},
        "status": status})
}

/// The status of one that is being deleted, with what holds it.
fn terminating(namespace: &Namespace) -> Value {
    let fine = json!({"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "reason": "ResourcesDiscovered",
        "message": "All resources successfully discovered"});
    let held = namespace.held_by.iter().map(|finalizer| {
        json!({"type": "NamespaceFinalizersRemaining", "status": "True", "reason": "SomeFinalizersRemain",
            "message": format!("Some content has finalizers remaining: {finalizer} in 1 resource instances")})
    });
    let conditions: Vec<Value> = [fine].into_iter().chain(held).collect();
    json!({"phase": "Terminating", "conditions": conditions})
}
