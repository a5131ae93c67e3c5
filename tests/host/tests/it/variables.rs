//! Variables: where their values come from, and what components get of them.

use crate::stage::{Stage, ask, component, probe};

const MANIFEST: &str = r#"
[variables]
greeting = { default = "hello" }
name = { required = true, secret = true }
"#;

fn stage() -> Stage {
    let rights = r#"variables = { sentence = "{{ greeting }}, {{name}}!", plain = "text" }
environment = { MODE = "test" }"#;
    Stage::new(&format!("{MANIFEST}{}", probe(rights)))
}

async fn sentence(stage: &Stage) -> String {
    ask(&stage.start().await, "/variable/sentence").await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explicit_value_wins_over_the_environment_and_that_over_the_default() {
    let mut stage = stage();
    stage
        .options
        .environment
        .insert("SPIN_VARIABLE_NAME".to_owned(), "world".to_owned());
    assert_eq!(sentence(&stage).await, "hello, world!");

    stage.options.environment.insert(
        "SPIN_VARIABLE_GREETING".to_owned(),
        "good morning".to_owned(),
    );
    assert_eq!(sentence(&stage).await, "good morning, world!");

    stage
        .options
        .variables
        .insert("greeting".to_owned(), "good night".to_owned());
    assert_eq!(sentence(&stage).await, "good night, world!");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_variable_without_a_value_keeps_the_host_from_starting() {
    insta::assert_snapshot!(
        stage().refusal().await,
        @r#"spin.toml:7: the variable "name" is required and has no value; set SPIN_VARIABLE_NAME"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_gets_its_own_variables_and_no_others() {
    let other = format!(
        "[[trigger.http]]\nroute = {{ private = true }}\ncomponent = \"other\"\n{}",
        component("other", "variables = { secret = \"{{ name }}\" }")
    );
    let mut stage = stage();
    stage
        .options
        .variables
        .insert("name".to_owned(), "world".to_owned());
    let manifest = std::fs::read_to_string(stage.path("spin.toml")).unwrap();
    stage.write("spin.toml", &format!("{manifest}{other}"));
    let host = stage.start().await;

    assert_eq!(ask(&host, "/variable/plain").await.ok(), "text");
    insta::assert_snapshot!(
        ask(&host, "/variable/secret").await.problem(),
        @r#"Error::Undefined("no variable for \"probe\".\"secret\"")"#
    );
    insta::assert_snapshot!(
        ask(&host, "/variable/name").await.problem(),
        @r#"Error::Undefined("no variable for \"probe\".\"name\"")"#
    );
    insta::assert_snapshot!(
        ask(&host, "/variable/Not-A-Name").await.problem(),
        @r#"Error::InvalidName("the variable \"Not-A-Name\" has more than lower-case letters, digits and underscores")"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_of_a_component_is_what_the_manifest_says() {
    let mut stage = stage();
    stage
        .options
        .variables
        .insert("name".to_owned(), "world".to_owned());
    let host = stage.start().await;
    assert_eq!(ask(&host, "/environment/MODE").await.ok(), "test");
    ask(&host, "/environment/PATH").await.problem();
}
