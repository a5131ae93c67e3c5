//! How long instances live, what they share, and what ends them.

use std::time::{Duration, Instant};

use host::Reuse;
use http::StatusCode;

use crate::stage::{Stage, ask, ask_to_send, eventually, probe};

fn stage() -> Stage {
    Stage::new(&probe(r#"key_value_stores = ["default"]"#))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_answers_128_requests() {
    let host = stage().start().await;
    let mut most = 0;
    // An instance that has not quite finished a request is not given the next one: there can be several.
    for _ in 0..1000 {
        most = ask(&host, "/requests")
            .await
            .ok()
            .parse::<u32>()
            .unwrap()
            .max(most);
    }
    assert_eq!(most, 128);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_use_instance_answers_one() {
    let mut stage = stage();
    stage.options.reuse = Reuse::single_use();
    let host = stage.start().await;
    for _ in 0..3 {
        assert_eq!(ask(&host, "/requests").await.ok(), "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_instance_ends() {
    let mut stage = stage();
    stage.options.reuse.idle = Duration::from_millis(20);
    let host = stage.start().await;
    assert_eq!(ask(&host, "/requests").await.ok(), "1");
    let new = eventually(|| async {
        tokio::time::sleep(Duration::from_millis(40)).await;
        (ask(&host, "/requests").await.ok() == "1").then_some(())
    });
    new.await.expect("the instance answered again and again");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_wait_side_by_side() {
    let host = stage().start().await;
    ask(&host, "/requests").await.ok();
    let start = Instant::now();
    futures::future::join_all((0..40).map(|_| ask(&host, "/sleep/500")))
        .await
        .into_iter()
        .for_each(|answer| {
            answer.ok();
        });
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "40 pauses of half a second took {:?}",
        start.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_that_compute_do_not_keep_others_from_running_nor_the_host_from_stopping() {
    let stage = stage();
    let host = stage.start().await;
    let address = host.address();
    let busy: Vec<_> = (0..4)
        .map(|_| {
            tokio::spawn(async move { crate::client::get(address, "/compute/600000", &[]).await })
        })
        .collect();
    eventually(|| async { (stage.said().matches("computing").count() == 4).then_some(()) })
        .await
        .expect("four guests compute at the same time");

    let answer = tokio::time::timeout(Duration::from_secs(20), ask(&host, "/requests")).await;
    answer.expect("the request got no turn").ok();

    tokio::time::timeout(Duration::from_secs(20), host.stop())
        .await
        .expect("the host did not stop");
    for request in busy {
        request.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_after_the_response_and_past_the_idle_time() {
    for reuse in [Reuse::like_spin(), Reuse::single_use()] {
        let mut stage = stage();
        stage.options.reuse = Reuse {
            idle: Duration::from_millis(10),
            ..reuse
        };
        let host = stage.start().await;

        assert_eq!(
            ask(&host, "/later/300/set/default/key/done").await.ok(),
            "later"
        );
        assert_eq!(
            ask(&host, "/get/default/key").await.ok(),
            "(none)",
            "the answer did not wait for the work"
        );

        eventually(|| async {
            (ask(&host, "/get/default/key").await.ok() == "done").then_some(())
        })
        .await
        .expect("the work was not done");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_does_not_stop_its_request() {
    use tokio::io::AsyncWriteExt as _;

    let stage = stage();
    let host = stage.start().await;
    let mut client = tokio::net::TcpStream::connect(host.address())
        .await
        .unwrap();
    client
        .write_all(b"GET /after/300/set/default/key/done HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    stage.hear("waiting").await;
    drop(client);

    eventually(|| async { (ask(&host, "/get/default/key").await.ok() == "done").then_some(()) })
        .await
        .expect("the request was given up");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_the_host_cuts_work_after_the_response() {
    let stage = stage();
    let host = stage.start().await;
    ask(&host, "/later/200/set/default/key/done").await.ok();
    host.stop().await;

    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(
        ask(&stage.start().await, "/get/default/key").await.ok(),
        "(none)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_host_stops_it_too() {
    let stage = stage();
    let host = stage.start().await;
    let address = host.address();
    drop(host);
    eventually(|| async {
        tokio::net::TcpStream::connect(address)
            .await
            .is_err()
            .then_some(())
    })
    .await
    .expect("it still listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_an_empty_500_and_ends_only_its_instance() {
    let stage = stage();
    let host = stage.start().await;
    assert_eq!(ask(&host, "/requests").await.ok(), "1");

    let answer = ask(&host, "/trap").await;

    assert_eq!(
        (answer.status, answer.body.as_str()),
        (StatusCode::INTERNAL_SERVER_ERROR, "")
    );
    ask(&host, "/requests").await.ok();
    stage.hear("as asked").await;
    stage
        .hear("[probe: host] an instance failed, with everything it was working on: ")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_takes_the_other_requests_of_its_instance_along() {
    let stage = stage();
    let host = stage.start().await;
    let address = host.address();
    let path = "/after/60000/get/default/key";
    let waiting = tokio::spawn(async move { crate::client::get(address, path, &[]).await });
    stage.hear("waiting").await;

    // The first trap may be in an instance of its own.
    eventually(|| async {
        ask(&host, "/trap").await;
        waiting.is_finished().then_some(())
    })
    .await
    .expect("no trap ended the other request");

    assert_eq!(
        waiting.await.unwrap().status,
        StatusCode::INTERNAL_SERVER_ERROR
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_of_a_component_is_a_500_for_the_one_that_called_it() {
    let host = Stage::new(&probe(
        r#"allowed_outbound_hosts = ["http://probe.spin.internal"]"#,
    ))
    .start()
    .await;
    // The called instance may be the calling one, which would take the caller along.
    let answer = ask_to_send(&host, "http://probe.spin.internal/trap").await;
    assert!(
        answer.status == StatusCode::INTERNAL_SERVER_ERROR
            || answer.body == "500 Internal Server Error\n",
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_component_prints_is_handed_on_line_by_line() {
    let stage = stage();
    let host = stage.start().await;
    ask(&host, "/print/words").await.ok();
    stage.hear("[probe] to standard output: words").await;
    stage.hear("[probe] to standard error: words").await;
}
