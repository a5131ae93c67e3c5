//! A store at the other end of HTTP: the component `keeper` does what is asked of it.

use e2e::PATIENCE;
use ports::{Label, Store, StoreError};
use serde_json::{Value, json};

/// The stores of one host.
pub struct HttpStore {
    url: String,
}

impl HttpStore {
    /// Those of the host at `url`.
    pub fn at(url: &str) -> Self {
        Self {
            url: format!("{url}/"),
        }
    }

    /// Asks for one operation: a line of JSON and the values. The body of the answer, if it has one.
    async fn ask(&self, wish: &Value, values: &[&[u8]]) -> Result<Option<Vec<u8>>, String> {
        let mut body = wish.to_string().into_bytes();
        body.push(b'\n');
        body.extend(values.concat());
        let sent = world::send("POST", &self.url, &[], body, PATIENCE).await;
        let answer = sent.map_err(|error| error.to_string())?;
        match answer.status {
            200 => Ok(Some(answer.body.to_vec())),
            204 => Ok(None),
            status => Err(format!("{status} {}", answer.text())),
        }
    }
}

impl Store for HttpStore {
    async fn get(&self, label: Label, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let got = self
            .ask(
                &json!({"operation": "get", "label": label.name(), "key": key}),
                &[],
            )
            .await;
        got.map_err(|reason| failed(label, "get", key, reason))
    }

    async fn set(&self, label: Label, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let set = self
            .ask(
                &json!({"operation": "set", "label": label.name(), "key": key}),
                &[value],
            )
            .await;
        set.map(drop)
            .map_err(|reason| failed(label, "set", key, reason))
    }

    async fn set_many(&self, label: Label, pairs: &[(&str, &[u8])]) -> Result<(), StoreError> {
        let keys: Vec<&str> = pairs.iter().map(|(key, _)| *key).collect();
        let values: Vec<&[u8]> = pairs.iter().map(|(_, value)| *value).collect();
        let sizes: Vec<usize> = values.iter().map(|value| value.len()).collect();
        let wish =
            json!({"operation": "set_many", "label": label.name(), "keys": keys, "sizes": sizes});
        let set = self.ask(&wish, &values).await;
        set.map(drop)
            .map_err(|reason| failed(label, "set-many", &keys.join(" "), reason))
    }

    async fn delete_many(&self, label: Label, keys: &[&str]) -> Result<(), StoreError> {
        let wish = json!({"operation": "delete_many", "label": label.name(), "keys": keys});
        let deleted = self.ask(&wish, &[]).await;
        deleted
            .map(drop)
            .map_err(|reason| failed(label, "delete-many", &keys.join(" "), reason))
    }

    async fn increment(&self, label: Label, key: &str, delta: i64) -> Result<i64, StoreError> {
        let wish =
            json!({"operation": "increment", "label": label.name(), "key": key, "delta": delta});
        let sum = self.ask(&wish, &[]).await;
        let sum = sum.and_then(|body| read(&body.unwrap_or_default()));
        sum.map_err(|reason| failed(label, "increment", key, reason))
    }

    async fn keys(&self, label: Label) -> Result<Vec<String>, StoreError> {
        let listed = self
            .ask(&json!({"operation": "keys", "label": label.name()}), &[])
            .await;
        let listed = listed.and_then(|body| read(&body.unwrap_or_default()));
        listed.map_err(|reason| failed(label, "list keys of", label.name(), reason))
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn failed(label: Label, operation: &'static str, key: &str, reason: String) -> StoreError {
    StoreError {
        label,
        operation,
        key: key.chars().take(100).collect(),
        reason,
    }
}
