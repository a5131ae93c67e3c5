//! Webhooks: what is sent, signed and recorded, and all the ways in which deliveries go wrong.

use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use world::{Fate, World, payload_differences, payloads, sign};

use crate::asking;

/// One delivery as it arrived.
#[derive(Clone)]
pub struct Arrived {
    headers: http::HeaderMap,
    body: Vec<u8>,
}

impl Arrived {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A receiver that answers with the statuses given, then 202, and keeps what arrives.
pub async fn receiver(statuses: &[u16]) -> (String, Arc<Mutex<Vec<Arrived>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks/github", listener.local_addr().unwrap());
    let arrived: Arc<Mutex<Vec<Arrived>>> = Arc::default();
    let (kept, statuses) = (Arc::clone(&arrived), statuses.to_vec());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (kept, statuses) = (Arc::clone(&kept), statuses.clone());
            let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                let (kept, statuses) = (Arc::clone(&kept), statuses.clone());
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await?.to_bytes().to_vec();
                    let mut kept = kept.lock().unwrap();
                    let status = statuses.get(kept.len()).copied().unwrap_or(202);
                    kept.push(Arrived {
                        headers: head.headers,
                        body,
                    });
                    let response = hyper::Response::builder()
                        .status(status)
                        .body(Full::new(bytes::Bytes::from("noted")));
                    Ok::<_, hyper::Error>(response.unwrap())
                }
            });
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await
                .ok();
        }
    });
    (url, arrived)
}

fn actions(arrived: &Mutex<Vec<Arrived>>) -> Vec<String> {
    arrived
        .lock()
        .unwrap()
        .iter()
        .map(|one| one.json()["action"].as_str().unwrap_or("-").to_owned())
        .collect()
}

fn everything_happens(world: &World) {
    let repository = world.github().repository("acme/shop");
    let pull = repository.open_draft("Add cart", "feature/cart");
    pull.ready_for_review();
    pull.convert_to_draft();
    pull.label("preview");
    pull.unlabel("preview");
    pull.push();
    repository.write_file_on("develop", "readme.md", "hello");
    pull.retarget("develop");
    pull.retitle("Add a cart");
    pull.lock();
    pull.unlock();
    pull.close();
    pull.reopen();
    pull.merge();
    let fork = repository.open_pull_request_from_fork("mallory", "Fix typo", "main");
    repository.run("CI").for_pull_request(&pull).succeed();
    repository
        .run("CI")
        .for_pull_request(&fork)
        .require_approval();
    fork.delete_fork();
    fork.close();
    assert!(!world.github().webhooks().ping(&repository).is_empty());
}

#[tokio::test]
async fn payloads_fit_githubs_published_schema() {
    let world = asking::world().await;
    everything_happens(&world);
    let mut kinds = Vec::new();
    for delivery in world.github().webhooks().all() {
        let payload: Value = serde_json::from_slice(&delivery.body).unwrap();
        let kind = format!(
            "{}${}",
            delivery.event,
            delivery.action.as_deref().unwrap_or("event")
        );
        let differences = payload_differences(&kind, &payload);
        assert!(differences.is_empty(), "{kind}: {differences:#?}");
        kinds.push(kind);
    }
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds.len(), 15, "{kinds:?}");
}

#[tokio::test]
async fn payloads_have_every_field_of_githubs_examples() {
    let world = asking::world().await;
    everything_happens(&world);
    let examples = payloads().unwrap();
    assert_eq!(examples.len(), 129);
    let ours = world.github().webhooks().all();
    for (file, event, action) in [
        (
            "pull_request.synchronize.1.json",
            "pull_request",
            "synchronize",
        ),
        (
            "workflow_run.completed-success-repository_dispatch.1.json",
            "workflow_run",
            "completed",
        ),
    ] {
        let example = examples
            .iter()
            .find(|example| example.file == file)
            .unwrap();
        let example: Value = serde_json::from_slice(&example.body).unwrap();
        let delivery = ours
            .iter()
            .find(|found| found.event == event && found.action.as_deref() == Some(action))
            .unwrap();
        let own: Value = serde_json::from_slice(&delivery.body).unwrap();
        let object = if event == "pull_request" {
            "pull_request"
        } else {
            "workflow_run"
        };
        let missing: Vec<&String> = example[object]
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| own[object].get(name).is_none())
            .collect();
        assert!(missing.is_empty(), "{file}: {missing:?}");
        let text = String::from_utf8(delivery.body.clone()).unwrap();
        for foreign in ["Codertocat", "octo-repo", "api.github.com"] {
            assert!(!text.contains(foreign), "{file} still names {foreign}");
        }
    }
}

#[tokio::test]
async fn deliveries_carry_githubs_headers_and_a_signature_over_their_bytes() {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    let pull = repository.open_pull_request("Add cart", "feature/cart");
    let before = pull.head_sha();
    let after = pull.push();
    let (url, arrived) = receiver(&[]).await;
    let sent = world.github().deliver_all_to(&url).await;
    assert!(sent.iter().all(|delivery| delivery.fate == Fate::Sent && delivery.attempts[0].status == Some(202)));
    let got = arrived.lock().unwrap().clone();
    assert_eq!(actions(&arrived), ["opened", "synchronize"]);
    assert_eq!(
        (&got[1].json()["before"], &got[1].json()["after"]),
        (&json!(before), &json!(after))
    );
    let first = &got[0];
    assert_eq!(first.header("x-github-event"), "pull_request");
    assert_eq!(first.header("x-github-delivery"), sent[0].guid);
    assert!(first.header("user-agent").starts_with("GitHub-Hookshot/"));
    assert_eq!(first.header("content-type"), "application/json");
    assert!(!first.header("x-github-hook-id").is_empty());
    assert_eq!(
        first.header("x-hub-signature-256"),
        sign("It's a Secret to Everybody", &first.body)
    );
    assert!(first.header("x-hub-signature").starts_with("sha1="));
    assert_eq!(
        first.json()["pull_request"]["head"]["sha"],
        json!(before),
        "as it was when it happened"
    );

    world.github().webhooks().set_secret(None);
    world.github().webhooks().send_as_form(true);
    pull.close();
    world.github().deliver_all_to(&url).await;
    let form = arrived.lock().unwrap()[2].clone();
    assert_eq!(
        (
            form.header("content-type"),
            form.header("x-hub-signature-256")
        ),
        ("application/x-www-form-urlencoded", "")
    );
    assert!(form.body.starts_with(b"payload=%7B"));
}

#[tokio::test]
async fn a_redelivery_keeps_its_guid_and_body_and_nothing_is_retried_by_itself() {
    let world = asking::world().await;
    let pull = world
        .github()
        .repository("acme/shop")
        .open_pull_request("Add cart", "feature/cart");
    let (url, arrived) = receiver(&[500]).await;
    let webhooks = world.github().webhooks();
    let failed = webhooks.deliver_all_to(&url).await.remove(0);
    assert!(!failed.attempts[0].is_ok());
    assert_eq!(
        webhooks.deliver_all_to(&url).await.len(),
        0,
        "GitHub does not retry"
    );
    pull.push();
    let again = webhooks.redeliver(&failed.guid, &url).await.unwrap();
    assert!(again.is_ok() && again.redelivery && again.id != failed.attempts[0].id);
    let got = arrived.lock().unwrap().clone();
    assert_eq!(
        (got[0].header("x-github-delivery"), &got[0].body),
        (got[1].header("x-github-delivery"), &got[1].body)
    );
    assert!(webhooks.redeliver("nope", &url).await.is_none());
    let unreachable = webhooks
        .deliver(&failed.guid, "http://127.0.0.1:1/")
        .await
        .unwrap();
    assert!(
        unreachable.status.is_none() && unreachable.answer.contains("cannot connect"),
        "{unreachable:?}"
    );
}

#[tokio::test]
async fn deliveries_can_be_held_lost_doubled_and_reordered() {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    let webhooks = world.github().webhooks();
    let (url, arrived) = receiver(&[]).await;
    webhooks.hold();
    let pull = repository.open_pull_request("Add cart", "feature/cart");
    pull.push();
    pull.close();
    assert_eq!(webhooks.deliver_all_to(&url).await.len(), 0, "held back");
    let lost = webhooks.all()[1].guid.clone();
    webhooks.release();
    assert!(webhooks.lose(&lost) && !webhooks.lose("nope"));
    webhooks.reverse();
    webhooks.deliver_all_to(&url).await;
    assert_eq!(actions(&arrived), ["closed", "opened"]);
    let doubled = webhooks
        .all()
        .into_iter()
        .find(|delivery| delivery.action.as_deref() == Some("opened"))
        .unwrap();
    webhooks.deliver(&doubled.guid, &url).await;
    webhooks.redeliver(&lost, &url).await;
    assert_eq!(
        actions(&arrived),
        ["closed", "opened", "opened", "synchronize"]
    );
    pull.reopen();
    webhooks.lose_all();
    assert_eq!(webhooks.waiting().len(), 0);
}

#[tokio::test]
async fn deliveries_go_by_themselves_where_a_url_is_set() {
    let world = asking::world().await;
    let (url, arrived) = receiver(&[]).await;
    let repository = world.github().repository("acme/shop");
    let webhooks = world.github().webhooks();
    assert!(!webhooks.ping(&repository).is_empty());
    webhooks.send_to(&url);
    let pull = repository.open_pull_request("Add cart", "feature/cart");
    repository.run("CI").for_pull_request(&pull).succeed();
    webhooks.settled().await;
    assert_eq!(
        actions(&arrived),
        ["-", "opened", "requested", "in_progress", "completed"]
    );
    webhooks.stop();
    pull.close();
    assert_eq!(webhooks.waiting().len(), 1);
}

#[tokio::test]
async fn anything_can_be_posted_raw() {
    let world = asking::world().await;
    let (url, arrived) = receiver(&[401]).await;
    let webhooks = world.github().webhooks();
    let mut headers = webhooks.headers(&webhooks.guid(), "pull_request", b"{}");
    headers.push(("x-extra".to_owned(), "1".to_owned()));
    let answer = world
        .github()
        .deliver_raw(&url, &headers, b"other bytes".to_vec())
        .await
        .unwrap();
    assert_eq!((answer.status, answer.text()), (401, "noted".to_owned()));
    let got = arrived.lock().unwrap()[0].clone();
    assert_eq!(
        (got.body.as_slice(), got.header("x-extra")),
        (b"other bytes".as_slice(), "1")
    );
    assert_eq!(
        got.header("x-hub-signature-256"),
        sign("It's a Secret to Everybody", b"{}")
    );
}
