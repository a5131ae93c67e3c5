//! Backstage's catalog: it checks what it is asked, and Slipway's own client fits it.

use serde_json::json;
use vendors::backstage::{Client, Refreshed};
use world::{Effect, Vendor, World};

use crate::asking::{self, Caller};
use crate::wire::Wire;

async fn catalog() -> (World, Caller) {
    let world = asking::world().await;
    let backstage = world.backstage();
    backstage.entity("Component:default/shop-web", Some("acme/shop"));
    backstage.entity("Component:default/shop-worker", Some("Acme/Shop"));
    backstage.entity("API:team-a/shop", Some("acme/shop"));
    backstage.entity("Component:default/blog", Some("acme/blog"));
    backstage.entity("Component:default/unmarked", None);
    let caller = asking::backstage(&world);
    (world, caller)
}

fn client(world: &World) -> Client<Wire> {
    Client::new(
        Wire,
        &world.backstage_url(),
        &world.options().backstage_token,
    )
}

fn refused(answer: world::Answer) -> (u16, String, String) {
    let body = answer.json();
    let text = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        body["response"]["statusCode"],
        answer.status,
        "{}",
        answer.text()
    );
    (answer.status, text("name"), text("message"))
}

#[tokio::test]
async fn all_entities_of_a_repository_are_found_and_refreshed() {
    let (world, _) = catalog().await;
    let client = client(&world);
    let found = client
        .entities_of(&"acme/shop".parse().unwrap())
        .await
        .unwrap();
    let names: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "api:team-a/shop",
            "component:default/shop-web",
            "component:default/shop-worker"
        ]
    );
    for entity in &found {
        assert_eq!(client.refresh(entity).await.unwrap(), Refreshed::Scheduled);
    }
    assert_eq!(world.backstage().refreshes("component:default/shop-web"), 1);
    assert_eq!(world.backstage().refreshes("component:default/blog"), 0);
    let missing = client.refresh(&"nope".parse().unwrap()).await.unwrap();
    assert_eq!(missing, Refreshed::NoSuchEntity);
    assert_eq!(
        client
            .entities_of(&"acme/none".parse().unwrap())
            .await
            .unwrap(),
        []
    );
    let first = Effect::EntityRefreshed {
        entity: "api:team-a/shop".to_owned(),
    };
    assert_eq!(world.effects()[0], first);
    world.assert_clean();
}

#[tokio::test]
async fn a_long_list_comes_in_pages() {
    let world = asking::world().await;
    for number in 0..120 {
        world.backstage().entity(
            &format!("Component:default/part-{number}"),
            Some("acme/shop"),
        );
    }
    let found = client(&world)
        .entities_of(&"acme/shop".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(found.len(), 120);
    assert_eq!(world.journal().len(), 3);
    world.assert_clean();
}

#[tokio::test]
async fn what_its_document_does_not_allow_is_refused() {
    let (_world, caller) = catalog().await;
    for (body, says) in [
        (json!({}), "entityRef"),
        (
            json!({"entityRef": "component:default/shop-web", "force": true}),
            "force",
        ),
        (json!({"entityRef": 7}), "string"),
    ] {
        let (status, name, message) = refused(caller.post("/refresh", &body).await);
        assert_eq!((status, name.as_str()), (400, "InputError"), "{body}");
        assert!(message.contains(says), "{message}");
    }
    let bare = caller.call("POST", "/refresh", None).await;
    assert_eq!(refused(bare).2, "unsupported media type ");
    let missing = caller
        .post("/refresh", &json!({"entityRef": "shop-web"}))
        .await;
    assert_eq!(
        refused(missing),
        (
            404,
            "NotFoundError".to_owned(),
            "Entity shop-web not found".to_owned()
        )
    );
    let done = caller
        .post(
            "/refresh",
            &json!({"entityRef": "COMPONENT:Default/shop-web"}),
        )
        .await;
    assert_eq!(
        (
            done.status,
            done.text().as_str(),
            done.header("content-type")
        ),
        (200, "", None)
    );
}

#[tokio::test]
async fn tokens_are_known_and_may_be_restricted() {
    let (world, caller) = catalog().await;
    let body = json!({"entityRef": "component:default/shop-web"});
    let nobody = refused(
        asking::backstage(&world)
            .without("authorization")
            .post("/refresh", &body)
            .await,
    );
    assert_eq!((nobody.0, nobody.2.as_str()), (401, "Missing credentials"));
    let stranger = asking::backstage(&world)
        .with("authorization", "Bearer somebody-elses")
        .post("/refresh", &body)
        .await;
    assert_eq!(refused(stranger).2, "Illegal token");
    let reader = format!(
        "Bearer {}",
        world.backstage().token_with(&["catalog.entity.read"])
    );
    let reader = caller.with("authorization", &reader);
    assert_eq!(
        reader
            .get("/entities/by-name/component/default/shop-web")
            .await
            .status,
        200
    );
    assert_eq!(
        refused(reader.post("/refresh", &body).await).1,
        "NotAllowedError"
    );
}

#[tokio::test]
async fn answers_fit_backstages_own_document() {
    let (_world, caller) = catalog().await;
    for path in [
        "/entities/by-query?filter=kind%3Dcomponent%2Cmetadata.namespace%3Ddefault&limit=1",
        "/entities/by-name/component/default/blog",
        "/entities/by-name/component/default/nope",
    ] {
        let answer = caller.get(path).await;
        let bare = format!("/api/catalog{}", path.split('?').next().unwrap());
        let found = world::answer_differences(
            Vendor::Backstage,
            "GET",
            &bare,
            answer.status,
            &answer.json(),
        );
        assert_eq!(found, Vec::<String>::new(), "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn entities_are_made_and_counted_with_the_control_api() {
    let world = asking::world().await;
    let control = asking::control(&world);
    let made = control
        .post(
            "/entities",
            &json!({"entity": "Component:default/shop", "repository": "acme/shop"}),
        )
        .await;
    assert_eq!(made.status, 200, "{}", made.text());
    client(&world)
        .refresh(&"shop".parse().unwrap())
        .await
        .unwrap();
    let state = control.get("/state").await.json();
    assert_eq!(
        state["entities"],
        json!([{"entity": "component:default/shop", "refreshes": 1}])
    );
}
