//! The load of a storm: what happens to many pull requests at the same time, and its deliveries.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{PATIENCE, Story};
use tokio::task::JoinSet;
use world::{Attempt, PullRequest, Run};

use super::{dice::Dice, fleet::Fleet};

/// How many pull requests there are.
pub const PULL_REQUESTS: usize = 50;

/// How many deliveries the life of each leads to.
const DELIVERIES_EACH: usize = 10;

/// How many deliveries there are in all.
pub const DELIVERIES: usize = PULL_REQUESTS * DELIVERIES_EACH;

/// Between two things that happen: all of them take some 25 seconds, or longer where instances take their time to start.
const PACE: Duration = Duration::from_millis(60);

/// Instances are killed at least so often meanwhile.
pub const KILLS_MIN: usize = 8;

/// What happens to a pull request, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happening {
    Opened,
    Built,
    Pushed,
    Labelled,
    Ended,
}

/// Twice built: once for each of its two commits. A build has a beginning and an end.
const LIFE: [Happening; 8] = {
    use Happening::{Built, Ended, Labelled, Opened, Pushed};
    [Opened, Built, Built, Pushed, Built, Built, Labelled, Ended]
};

/// A pull request and how far its life is.
#[derive(Default)]
struct Life {
    pull: Option<PullRequest>,
    run: Option<Run>,
    lived: usize,
}

impl Life {
    /// Lets the next thing happen. Returns whether it was the last.
    fn go_on(&mut self, story: &Story, number: usize) -> bool {
        let Some(happening) = LIFE.get(self.lived) else {
            return true;
        };
        self.lived += 1;
        let branch = format!("feature/{number}");
        let pull = self
            .pull
            .get_or_insert_with(|| story.repository.open_pull_request("Add a cart", &branch));
        match happening {
            Happening::Opened => {}
            Happening::Built => match self.run.take() {
                Some(run) => run.succeed(),
                None => self.run = Some(story.repository.run("CI").for_pull_request(pull).start()),
            },
            Happening::Pushed => drop(pull.push()),
            Happening::Labelled => pull.label("reviewed"),
            Happening::Ended => match number % 4 {
                0 => drop(pull.merge()),
                2 => pull.close(),
                _ => pull.retitle("Add a shopping cart"),
            },
        }
        self.lived == LIFE.len()
    }
}

/// Lets all the pull requests live, and sends what GitHub sends to whichever instance chance picks, dead ones too.
pub async fn live(story: &Story, fleet: &Fleet<'_>, mut dice: Dice) -> Result<()> {
    let mut lives: Vec<(usize, Life)> = (0..PULL_REQUESTS)
        .map(|number| (number, Life::default()))
        .collect();
    let webhooks = story.world.github().webhooks();
    let mut sending = JoinSet::new();
    let mut pace = tokio::time::interval(PACE);
    let all = PULL_REQUESTS * LIFE.len();
    let mut happened = 0;
    while !lives.is_empty() {
        pace.tick().await;
        if fleet.kills() < KILLS_MIN * happened / all {
            continue;
        }
        happened += 1;
        let place = dice.below(lives.len());
        if lives
            .get_mut(place)
            .is_none_or(|(number, life)| life.go_on(story, *number))
        {
            lives.swap_remove(place);
        }
        while let Some(guid) = webhooks.take() {
            let (webhooks, url) = (webhooks.clone(), webhook(&fleet.any_url(&mut dice)));
            sending.spawn(async move { webhooks.deliver(&guid, &url).await });
        }
    }
    while let Some(sent) = sending.join_next().await {
        sent?;
    }
    Ok(())
}

/// Has GitHub deliver again what it shows as failed, as a person or a script does. Returns how many there were.
pub async fn redeliver_failed(story: &Story, fleet: &Fleet<'_>, mut dice: Dice) -> Result<usize> {
    let webhooks = story.world.github().webhooks();
    let all = webhooks.all();
    let failed = all
        .iter()
        .filter(|delivery| !delivery.attempts.iter().any(Attempt::is_ok));
    let mut count = 0;
    for delivery in failed {
        count += 1;
        let began = std::time::Instant::now();
        loop {
            let url = webhook(&fleet.any_url(&mut dice));
            let attempt = webhooks.redeliver(&delivery.guid, &url).await;
            if attempt.as_ref().is_some_and(Attempt::is_ok) {
                break;
            }
            ensure!(
                began.elapsed() < PATIENCE,
                "nobody takes {}: {attempt:?}",
                delivery.guid
            );
        }
    }
    Ok(count)
}

fn webhook(url: &str) -> String {
    format!("{url}/webhooks/github")
}
