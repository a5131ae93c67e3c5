//! The variants of `.github/slipway.yml`: our own parser takes them, and they say what nothing acts on yet.

use std::collections::BTreeSet;

use domain::configuration::{self, Configuration};
use templates::places;
use templates::workflow::Workflow;

/// The variants by their files.
pub(crate) fn variants() -> Vec<(String, Configuration)> {
    let mut files = places::files(&["templates/github/slipway"]).unwrap();
    files.retain(|file| file.ends_with(".yml"));
    assert!(files.len() >= 3, "{files:?}");
    files
        .into_iter()
        .map(|file| {
            let configuration = configuration::parse(&places::read(&file).unwrap());
            let configuration = configuration.unwrap_or_else(|error| panic!("{file}: {error}"));
            (file, configuration)
        })
        .collect()
}

/// The keys that the README says do nothing yet, as people write them; none if it does not say so any more.
fn idle_keys() -> BTreeSet<String> {
    let readme = places::read("README.md").unwrap();
    let Some((_, after)) = readme.split_once("these keys do nothing yet:") else {
        return BTreeSet::new();
    };
    let sentence = after.split_once(". ").unwrap().0;
    sentence
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The keys, at any depth, that a variant uses; `when.limit` is one too.
fn keys_of(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    for (name, member) in value.as_object().into_iter().flatten() {
        found.insert(name.clone());
        let inner = member.as_object().into_iter().flatten();
        found.extend(inner.map(|(key, _)| format!("{name}.{key}")));
        keys_of(member, found);
    }
    for item in value.as_array().into_iter().flatten() {
        keys_of(item, found);
    }
}

#[test]
fn a_variant_says_of_idle_keys_that_nothing_acts_on_them() {
    let idle = idle_keys();
    for (file, _) in variants() {
        let mut used = BTreeSet::new();
        keys_of(&places::document(&file).unwrap(), &mut used);
        let expected: BTreeSet<&str> = used
            .iter()
            .map(String::as_str)
            .filter(|key| idle.contains(*key))
            .collect();
        let text = places::read(&file).unwrap();
        let told: BTreeSet<&str> = match text.split_once("Nothing acts on these keys yet:") {
            Some((_, after)) => {
                let sentence = after.split_once('.').unwrap().0;
                sentence.split('`').skip(1).step_by(2).collect()
            }
            None => BTreeSet::new(),
        };
        assert_eq!(
            told, expected,
            "{file}: left what it says, right what it uses of the README's list of idle keys"
        );
    }
}

#[test]
fn what_a_variant_names_exists_among_the_templates() {
    let deploy = Workflow::template("deploy.yml").unwrap();
    let published = deploy.job("web").unwrap()["with"]["image"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut applications = BTreeSet::new();
    let mut projects = BTreeSet::new();
    for file in places::files(&["templates/argocd"]).unwrap() {
        let document = places::document(&file).unwrap();
        let name = document["metadata"]["name"].as_str().unwrap().to_owned();
        match document["kind"].as_str() {
            Some("Application") => applications.insert((
                name,
                document["spec"]["project"].as_str().unwrap().to_owned(),
            )),
            _ => projects.insert(name),
        };
    }
    for (_, project) in &applications {
        assert!(projects.contains(project), "there is no project {project}");
    }
    for (file, configuration) in variants() {
        let workflow = configuration.build.workflow.unwrap();
        assert_eq!(
            workflow, "deploy.yml",
            "{file}: the workflow that publishes"
        );
        for (name, service) in configuration.services {
            if let (Some(image), "web") = (&service.image, name.as_str()) {
                assert_eq!(*image, published, "{file}: the image of deploy.yml");
            }
            for (environment, settings) in service.environments {
                let argocd = (
                    settings.argocd.application,
                    settings.argocd.project.unwrap(),
                );
                assert!(
                    applications.contains(&argocd),
                    "{file}, {environment}: no {argocd:?} in templates/argocd"
                );
                if let Some(test) = settings.test {
                    let tested = Workflow::template(&test).unwrap();
                    let inputs = tested.document["on"]["workflow_dispatch"]["inputs"].as_object();
                    let names: Vec<&String> =
                        inputs.into_iter().flat_map(|all| all.keys()).collect();
                    // What Slipway gives to it: an environment without a URL could not start this one.
                    assert_eq!(names, ["commit", "url"], "{test}");
                    assert!(
                        settings.url.is_some(),
                        "{file}, {environment}: {test} needs a URL"
                    );
                    let title = tested.document["run-name"].as_str().unwrap_or_default();
                    assert!(title.contains("${{ inputs.commit }}"), "{test}: {title}");
                }
            }
        }
    }
}
