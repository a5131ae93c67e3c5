//! Many pull requests at once, against a Coolify with limits.

use sim::burst;

/// The bar: 200 pull requests within a minute, 200 requests a minute, 25 queued deployments.
#[test]
fn a_burst_of_200_pull_requests_ends_ready_without_a_storm_and_starves_nobody() {
    let burst = burst(0);
    assert_eq!(burst.violation, None, "{burst:?}");
    assert!(
        burst.refused * 20 <= burst.asked,
        "more than 1 in 20 requests were refused: {burst:?}"
    );
    assert!(
        burst.other_waited * 3 <= burst.crowd_ready,
        "the other repository waited for the crowd: {burst:?}"
    );
}
