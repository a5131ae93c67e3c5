//! Workflows that are started on somebody's word: directives in commit messages, and operations that people ask for. Both start
//! only what `.github/slipway.yml` names, with inputs that it allows.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::configuration::{Directive, Operation};

/// One message starts so many workflows at most.
const DIRECTIVES_MAX: usize = 10;

/// So many brackets of one message are looked at.
const BRACKETS_MAX: usize = 50;

/// The longest value of an input, in characters.
const VALUE_MAX: usize = 200;

/// A workflow to start.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dispatch {
    /// What it is called in the configuration.
    pub name: String,
    /// The workflow's file.
    pub workflow: String,
    /// Its inputs.
    pub inputs: BTreeMap<String, String>,
}

/// Why something is not started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotStarted {
    /// The value of a directive or input cannot be one.
    #[error(
        "{name} is not started: the value of {input} has characters that are not passed on; letters, digits, spaces and \
         . _ - / : , = + @ are, {VALUE_MAX} at most"
    )]
    Value {
        /// The directive or operation.
        name: String,
        /// The input.
        input: String,
    },
    /// The configuration does not allow this value.
    #[error("{name} is not started: {input} may be {allowed}")]
    NotAllowed {
        /// The operation.
        name: String,
        /// The input.
        input: String,
        /// What it may be.
        allowed: AnyOf,
    },
    /// A choice was not made.
    #[error("{name} is not started: {input} is missing, it may be {allowed}")]
    Missing {
        /// The operation.
        name: String,
        /// The input.
        input: String,
        /// What it may be.
        allowed: AnyOf,
    },
    /// The operation has no such input.
    #[error("{name} is not started: it has no input {input}, only {known}")]
    NoSuchInput {
        /// The operation.
        name: String,
        /// What was given, on one line and not at length.
        input: String,
        /// What there is.
        known: AnyOf,
    },
}

/// Some words, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyOf(Vec<String>);

impl fmt::Display for AnyOf {
    /// `a, b or c`; `nothing` for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("nothing"),
            [one] => f.write_str(one),
            [most @ .., last] => write!(f, "{} or {last}", most.join(", ")),
        }
    }
}

/// What of a commit message may hold directives: its brackets with several words, not at length. For those who keep it until the
/// configuration is known.
pub fn brackets(message: &str) -> Vec<String> {
    let inside = message.split('[').skip(1);
    inside
        .filter_map(|part| part.split_once(']'))
        .map(|(inside, _)| inside.trim())
        .filter(|inside| inside.contains(' ') && inside.len() <= 2 * VALUE_MAX)
        .take(BRACKETS_MAX)
        .map(|inside| format!("[{inside}]"))
        .collect()
}

/// The directives in a commit message: each `[name value]` whose name the configuration knows, once for each value, in their
/// order. What else stands in brackets is somebody else's.
pub fn directives(
    message: &str,
    known: &BTreeMap<String, Directive>,
) -> Vec<Result<Dispatch, NotStarted>> {
    let mut found: Vec<Result<Dispatch, NotStarted>> = Vec::new();
    for part in message.split('[').skip(1) {
        let Some((inside, _)) = part.split_once(']') else {
            continue;
        };
        let Some((name, value)) = inside.trim().split_once(' ') else {
            continue;
        };
        let Some(directive) = known.get(name) else {
            continue;
        };
        let value = value.trim();
        let one = if is_passed_on(value) {
            Ok(Dispatch {
                name: name.to_owned(),
                workflow: directive.workflow.clone(),
                inputs: BTreeMap::from([(directive.input.clone(), value.to_owned())]),
            })
        } else {
            Err(NotStarted::Value {
                name: name.to_owned(),
                input: directive.input.clone(),
            })
        };
        if !found.contains(&one) && found.len() < DIRECTIVES_MAX {
            found.push(one);
        }
    }
    found
}

/// An operation with the inputs that somebody gave: each must be one of its inputs, and one of the values that it may take. An
/// input for which no values are listed takes any, and is left to the workflow if it is not given. Where values are listed one must be
/// chosen: the workflow's own default might be none of them.
pub fn operation(
    name: &str,
    operation: &Operation,
    given: &BTreeMap<String, String>,
) -> Result<Dispatch, NotStarted> {
    for (input, value) in given {
        let Some(allowed) = operation.inputs.get(input) else {
            let mut input: String = input.chars().filter(|one| !one.is_control()).collect();
            input.truncate(
                input
                    .char_indices()
                    .nth(60)
                    .map_or(input.len(), |(at, _)| at),
            );
            return Err(NotStarted::NoSuchInput {
                name: name.to_owned(),
                input,
                known: AnyOf(operation.inputs.keys().cloned().collect()),
            });
        };
        if !allowed.is_empty() && !allowed.contains(value) {
            return Err(NotStarted::NotAllowed {
                name: name.to_owned(),
                input: input.clone(),
                allowed: AnyOf(allowed.clone()),
            });
        }
        // What the configuration lists was chosen by who may change it.
        if allowed.is_empty() && !is_passed_on(value) {
            return Err(NotStarted::Value {
                name: name.to_owned(),
                input: input.clone(),
            });
        }
    }
    let is_missing = |(input, allowed): &(&String, &Vec<String>)| {
        !allowed.is_empty() && !given.contains_key(*input)
    };
    if let Some((input, allowed)) = operation.inputs.iter().find(is_missing) {
        return Err(NotStarted::Missing {
            name: name.to_owned(),
            input: input.clone(),
            allowed: AnyOf(allowed.clone()),
        });
    }
    Ok(Dispatch {
        name: name.to_owned(),
        workflow: operation.workflow.clone(),
        inputs: given.clone(),
    })
}

/// Whether a value can do no harm even in a workflow that puts it into a shell command without quotes.
fn is_passed_on(value: &str) -> bool {
    let allowed = |character: char| {
        character.is_ascii_alphanumeric()
            || matches!(
                character,
                ' ' | '.' | '_' | '-' | '/' | ':' | ',' | '=' | '+' | '@'
            )
    };
    (1..=VALUE_MAX).contains(&value.len()) && value.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> BTreeMap<String, Directive> {
        let directive = |workflow: &str, input: &str| Directive {
            workflow: workflow.to_owned(),
            input: input.to_owned(),
        };
        BTreeMap::from([
            ("ansible".to_owned(), directive("ansible.yml", "playbook")),
            ("migrate".to_owned(), directive("migrate.yml", "to")),
        ])
    }

    fn started(message: &str) -> Vec<String> {
        directives(message, &known())
            .into_iter()
            .map(|one| match one {
                Ok(dispatch) => format!("{} {:?}", dispatch.workflow, dispatch.inputs),
                Err(problem) => problem.to_string(),
            })
            .collect()
    }

    #[test]
    fn a_message_starts_what_it_names_once_and_in_its_order() {
        let message = "Move the cart [migrate 42]\n\n[ansible site.yml -l web]\nagain: [ansible site.yml -l web] [ansible db.yml]";
        assert_eq!(
            started(message),
            [
                r#"migrate.yml {"to": "42"}"#,
                r#"ansible.yml {"playbook": "site.yml -l web"}"#,
                r#"ansible.yml {"playbook": "db.yml"}"#,
            ]
        );
    }

    #[test]
    fn the_brackets_of_a_message_hold_its_directives() {
        let message = "Move [migrate 42] [x]\n\n[ ansible site.yml ] [skip deploy] [y";
        let kept = brackets(message);
        assert_eq!(
            kept,
            ["[migrate 42]", "[ansible site.yml]", "[skip deploy]"]
        );
        assert_eq!(started(&kept.concat()), started(message));
        assert!(brackets(&format!("[ansible {}]", "x".repeat(500))).is_empty());
        assert_eq!(brackets(&"[a b]".repeat(99)).len(), BRACKETS_MAX);
    }

    #[test]
    fn other_brackets_are_somebody_elses() {
        for message in [
            "",
            "[skip deploy]",
            "[ansible]",
            "[ansible",
            "ansible x]",
            "[ Ansible x]",
            "[x [y] z]",
        ] {
            assert_eq!(started(message), Vec::<String>::new(), "{message}");
        }
        assert_eq!(
            started("[[ansible x]]"),
            [r#"ansible.yml {"playbook": "x"}"#]
        );
    }

    #[test]
    fn values_that_a_shell_would_read_are_refused_and_named_by_their_input() {
        for value in [
            "$(id)",
            "a;b",
            "a\nb",
            "a`b`",
            "é",
            "a|b",
            "\"x\"",
            &"x".repeat(201),
        ] {
            let told = started(&format!("[ansible {value}]"));
            assert!(
                told[0].starts_with("ansible is not started: the value of playbook has"),
                "{told:?}"
            );
        }
        assert_eq!(started(&"[ansible a] [ansible b]".repeat(50)).len(), 2);
        let many: String = (0..50)
            .map(|number| format!("[ansible {number}]"))
            .collect();
        assert_eq!(started(&many).len(), DIRECTIVES_MAX);
    }

    #[test]
    fn an_operation_takes_its_own_inputs_and_their_own_values_only() {
        let restart = Operation {
            workflow: "restart.yml".to_owned(),
            inputs: BTreeMap::from([
                (
                    "service".to_owned(),
                    vec!["web".to_owned(), "worker".to_owned()],
                ),
                ("reason".to_owned(), Vec::new()),
            ]),
        };
        let asked = |inputs: &[(&str, &str)]| {
            let given = inputs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            operation("restart", &restart, &given).map_err(|problem| problem.to_string())
        };
        let dispatch = asked(&[("service", "web"), ("reason", "it hangs")]).unwrap();
        assert_eq!(dispatch.workflow, "restart.yml");
        assert_eq!(dispatch.inputs.len(), 2);
        assert_eq!(asked(&[("service", "web")]).unwrap().inputs.len(), 1);
        let told = [
            asked(&[]),
            asked(&[("service", "db")]),
            asked(&[("force", "true")]),
            asked(&[("reason", "$(id)")]),
        ];
        let told: Vec<String> = told.into_iter().map(Result::unwrap_err).collect();
        assert_eq!(
            told[0],
            "restart is not started: service is missing, it may be web or worker"
        );
        assert_eq!(
            told[1],
            "restart is not started: service may be web or worker"
        );
        assert_eq!(
            told[2],
            "restart is not started: it has no input force, only reason or service"
        );
        assert!(told[3].contains("the value of reason"), "{}", told[3]);
    }
}
