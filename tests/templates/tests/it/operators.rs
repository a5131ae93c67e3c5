//! The files for operators agree with `spin.toml`: variables, labels, routes; and the GitHub App with its page.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use templates::places;

pub(crate) fn manifest() -> toml::Table {
    places::read("spin.toml").unwrap().parse().unwrap()
}

/// The variables of `spin.toml`, and whether each is secret.
pub(crate) fn variables() -> BTreeMap<String, bool> {
    let manifest = manifest();
    let variables = manifest["variables"].as_table().unwrap();
    let is_secret = |variable: &toml::Value| {
        variable.get("secret").and_then(toml::Value::as_bool) == Some(true)
    };
    variables
        .iter()
        .map(|(name, variable)| (name.clone(), is_secret(variable)))
        .collect()
}

/// The public routes of `spin.toml`.
pub(crate) fn routes() -> BTreeSet<String> {
    let manifest = manifest();
    let triggers = manifest["trigger"]["http"].as_array().unwrap();
    triggers
        .iter()
        .filter_map(|trigger| trigger["route"].as_str())
        .map(str::to_owned)
        .collect()
}

/// The key-value labels that components use.
fn labels() -> BTreeSet<String> {
    let manifest = manifest();
    let components = manifest["component"].as_table().unwrap();
    let stores = components
        .values()
        .filter_map(|component| component.get("key_value_stores")?.as_array());
    stores
        .flatten()
        .filter_map(toml::Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// The stores of a runtime configuration: for each label what tells it from the others.
fn stores(file: &str, key: &str) -> BTreeMap<String, String> {
    let configuration: toml::Table = places::read(file).unwrap().parse().unwrap();
    let stores = configuration["key_value_store"].as_table().unwrap();
    stores
        .iter()
        .map(|(label, store)| (label.clone(), store[key].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn each_label_has_a_store_of_its_own() {
    for (file, key) in [
        ("deploy/spinkube/runtime-config.toml", "url"),
        ("deploy/machine/runtime-config.toml", "path"),
    ] {
        let stores = stores(file, key);
        let labelled: BTreeSet<String> = stores.keys().cloned().collect();
        assert_eq!(
            labelled,
            labels(),
            "{file}: left its labels, right those of spin.toml"
        );
        let distinct: BTreeSet<&String> = stores.values().collect();
        assert_eq!(
            distinct.len(),
            stores.len(),
            "{file}: two labels in one store"
        );
    }
    let redis = places::read("deploy/redis/redis.conf").unwrap();
    let databases = redis
        .lines()
        .find_map(|line| line.strip_prefix("databases "))
        .unwrap();
    for (label, url) in stores("deploy/spinkube/runtime-config.toml", "url") {
        let (_, database) = url.rsplit_once('/').unwrap();
        assert!(
            database.parse::<u32>().unwrap() < databases.parse().unwrap(),
            "{label}: {url}"
        );
    }
}

#[test]
fn the_backup_takes_every_store_and_the_queue_first() {
    let script = places::read("deploy/machine/backup.sh").unwrap();
    let (_, after) = script.split_once("for store in ").unwrap();
    let copied: Vec<&str> = after.split_once(';').unwrap().0.split(' ').collect();
    assert_eq!(copied.first(), Some(&"queue"));
    let files: BTreeSet<String> = copied
        .iter()
        .map(|store| format!("/var/lib/slipway/{store}.db"))
        .collect();
    let configured: BTreeSet<String> = stores("deploy/machine/runtime-config.toml", "path")
        .into_values()
        .collect();
    assert_eq!(
        files, configured,
        "left what is copied, right what the stores are"
    );
}

#[test]
fn the_spin_app_sets_variables_that_exist_and_secret_ones_from_secrets() {
    let app = places::document("deploy/spinkube/spin-app.yaml").unwrap();
    let known = variables();
    let page = places::read("deploy/spinkube/README.md").unwrap();
    for variable in app["spec"]["variables"].as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        let is_secret = known
            .get(name)
            .unwrap_or_else(|| panic!("spin.toml has no variable {name}"));
        let reference = &variable["valueFrom"]["secretKeyRef"];
        assert_eq!(*is_secret, reference.is_object(), "{name}");
        if *is_secret {
            assert_eq!(
                (&reference["name"], &reference["key"]),
                (&"slipway".into(), &name.into())
            );
            assert!(
                ["literal", "file"]
                    .iter()
                    .any(|kind| page.contains(&format!("--from-{kind}={name}="))),
                "README.md does not make the secret's key {name}"
            );
        }
    }
    let loaded = app["spec"]["runtimeConfig"]["loadFromSecret"]
        .as_str()
        .unwrap();
    assert!(
        page.contains(&format!("create secret generic {loaded} ")),
        "README.md does not make the secret {loaded}"
    );
    let replicas = app["spec"]["replicas"].as_u64().unwrap();
    assert!(
        replicas > 1 && page.contains("three ready replicas"),
        "{replicas}"
    );
    let executor = places::document("deploy/spinkube/executor.yaml").unwrap();
    assert_eq!(app["spec"]["executor"], executor["metadata"]["name"]);
}

#[test]
fn the_variables_of_one_machine_exist() {
    let text = places::read("deploy/machine/slipway.env.example").unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let set: BTreeSet<String> = lines
        .map(|line| {
            let (name, value) = line.split_once('=').unwrap();
            assert!(
                !value.is_empty() && !value.contains('"'),
                "systemd takes the line as it is: {line}"
            );
            name.strip_prefix("SPIN_VARIABLE_").unwrap().to_lowercase()
        })
        .collect();
    let known: BTreeSet<String> = variables().into_keys().collect();
    assert!(
        set.is_subset(&known),
        "spin.toml has no {:?}",
        set.difference(&known)
    );
}

/// What is called from inside only: by timers and by whoever scrapes metrics.
const INSIDE: [&str; 2] = ["/reconcile", "/metrics"];

#[test]
fn all_that_vendors_and_people_need_comes_in_from_outside_and_nothing_else() {
    let ingress = places::document("deploy/spinkube/ingress.yaml").unwrap();
    let paths = ingress["spec"]["rules"][0]["http"]["paths"]
        .as_array()
        .unwrap();
    let lets_in = |path: &Value, route: &str| {
        let prefix = path["path"].as_str().unwrap();
        match path["pathType"].as_str().unwrap() {
            "Exact" => route == prefix,
            // By whole segments, as Kubernetes has it.
            _ => route == prefix || route.starts_with(&format!("{prefix}/")),
        }
    };
    for route in routes().iter().filter(|route| *route != "/healthz") {
        let let_in = paths.iter().any(|path| lets_in(path, route));
        let inside = INSIDE.contains(&route.as_str());
        assert_ne!(let_in, inside, "deploy/spinkube/ingress.yaml: {route}");
    }
    for path in paths {
        let used = routes().iter().any(|route| lets_in(path, route));
        assert!(used, "deploy/spinkube/ingress.yaml: no route for {path}");
    }
    let caddy = places::read("deploy/machine/Caddyfile").unwrap();
    let kept_inside = caddy
        .lines()
        .find_map(|line| line.trim().strip_prefix("@inside path "))
        .unwrap();
    assert_eq!(
        kept_inside.split(' ').collect::<Vec<_>>(),
        INSIDE,
        "deploy/machine/Caddyfile"
    );
}

#[test]
fn everything_that_reconciles_calls_a_route_that_exists() {
    for file in [
        "deploy/spinkube/cron-job.yaml",
        "deploy/machine/slipway-reconcile.service",
        "deploy/reconcile/reconcile.yml",
    ] {
        let text = places::read(file).unwrap();
        assert!(
            text.contains("--request POST") && text.contains("/reconcile"),
            "{file}"
        );
        assert!(routes().contains("/reconcile"));
        assert!(
            !text.contains("--header"),
            "{file}: the token would be among the arguments"
        );
    }
    let job = places::document("deploy/spinkube/cron-job.yaml").unwrap();
    let app = places::document("deploy/spinkube/spin-app.yaml").unwrap();
    let command = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]
        [0]
    .as_str()
    .unwrap();
    let url = format!(
        "http://{}/reconcile",
        app["metadata"]["name"].as_str().unwrap()
    );
    assert!(command.contains(&url), "{command}");
}

/// Facts of GitHub's webhook documentation: which permission an App needs for an event.
const EVENTS: [(&str, &str); 8] = [
    ("check_run", "checks"),
    ("deployment_protection_rule", "deployments"),
    ("installation_target", "metadata"),
    ("issue_comment", "issues"),
    ("pull_request", "pull_requests"),
    ("push", "contents"),
    ("repository", "metadata"),
    ("workflow_run", "actions"),
];

fn app() -> Value {
    serde_json::from_str(&places::read("deploy/github-app/github-app-manifest.json").unwrap())
        .unwrap()
}

#[test]
fn the_app_asks_for_what_its_page_explains_and_for_what_its_events_need() {
    let app = app();
    let page = places::read("deploy/github-app/README.md").unwrap();
    let permissions = app["default_permissions"].as_object().unwrap();
    let explained: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("`: "))
        .map(|(name, rest)| format!("{name}={}", rest.split(' ').next().unwrap()))
        .collect();
    let asked: Vec<String> = permissions
        .iter()
        .map(|(name, level)| format!("{name}={}", level.as_str().unwrap()))
        .collect();
    assert_eq!(explained, asked, "left the page, right the manifest");
    let events: Vec<&str> = app["default_events"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let explained: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(explained, events, "left the page, right the manifest");
    assert_eq!(
        events,
        EVENTS.map(|(event, _)| event),
        "left the manifest, right the events with their permissions"
    );
    for (event, permission) in EVENTS {
        assert!(
            permissions.contains_key(permission),
            "{event} needs {permission}"
        );
    }
    let (_, address) = page
        .split_once("https://github.com/settings/apps/new?")
        .unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut fields = vec![
        format!("name={}", text(&app["name"])),
        format!("url={}", text(&app["url"])),
        format!("public={}", app["public"]),
        format!("webhook_active={}", app["hook_attributes"]["active"]),
        format!("webhook_url={}", text(&app["hook_attributes"]["url"])),
        format!("setup_url={}", text(&app["setup_url"])),
        format!("setup_on_update={}", app["setup_on_update"]),
    ];
    let callbacks = app["callback_urls"].as_array().unwrap().iter();
    fields.extend(callbacks.map(|url| format!("callback_urls[]={}", text(url))));
    fields.extend(asked);
    fields.extend(events.iter().map(|event| format!("events[]={event}")));
    assert_eq!(
        address.lines().next().unwrap(),
        fields.join("&"),
        "left the page, right the manifest as a form"
    );
}

#[test]
fn the_app_sends_to_a_route_that_exists() {
    let app = app();
    let hook = app["hook_attributes"]["url"].as_str().unwrap();
    let route = hook.strip_prefix(app["url"].as_str().unwrap()).unwrap();
    assert!(routes().contains(route), "{route}");
}

#[test]
fn the_app_is_granted_what_slipway_asks_for_with_every_token() {
    let app = app();
    for (permission, level) in vendors::github::PERMISSIONS {
        let granted = app["default_permissions"][permission].as_str();
        let is_enough = granted == Some(level) || granted == Some("write");
        assert!(
            is_enough,
            "{permission}: {level} is needed, {granted:?} granted"
        );
    }
}

#[test]
fn the_manifest_is_the_one_that_the_setup_page_sends() {
    let sent = vendors::github::Manifest::new("Slipway", "https://slipway.example.com");
    assert_eq!(
        app(),
        serde_json::to_value(sent).unwrap(),
        "left deploy/github-app/github-app-manifest.json, right the manifest in code"
    );
}

#[test]
fn the_page_says_which_calls_need_each_permission() {
    let page = places::read("deploy/github-app/README.md").unwrap();
    let calls = |cell: &str| -> Vec<String> {
        let spans = cell.split('`').skip(1).step_by(2);
        spans.map(str::to_owned).collect()
    };
    let told: BTreeMap<String, Vec<String>> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("`: "))
        .map(|(name, rest)| (name.to_owned(), calls(rest.rsplit(" | ").next().unwrap())))
        .collect();
    let table: BTreeMap<String, Vec<String>> = vendors::github::PERMISSION_TABLE
        .iter()
        .map(|permission| {
            let calls = permission.calls.iter().map(ToString::to_string);
            (permission.name.to_owned(), calls.collect())
        })
        .collect();
    assert_eq!(
        told, table,
        "left deploy/github-app/README.md, right the table in code"
    );
    let (_, itself) = page.split_once("the App calls ").unwrap();
    let (itself, _) = itself.split_once(".\n").unwrap();
    assert_eq!(calls(itself), vendors::github::CALLS_AS_APP);
    for permission in vendors::github::PERMISSION_TABLE {
        for event in permission.events {
            assert!(EVENTS.contains(&(event, permission.name)), "{event}");
        }
    }
}
