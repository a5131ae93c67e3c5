//! What goes wrong in a seed, and how often: drawn anew for each seed, so that rare troubles also come alone and in pairs.

use crate::random::Random;

/// How rough a seed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Storm {
    /// Nothing fails; only deliveries overtake each other.
    Calm,
    /// Each trouble is absent, rare or frequent.
    #[default]
    Usual,
    /// Every trouble is frequent.
    Wild,
}

/// How often each trouble comes, of a million calls.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// A process dies before or after the effect of a call.
    pub(crate) crash: u64,
    pub(crate) store: StoreFaults,
    pub(crate) github: HttpFaults,
    pub(crate) coolify: HttpFaults,
    pub(crate) delivery: DeliveryFaults,
    /// GitHub's API answers from a copy that is so old, in milliseconds at most.
    pub(crate) lag: u64,
    /// Coolify reports that a deployment failed.
    pub(crate) deployment_fails: u64,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StoreFaults {
    pub(crate) before: u64,
    pub(crate) after: u64,
    pub(crate) slow: u64,
    /// Nothing works for some seconds.
    pub(crate) outage: u64,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HttpFaults {
    /// No connection.
    pub(crate) refused: u64,
    /// No answer in time; whether it was done is a coin's toss.
    pub(crate) silent: u64,
    /// Done, but the answer breaks off, is cut short or is rubbish.
    pub(crate) garbled: u64,
    /// 5xx; whether it was done is a coin's toss.
    pub(crate) server_error: u64,
    /// 429 with `Retry-After`, and GitHub's other limits.
    pub(crate) limited: u64,
    /// Slow.
    pub(crate) slow: u64,
    /// Nothing works for some minutes.
    pub(crate) outage: u64,
    /// Coolify answers 200 and refuses.
    pub(crate) refusal: u64,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DeliveryFaults {
    pub(crate) lost: u64,
    pub(crate) late: u64,
    pub(crate) twice: u64,
}

impl Faults {
    /// The troubles of one seed.
    pub(crate) fn draw(storm: Storm, random: &Random) -> Self {
        let rate = |rare: u64, frequent: u64| match storm {
            Storm::Calm => 0,
            Storm::Usual => random.pick(&[0, rare, frequent]),
            Storm::Wild => frequent,
        };
        let http = || HttpFaults {
            refused: rate(10_000, 150_000),
            silent: rate(10_000, 100_000),
            garbled: rate(10_000, 100_000),
            server_error: rate(10_000, 150_000),
            limited: rate(10_000, 100_000),
            slow: rate(20_000, 400_000),
            outage: rate(0, 10_000),
            refusal: rate(0, 30_000),
        };
        Self {
            crash: rate(300, 8_000),
            store: StoreFaults {
                before: rate(500, 15_000),
                after: rate(500, 15_000),
                slow: rate(1_000, 20_000),
                outage: rate(0, 300),
            },
            github: http(),
            coolify: http(),
            delivery: DeliveryFaults {
                lost: rate(30_000, 300_000),
                late: rate(100_000, 500_000),
                twice: rate(50_000, 300_000),
            },
            lag: rate(1_000, 8_000),
            deployment_fails: rate(0, 200_000),
        }
    }
}
