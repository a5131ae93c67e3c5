//! Every request to a vendor names the delivery that led to it.

use std::collections::BTreeSet;

use anyhow::Result;
use e2e::Story;
use world::Vendor;

#[tokio::test(flavor = "multi_thread")]
async fn what_vendors_are_asked_names_the_delivery_that_led_to_it() -> Result<()> {
    let story = Story::start().await?;
    let pull = story.repository.open_pull_request("Add a cart", "cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story
        .until("a comment that says it is ready", |_| {
            let comments = pull.comments();
            comments
                .iter()
                .any(|comment| comment.body.contains("Ready"))
        })
        .await?;
    let list = story.api("GET", "/api/v1/deliveries").await?.json();
    let deliveries = list["deliveries"].as_array().into_iter().flatten();
    let known: BTreeSet<&str> = deliveries
        .filter_map(|delivery| delivery["guid"].as_str())
        .collect();
    assert!(known.len() >= 2, "{list}");
    let mut asked = 0;
    for entry in story.world.journal() {
        match entry.vendor {
            Vendor::GitHub | Vendor::Coolify => {
                let delivery = entry.correlation.clone().unwrap_or_default();
                assert!(
                    known.contains(delivery.as_str()),
                    "{delivery:?}: {}",
                    entry.line()
                );
                asked += 1;
            }
            // A preview is whatever its pull request makes of it: it is told nothing.
            Vendor::Previews => assert_eq!(entry.correlation, None, "{}", entry.line()),
            Vendor::ArgoCd
            | Vendor::Backstage
            | Vendor::Slack
            | Vendor::Receiver
            | Vendor::Harbor
            | Vendor::Platform
            | Vendor::Kubernetes => panic!("it has no part in this: {}", entry.line()),
        }
    }
    assert!(asked >= 8, "GitHub and Coolify were asked {asked} times");
    Ok(())
}
