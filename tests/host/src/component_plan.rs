//! One component as the manifest has it, checked: its file, its dependencies and its rights.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;

use toml::{Spanned, Value};

use crate::allow_list::{AllowList, Pattern};
use crate::document::{Document, Refusal};
use crate::manifest::Component;
use crate::runtime_config::StoreConfigs;
use crate::variables::{Variables, check_name};

/// One component and its rights.
pub(crate) struct ComponentPlan {
    pub(crate) id: String,
    /// Where the manifest defines it, for refusals that come up later.
    pub(crate) place: Range<usize>,
    pub(crate) source: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) stores: BTreeSet<String>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) allow_list: AllowList,
}

/// A component file that satisfies imports of another component.
pub(crate) struct Dependency {
    /// The import: `package/interface@version`, where interface and version may be left out.
    pub(crate) name: String,
    pub(crate) place: Range<usize>,
    pub(crate) path: PathBuf,
    /// The export that is used; the one of the same name if none is given.
    pub(crate) export: Option<String>,
}

/// Reads one `[component.<id>]` of a manifest.
pub(crate) struct ComponentReader<'a> {
    pub(crate) document: &'a Document,
    pub(crate) id: &'a Spanned<String>,
    pub(crate) component: &'a Component,
    pub(crate) variables: &'a Variables,
    pub(crate) stores: &'a StoreConfigs,
}

impl ComponentReader<'_> {
    pub(crate) fn read(&self) -> Result<ComponentPlan, Refusal> {
        self.check_id()?;
        self.refuse_what_is_not_offered()?;
        Ok(ComponentPlan {
            id: self.id.get_ref().clone(),
            place: self.id.span(),
            source: self.source()?,
            dependencies: self.dependencies()?,
            stores: self.store_labels()?,
            variables: self.own_variables()?,
            environment: self.component.environment.clone(),
            allow_list: self.allow_list()?,
        })
    }

    fn refuse(&self, span: Range<usize>, problem: impl std::fmt::Display) -> Refusal {
        self.document.refuse(
            span,
            format!("the component {:?}: {problem}", self.id.get_ref()),
        )
    }

    fn check_id(&self) -> Result<(), Refusal> {
        let is_word = |word: &str| {
            word.starts_with(|first: char| first.is_ascii_alphabetic())
                && word
                    .chars()
                    .all(|character| character.is_ascii_alphanumeric())
        };
        if self.id.get_ref().split('-').all(is_word) {
            Ok(())
        } else {
            Err(self.refuse(
                self.id.span(),
                "its id is not kebab-case, like \"pull-request\"",
            ))
        }
    }

    fn refuse_what_is_not_offered(&self) -> Result<(), Refusal> {
        let component = self.component;
        let not_offered = [
            ("files", component.files.as_ref().map(Spanned::span)),
            (
                "exclude_files",
                component.exclude_files.as_ref().map(Spanned::span),
            ),
            (
                "allowed_http_hosts",
                component.allowed_http_hosts.as_ref().map(Spanned::span),
            ),
            (
                "sqlite_databases",
                component.sqlite_databases.as_ref().map(Spanned::span),
            ),
            ("ai_models", component.ai_models.as_ref().map(Spanned::span)),
            ("profile", component.profile.as_ref().map(Spanned::span)),
            (
                "dependencies_inherit_configuration",
                component
                    .dependencies_inherit_configuration
                    .as_ref()
                    .map(Spanned::span),
            ),
        ];
        for (key, span) in not_offered {
            if let Some(span) = span {
                return Err(self.refuse(
                    span,
                    format!("{key:?} is Spin's, but this host does not offer it"),
                ));
            }
        }
        Ok(())
    }

    fn source(&self) -> Result<PathBuf, Refusal> {
        let source = &self.component.source;
        let Value::String(path) = source.get_ref() else {
            return Err(self.refuse(
                source.span(),
                "its source is no path; this host fetches nothing from elsewhere",
            ));
        };
        self.existing_file(path, "source", source.span())
    }

    fn existing_file(
        &self,
        path: &str,
        role: &str,
        span: Range<usize>,
    ) -> Result<PathBuf, Refusal> {
        let full = self.document.directory().join(path);
        if full.is_file() {
            Ok(full)
        } else {
            Err(self.refuse(
                span,
                format!("its {role} {path:?} does not exist; build it first"),
            ))
        }
    }

    fn dependencies(&self) -> Result<Vec<Dependency>, Refusal> {
        let mut dependencies = Vec::new();
        for (name, value) in &self.component.dependencies {
            let refuse = |problem: &str| {
                self.refuse(
                    value.span(),
                    format!(
                        "the dependency {:?} {problem}; this host takes {{ path = \"file.wasm\" }}",
                        name.get_ref()
                    ),
                )
            };
            let Value::Table(table) = value.get_ref() else {
                return Err(refuse("is no table"));
            };
            if table.keys().any(|key| key != "path" && key != "export") {
                return Err(refuse("has other keys than \"path\" and \"export\""));
            }
            let path = table
                .get("path")
                .and_then(Value::as_str)
                .ok_or_else(|| refuse("has no \"path\""))?;
            dependencies.push(Dependency {
                name: name.get_ref().clone(),
                place: name.span(),
                path: self.existing_file(path, "dependency", value.span())?,
                export: table
                    .get("export")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            });
        }
        Ok(dependencies)
    }

    fn store_labels(&self) -> Result<BTreeSet<String>, Refusal> {
        for label in &self.component.key_value_stores {
            if !self.stores.contains_key(label.get_ref()) {
                let known: Vec<&String> = self.stores.keys().collect();
                let problem = format!(
                    "it has the key-value store {:?}; the runtime configuration has {known:?}",
                    label.get_ref()
                );
                return Err(self.refuse(label.span(), problem));
            }
        }
        Ok(self
            .component
            .key_value_stores
            .iter()
            .map(|label| label.get_ref().clone())
            .collect())
    }

    fn own_variables(&self) -> Result<BTreeMap<String, String>, Refusal> {
        let mut values = BTreeMap::new();
        for (name, template) in &self.component.variables {
            check_name(name.get_ref()).map_err(|problem| {
                self.refuse(
                    name.span(),
                    format!("its variable {:?} {problem}", name.get_ref()),
                )
            })?;
            let value = self
                .variables
                .expand(template.get_ref())
                .map_err(|error| self.refuse(template.span(), error))?;
            values.insert(name.get_ref().clone(), value);
        }
        Ok(values)
    }

    fn allow_list(&self) -> Result<AllowList, Refusal> {
        let mut patterns = Vec::new();
        for entry in &self.component.allowed_outbound_hosts {
            let expanded = self
                .variables
                .expand(entry.get_ref())
                .map_err(|error| self.refuse(entry.span(), error))?;
            patterns
                .push(Pattern::parse(&expanded).map_err(|error| self.refuse(entry.span(), error))?);
        }
        Ok(AllowList::new(patterns))
    }
}
