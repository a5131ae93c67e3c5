//! Workflows that are started by hand: what their files say of that, and which were started.

use std::collections::BTreeMap;

use serde::Serialize;

use super::repository::Repository;

/// A workflow that was started by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dispatch {
    /// The repository's numeric id.
    pub repository: u64,
    /// The workflow's file.
    pub workflow: String,
    /// The branch or tag that it runs on.
    pub branch: String,
    /// Its inputs, those of the workflow's defaults included.
    pub inputs: BTreeMap<String, String>,
    /// The run's id.
    pub run: u64,
}

/// An input of a workflow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) required: bool,
    pub(crate) default: Option<String>,
    /// What may be chosen; empty for anything.
    pub(crate) options: Vec<String>,
}

/// The inputs of a workflow's `workflow_dispatch`; none if that is not among its triggers. Reads the usual form: one key a line.
pub(crate) fn inputs(workflow: &str) -> Option<BTreeMap<String, Input>> {
    let lines: Vec<(usize, &str)> = workflow
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map(|line| (line.len() - line.trim_start().len(), line.trim()))
        .collect();
    let trigger = lines
        .iter()
        .position(|(_, line)| line.contains("workflow_dispatch"))?;
    let mut inputs: BTreeMap<String, Input> = BTreeMap::new();
    let Some((depth, _)) = lines.get(trigger) else {
        return Some(inputs);
    };
    let inside = lines
        .iter()
        .skip(trigger + 1)
        .take_while(|(indent, _)| indent > depth);
    let mut of_names = None;
    let mut current = None;
    for (indent, line) in inside {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.trim().trim_matches(['"', '\'']);
        match of_names {
            None if key == "inputs" => {}
            None => of_names = Some(*indent),
            Some(_) => {}
        }
        if of_names == Some(*indent) {
            inputs.insert(key.to_owned(), Input::default());
            current = Some(key.to_owned());
            continue;
        }
        let Some(input) = current.as_ref().and_then(|name| inputs.get_mut(name)) else {
            continue;
        };
        if let Some(option) = line.strip_prefix("- ") {
            input
                .options
                .push(option.trim_matches(['"', '\'']).to_owned());
        } else if key == "required" {
            input.required = value == "true";
        } else if key == "default" {
            input.default = Some(value.to_owned());
        }
    }
    Some(inputs)
}

/// The title of a run with these inputs: the workflow's `run-name`, with the inputs filled in; none if it has none.
pub(crate) fn run_name(workflow: &str, inputs: &BTreeMap<String, String>) -> Option<String> {
    let name = workflow
        .lines()
        .find_map(|line| line.strip_prefix("run-name:"))?;
    let mut name = name.trim().trim_matches(['"', '\'']).to_owned();
    for (input, value) in inputs {
        name = name.replace(&format!("${{{{ inputs.{input} }}}}"), value);
    }
    Some(name)
}

impl Repository {
    /// Workflows that were started by hand, oldest first. Their runs go on as the story says: `repository.runs()` has them.
    #[must_use]
    pub fn dispatches(&self) -> Vec<Dispatch> {
        let all = self.shared.look(|state| state.github.dispatches.clone());
        all.into_iter()
            .filter(|dispatch| dispatch.repository == self.id)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_says_what_it_takes() {
        let workflow = "name: Smoke\non:\n  push:\n    branches: [main]\n  workflow_dispatch:\n    inputs:\n      url:\n        \
                        description: Where\n        required: true\n      level:\n        type: choice\n        default: short\n        \
                        options:\n          - short\n          - long\njobs:\n  test:\n    inputs: x\n";
        let found = inputs(workflow).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["level", "url"]);
        assert!(found["url"].required);
        assert_eq!(found["level"].options, ["short", "long"]);
        assert_eq!(found["level"].default.as_deref(), Some("short"));
        assert_eq!(
            inputs("on: [push, workflow_dispatch]\njobs: {}\n"),
            Some(BTreeMap::new())
        );
        assert_eq!(inputs("on: push\n"), None);
    }
}
