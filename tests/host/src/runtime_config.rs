//! `runtime-config.toml`: which store is behind which label.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Spanned, Table, Value};

use crate::document::{Document, Refusal};

/// Where the label `default` is stored when no runtime configuration says otherwise; Spin's own place.
const DEFAULT_PATH: &str = "sqlite_key_value.db";

/// The store behind one label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StoreConfig {
    /// A SQLite file, or the memory of this process.
    Sqlite(Option<PathBuf>),
    /// A Redis server.
    Redis(String),
}

/// The stores by label.
pub(crate) type StoreConfigs = BTreeMap<String, StoreConfig>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "key_value_store")]
    stores: BTreeMap<Spanned<String>, Spanned<Table>>,
}

/// Reads the stores; relative paths of SQLite files start from the directory of `file`, as in Spin, not from `state_dir`.
pub(crate) fn read(file: Option<&Path>, state_dir: &Path) -> Result<StoreConfigs, Refusal> {
    let mut configs = match file {
        None => BTreeMap::new(),
        Some(path) => {
            let document = Document::read(path, "the runtime configuration")?;
            let file: File = document.parse()?;
            let directory = path.parent().unwrap_or(Path::new(""));
            file.stores
                .iter()
                .map(|(label, table)| {
                    let config = store_config(label.get_ref(), table.get_ref(), directory)
                        .map_err(|problem| document.refuse(label.span(), problem))?;
                    Ok((label.get_ref().clone(), config))
                })
                .collect::<Result<_, Refusal>>()?
        }
    };
    configs
        .entry("default".to_owned())
        .or_insert_with(|| StoreConfig::Sqlite(Some(state_dir.join(DEFAULT_PATH))));
    Ok(configs)
}

fn store_config(label: &str, table: &Table, directory: &Path) -> Result<StoreConfig, String> {
    let text = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(other) => Err(format!(
            "the {key:?} of the store {label:?} is of type {}; it is a string",
            other.type_str()
        )),
    };
    let kind = text("type")?.ok_or_else(|| {
        format!("the store {label:?} has no \"type\"; it is \"spin\" or \"redis\"")
    })?;
    let (config, key) = match kind {
        "spin" => (
            StoreConfig::Sqlite(text("path")?.map(|path| directory.join(path))),
            "path",
        ),
        "redis" => {
            let url = text("url")?.ok_or_else(|| {
                format!(
                    "the Redis store {label:?} has no \"url\", like \"redis://localhost:6379/1\""
                )
            })?;
            // The url is not shown: it may have a password.
            redis::Client::open(url).map_err(|error| {
                format!("the url of the Redis store {label:?} is not like \"redis://localhost:6379/1\": {error}")
            })?;
            (StoreConfig::Redis(url.to_owned()), "url")
        }
        other => {
            return Err(format!(
                "the store {label:?} has the type {other:?}; this host has \"spin\" (SQLite) and \"redis\""
            ));
        }
    };
    match table.keys().find(|found| *found != "type" && *found != key) {
        None => Ok(config),
        Some(unknown) => Err(format!(
            "the store {label:?} has the unknown key {unknown:?}; a {kind:?} store has {key:?}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_file_only_default_exists_at_spins_place() {
        let configs = read(None, Path::new(".spin")).unwrap();
        let default = StoreConfig::Sqlite(Some(PathBuf::from(".spin/sqlite_key_value.db")));
        assert_eq!(configs, BTreeMap::from([("default".to_owned(), default)]));
    }

    #[test]
    fn a_store_of_type_spin_without_a_path_is_in_memory() {
        let table: Table = toml::from_str("type = 'spin'").unwrap();
        assert_eq!(
            store_config("inbox", &table, Path::new(".spin")).unwrap(),
            StoreConfig::Sqlite(None)
        );
    }

    #[test]
    fn an_absolute_path_stays_as_it_is() {
        let table: Table = toml::from_str("type = 'spin'\npath = '/data/inbox.db'").unwrap();
        let expected = StoreConfig::Sqlite(Some(PathBuf::from("/data/inbox.db")));
        assert_eq!(
            store_config("inbox", &table, Path::new(".spin")).unwrap(),
            expected
        );
    }
}
