//! What Kustomize and Argo CD would make of the manifests, as far as it can be told without them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use templates::{linters, places};

fn texts(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// A path from the root, without `..`.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in path.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// The folders with a kustomization.
fn folders() -> Vec<String> {
    let files = linters::manifests().unwrap();
    files
        .iter()
        .filter_map(|file| file.strip_suffix("/kustomization.yaml"))
        .map(str::to_owned)
        .collect()
}

/// The objects that a kustomization takes in, those of its bases included: kind and name, and what they say.
fn objects(folder: &str) -> BTreeMap<(String, String), Value> {
    let kustomization = places::document(&format!("{folder}/kustomization.yaml")).unwrap();
    let mut found = BTreeMap::new();
    for resource in texts(&kustomization["resources"]) {
        let path = joined(folder, resource);
        if places::root().join(&path).is_dir() {
            found.extend(objects(&path));
            continue;
        }
        for object in places::documents(&path).unwrap() {
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            let key = (object["kind"].as_str().unwrap().to_owned(), name);
            assert!(
                found.insert(key.clone(), object).is_none(),
                "{folder}: {key:?} twice"
            );
        }
    }
    found
}

#[test]
fn a_kustomization_names_every_file_beside_it_and_nothing_else() {
    for folder in folders() {
        let kustomization = places::document(&format!("{folder}/kustomization.yaml")).unwrap();
        let mut named: BTreeSet<String> = texts(&kustomization["resources"])
            .into_iter()
            .map(str::to_owned)
            .collect();
        for patch in kustomization["patches"].as_array().into_iter().flatten() {
            named.insert(patch["path"].as_str().unwrap().to_owned());
        }
        for generator in kustomization["configMapGenerator"]
            .as_array()
            .into_iter()
            .flatten()
        {
            for file in texts(&generator["files"]) {
                assert!(
                    places::root().join(&folder).join(file).is_file(),
                    "{folder}: there is no {file}"
                );
            }
        }
        named.retain(|path| {
            let is_base = path.starts_with("..");
            assert!(
                !is_base
                    || places::root()
                        .join(joined(&folder, path))
                        .join("kustomization.yaml")
                        .is_file(),
                "{path}"
            );
            !is_base
        });
        let there: BTreeSet<String> = linters::manifests()
            .unwrap()
            .iter()
            .filter_map(|file| file.strip_prefix(&format!("{folder}/")))
            .filter(|file| !file.contains('/') && *file != "kustomization.yaml")
            .map(str::to_owned)
            .collect();
        assert_eq!(
            named, there,
            "{folder}: left what kustomization.yaml names, right what is there"
        );
    }
}

#[test]
fn patches_and_images_meet_something() {
    let mut patched = 0;
    for folder in folders() {
        let kustomization = places::document(&format!("{folder}/kustomization.yaml")).unwrap();
        let objects = objects(&folder);
        for patch in kustomization["patches"].as_array().into_iter().flatten() {
            let patch =
                places::document(&joined(&folder, patch["path"].as_str().unwrap())).unwrap();
            let name = patch["metadata"]["name"].as_str().unwrap().to_owned();
            let key = (patch["kind"].as_str().unwrap().to_owned(), name);
            let target = objects
                .get(&key)
                .unwrap_or_else(|| panic!("{folder}: a patch of {key:?}, which is not there"));
            assert_eq!(
                target["apiVersion"], patch["apiVersion"],
                "{folder}: {key:?}"
            );
            patched += 1;
        }
        for image in kustomization["images"].as_array().into_iter().flatten() {
            let used = objects.values().any(|object| {
                let containers = object["spec"]["template"]["spec"]["containers"].as_array();
                containers
                    .into_iter()
                    .flatten()
                    .any(|container| container["image"] == image["name"])
            });
            assert!(
                used,
                "{folder}: no container has the image {}",
                image["name"]
            );
            let zeros = format!("sha256:{}", "0".repeat(64));
            assert_eq!(
                image["digest"], zeros,
                "{folder}: a template has no image of its own"
            );
        }
    }
    assert!(patched >= 4, "{patched}");
}

#[test]
fn labels_and_names_inside_the_manifests_meet() {
    for folder in folders() {
        let objects = objects(&folder);
        let pods: Vec<&Value> = objects
            .values()
            .flat_map(|object| {
                let job = &object["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"];
                [
                    &object["spec"]["template"]["metadata"]["labels"],
                    &object["spec"]["podLabels"],
                    job,
                ]
            })
            .filter(|labels| labels.is_object())
            .collect();
        let selects = |selector: &Value| {
            let wanted = selector.as_object().unwrap();
            pods.iter()
                .any(|labels| wanted.iter().all(|(key, value)| labels[key] == *value))
        };
        for ((kind, name), object) in &objects {
            let selector = match kind.as_str() {
                "Service" => &object["spec"]["selector"],
                "PodDisruptionBudget" | "Deployment" | "StatefulSet" => {
                    &object["spec"]["selector"]["matchLabels"]
                }
                "NetworkPolicy" => &object["spec"]["podSelector"]["matchLabels"],
                _ => continue,
            };
            assert!(
                selects(selector),
                "{folder}: {kind} {name} selects {selector}, which no pod has"
            );
            let peers = ["ingress", "egress"].map(|direction| object["spec"][direction].as_array());
            // Redis' own folder lets in the pods of whoever includes it.
            for peer in peers
                .into_iter()
                .flatten()
                .flatten()
                .filter(|_| folder != "deploy/redis")
            {
                for pod in ["from", "to"]
                    .iter()
                    .filter_map(|side| peer[side].as_array())
                    .flatten()
                {
                    let wanted = &pod["podSelector"]["matchLabels"];
                    assert!(
                        wanted.is_null() || selects(wanted),
                        "{folder}: {name} lets {wanted} through, which no pod has"
                    );
                }
            }
        }
        for ((_, name), ingress) in objects.iter().filter(|((kind, _), _)| kind == "Ingress") {
            for path in ingress["spec"]["rules"][0]["http"]["paths"]
                .as_array()
                .unwrap()
            {
                let service = path["backend"]["service"]["name"]
                    .as_str()
                    .unwrap()
                    .to_owned();
                // The operator makes a Service of a SpinApp's name.
                let there = ["Service", "SpinApp"]
                    .iter()
                    .any(|kind| objects.contains_key(&((*kind).to_owned(), service.clone())));
                assert!(there, "{folder}: the Ingress {name} leads to {service}");
            }
        }
    }
}

#[test]
fn an_application_of_argo_cd_rolls_out_an_overlay_into_the_overlay_s_namespace() {
    let project = places::document("templates/argocd/project.yaml").unwrap();
    let allowed = project["spec"]["destinations"].as_array().unwrap();
    let mut overlays = BTreeSet::new();
    for file in places::files(&["templates/argocd/applications"]).unwrap() {
        let application = places::document(&file).unwrap();
        let spec = &application["spec"];
        let path = spec["source"]["path"].as_str().unwrap();
        let overlay = places::document(&format!("templates/{path}/kustomization.yaml")).unwrap();
        assert_eq!(
            spec["destination"]["namespace"], overlay["namespace"],
            "{file}"
        );
        assert!(
            allowed.contains(&spec["destination"]),
            "{file}: the project does not allow its destination"
        );
        assert!(
            texts(&project["spec"]["sourceRepos"])
                .contains(&spec["source"]["repoURL"].as_str().unwrap()),
            "{file}"
        );
        let retry = &spec["syncPolicy"]["retry"];
        assert_eq!(
            retry.to_string(),
            r#"{"backoff":{"duration":"5s","factor":2,"maxDuration":"3m"},"limit":5}"#,
            "{file}"
        );
        overlays.insert(path.to_owned());
    }
    let there: BTreeSet<String> = folders()
        .iter()
        .filter_map(|folder| folder.strip_prefix("templates/"))
        .filter(|folder| folder.starts_with("k8s/overlays/"))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        overlays, there,
        "left what Argo CD rolls out, right the overlays"
    );
    let root = places::document("templates/argocd/root.yaml").unwrap();
    assert!(
        places::root()
            .join("templates")
            .join(root["spec"]["source"]["path"].as_str().unwrap())
            .is_dir()
    );
}
