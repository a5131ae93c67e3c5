//! Components that call each other by name.

use crate::client::get;
use crate::stage::{Stage, ask_to_send, component};

fn outer_and_inner(rights_of_outer: &str, rights_of_inner: &str) -> Stage {
    let triggers = r#"
[[trigger.http]]
route = "/..."
component = "outer"
[[trigger.http]]
route = { private = true }
component = "inner"
"#;
    let (outer, inner) = (
        component("outer", rights_of_outer),
        component("inner", rights_of_inner),
    );
    Stage::new(&format!("{triggers}{outer}{inner}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_calls_a_private_one_by_its_name() {
    let stage = outer_and_inner(
        r#"allowed_outbound_hosts = ["http://inner.spin.internal"]"#,
        "",
    );
    let host = stage.start().await;

    let answer = ask_to_send(&host, "http://inner.spin.internal/headers?from=outer")
        .await
        .ok();

    insta::assert_snapshot!(answer, @"
    200 OK
    http://inner.spin.internal/headers?from=outer
    spin-path-info: /headers
    spin-full-url: http://localhost/headers?from=outer
    spin-matched-route: /...
    spin-base-path: /
    spin-raw-component-route: /...
    spin-component-route: 
    spin-client-addr: 0.0.0.0:0
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_component_can_be_allowed_at_once() {
    let stage = outer_and_inner(r#"allowed_outbound_hosts = ["http://*.spin.internal"]"#, "");
    let host = stage.start().await;
    assert_eq!(
        ask_to_send(&host, "http://inner.spin.internal/requests")
            .await
            .ok(),
        "200 OK\n1"
    );
    // A component may call itself, also while it is answering.
    assert_eq!(
        ask_to_send(&host, "http://outer.spin.internal/variable/x")
            .await
            .ok()
            .lines()
            .next(),
        Some("409 Conflict")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_manifest_does_not_allow_is_denied() {
    let stage = outer_and_inner("", "");
    let host = stage.start().await;
    let problem = ask_to_send(&host, "http://inner.spin.internal/requests")
        .await
        .problem();
    insta::assert_snapshot!(problem, @"ErrorCode::HttpRequestDenied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_a_component_that_does_not_exist_fails() {
    let stage = outer_and_inner(r#"allowed_outbound_hosts = ["http://*.spin.internal"]"#, "");
    let host = stage.start().await;
    let problem = ask_to_send(&host, "http://nobody.spin.internal/")
        .await
        .problem();
    insta::assert_snapshot!(
        problem,
        @r#"ErrorCode::InternalError(Some("the application has no component \"nobody\" with a trigger"))"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_component_has_its_own_rights() {
    let stage = outer_and_inner(
        r#"allowed_outbound_hosts = ["http://inner.spin.internal"]"#,
        r#"key_value_stores = ["default"]"#,
    );
    let host = stage.start().await;
    assert_eq!(
        ask_to_send(&host, "http://inner.spin.internal/set/default/key/value")
            .await
            .ok(),
        "200 OK\ndone"
    );
    assert_eq!(
        get(host.address(), "/get/default/key", &[]).await.problem(),
        "Error::AccessDenied"
    );
}
