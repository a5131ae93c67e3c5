//! A variable that names URLs by keys of one's own choice, each a secret: `{"deployments": "https://…"}`.

use std::collections::BTreeMap;

use crate::{address::origin, error::Secrets};

/// URLs by key. No `Debug`: they are secrets.
pub(crate) struct Targets {
    urls: BTreeMap<String, String>,
    secrets: Secrets,
}

impl Targets {
    /// Reads the variable; the error says to people what is wrong with it, without showing any of it.
    pub(crate) fn read(text: &str, variable: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err(format!("it is not configured: set the variable {variable}"));
        }
        let expected = "expected a JSON object of keys and absolute https URLs";
        let urls: BTreeMap<String, String> = serde_json::from_str(text)
            .map_err(|_| format!("the variable {variable} cannot be read: {expected}"))?;
        let secrets = Secrets::default();
        for (place, url) in urls.values().enumerate() {
            if origin(url).is_none() {
                return Err(format!(
                    "the URL number {} in the variable {variable} is none: {expected}",
                    place + 1
                ));
            }
            secrets.add(url);
            if let Some((_, path)) = url
                .split_once("://")
                .and_then(|(_, rest)| rest.split_once('/'))
            {
                secrets.add(path);
            }
        }
        Ok(Self { urls, secrets })
    }

    /// The URL of a key.
    pub(crate) fn url(&self, key: &str) -> Option<&str> {
        self.urls.get(key).map(String::as_str)
    }

    /// What must never be shown.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}
