//! Workflows of GitHub Actions: their jobs and steps, with expressions evaluated.

use anyhow::Context as _;
use serde_json::{Map, Value};

use crate::{expression, places};

/// A workflow.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Its file, from the root of the project.
    pub name: String,
    /// Its YAML.
    pub document: Value,
}

/// One step of a job, ready to be run.
#[derive(Debug, Clone)]
pub struct Script {
    /// What `run` says.
    pub text: String,
    /// The variables that the workflow, the job and the step set.
    pub environment: Vec<(String, String)>,
}

impl Workflow {
    /// Reads a workflow of `templates/github/workflows`.
    pub fn template(file: &str) -> anyhow::Result<Self> {
        Self::read(&format!("templates/github/workflows/{file}"))
    }

    /// Reads a workflow, named from the root of the project.
    pub fn read(name: &str) -> anyhow::Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            document: places::document(name)?,
        })
    }

    /// The jobs, by their ids.
    pub fn jobs(&self) -> anyhow::Result<&Map<String, Value>> {
        let jobs = self.document.get("jobs").and_then(Value::as_object);
        jobs.with_context(|| format!("{} has no jobs", self.name))
    }

    /// One job.
    pub fn job(&self, id: &str) -> anyhow::Result<&Value> {
        let job = self.jobs()?.get(id);
        job.with_context(|| format!("{} has no job {id:?}", self.name))
    }

    /// The steps of a job; none of one that calls another workflow.
    pub fn steps(job: &Value) -> &[Value] {
        let steps = job.get("steps").and_then(Value::as_array);
        steps.map_or(&[], Vec::as_slice)
    }

    /// Whether a job runs: its condition holds, and what it needs has succeeded, unless the condition looks at that itself.
    pub fn runs(&self, id: &str, contexts: &Value) -> anyhow::Result<bool> {
        let job = self.job(id)?;
        let condition = job.get("if").and_then(Value::as_str).unwrap_or("true");
        let looks_itself = ["always()", "cancelled()", "failure()", "success()"]
            .iter()
            .any(|function| condition.contains(function));
        let have_succeeded = needs(job).iter().all(|needed| {
            let result = contexts.pointer(&format!("/needs/{needed}/result"));
            result.and_then(Value::as_str) == Some("success")
        });
        Ok((looks_itself || have_succeeded) && expression::holds(condition, contexts)?)
    }

    /// The script of the step with this name, with the variables that it sees.
    pub fn script(&self, job: &str, step: &str, contexts: &Value) -> anyhow::Result<Script> {
        let job_value = self.job(job)?;
        let found = Self::steps(job_value)
            .iter()
            .find(|candidate| candidate.get("name").and_then(Value::as_str) == Some(step))
            .with_context(|| format!("{}: the job {job:?} has no step {step:?}", self.name))?;
        let text = found
            .get("run")
            .and_then(Value::as_str)
            .with_context(|| format!("{}: the step {step:?} runs no script", self.name))?;
        let mut contexts = contexts.clone();
        let mut environment = Map::new();
        for level in [&self.document, job_value, found] {
            let variables = level.get("env").and_then(Value::as_object);
            for (name, value) in variables.into_iter().flatten() {
                let value = match value.as_str() {
                    Some(text) => expression::expand(text, &contexts)?,
                    None => value.to_string(),
                };
                environment.insert(name.clone(), value.into());
            }
            if let Some(contexts) = contexts.as_object_mut() {
                contexts.insert("env".to_owned(), environment.clone().into());
            }
        }
        let environment = environment
            .into_iter()
            .filter_map(|(name, value)| match value {
                Value::String(text) => Some((name, text)),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_) => None,
            });
        Ok(Script {
            text: text.to_owned(),
            environment: environment.collect(),
        })
    }
}

/// The jobs that a job needs.
pub fn needs(job: &Value) -> Vec<&str> {
    match job.get("needs") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
            Vec::new()
        }
    }
}
