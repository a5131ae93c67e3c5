//! Runs scripts of workflows as GitHub's runner does, with stand-ins for the programs that talk to somebody.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::workflow::Script;

/// A machine for scripts: a working folder, and programs that stand in front of the real ones.
#[derive(Debug)]
pub struct Runner {
    home: TempDir,
}

/// What came of a script.
#[derive(Debug)]
pub struct Outcome {
    /// Whether it ended with 0.
    pub succeeded: bool,
    /// What it printed, standard error included.
    pub printed: String,
    /// The outputs of the step.
    pub outputs: BTreeMap<String, String>,
    /// The summary of the job.
    pub summary: String,
}

impl Runner {
    /// A machine with an empty working folder.
    pub fn new() -> anyhow::Result<Self> {
        let home = tempfile::tempdir()?;
        for folder in ["work", "programs"] {
            fs::create_dir(home.path().join(folder))?;
        }
        Ok(Self { home })
    }

    /// The working folder.
    pub fn folder(&self) -> PathBuf {
        self.home.path().join("work")
    }

    /// Puts a program, as a shell script, in front of the one of that name. Its calls are recorded: see [`Self::calls`].
    pub fn stand_in(&self, name: &str, script: &str) -> anyhow::Result<()> {
        let file = self.home.path().join("programs").join(name);
        let record = self.home.path().join("calls");
        let text = format!(
            "#!/usr/bin/env bash\nprintf '%s' {name} >> {record:?}\nprintf ' %s' \"$@\" >> {record:?}\n\
             echo >> {record:?}\n{script}\n"
        );
        fs::write(&file, text)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    /// The calls of stand-ins until now, one a line.
    pub fn calls(&self) -> String {
        fs::read_to_string(self.home.path().join("calls")).unwrap_or_default()
    }

    /// Runs a script in the working folder.
    pub fn run(&self, script: &Script) -> anyhow::Result<Outcome> {
        self.run_in(&self.folder(), script)
    }

    /// Runs a script in a folder, as the runner runs `run` when it names no shell: `bash -e`.
    pub fn run_in(&self, folder: &Path, script: &Script) -> anyhow::Result<Outcome> {
        let file = |name: &str| self.home.path().join(name);
        fs::write(file("script"), &script.text)?;
        for empty in ["output", "summary"] {
            fs::write(file(empty), "")?;
        }
        let inherited = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("bash")
            .arg("-e")
            .arg(file("script"))
            .current_dir(folder)
            .env_clear()
            .env(
                "PATH",
                format!("{}:{inherited}", file("programs").display()),
            )
            .env("HOME", self.home.path())
            .env("GITHUB_OUTPUT", file("output"))
            .env("GITHUB_STEP_SUMMARY", file("summary"))
            .env("GITHUB_REPOSITORY", "acme/shop")
            .envs(script.environment.iter().cloned())
            .output()
            .context("cannot run bash")?;
        let outputs = fs::read_to_string(file("output"))?;
        Ok(Outcome {
            succeeded: output.status.success(),
            printed: format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            ),
            outputs: outputs
                .lines()
                .filter_map(|line| line.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            summary: fs::read_to_string(file("summary"))?,
        })
    }
}
