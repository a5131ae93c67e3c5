//! What comments are understood as.

use proptest::prelude::*;

use crate::command::{Order, Request, parse};

fn read(body: &str) -> String {
    match parse(body) {
        None => "nothing".to_owned(),
        Some(Request::Order(order)) => format!("order: {order}"),
        Some(Request::Unclear { line, hint, .. }) => format!("unclear: {line:?}: {hint}"),
    }
}

fn read_all(bodies: &[&str]) -> String {
    let read: Vec<String> = bodies.iter().map(|body| read(body)).collect();
    read.join("\n")
}

#[test]
fn a_command_stands_on_a_line_of_its_own() {
    insta::assert_snapshot!(read_all(&[
        "/preview",
        "Looks good, thanks!\r\n\r\n/Preview   keep 7d  \r\n",
        "/preview remove",
        "  /redeploy",
        "/status",
        "/why",
        "/help",
        "please /redeploy",
        "",
    ]), @"
    order: /preview
    order: /preview keep 7d
    order: /preview remove
    order: /redeploy
    order: /status
    order: /why
    order: /help
    nothing
    nothing
    ");
}

#[test]
fn what_is_meant_as_a_command_gets_a_hint() {
    insta::assert_snapshot!(read_all(&[
        "/previw",
        "/re-deploy",
        "/preview kep 7d",
        "/preview keep",
        "/preview keep a week",
        "/preview keep 0d",
        "/redeploy now",
        "/preview\n/redeploy",
    ]), @r#"
    unclear: "/previw": Did you mean `/preview`?
    unclear: "/re-deploy": Did you mean `/redeploy`?
    unclear: "/preview kep 7d": Try `/preview`, `/preview remove` or `/preview keep 7d`
    unclear: "/preview keep": Try `/preview`, `/preview remove` or `/preview keep 7d`
    unclear: "/preview keep a week": Try `/preview`, `/preview remove` or `/preview keep 7d`
    unclear: "/preview keep 0d": A duration is for example `7d`, `12h` or `30m`
    unclear: "/redeploy now": Nothing follows `/redeploy`
    unclear: "/redeploy": One command in each comment: nothing was done
    "#);
}

#[test]
fn commands_for_releases_name_an_environment_and_what_else_they_need() {
    insta::assert_snapshot!(read_all(&[
        "/deploy production",
        "/Deploy Web/Production 0123ABC",
        "/approve production",
        "/rollback production",
        "/rollback production 3 coins   are free",
        "/rollback production 0123abc coins are free",
        "/rollback production coins are free",
        "/lock production It is Friday",
        "/unlock web/production",
    ]), @"
    order: /deploy production
    order: /deploy web/production 0123abc
    order: /approve production
    order: /rollback production 1
    order: /rollback production 3 coins are free
    order: /rollback production 0123abc coins are free
    order: /rollback production 1 coins are free
    order: /lock production It is Friday
    order: /unlock web/production
    ");
    insta::assert_snapshot!(read_all(&[
        "/deploy",
        "/deploy production now",
        "/approve production 0123abc 0123abd",
        "/approve pro_duction",
        "/rollback production 11",
        "/rollback production 0",
        "/rollback production 500 errors",
        "/lock production",
        "/unlock production please",
        "/aprove production",
        "/roll-back production",
    ]), @r#"
    unclear: "/deploy": Name the environment: `/deploy production`
    unclear: "/deploy production now": A commit is 7 to 40 hexadecimal digits
    unclear: "/approve production 0123abc 0123abd": Try `/approve production` or `/approve production <commit>`
    unclear: "/approve pro_duction": An environment is for example `production`, or `web/production` with its service
    unclear: "/rollback production 11": How many releases back is a number from 1 to 10
    unclear: "/rollback production 0": How many releases back is a number from 1 to 10
    unclear: "/rollback production 500 errors": How many releases back is a number from 1 to 10
    unclear: "/lock production": Say why: `/lock production <reason>`
    unclear: "/unlock production please": Try `/unlock production`
    unclear: "/aprove production": Did you mean `/approve`?
    unclear: "/roll-back production": Did you mean `/rollback`?
    "#);
}

#[test]
fn what_only_looks_like_a_command_for_a_release_says_so() {
    let of_releases = |body: &str| parse(body).is_some_and(|request| request.is_of_releases());
    for body in [
        "/approve",
        "/aprove production",
        "/lock production",
        "/lock a b\n/deploy a",
    ] {
        assert!(of_releases(body), "{body}");
    }
    for body in ["/preview", "/previw", "/preview\n/deploy a", "/lgtm"] {
        assert!(!of_releases(body), "{body}");
    }
}

#[test]
fn commands_of_others_are_left_alone() {
    insta::assert_snapshot!(read_all(&["/lgtm", "/cc @ada", "/usr/bin/env", "/", "// preview", "/ preview", "/retest"]), @"
    nothing
    nothing
    nothing
    nothing
    nothing
    nothing
    nothing
    ");
}

#[test]
fn quotes_code_and_what_is_hidden_are_no_commands() {
    insta::assert_snapshot!(read_all(&[
        "> /preview remove\n\nWhy that?",
        "```\n/redeploy\n```",
        "~~~ sh\n/redeploy\n```\n/preview\n~~~\n",
        "````\n```\n/redeploy\n```\n````\n/status",
        "```\n/redeploy",
        "    /redeploy",
        "\t/redeploy",
        "`/redeploy`",
        "<!--\n/redeploy\n-->\n/help",
        "<!-- /redeploy -->",
        "<!-- a --> <!-- b\n/redeploy\n-->",
    ]), @"
    nothing
    nothing
    nothing
    order: /status
    nothing
    nothing
    nothing
    nothing
    order: /help
    nothing
    nothing
    ");
}

proptest! {
    #[test]
    fn any_text_is_read_to_an_end(body in "[/a-z >`~<!\\-\\n\\t0-9]{0,200}") {
        if let Some(Request::Unclear { line, .. }) = parse(&body) {
            prop_assert!(line.chars().count() <= 100);
        }
    }

    #[test]
    fn what_a_command_is_written_as_is_read_as_that_command(seconds in 1..1_000_000_u64) {
        let keep = Order::Keep(crate::configuration::ConfiguredDuration::from_seconds(seconds));
        prop_assert_eq!(parse(&keep.to_string()), Some(Request::Order(keep)));
    }

    #[test]
    fn what_a_command_for_a_release_is_written_as_is_read_as_that_command(
        word in "deploy|approve|rollback|lock|unlock", place in "[a-z]{1,5}(/[a-z]{1,5})?",
        rest in "([0-9a-f]{7,9}|[1-9])?( [a-z]{1,4}){0,3}",
    ) {
        if let Some(Request::Order(order)) = parse(&format!("/{word} {place} {rest}")) {
            prop_assert_eq!(parse(&order.to_string()), Some(Request::Order(order)));
        }
    }
}
