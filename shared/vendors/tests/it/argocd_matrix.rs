//! Every answer that Argo CD is known to give, to every call that can get it, and what Slipway does then (VENDORS 2).

use ports::HttpError;
use vendors::{
    CallError,
    argocd::{Begun, Prune, Refresh, Set, Termination},
};

use crate::{
    argocd::{asked, client, healthy, id, image},
    script::{Script, broken, no_connection, not_allowed, now, timed_out},
};

/// The calls, by the names that the table uses.
const CALLS: &str = "read refresh sync rollback set terminate windows";

/// Those that change something.
const CHANGES: &str = "sync rollback set terminate";

/// An answer, or none.
enum Answer<'text> {
    Argo(u16, u8, &'text str),
    Raw(u16, &'text str),
    Redirect(&'text str),
    None(HttpError),
}

/// What a call comes to: what Slipway does, and what it tells people, without what was asked.
fn outcome(call: &str, answer: &Answer<'_>) -> (String, String) {
    let mut script = Script::default();
    if call == "set" {
        script = script.then(200, &[], &healthy().to_string());
    }
    let script = match answer {
        Answer::Argo(status, code, message) => {
            let body = serde_json::json!({"error": message, "code": code, "message": message});
            script.then(*status, &[], &body.to_string())
        }
        Answer::Raw(status, body) => script.then(*status, &[], body),
        Answer::Redirect(location) => script.then(307, &[("location", location)], ""),
        Answer::None(error) => script.then_fails(error.clone()),
    };
    let client = client(&script);
    let id = id();
    match call {
        "read" => done(now(client.application(&id)), |_| "done"),
        "refresh" => done(now(client.refreshed(&id, Refresh::Normal)), |_| "done"),
        "sync" => done(
            now(client.sync(&id, Some("v2"), Prune::No, "release-7/1")),
            begun,
        ),
        "rollback" => done(now(client.rollback(&id, 7, Prune::No)), begun),
        "set" => done(now(client.set(&id, &image("v2"))), |set| match set {
            Set::Yes { .. } | Set::Already(_) => "done",
            Set::ChangedMeanwhile => "reads again and decides again",
        }),
        "terminate" => done(
            now(client.terminate(&id)),
            |termination| match termination {
                Termination::Asked => "done",
                Termination::NothingRuns => "done, nothing ran",
            },
        ),
        "windows" => done(now(client.sync_windows(&id)), |_| "done"),
        other => panic!("no call is named {other}"),
    }
}

fn begun(begun: Begun) -> &'static str {
    match begun {
        Begun::Yes(_) => "done",
        Begun::Busy => "waits for the other operation's end",
    }
}

fn done<T>(result: Result<T, CallError>, name: impl Fn(T) -> &'static str) -> (String, String) {
    match result {
        Ok(value) => (name(value).to_owned(), String::new()),
        Err(error) => {
            let does = match &error {
                CallError::Retry { after: None, .. } => "tries again".to_owned(),
                CallError::Retry {
                    after: Some(after), ..
                } => {
                    format!("tries again after {} s", after.as_secs())
                }
                CallError::Paused { after, .. } => {
                    format!("waits {} s, which is no failure", after.as_secs())
                }
                CallError::Refused { .. } => "gives up and tells".to_owned(),
                CallError::TooLong { .. } => "tries again, some times".to_owned(),
                CallError::Unknown { .. } => "looks whether it happened".to_owned(),
            };
            let (_, told) = error.reason().split_once(": ").expect("what was asked");
            (does, told.to_owned())
        }
    }
}

/// The table: each answer, then each way to react with the calls that do so, then what people are told.
fn table(rows: &[(&str, Answer<'_>)]) -> String {
    let mut lines = Vec::new();
    for (calls, answer) in rows {
        lines.extend(folded(
            &match answer {
                Answer::Argo(status, code, message) => format!("{status}, code {code}: {message}"),
                Answer::Raw(status, body) => {
                    format!("{status}, no error of Argo CD's: {}", body.trim())
                }
                Answer::Redirect(location) => format!("307 to {location}"),
                Answer::None(error) => format!("no answer: {error}"),
            },
            0,
        ));
        let mut outcomes: Vec<((String, String), Vec<&str>)> = Vec::new();
        for call in calls.split(' ') {
            let outcome = outcome(call, answer);
            match outcomes.iter_mut().find(|(known, _)| *known == outcome) {
                Some((_, calls)) => calls.push(call),
                None => outcomes.push((outcome, vec![call])),
            }
        }
        for ((does, told), calls) in outcomes {
            lines.push(format!("    {}: {does}", calls.join(", ")));
            lines.extend(folded(&told, 8));
        }
    }
    lines.join("\n")
}

/// Lines of at most 110 columns, indented.
fn folded(text: &str, indent: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < 110 => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(format!("{}{word}", " ".repeat(indent))),
        }
    }
    lines
}

#[test]
fn who_asks_and_what_for_is_refused_with_a_reason() {
    use Answer::{Argo, Raw, Redirect};
    insta::assert_snapshot!(table(&[
        (CALLS, Argo(401, 16, "no session information")),
        (CALLS, Argo(401, 16, "invalid session: token has invalid claims: token is expired")),
        (CALLS, Argo(403, 7, "permission denied")),
        (CHANGES, Argo(403, 7, "permission denied: applications, sync, web/shop, sub: slipway, iat: 2026-11-21T10:31:07Z")),
        (CALLS, Argo(404, 5, r#"applications.argoproj.io "shop" not found"#)),
        (CALLS, Argo(404, 5, "Not Found")),
        (CALLS, Raw(404, "404 page not found\n")),
        (CHANGES, Raw(415, "Invalid content type\n")),
        (CALLS, Redirect("https://cd.example/api/v1/applications/shop")),
    ]), @r#"
    401, code 16: no session information
        read, refresh, sync, rollback, set, terminate, windows: gives up and tells
            Argo CD answered 401 "no session information". The variable argocd_token must hold a token of Argo CD
            that is still valid: a JWT, of an account with the capability apiKey or of a role of the project
    401, code 16: invalid session: token has invalid claims: token is expired
        read, refresh, sync, rollback, set, terminate, windows: gives up and tells
            Argo CD answered 401 "invalid session: token has invalid claims: token is expired". The variable
            argocd_token must hold a token of Argo CD that is still valid: a JWT, of an account with the
            capability apiKey or of a role of the project
    403, code 7: permission denied
        read, refresh, sync, rollback, set, terminate, windows: gives up and tells
            Argo CD answered 403 "permission denied". The token in the variable argocd_token may not do this with
            applications of this project, or the project in .github/slipway.yml is not the application's: it needs
            get, sync, and for `kustomize-image` and `helm-parameter` update
    403, code 7: permission denied: applications, sync, web/shop, sub: slipway, iat: 2026-11-21T10:31:07Z
        sync, rollback, set, terminate: gives up and tells
            Argo CD answered 403 "permission denied: applications, sync, web/shop, sub: slipway, iat:
            2026-11-21T10:31:07Z". The token in the variable argocd_token may not do this with applications of
            this project, or the project in .github/slipway.yml is not the application's: it needs get, sync, and
            for `kustomize-image` and `helm-parameter` update
    404, code 5: applications.argoproj.io "shop" not found
        read, refresh, sync, rollback, set, terminate, windows: gives up and tells
            Argo CD answered 404 "applications.argoproj.io "shop" not found". Argo CD has no application of this
            name in this project, or not for this token: compare `application` and `project` in
            .github/slipway.yml with Argo CD
    404, code 5: Not Found
        read, refresh, sync, rollback, set, terminate, windows: gives up and tells
            Argo CD answered 404 "Not Found". The variable argocd_url must be Argo CD's address without /api/v1
    404, no error of Argo CD's: 404 page not found
        read, refresh, sync, rollback, set, terminate, windows: tries again
            Argo CD answered 404 "404 page not found". That is not Argo CD's way to say so: a proxy in front of it
            answered
    415, no error of Argo CD's: Invalid content type
        sync, rollback, set, terminate: gives up and tells
            Argo CD answered 415 "Invalid content type". Argo CD takes only the content type application/json: a
            proxy in front of it may have changed it
    307 to https://cd.example/api/v1/applications/shop
        read, refresh, sync, rollback, set, terminate, windows: gives up and tells
            Argo CD answered 307. It points to https://cd.example: if that is right, the variable argocd_url
            should say so
    "#);
}

#[test]
fn what_is_in_the_way_of_an_operation_is_waited_for_or_told() {
    use Answer::Argo;
    insta::assert_snapshot!(table(&[
        ("sync rollback", Argo(400, 9,
            "error setting app operation: rpc error: code = FailedPrecondition desc = another operation is already in progress")),
        ("sync", Argo(400, 9, "Cannot sync to v2: auto-sync currently set to main")),
        ("sync rollback", Argo(400, 9, "application is deleting")),
        ("sync", Argo(400, 9,
            "sync with replace was disabled on the API Server level via the server configuration")),
        ("sync", Argo(403, 7, "cannot sync: blocked by sync window")),
        ("sync", Argo(403, 7, "cannot sync: invalid sync window: expected exactly 5 fields, found 1")),
        ("windows", Argo(500, 2, "invalid sync windows: expected exactly 5 fields, found 1")),
        // With application.sync.requireOverridePrivilegeForRevisionSync.
        ("sync", Argo(403, 7, "permission denied: applications, override, web/shop, sub: slipway, iat: 2026-11-21T10:31:07Z")),
        ("sync", Argo(400, 9, "error resolving repo revision: rpc error: code = Unknown desc = unable to resolve 'v2' to a commit SHA")),
        ("sync", Argo(400, 9, "error resolving repo revision: rpc error: code = Unavailable desc = connection error")),
        ("sync", Argo(500, 2, "source position is out of range")),
        ("rollback", Argo(400, 9, "rollback cannot be initiated when auto-sync is enabled")),
        ("rollback", Argo(400, 3, "application shop does not have deployment with id 7")),
        ("terminate", Argo(400, 3, "Unable to terminate operation. No operation is in progress")),
        ("terminate", Argo(500, 13, "Failed to terminate app. Too many conflicts")),
    ]), @r#"
    400, code 9: error setting app operation: rpc error: code = FailedPrecondition desc = another operation is
    already in progress
        sync, rollback: waits for the other operation's end
    400, code 9: Cannot sync to v2: auto-sync currently set to main
        sync: gives up and tells
            Argo CD answered 400 "Cannot sync to v2: auto-sync currently set to main". With auto-sync on, Argo CD
            syncs only to what the application tracks: switch it off, or release by `update: git` or `update:
            kustomize-image`
    400, code 9: application is deleting
        sync, rollback: gives up and tells
            Argo CD answered 400 "application is deleting"
    400, code 9: sync with replace was disabled on the API Server level via the server configuration
        sync: gives up and tells
            Argo CD answered 400 "sync with replace was disabled on the API Server level via the server
            configuration"
    403, code 7: cannot sync: blocked by sync window
        sync: waits 60 s, which is no failure
            Argo CD answered 403 "cannot sync: blocked by sync window". Slipway waits until the window lets it
    403, code 7: cannot sync: invalid sync window: expected exactly 5 fields, found 1
        sync: gives up and tells
            Argo CD answered 403 "cannot sync: invalid sync window: expected exactly 5 fields, found 1". A sync
            window of the project cannot be read by Argo CD: correct its schedule or duration
    500, code 2: invalid sync windows: expected exactly 5 fields, found 1
        windows: gives up and tells
            Argo CD answered 500 "invalid sync windows: expected exactly 5 fields, found 1". A sync window of the
            project cannot be read by Argo CD: correct its schedule or duration
    403, code 7: permission denied: applications, override, web/shop, sub: slipway, iat: 2026-11-21T10:31:07Z
        sync: gives up and tells
            Argo CD answered 403 "permission denied: applications, override, web/shop, sub: slipway, iat:
            2026-11-21T10:31:07Z". The token in the variable argocd_token may not do this with applications of
            this project, or the project in .github/slipway.yml is not the application's: it needs get, sync, and
            for `kustomize-image` and `helm-parameter` update
    400, code 9: error resolving repo revision: rpc error: code = Unknown desc = unable to resolve 'v2' to a
    commit SHA
        sync: gives up and tells
            Argo CD answered 400 "error resolving repo revision: rpc error: code = Unknown desc = unable to
            resolve 'v2' to a commit SHA". The revision must be one of the repository of the manifests, which is
            rarely that of the code
    400, code 9: error resolving repo revision: rpc error: code = Unavailable desc = connection error
        sync: tries again
            Argo CD answered 400 "error resolving repo revision: rpc error: code = Unavailable desc = connection
            error"
    500, code 2: source position is out of range
        sync: looks whether it happened
            Argo CD answered 500 "source position is out of range"
    400, code 9: rollback cannot be initiated when auto-sync is enabled
        rollback: gives up and tells
            Argo CD answered 400 "rollback cannot be initiated when auto-sync is enabled". With auto-sync on, Argo
            CD refuses rollbacks: switch it off, or release by `update: git` or `update: kustomize-image`
    400, code 3: application shop does not have deployment with id 7
        rollback: gives up and tells
            Argo CD answered 400 "application shop does not have deployment with id 7". Argo CD keeps only the
            newest deployments, by default ten: go back to one of those
    400, code 3: Unable to terminate operation. No operation is in progress
        terminate: done, nothing ran
    500, code 13: Failed to terminate app. Too many conflicts
        terminate: tries again
            Argo CD answered 500 "Failed to terminate app. Too many conflicts"
    "#);
}

#[test]
fn a_change_is_checked_by_argo_cd_and_may_meet_another_one() {
    use Answer::Argo;
    insta::assert_snapshot!(table(&[
        ("set", Argo(500, 2, "error applying patch: testing value /spec/source failed: test failed")),
        ("set", Argo(500, 2, "error applying patch: add operation does not apply: doc is missing path: /spec/source/helm/x")),
        ("set", Argo(400, 3,
            "error validating and normalizing app: rpc error: code = InvalidArgument desc = application spec for shop is invalid: \
             InvalidSpecError: Unable to generate manifests in shop/production: kustomize build failed")),
        ("set", Argo(400, 3,
            "error validating and normalizing app: rpc error: code = InvalidArgument desc = application spec for shop is invalid: \
             InvalidSpecError: Unable to get app details: rpc error: code = Unavailable desc = connection error")),
        ("set", Argo(500, 13, "Failed to update application. Too many conflicts")),
        ("set", Argo(400, 3, "Patch type 'x' is not supported")),
    ]), @r#"
    500, code 2: error applying patch: testing value /spec/source failed: test failed
        set: reads again and decides again
    500, code 2: error applying patch: add operation does not apply: doc is missing path: /spec/source/helm/x
        set: tries again
            Argo CD answered 500 "error applying patch: add operation does not apply: doc is missing path:
            /spec/source/helm/x"
    400, code 3: error validating and normalizing app: rpc error: code = InvalidArgument desc = application spec
    for shop is invalid: InvalidSpecError: Unable to generate manifests in shop/production: kustomize build failed
        set: gives up and tells
            Argo CD answered 400 "error validating and normalizing app: rpc error: code = InvalidArgument desc =
            application spec for shop is invalid: InvalidSpecError: Unable to generate manifests in
            shop/production: kustomize build failed". Argo CD checked the changed application by making its
            manifests, and that failed
    400, code 3: error validating and normalizing app: rpc error: code = InvalidArgument desc = application spec
    for shop is invalid: InvalidSpecError: Unable to get app details: rpc error: code = Unavailable desc =
    connection error
        set: tries again
            Argo CD answered 400 "error validating and normalizing app: rpc error: code = InvalidArgument desc =
            application spec for shop is invalid: InvalidSpecError: Unable to get app details: rpc error: code =
            Unavailable desc = connection error"
    500, code 13: Failed to update application. Too many conflicts
        set: tries again
            Argo CD answered 500 "Failed to update application. Too many conflicts"
    400, code 3: Patch type 'x' is not supported
        set: gives up and tells
            Argo CD answered 400 "Patch type 'x' is not supported"
    "#);
}

#[test]
fn trouble_of_argo_cds_own_is_tried_again_or_looked_into() {
    use Answer::{Argo, Raw};
    insta::assert_snapshot!(table(&[
        (CALLS, Argo(409, 10, "Operation cannot be fulfilled on applications.argoproj.io \"shop\": the object has been modified")),
        (CALLS, Argo(429, 8, "too many requests")),
        (CALLS, Argo(500, 2, "error getting setting")),
        (CALLS, Argo(500, 13, "internal error")),
        (CALLS, Argo(501, 12, "unknown method")),
        (CALLS, Argo(503, 14, "connection error: desc = transport is closing")),
        (CALLS, Argo(504, 4, "context deadline exceeded")),
        ("refresh", Argo(500, 2, "application refresh deadline exceeded")),
        (CALLS, Raw(502, "<html>Bad Gateway</html>")),
    ]), @r#"
    409, code 10: Operation cannot be fulfilled on applications.argoproj.io "shop": the object has been modified
        read, refresh, sync, rollback, set, terminate, windows: tries again
            Argo CD answered 409 "Operation cannot be fulfilled on applications.argoproj.io "shop": the object has
            been modified"
    429, code 8: too many requests
        read, refresh, sync, rollback, set, terminate, windows: tries again
            Argo CD answered 429 "too many requests"
    500, code 2: error getting setting
        read, refresh, set, terminate, windows: tries again
            Argo CD answered 500 "error getting setting"
        sync, rollback: looks whether it happened
            Argo CD answered 500 "error getting setting"
    500, code 13: internal error
        read, refresh, set, terminate, windows: tries again
            Argo CD answered 500 "internal error"
        sync, rollback: looks whether it happened
            Argo CD answered 500 "internal error"
    501, code 12: unknown method
        read, refresh, sync, rollback, set, terminate, windows: gives up and tells
            Argo CD answered 501 "unknown method". Slipway needs Argo CD 3.0 or newer
    503, code 14: connection error: desc = transport is closing
        read, refresh, set, terminate, windows: tries again
            Argo CD answered 503 "connection error: desc = transport is closing"
        sync, rollback: looks whether it happened
            Argo CD answered 503 "connection error: desc = transport is closing"
    504, code 4: context deadline exceeded
        read, refresh, set, terminate, windows: tries again
            Argo CD answered 504 "context deadline exceeded"
        sync, rollback: looks whether it happened
            Argo CD answered 504 "context deadline exceeded"
    500, code 2: application refresh deadline exceeded
        refresh: tries again
            Argo CD answered 500 "application refresh deadline exceeded"
    502, no error of Argo CD's: <html>Bad Gateway</html>
        read, refresh, set, terminate, windows: tries again
            Argo CD answered 502 "<html>Bad Gateway</html>"
        sync, rollback: looks whether it happened
            Argo CD answered 502 "<html>Bad Gateway</html>"
    "#);
}

#[test]
fn no_answer_or_one_that_is_none_is_looked_into_where_it_matters() {
    use Answer::{None, Raw};
    insta::assert_snapshot!(table(&[
        (CALLS, None(no_connection())),
        (CALLS, None(timed_out())),
        (CALLS, None(broken())),
        (CALLS, None(not_allowed("https://argocd.example:443"))),
        (CALLS, Raw(200, "<html>Argo CD</html>")),
        ("read refresh sync rollback set", Raw(200, r#"{"metadata":{"name":"other"}}"#)),
        ("sync rollback", Raw(200, r#"{"metadata":{"name":"shop"},"status":{"operationState":{"phase":"Succeeded","finishedAt":"2026-11-21T10:31:07Z"}}}"#)),
    ]), @r#"
    no answer: no connection to https://vendor.example:443: connection refused
        read, refresh, sync, rollback, set, terminate, windows: tries again
            no connection to https://vendor.example:443: connection refused
    no answer: no answer from https://vendor.example:443 within 30 s
        read, refresh, set, terminate, windows: tries again
            no answer from https://vendor.example:443 within 30 s
        sync, rollback: looks whether it happened
            no answer from https://vendor.example:443 within 30 s
    no answer: the answer from https://vendor.example:443 broke off: connection reset
        read, refresh, set, terminate, windows: tries again
            the answer from https://vendor.example:443 broke off: connection reset
        sync, rollback: looks whether it happened
            the answer from https://vendor.example:443 broke off: connection reset
    no answer: the request to https://argocd.example:443 is not allowed: not in allowed_outbound_hosts
        read, refresh, sync, rollback, set, terminate, windows: gives up and tells
            the request to https://argocd.example:443 is not allowed: not in allowed_outbound_hosts. The variable
            argocd_url must name a host that Slipway may reach
    200, no error of Argo CD's: <html>Argo CD</html>
        read, refresh, set, terminate, windows: tries again
            Argo CD answered 200 with something else than expected (expected value at line 1 column 1)
        sync, rollback: looks whether it happened
            Argo CD answered 200 with something else than expected (expected value at line 1 column 1)
    200, no error of Argo CD's: {"metadata":{"name":"other"}}
        read, refresh, set: tries again
            Argo CD answered 200 with something else than expected (another application)
        sync, rollback: looks whether it happened
            Argo CD answered 200 with something else than expected (another application)
    200, no error of Argo CD's:
    {"metadata":{"name":"shop"},"status":{"operationState":{"phase":"Succeeded","finishedAt":"2026-11-21T10:31:07Z"}}}
        sync, rollback: looks whether it happened
            Argo CD answered 200 with something else than expected (no operation)
    "#);
}

#[test]
fn a_success_is_a_success() {
    let answer = asked("release-7/1").to_string();
    for call in ["read", "refresh", "sync", "rollback"] {
        assert_eq!(
            outcome(call, &Answer::Raw(200, &answer)).0,
            "done",
            "{call}"
        );
    }
}
