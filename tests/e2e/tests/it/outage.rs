//! A vendor that is down for all: it is left alone, and the others are not held up.

use anyhow::Result;
use e2e::Story;
use world::{Fault, PullRequest, Vendor};

/// So many requests may reach a vendor before all know that it is down: the failures that open the circuit, and for each preview
/// one that was under way by then.
const FOUND_OUT: u32 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_is_down_is_left_alone_and_everything_goes_on_when_it_is_back() -> Result<()>
{
    let story = Story::start().await?;
    let down = story.world.fault(Vendor::Coolify).is(Fault::Close);
    let pulls: Vec<PullRequest> = (1..=8)
        .map(|number| {
            let branch = format!("feature/{number}");
            let pull = story.repository.open_pull_request("Add a cart", &branch);
            story.repository.run("CI").for_pull_request(&pull).succeed();
            pull
        })
        .collect();
    for pull in &pulls {
        // GitHub works: people read why they wait.
        let comment = story.comment_with(pull, "left alone").await?;
        assert!(
            comment.contains("Coolify has been failing since"),
            "{comment}"
        );
    }
    let told = story.reconcile().await?.text();
    assert!(told.contains(r#""vendors_paused":[{"#), "{told}");
    let bound = FOUND_OUT + u32::try_from(pulls.len())?;
    assert!(
        (FOUND_OUT..=bound).contains(&down.hits()),
        "{} requests reached a vendor that is down, at most {bound} should",
        down.hits()
    );
    down.lift();
    let ready = |pull: &PullRequest| {
        pull.slipway_comment()
            .is_some_and(|comment| comment.body.contains("✅ Ready"))
    };
    story
        .reconcile_until("all previews", |_| pulls.iter().all(ready))
        .await?;
    for pull in &pulls {
        assert_eq!(story.deployments_of(pull), 1, "#{}", pull.number());
    }
    let told = story.reconcile().await?.text();
    assert!(told.contains(r#""vendors_paused":[]"#), "{told}");
    story.world.assert_clean();
    Ok(())
}
