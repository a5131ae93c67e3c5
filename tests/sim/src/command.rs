//! The command line: `sim [--world previews|releases] [--seeds N] [--seed S] [--storm calm|usual|wild] [--mutation NAME] [--lines N]`.

use anyhow::{Context, bail};

use crate::{Failure, Mutation, Options, Report, Storm, World, run};

const HELP: &str = "\
Runs the durable core under fire: simulated vendors, store, crashes and clocks, by seeds.

  --seeds N        run the seeds from 0 on, N of them (default 10000)
  --from S         begin with this seed instead of 0
  --seed S         run this one seed and tell its story
  --world NAME     previews (default), targets or releases
  --storm KIND     calm, usual (default) or wild
  --mutation NAME  break lease, order or save-before-effect on purpose
  --failures N     stop after N violations (default 1)
  --lines N        tell the last N lines of a story (default 60)
  --threads N      threads (default: one for each processor)
";

struct Arguments {
    options: Options,
    seeds: u64,
    from: u64,
    seed: Option<u64>,
    lines: usize,
}

/// Runs what the arguments ask for, and fails if something did not hold.
pub fn main(arguments: impl IntoIterator<Item = String>) -> anyhow::Result<()> {
    let mut parsed = Arguments {
        options: Options {
            progress: true,
            ..Options::default()
        },
        seeds: 10_000,
        from: 0,
        seed: None,
        lines: 60,
    };
    let mut arguments = arguments.into_iter();
    while let Some(name) = arguments.next() {
        if matches!(name.as_str(), "--help" | "-h") {
            println!("{HELP}");
            return Ok(());
        }
        let value = arguments
            .next()
            .with_context(|| format!("{name} needs a value\n\n{HELP}"))?;
        set(&mut parsed, &name, &value)?;
    }
    let range = match parsed.seed {
        Some(seed) => seed..seed + 1,
        None => parsed.from..parsed.from + parsed.seeds,
    };
    let report = run(range, parsed.options);
    tell(&report, parsed.lines);
    match report.failures.len() {
        0 => Ok(()),
        failures => bail!("{failures} of {} seeds broke an invariant", report.seeds),
    }
}

fn set(parsed: &mut Arguments, name: &str, value: &str) -> anyhow::Result<()> {
    let number = || {
        value
            .parse::<u64>()
            .with_context(|| format!("{name} is {value:?}, expected a number"))
    };
    match name {
        "--seeds" => parsed.seeds = number()?,
        "--from" => parsed.from = number()?,
        "--seed" => parsed.seed = Some(number()?),
        "--lines" => parsed.lines = usize::try_from(number()?)?,
        "--threads" => parsed.options.threads = usize::try_from(number()?)?,
        "--failures" => parsed.options.failures_max = usize::try_from(number()?)?,
        "--world" => {
            parsed.options.world = match value {
                "previews" => World::Previews,
                "targets" => World::Targets,
                "releases" => World::Releases,
                other => bail!("--world is {other:?}, expected previews, targets or releases"),
            }
        }
        "--storm" => {
            parsed.options.storm = match value {
                "calm" => Storm::Calm,
                "usual" => Storm::Usual,
                "wild" => Storm::Wild,
                other => bail!("--storm is {other:?}, expected calm, usual or wild"),
            }
        }
        "--mutation" => {
            let found = Mutation::ALL
                .into_iter()
                .find(|mutation| mutation.name() == value);
            parsed.options.mutation = Some(found.with_context(|| {
                format!("--mutation is {value:?}, expected lease, order or save-before-effect")
            })?);
        }
        other => bail!("unknown argument {other:?}\n\n{HELP}"),
    }
    Ok(())
}

fn tell(report: &Report, lines: usize) {
    for failure in &report.failures {
        tell_failure(failure, lines);
    }
    let seconds = report.elapsed.as_secs_f64();
    let rate = report.seeds as f64 / seconds.max(0.001);
    println!(
        "{} seeds in {seconds:.1} s ({rate:.0} a second)",
        report.seeds
    );
    let counted: Vec<String> = report
        .totals
        .named()
        .iter()
        .map(|(name, count)| format!("{} {}", count, name.replace('_', " ")))
        .collect();
    println!("{}", counted.join(", "));
}

fn tell_failure(failure: &Failure, lines: usize) {
    let from = failure.story.len().saturating_sub(lines);
    println!("seed {}: {}", failure.seed, failure.violation);
    for line in failure.story.iter().skip(from) {
        println!("  {line}");
    }
    println!(
        "replay with --seed {}, and the other arguments as they were\n",
        failure.seed
    );
}
