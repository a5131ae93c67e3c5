//! Slipway running: on the embedded host inside the test, on the same host as a process of its own, or on Spin.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use host::{AnswerWatch, LogSink, Options, Reuse, StoreCall, StoreWatch};

/// The environment variable that names a `spin` binary to run on.
const SPIN: &str = "SLIPWAY_SPIN";

/// How long a process may take until it answers: Spin compiles all components first.
const START_PATIENCE: Duration = Duration::from_secs(300);

/// What Slipway logged so far, a line each.
pub type Lines = Arc<Mutex<Vec<String>>>;

/// What Slipway's components asked of their stores so far, in the order of the answers.
type Calls = Arc<Mutex<Vec<StoreCall>>>;

/// Slipway, listening.
pub struct Slipway {
    /// Where it listens, without a slash at the end.
    pub url: String,
    lines: Lines,
    answers: Lines,
    calls: Calls,
    /// None once it was stopped.
    engine: Option<Engine>,
}

enum Engine {
    Embedded(host::Running),
    Process(Process),
}

/// Where and how Slipway is to run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) manifest: PathBuf,
    pub(crate) runtime_config: PathBuf,
    pub(crate) state_dir: PathBuf,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) single_use: bool,
}

impl Slipway {
    /// Whether Slipway runs on Spin, as the environment says.
    pub fn runs_on_spin() -> bool {
        std::env::var_os(SPIN).is_some()
    }

    /// Starts on Spin if the environment says so, else on the embedded host.
    pub(crate) async fn start(plan: &Plan) -> Result<Self> {
        if let Some(spin) = std::env::var_os(SPIN) {
            return Self::start_process(spin_command(Path::new(&spin), plan)?).await;
        }
        let lines = Lines::default();
        let sink = Arc::clone(&lines);
        let mut options = Options::new(&plan.manifest);
        options.runtime_config = Some(plan.runtime_config.clone());
        options.state_dir.clone_from(&plan.state_dir);
        options.variables.clone_from(&plan.variables);
        options.reuse = if plan.single_use {
            Reuse::single_use()
        } else {
            Reuse::like_spin()
        };
        options.log = LogSink::callback(move |line| note(&sink, line.to_string()));
        let calls = Calls::default();
        let sink = Arc::clone(&calls);
        options.store_watch = StoreWatch::callback(move |call| note(&sink, call));
        let answers = Lines::default();
        let sink = Arc::clone(&answers);
        options.answer_watch = AnswerWatch::callback(move |answer| note(&sink, answer.to_owned()));
        let running = host::start(options).await?;
        Ok(Self {
            url: running.url(),
            lines,
            answers,
            calls,
            engine: Some(Engine::Embedded(running)),
        })
    }

    /// Starts another application as Slipway is started, on Spin or on the embedded host, with its state in `directory`.
    pub async fn start_other(
        directory: &Path,
        manifest: &str,
        runtime_config: &str,
    ) -> Result<Self> {
        let plan = Plan {
            manifest: directory.join("spin.toml"),
            runtime_config: directory.join("runtime-config.toml"),
            state_dir: directory.join("state"),
            variables: BTreeMap::new(),
            single_use: true,
        };
        std::fs::write(&plan.manifest, manifest).context("writing the manifest")?;
        std::fs::write(&plan.runtime_config, runtime_config)
            .context("writing the runtime configuration")?;
        Self::start(&plan).await
    }

    /// Starts as a process of its own, on Spin if the environment says so, else on the embedded host whose binary is `host`.
    pub(crate) async fn start_apart(plan: &Plan, host: &Path) -> Result<Self> {
        let command = match std::env::var_os(SPIN) {
            Some(spin) => spin_command(Path::new(&spin), plan)?,
            None => host_command(host, plan)?,
        };
        Self::start_process(command).await
    }

    async fn start_process((command, url): (Command, String)) -> Result<Self> {
        let (process, lines) = Process::start(command, &url).await?;
        Ok(Self {
            url,
            lines,
            answers: Lines::default(),
            calls: Calls::default(),
            engine: Some(Engine::Process(process)),
        })
    }

    /// What it logged so far.
    pub fn log(&self) -> Vec<String> {
        noted(&self.lines)
    }

    /// What it logs, also from now on.
    pub(crate) fn lines(&self) -> Lines {
        Arc::clone(&self.lines)
    }

    /// All its answers, whoever asked, also from now on; nothing is known of a process of its own.
    pub(crate) fn answers(&self) -> Lines {
        Arc::clone(&self.answers)
    }

    /// What its components asked of their stores so far; nothing is known of a process of its own.
    pub fn store_calls(&self) -> Vec<StoreCall> {
        noted(&self.calls)
    }

    /// Stops it as SIGKILL does: nothing more is done, at once. The embedded host inside the test is stopped as by SIGINT, which
    /// comes to the same for its components.
    pub async fn kill(&mut self) -> Result<()> {
        match self.engine.take() {
            Some(Engine::Embedded(running)) => running.stop().await,
            Some(Engine::Process(mut process)) => process.kill()?,
            None => {}
        }
        Ok(())
    }
}

/// A process that is killed with the story.
pub struct Process(Child);

impl Process {
    async fn start(mut command: Command, url: &str) -> Result<(Self, Lines)> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {command:?}"))?;
        let lines = Lines::default();
        if let Some(stderr) = child.stderr.take() {
            let sink = Arc::clone(&lines);
            std::thread::spawn(move || {
                BufReader::new(stderr)
                    .lines()
                    .map_while(Result::ok)
                    .for_each(|line| note(&sink, line));
            });
        }
        let mut process = Self(child);
        let started = Instant::now();
        loop {
            let asked = world::send(
                "GET",
                &format!("{url}/"),
                &[],
                Vec::new(),
                Duration::from_secs(5),
            )
            .await;
            if asked.is_ok() {
                return Ok((process, lines));
            }
            let log = || {
                lines
                    .lock()
                    .map(|lines| lines.join("\n"))
                    .unwrap_or_default()
            };
            if let Some(status) = process.0.try_wait()? {
                bail!("{command:?} ended with {status}:\n{}", log());
            }
            if started.elapsed() > START_PATIENCE {
                bail!("{command:?} does not answer at {url}:\n{}", log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn kill(&mut self) -> Result<()> {
        self.0.kill().context("killing the process")?;
        self.0.wait().context("waiting for the killed process")?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already, and there is nobody to tell.
        drop(self.kill());
    }
}

fn spin_command(spin: &Path, plan: &Plan) -> Result<(Command, String)> {
    let address = free_address()?;
    let mut command = Command::new(spin);
    command
        .args(["up", "--listen", &address, "--from"])
        .arg(&plan.manifest)
        .arg("--runtime-config-file")
        .arg(&plan.runtime_config)
        .arg("--state-dir")
        .arg(&plan.state_dir);
    set_variables(&mut command, plan);
    Ok((command, format!("http://{address}")))
}

fn host_command(host: &Path, plan: &Plan) -> Result<(Command, String)> {
    let address = free_address()?;
    let mut command = Command::new(host);
    command
        .arg(&plan.manifest)
        .arg(&plan.runtime_config)
        .arg(&plan.state_dir)
        .arg(&address);
    set_variables(&mut command, plan);
    Ok((command, format!("http://{address}")))
}

fn set_variables(command: &mut Command, plan: &Plan) {
    for (name, value) in &plan.variables {
        command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
    }
}

/// An address that is free now. Somebody else may take it in between; then the process says so and the story fails.
fn free_address() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
    Ok(listener.local_addr()?.to_string())
}

/// What was noted so far.
pub(crate) fn noted<T: Clone>(notes: &Mutex<Vec<T>>) -> Vec<T> {
    notes.lock().map(|notes| notes.clone()).unwrap_or_default()
}

pub(crate) fn note<T>(notes: &Mutex<Vec<T>>, note: T) {
    if let Ok(mut notes) = notes.lock() {
        notes.push(note);
    }
}
