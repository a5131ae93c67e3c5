//! The log of an App's deliveries, and redelivery by the API.

use std::time::Duration;

use serde_json::{Value, json};
use world::{Fate, PullRequest, Vendor, World, answer_differences};

use crate::apps::{Installed, installed, itself};
use crate::asking::Caller;
use crate::webhooks::receiver;

const LOG: &str = "/app/hook/deliveries";
const PATIENCE: Duration = Duration::from_secs(20);

/// An address where nobody listens.
async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

/// A world with an App whose only waiting deliveries are those of this pull request.
async fn opened() -> (Installed, Caller, PullRequest) {
    let story = installed().await;
    story.world.github().webhooks().lose_all();
    let shop = story.world.github().repository("acme/shop");
    let pull = shop.open_pull_request("Two", "two");
    let app = itself(&story.world, &story.app);
    (story, app, pull)
}

async fn read(app: &Caller, path: &str) -> Value {
    let answer = app.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let plain = path.split('?').next().unwrap();
    let differences = answer_differences(Vendor::GitHub, "GET", plain, 200, &answer.json());
    assert!(differences.is_empty(), "{path}: {differences:#?}");
    answer.json()
}

fn sent(world: &World) -> usize {
    let all = world.github().webhooks().all();
    all.iter()
        .filter(|delivery| delivery.fate == Fate::Sent)
        .count()
}

#[tokio::test]
async fn a_delivery_that_nobody_took_is_logged_as_failed_with_what_it_said() {
    let (story, app, pull) = opened().await;
    assert_eq!(read(&app, LOG).await, json!([]), "nothing was sent yet");
    let webhooks = story.world.github().webhooks();
    webhooks.deliver_all_to(&nobody().await).await;
    let log = read(&app, LOG).await;
    let item = &log[0];
    assert_eq!(item["event"], "pull_request");
    assert_eq!(item["action"], "opened");
    assert_eq!(item["status_code"], 0);
    assert_eq!(item["status"], "failed to connect");
    assert_eq!(item["redelivery"], false);
    assert_eq!(item["installation_id"], story.installation.id());
    let detail = read(&app, &format!("{LOG}/{}", item["id"])).await;
    assert_eq!(detail["guid"], item["guid"]);
    assert_eq!(
        detail["request"]["payload"]["pull_request"]["number"],
        pull.number()
    );
    assert_eq!(
        detail["request"]["headers"]["x-github-delivery"],
        item["guid"]
    );
    assert_eq!(detail["response"]["payload"], Value::Null);
    story.world.assert_clean();
}

#[tokio::test]
async fn a_redelivery_is_another_attempt_of_the_same_delivery() {
    let (story, app, _) = opened().await;
    let webhooks = story.world.github().webhooks();
    webhooks.deliver_all_to(&nobody().await).await;
    let first = read(&app, LOG).await[0].clone();
    let (url, arrived) = receiver(&[]).await;
    webhooks.send_to(&url);
    let path = format!("{LOG}/{}/attempts", first["id"]);
    let answer = app.call("POST", &path, None).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let again = |_: &World| arrived.lock().unwrap().len() == 1;
    story
        .world
        .until("the redelivery", PATIENCE, again)
        .await
        .unwrap();
    webhooks.settled().await;
    let log = read(&app, LOG).await;
    assert_eq!(log.as_array().map(Vec::len), Some(2), "{log}");
    assert_eq!(log[0]["guid"], first["guid"]);
    assert_ne!(log[0]["id"], first["id"]);
    assert_eq!(log[0]["redelivery"], true);
    assert_eq!(log[0]["status"], "OK");
    assert_eq!(
        read(&app, &format!("{LOG}?status=failure")).await,
        json!([first])
    );
    assert_eq!(
        read(&app, &format!("{LOG}?status=success")).await,
        json!([log[0]])
    );
    story.world.assert_clean();
}

#[tokio::test]
async fn the_log_is_read_in_pages_by_cursor_newest_first() {
    let (story, app, pull) = opened().await;
    for _ in 0..4 {
        pull.push();
    }
    let nobody = nobody().await;
    story
        .world
        .github()
        .webhooks()
        .deliver_all_to(&nobody)
        .await;
    let all = read(&app, LOG).await;
    assert_eq!(
        all.as_array().map(Vec::len),
        Some(sent(&story.world)),
        "{all}"
    );
    assert_eq!(all[4]["action"], "opened", "the oldest comes last: {all}");
    let mut path = format!("{LOG}?per_page=2");
    let mut pages = Vec::new();
    loop {
        let answer = app.get(&path).await;
        pages.push(answer.json());
        let Some(link) = answer.header("link").map(str::to_owned) else {
            break;
        };
        let (address, relation) = link.split_once('>').expect("a link");
        assert_eq!(relation, "; rel=\"next\"");
        let base = format!("<{}", story.world.github_url());
        address
            .strip_prefix(&base)
            .expect("the same host")
            .clone_into(&mut path);
        assert!(
            path.contains("cursor=") && path.contains("per_page=2"),
            "{path}"
        );
    }
    let sizes: Vec<usize> = pages
        .iter()
        .map(|page| page.as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [2, 2, 1]);
    let together: Vec<&Value> = pages
        .iter()
        .flat_map(|page| page.as_array().unwrap())
        .collect();
    assert_eq!(json!(together), all);
    story.world.assert_clean();
}

#[tokio::test]
async fn what_is_asked_wrongly_or_too_late_is_refused() {
    let (story, app, _) = opened().await;
    let nobody = nobody().await;
    story
        .world
        .github()
        .webhooks()
        .deliver_all_to(&nobody)
        .await;
    let id = read(&app, LOG).await[0]["id"].clone();
    assert_eq!(app.get(&format!("{LOG}?cursor=x")).await.status, 422);
    assert_eq!(app.get(&format!("{LOG}?status=odd")).await.status, 422);
    assert_eq!(app.get(&format!("{LOG}/x")).await.status, 400);
    assert_eq!(app.get(&format!("{LOG}/1")).await.status, 404);
    let person = crate::asking::github(&story.world);
    assert_eq!(person.get(LOG).await.status, 401, "only the App itself");
    story
        .world
        .advance(Duration::from_secs(3 * 24 * 60 * 60 + 1));
    let late = crate::apps::itself_after(&story.world, &story.app, 3 * 24 * 60 * 60 + 1);
    assert_eq!(read(&late, LOG).await, json!([]));
    assert_eq!(late.get(&format!("{LOG}/{id}")).await.status, 404);
    let path = format!("{LOG}/{id}/attempts");
    assert_eq!(late.call("POST", &path, None).await.status, 404);
}
