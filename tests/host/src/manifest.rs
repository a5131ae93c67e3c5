//! `spin.toml`, version 2, as it is written: shapes and places, nothing checked beyond them.
//!
//! A key that Spin does not know is refused here; a key that Spin knows and this host does not is refused by name in
//! `application`, so that nobody takes it for a spelling mistake.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::{Spanned, Value};

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) spin_manifest_version: Spanned<i64>,
    #[serde(rename = "application")]
    _application: About,
    #[serde(default)]
    pub(crate) variables: BTreeMap<Spanned<String>, Variable>,
    #[serde(rename = "trigger")]
    pub(crate) triggers: BTreeMap<Spanned<String>, Vec<Spanned<Trigger>>>,
    #[serde(default, rename = "component")]
    pub(crate) components: BTreeMap<Spanned<String>, Component>,
}

/// `[application]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    #[serde(rename = "name")]
    _name: String,
    #[serde(default, rename = "version")]
    _version: IgnoredAny,
    #[serde(default, rename = "description")]
    _description: IgnoredAny,
    #[serde(default, rename = "authors")]
    _authors: IgnoredAny,
    #[serde(default, rename = "targets")]
    _targets: IgnoredAny,
    #[serde(default, rename = "trigger")]
    _trigger: IgnoredAny,
    #[serde(default, rename = "tool")]
    _tool: IgnoredAny,
}

/// One entry of `[variables]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variable {
    #[serde(default)]
    pub(crate) required: bool,
    pub(crate) default: Option<String>,
    /// Whether the value must not be shown; this host shows no values at all.
    #[serde(default, rename = "secret")]
    _secret: bool,
    #[serde(rename = "description")]
    _description: Option<String>,
}

/// One `[[trigger.http]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trigger {
    /// A string, or a table `{ private = true }`.
    pub(crate) route: Spanned<Value>,
    /// A component by its name.
    pub(crate) component: Spanned<Value>,
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    pub(crate) executor: Option<Spanned<Value>>,
}

/// One `[component.<id>]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Component {
    pub(crate) source: Spanned<Value>,
    #[serde(default)]
    pub(crate) variables: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) allowed_outbound_hosts: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) key_value_stores: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) dependencies: BTreeMap<Spanned<String>, Spanned<Value>>,
    #[serde(default, rename = "description")]
    _description: IgnoredAny,
    #[serde(default, rename = "build")]
    _build: IgnoredAny,
    #[serde(default, rename = "tool")]
    _tool: IgnoredAny,
    #[serde(default, rename = "targets")]
    _targets: IgnoredAny,
    pub(crate) files: Option<Spanned<IgnoredAny>>,
    pub(crate) exclude_files: Option<Spanned<IgnoredAny>>,
    pub(crate) allowed_http_hosts: Option<Spanned<IgnoredAny>>,
    pub(crate) sqlite_databases: Option<Spanned<IgnoredAny>>,
    pub(crate) ai_models: Option<Spanned<IgnoredAny>>,
    pub(crate) dependencies_inherit_configuration: Option<Spanned<bool>>,
    pub(crate) profile: Option<Spanned<IgnoredAny>>,
}
