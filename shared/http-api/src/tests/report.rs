//! Reports of images: what is refused before a token is looked at. Tokens themselves are tried where they are verified.

use ports::NoLog;
use vendors::github::Issuer;

use super::*;
use crate::report::{Settings, answer};

/// Nobody is asked.
struct Nobody;

impl Http for Nobody {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        panic!("{} was asked", request.url);
    }
}

fn told(method: Method, path: &str, headers: &[(&str, &str)], public_url: Option<&str>) -> String {
    let issuer = Issuer {
        http: Nobody,
        clock: Still(Cell::new(1_795_257_067_000)),
        store: MemoryStore::default(),
        url: "https://token.actions.githubusercontent.com".to_owned(),
    };
    let settings = Settings {
        public_url: public_url.map(str::to_owned),
    };
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        all.insert(name, value.parse().unwrap());
    }
    let asked = Asked {
        method: &method,
        path,
        query: None,
        headers: &all,
        body: b"{}",
    };
    let reply = block_on(answer(&issuer, &settings, &NoLog, asked));
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    format!(
        "{} {}",
        reply.status.as_u16(),
        body["detail"].as_str().unwrap()
    )
}

#[test]
fn a_report_needs_a_service_a_token_of_a_job_and_an_address_of_ours() {
    const PATH: &str = "/api/v1/services/web/deployments";
    let json = ("content-type", "application/json");
    let ours = Some("https://slipway.example.com");
    let told = [
        told(
            Method::POST,
            "/api/v1/services/WEB/deployments",
            &[json],
            ours,
        ),
        told(Method::POST, "/api/v1/services/web", &[json], ours),
        told(Method::GET, PATH, &[json], ours),
        told(Method::POST, PATH, &[("content-type", "text/plain")], ours),
        told(Method::POST, PATH, &[json], None),
        told(Method::POST, PATH, &[json], ours),
        told(
            Method::POST,
            PATH,
            &[json, ("authorization", "Basic YTpi")],
            ours,
        ),
        told(
            Method::POST,
            PATH,
            &[json, ("authorization", "Bearer slipway-viewer")],
            ours,
        ),
    ];
    insta::assert_snapshot!(told.join("\n"), @"
    404 there is nothing at /api/v1/services/WEB/deployments
    404 there is nothing at /api/v1/services/web
    405 expected POST
    415 expected a body of the type application/json, or none
    503 the variable public_url is not set, so no token can be made for it
    401 expected Authorization: Bearer with a token of GitHub Actions (OpenID Connect)
    401 expected Authorization: Bearer with a token of GitHub Actions (OpenID Connect)
    401 the token is refused: it is no JSON Web Token of three parts
    ");
}
