//! Which variables previews share with production, with and without a token that may see values.

use domain::preview::{Inherited, Reaction, Trouble};
use serde_json::{Value, json};
use vendors::{CallError, coolify::Client};

use crate::script::{Script, TOKEN, now};

fn read(script: &Script) -> Result<Inherited, CallError> {
    let client = Client::new(script, "https://coolify.example", TOKEN);
    let application = "a8k4o0wcgkk4ks0w8s4g0s8k".parse().expect("a uuid");
    now(client.inherited_variables(&application))
}

/// A variable of production's (`own`: of the previews'), made and last changed at these seconds of a minute.
fn variable(key: &str, own: bool, (made, changed): (u32, u32), value: Option<Value>) -> Value {
    let time = |second: u32| format!("2026-08-01T12:00:{second:02}.000000Z");
    let mut variable = json!({
        "key": key, "is_preview": own, "is_runtime": true, "created_at": time(made), "updated_at": time(changed),
    });
    if let Some(value) = value {
        variable["value"] = value;
    }
    variable
}

fn found(variables: &[Value]) -> Inherited {
    let script = Script::one(200, &json!(variables).to_string());
    read(&script).expect("a list")
}

#[test]
fn both_sets_are_read_with_one_request() {
    let script = Script::one(200, "[]");
    assert_eq!(read(&script).unwrap(), Inherited::default());
    insta::assert_snapshot!(script.asked(), @r#"
    GET https://coolify.example/api/v1/applications/a8k4o0wcgkk4ks0w8s4g0s8k/envs
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    time limit: 30 s
    "#);
}

#[test]
fn values_tell_what_is_shared() {
    let both = |key: &str, production: Value, own: Value| {
        [
            variable(key, false, (1, 1), Some(production)),
            variable(key, true, (1, 1), Some(own)),
        ]
    };
    let variables = [
        both("SAME", json!("s3cret"), json!("s3cret")),
        both("OTHER", json!("s3cret"), json!("harmless")),
        both("EMPTY", json!(""), json!("")),
        both("NULL", Value::Null, Value::Null),
    ]
    .concat();
    let inherited = found(&variables);
    assert_eq!(inherited, Inherited::of(["SAME".to_owned()], false));
    assert!(!format!("{inherited:?}").contains("s3cret"));
}

#[test]
fn without_values_a_copy_is_what_was_made_with_the_original_and_never_changed() {
    let variables = [
        variable("COPY", false, (1, 40), None),
        variable("COPY", true, (2, 3), None),
        variable("CHANGED", false, (1, 1), None),
        variable("CHANGED", true, (1, 30), None),
        variable("LATER", false, (1, 1), None),
        variable("LATER", true, (20, 20), None),
        variable("EARLIER", false, (20, 20), None),
        variable("EARLIER", true, (1, 1), None),
    ];
    assert_eq!(found(&variables), Inherited::of(["COPY".to_owned()], true));
}

#[test]
fn what_previews_lack_is_filled_in_where_they_have_variables_at_all() {
    let production = variable("API_KEY", false, (1, 1), None);
    assert_eq!(found(std::slice::from_ref(&production)).count, 0);
    let own = variable("OWN", true, (1, 1), None);
    let both = [production.clone(), own.clone()];
    assert_eq!(found(&both), Inherited::of(["API_KEY".to_owned()], false));
    // Of an image nothing is built: what is there only for builds is in no container.
    let mut for_builds = production;
    for_builds["is_runtime"] = json!(false);
    assert_eq!(found(&[for_builds, own]).count, 0);
}

#[test]
fn many_keys_are_counted_and_not_all_kept() {
    let keys = (0..30).map(|number| format!("KEY_{number:02}"));
    let inherited = Inherited::of(keys, false);
    assert_eq!((inherited.keys.len(), inherited.count), (20, 30));
}

#[test]
fn an_answer_that_cannot_be_read_is_not_shown() {
    let strange = [
        Script::one(200, r#"[{"key":"A","is_preview":"s3cret"}]"#),
        Script::one(203, r#"[{"key":"A","value":"s3cret"}]"#),
        Script::one(200, r#""s3cret""#),
    ];
    for script in &strange {
        let error = read(script).unwrap_err();
        assert!(matches!(error, CallError::Retry { .. }), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn a_token_that_may_not_look_is_told_from_a_failure_that_passes() {
    let refused = Script::one(403, r#"{"message":"Missing required permissions: read"}"#);
    let trouble = Trouble::from(read(&refused).unwrap_err());
    assert_eq!(trouble.reaction, Reaction::GiveUp, "{}", trouble.reason);
    let passing = Script::one(500, r#"{"message":"Server Error"}"#);
    let trouble = Trouble::from(read(&passing).unwrap_err());
    assert_ne!(trouble.reaction, Reaction::GiveUp, "{}", trouble.reason);
}
