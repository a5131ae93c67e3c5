//! Asks the world's servers as a well-behaved client would.

use std::time::Duration;

use serde_json::Value;
use world::{Answer, Options, World};

const PATIENCE: Duration = Duration::from_secs(20);

/// A world with the given seed, so that failures repeat.
pub async fn world() -> World {
    World::start(Options {
        seed: 1,
        ..Options::default()
    })
    .await
    .expect("the world starts")
}

/// A caller with a base URL and a token.
pub struct Caller {
    pub base: String,
    pub headers: Vec<(String, String)>,
}

/// Calls GitHub with the world's token.
pub fn github(world: &World) -> Caller {
    github_as(world, &world.options().github_token)
}

/// Calls GitHub with this token.
pub fn github_as(world: &World, token: &str) -> Caller {
    let headers = [
        ("authorization", format!("Bearer {token}")),
        ("user-agent", "slipway".to_owned()),
        ("accept", "application/vnd.github+json".to_owned()),
        ("x-github-api-version", "2022-11-28".to_owned()),
    ];
    Caller {
        base: world.github_url(),
        headers: headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

/// Calls Coolify with the world's token.
pub fn coolify(world: &World) -> Caller {
    coolify_as(world, &world.options().coolify_token)
}

/// Calls Coolify with this token.
pub fn coolify_as(world: &World, token: &str) -> Caller {
    let headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
    Caller {
        base: format!("{}/api/v1", world.coolify_url()),
        headers,
    }
}

/// Calls Argo CD with the world's token.
pub fn argocd(world: &World) -> Caller {
    argocd_as(world, &world.options().argocd_token)
}

/// Calls Argo CD with this token.
pub fn argocd_as(world: &World, token: &str) -> Caller {
    let headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
    Caller {
        base: format!("{}/api/v1", world.argocd_url()),
        headers,
    }
}

/// Calls Backstage's catalog with the world's token.
pub fn backstage(world: &World) -> Caller {
    let token = format!("Bearer {}", world.options().backstage_token);
    Caller {
        base: format!("{}/api/catalog", world.backstage_url()),
        headers: vec![("authorization".to_owned(), token)],
    }
}

/// Calls the control API.
pub fn control(world: &World) -> Caller {
    Caller {
        base: format!("{}/_world", world.control_url()),
        headers: Vec::new(),
    }
}

impl Caller {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, Some(body)).await
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.try_call(method, path, body)
            .await
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Without a body, but with the content type that Argo CD wants all the same.
    pub async fn with_json(&self, method: &str, path: &str) -> Answer {
        let mut headers = self.headers.clone();
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        let url = format!("{}{path}", self.base);
        world::send(method, &url, &headers, "", PATIENCE)
            .await
            .expect("an answer")
    }

    pub async fn try_call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, world::ClientError> {
        let mut headers = self.headers.clone();
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let body = body.map(ToString::to_string).unwrap_or_default();
        world::send(
            method,
            &format!("{}{path}", self.base),
            &headers,
            body,
            PATIENCE,
        )
        .await
    }
}
