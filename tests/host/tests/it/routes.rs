//! Which requests reach which component, and what it sees of them.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;

use crate::client::send;
use crate::stage::{Stage, ask, component, probe};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_to_the_component_of_its_route_and_others_get_a_404() {
    let manifest = format!(
        r#"
[[trigger.http]]
route = "/hello"
component = "hello"
[[trigger.http]]
route = "/hello/..."
component = "outer"
[[trigger.http]]
route = {{ private = true }}
component = "inner"
[component.hello]
source = "HELLO"
{}{}"#,
        component("outer", ""),
        component("inner", "")
    );
    let host = Stage::new(&manifest).start().await;

    let hello = ask(&host, "/hello").await;
    assert_eq!((hello.status, hello.body.as_str()), (StatusCode::OK, ""));
    // The probe knows no such operation: it was the one that answered.
    ask(&host, "/hello/there").await.problem();
    assert_eq!(ask(&host, "/").await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(&host, "/inner").await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(&host, "/.well-known/spin/health").await.ok(), "OK");
    assert_eq!(
        ask(&host, "/.well-known/spin/other").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_sees_the_request_with_spins_headers_at_its_end() {
    let stage = Stage::new(&probe("").replace("/...", "/:word/..."));
    let host = stage.start().await;
    let headers = [
        ("host", "slipway.example"),
        ("spin-client-addr", "forged"),
        ("connection", "keep-alive"),
    ];
    let request = headers
        .iter()
        .fold(Request::get("/headers?page=2"), |request, (name, value)| {
            request.header(*name, *value)
        });

    let seen = send(host.address(), request.body(Full::default()).unwrap())
        .await
        .unwrap()
        .ok();

    let (others, client) = seen.rsplit_once("spin-client-addr: 127.0.0.1:").unwrap();
    assert!(
        client.split_once('\n').unwrap().0.parse::<u16>().is_ok(),
        "{seen}"
    );
    let port = client.split_once('\n').unwrap().0;
    insta::assert_snapshot!(format!("{others}spin-client-addr: 127.0.0.1:{}", client.replacen(port, "PORT", 1)), @"
    http://slipway.example/headers?page=2
    host: slipway.example
    spin-client-addr: forged
    spin-client-addr: 127.0.0.1:PORT
    spin-path-info: 
    spin-full-url: http://slipway.example/headers?page=2
    spin-matched-route: /:word/...
    spin-base-path: /
    spin-raw-component-route: /:word/...
    spin-component-route: /:word
    spin-path-match-word: headers
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_arrives_whole_and_comes_back_whole() {
    let host = Stage::new(&probe("")).start().await;
    let body = "0123456789abcdef".repeat(300_000);
    let request = Request::post("/echo")
        .header("host", "localhost")
        .body(Full::new(Bytes::from(body.clone())))
        .unwrap();

    let answer = send(host.address(), request).await.unwrap();

    assert!(answer.ok() == body, "the body is not the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_host_is_cut_off_as_in_spin() {
    let host = Stage::new(&probe("")).start().await;
    let request = Request::get("/requests").body(Full::default()).unwrap();
    assert!(send(host.address(), request).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_not_utf_8_is_a_500_as_in_spin() {
    let stage = Stage::new(&probe(""));
    let host = stage.start().await;
    let request = Request::get("/requests")
        .header("host", "localhost")
        .header(
            "x-name",
            http::HeaderValue::from_bytes(b"J\xfcrgen").unwrap(),
        )
        .body(Full::default())
        .unwrap();

    let answer = send(host.address(), request).await.unwrap();

    assert_eq!(
        (answer.status, answer.body.as_str()),
        (StatusCode::INTERNAL_SERVER_ERROR, "")
    );
    insta::assert_snapshot!(
        stage.said(),
        @"[probe: host] a request was not handed to the component: the value of the header x-name is not UTF-8"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_several_requests() {
    use http_body_util::BodyExt as _;
    use hyper_util::rt::TokioIo;

    let host = Stage::new(&probe("")).start().await;
    let stream = tokio::net::TcpStream::connect(host.address())
        .await
        .unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    for name in ["Ann", "Ben", "Cleo"] {
        let request = Request::get(format!("/greet/{name}"))
            .header("host", "localhost")
            .body(Full::<Bytes>::default());
        sender.ready().await.unwrap();
        let answer = sender.send_request(request.unwrap()).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, format!("Hello, {name}!"));
    }
}
