//! When a delivery that failed is tried again.

use std::time::Duration;

use domain::DeliveryGuid;

/// After so many attempts a delivery is dead: about three hours after it came.
pub(crate) const ATTEMPTS_MAX: u32 = 8;

/// The longest pause between two attempts, before the jitter.
const PAUSE_MAX: Duration = Duration::from_secs(60 * 60);

/// The pause after the attempt with this number (from 1): 10 s, 40 s, 160 s … up to an hour, each a tenth longer or shorter,
/// so that deliveries that failed together do not come back together.
pub(crate) fn pause_after(attempt: u32, guid: &DeliveryGuid) -> Duration {
    let steps = attempt.saturating_sub(1).min(8);
    let pause = Duration::from_secs(10 << (2 * steps)).min(PAUSE_MAX);
    // FNV-1a: any even spread over deliveries and attempts will do, and this one is the same in every test.
    let spread = guid
        .as_str()
        .bytes()
        .chain(attempt.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let percent = 90 + u32::try_from((spread >> 32) % 21).unwrap_or(10);
    pause * percent / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guid(number: u32) -> DeliveryGuid {
        format!("guid-{number}").parse().unwrap()
    }

    #[test]
    fn pauses_grow_fourfold_up_to_an_hour() {
        for (attempt, seconds) in [
            (1, 10),
            (2, 40),
            (3, 160),
            (4, 640),
            (5, 2560),
            (6, 3600),
            (7, 3600),
            (u32::MAX, 3600),
        ] {
            let pause = pause_after(attempt, &guid(1)).as_secs_f64();
            let expected = f64::from(seconds);
            assert!(
                (expected * 0.9..=expected * 1.1).contains(&pause),
                "after attempt {attempt}: {pause} s, expected about {expected} s"
            );
        }
    }

    #[test]
    fn deliveries_that_failed_together_come_back_spread() {
        let mut pauses: Vec<Duration> = (0..100)
            .map(|number| pause_after(6, &guid(number)))
            .collect();
        pauses.sort();
        pauses.dedup();
        assert!(
            pauses.len() > 15,
            "only {} different pauses of 21",
            pauses.len()
        );
    }
}
