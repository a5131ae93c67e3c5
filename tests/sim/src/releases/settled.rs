//! What must hold of releases in the end: both environments run the newest commit, say so, and nothing is left to do.

use std::rc::Rc;

use domain::{CommitSha, release::Line};
use ports::Label;

use super::{Environment, line, with};
use crate::{kernel::MINUTE, sim::Sim};

/// Each environment runs the commit, says that it is live, and has nothing in hand; GitHub shows it as the one that is live.
pub(super) fn released(sim: &Rc<Sim>, commit: &CommitSha) -> Result<(), String> {
    for environment in Environment::ALL {
        let name = environment.name();
        let Some(line) = line(sim, environment) else {
            return Err(format!("nothing is known of {name}"));
        };
        let overview = line.overview(sim.now());
        let waiting = || {
            let told = overview.waiting.iter();
            let told =
                told.map(|one| format!("{} {}: {}", one.commit.short(), one.phase, one.reason));
            let running = overview.running.iter();
            let running =
                running.map(|one| format!("{} {}: {}", one.commit.short(), one.phase, one.reason));
            let all: Vec<String> = running.chain(told).collect();
            format!(
                "{} (hold {:?}, trouble {:?})",
                all.join("; "),
                overview.hold,
                overview.trouble
            )
        };
        let live = overview.live.as_ref().map(|live| &live.commit);
        if live != Some(commit) {
            let live = live.map(CommitSha::short);
            return Err(format!(
                "{name}: {live:?} is live and not {}: {}",
                commit.short(),
                waiting()
            ));
        }
        if overview.running.is_some() {
            return Err(format!("{name}: a release is still in hand: {}", waiting()));
        }
        let now = sim.kernel.now();
        let runs = with(sim, |world| {
            let application = world.argocd.of(environment);
            application.is_some_and(|application| application.runs_well(commit, now))
        });
        if !runs {
            return Err(format!(
                "{name}: Argo CD does not run {} well",
                commit.short()
            ));
        }
        shown_on_github(sim, (name, &line), commit)?;
    }
    Ok(())
}

/// Of an environment's deployments on GitHub one is active, that of the commit, and only what waits is at work. A known gap: one that
/// was made by a process that died, or whose release was superseded before its lost answer was looked for, never says anything.
fn shown_on_github(
    sim: &Rc<Sim>,
    (environment, line): (&str, &Line),
    commit: &CommitSha,
) -> Result<(), String> {
    let waiting = line.releases(sim.now()).into_iter();
    let waiting: Vec<u64> = waiting.filter_map(|release| release.deployment).collect();
    with(sim, |world| {
        let own = || {
            world
                .deployments
                .iter()
                .filter(|one| one.environment == environment)
        };
        let active: Vec<_> = own().filter(|one| one.state == "success").collect();
        let at_work = own().find(|one| {
            let is_at_work = matches!(one.state.as_str(), "queued" | "in_progress" | "pending");
            is_at_work && !waiting.contains(&one.id)
        });
        let twice = own().find(|one| {
            let mut same = own().filter(|other| other.mark == one.mark && !other.state.is_empty());
            same.nth(1).is_some()
        });
        Some(match (active.as_slice(), at_work, twice) {
            ([one], None, None) if one.commit == commit.as_str() => Ok(()),
            (_, Some(at_work), _) => Err(format!("GitHub shows {at_work:?} at work")),
            (_, _, Some(twice)) => Err(format!("two deployments are {}", twice.mark)),
            (active, None, None) => Err(format!("GitHub shows {active:?} as active")),
        })
    })
    .unwrap_or(Ok(()))
}

/// No delivery, no mail and nothing overdue is left.
pub(super) fn queue_is_quiet(sim: &Rc<Sim>) -> Result<(), String> {
    let overdue = sim.now().milliseconds() - i64::try_from(10 * MINUTE / 1_000).unwrap_or_default();
    let keys = sim.store.borrow_mut().keys(Label::Queue);
    for key in keys {
        let value = sim.store.borrow_mut().value(Label::Queue, &key);
        let at = value.and_then(|value| String::from_utf8(value).ok()?.parse::<i64>().ok());
        if !key.starts_with("due/") || at.is_none_or(|at| at < overdue) {
            return Err(format!("{key} is left in the queue ({at:?})"));
        }
    }
    Ok(())
}
