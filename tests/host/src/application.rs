//! An application ready to be loaded: the manifest, the runtime configuration and the variables, checked together.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Spanned, Value};

use crate::component_plan::{ComponentPlan, ComponentReader};
use crate::document::{Document, Refusal};
use crate::manifest::{Manifest, Trigger};
use crate::options::Options;
use crate::routes::{Routes, normal_form};
use crate::runtime_config::{self, StoreConfigs};
use crate::variables::Variables;

/// Everything about an application that can be known without running it.
pub(crate) struct Application {
    pub(crate) routes: Routes,
    /// The components that have a trigger, by id.
    pub(crate) components: BTreeMap<String, ComponentPlan>,
    pub(crate) stores: StoreConfigs,
    pub(crate) document: Document,
}

/// Reads and checks all that `options` names.
pub(crate) fn read(options: &Options) -> Result<Application, Refusal> {
    let document = Document::read(&options.manifest, "a Spin manifest")?;
    let manifest: Manifest = document.parse()?;
    let version = &manifest.spin_manifest_version;
    if *version.get_ref() != 2 {
        let message = format!(
            "the manifest version is {}; this host reads version 2",
            version.get_ref()
        );
        return Err(document.refuse(version.span(), message));
    }
    let stores = runtime_config::read(options.runtime_config.as_deref(), &options.state_dir)?;
    let variables = Variables::resolve(
        &document,
        &manifest.variables,
        &options.variables,
        &options.environment,
    )?;
    let (routes, triggered) = read_triggers(&document, &manifest)?;

    let mut components = BTreeMap::new();
    for (id, component) in &manifest.components {
        let reader = ComponentReader {
            document: &document,
            id,
            component,
            variables: &variables,
            stores: &stores,
        };
        let plan = reader.read()?;
        if triggered.contains(id.get_ref()) {
            components.insert(id.get_ref().clone(), plan);
        }
    }
    Ok(Application {
        routes,
        components,
        stores,
        document,
    })
}

fn read_triggers(
    document: &Document,
    manifest: &Manifest,
) -> Result<(Routes, BTreeSet<String>), Refusal> {
    let mut routes = Routes::default();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    let mut triggered = BTreeSet::new();
    for (kind, triggers) in &manifest.triggers {
        if kind.get_ref() != "http" {
            let message = format!(
                "the application has a trigger of type {:?}; this host has \"http\"",
                kind.get_ref()
            );
            return Err(document.refuse(kind.span(), message));
        }
        for trigger in triggers.iter().map(Spanned::get_ref) {
            let component = trigger_component(document, manifest, trigger)?;
            if let Some(pattern) = public_route(document, &trigger.route)? {
                let refuse = |message: String| document.refuse(trigger.route.span(), message);
                if let Some(other) = taken.insert(normal_form(pattern), component.to_owned()) {
                    return Err(refuse(format!(
                        "the route {pattern:?} is there twice, for {other:?} and for {component:?}"
                    )));
                }
                routes.add(pattern, component).map_err(|problem| {
                    refuse(format!("the route {pattern:?} cannot be parsed: {problem}"))
                })?;
            }
            triggered.insert(component.to_owned());
        }
    }
    Ok((routes, triggered))
}

fn trigger_component<'a>(
    document: &Document,
    manifest: &Manifest,
    trigger: &'a Trigger,
) -> Result<&'a str, Refusal> {
    if let Some(executor) = &trigger.executor
        && executor.get_ref().get("type").and_then(Value::as_str) != Some("http")
    {
        return Err(document.refuse(
            executor.span(),
            "the trigger has an executor; this host has `{ type = \"http\" }`",
        ));
    }
    let refuse = |message: String| document.refuse(trigger.component.span(), message);
    let Value::String(component) = trigger.component.get_ref() else {
        return Err(refuse(
            "the trigger's component is no string; this host takes the id of a [component.<id>]"
                .to_owned(),
        ));
    };
    if manifest.components.contains_key(component.as_str()) {
        return Ok(component);
    }
    let known: Vec<&str> = manifest
        .components
        .keys()
        .map(|id| id.get_ref().as_str())
        .collect();
    Err(refuse(format!(
        "the trigger names the component {component:?}; the manifest has {known:?}"
    )))
}

/// The pattern of a public route, nothing for a private one.
fn public_route<'a>(
    document: &Document,
    route: &'a Spanned<Value>,
) -> Result<Option<&'a str>, Refusal> {
    match route.get_ref() {
        Value::String(pattern) => Ok(Some(pattern)),
        Value::Table(table)
            if table.len() == 1 && table.get("private") == Some(&Value::Boolean(true)) =>
        {
            Ok(None)
        }
        Value::Table(_)
        | Value::Array(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Float(_)
        | Value::Integer(_) => Err(document.refuse(
            route.span(),
            "the route is neither a pattern like \"/hooks/...\" nor { private = true }",
        )),
    }
}
