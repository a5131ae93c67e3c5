//! Requests of components to the network.

use crate::stage::{Stage, ask, ask_to_send, probe};

/// A host that others can send requests to.
async fn elsewhere() -> host::Running {
    Stage::new(&probe("")).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allowed_request_arrives_with_the_right_host() {
    let elsewhere = elsewhere().await;
    let stage = Stage::new(&probe(&format!(
        "allowed_outbound_hosts = [{:?}]",
        elsewhere.url()
    )));
    let host = stage.start().await;

    let answer = ask_to_send(&host, &format!("{}/headers?q=1", elsewhere.url()))
        .await
        .ok();

    let hosts: Vec<&str> = answer
        .lines()
        .filter(|line| line.starts_with("host: "))
        .collect();
    assert_eq!(
        hosts,
        [format!("host: {}", elsewhere.address())],
        "{answer}"
    );
    assert!(
        answer.starts_with(&format!("200 OK\n{}/headers?q=1\n", elsewhere.url())),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn host_and_port_must_match_to_the_letter() {
    let elsewhere = elsewhere().await;
    let port = elsewhere.address().port();
    let stage = Stage::new(&probe(&format!(
        "allowed_outbound_hosts = [\"http://127.0.0.1:{port}\"]"
    )));
    let host = stage.start().await;

    for denied in [
        format!("http://localhost:{port}/"),
        "http://127.0.0.1/".to_owned(),
        format!("https://127.0.0.1:{port}/"),
    ] {
        let problem = ask_to_send(&host, &denied).await.problem();
        assert_eq!(problem, "ErrorCode::HttpRequestDenied", "{denied}");
    }
    assert_eq!(
        ask(&elsewhere, "/requests").await.ok(),
        "1",
        "none of them arrived"
    );
    let said = stage.said().replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(said, @"
    [probe: host] a request to http://localhost:PORT was denied: add it to the component's allowed_outbound_hosts
    [probe: host] a request to http://127.0.0.1 was denied: add it to the component's allowed_outbound_hosts
    [probe: host] a request to https://127.0.0.1:PORT was denied: add it to the component's allowed_outbound_hosts
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_can_come_from_a_variable() {
    let elsewhere = elsewhere().await;
    let mut stage = Stage::new(&format!(
        "[variables]\nbackend = {{ default = \"http://unset.invalid\" }}\n{}",
        probe(r#"allowed_outbound_hosts = ["{{ backend }}"]"#)
    ));
    let url = format!("{}/requests", elsewhere.url());

    let host = stage.start().await;
    assert_eq!(
        ask_to_send(&host, &url).await.problem(),
        "ErrorCode::HttpRequestDenied"
    );

    stage
        .options
        .variables
        .insert("backend".to_owned(), elsewhere.url());
    let host = stage.start().await;
    assert_eq!(ask_to_send(&host, &url).await.ok(), "200 OK\n1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_where_nobody_listens_is_an_error_of_the_request() {
    let elsewhere = elsewhere().await;
    let url = elsewhere.url();
    elsewhere.stop().await;
    let host = Stage::new(&probe(&format!("allowed_outbound_hosts = [{url:?}]")))
        .start()
        .await;
    assert_eq!(
        ask_to_send(&host, &url).await.problem(),
        "ErrorCode::ConnectionRefused"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn https_to_a_place_that_does_not_speak_it_is_an_error_of_the_request() {
    let elsewhere = elsewhere().await;
    let url = elsewhere.url().replace("http://", "https://");
    let host = Stage::new(&probe(&format!("allowed_outbound_hosts = [{url:?}]")))
        .start()
        .await;
    assert_eq!(
        ask_to_send(&host, &url).await.problem(),
        "ErrorCode::TlsProtocolError"
    );
}
