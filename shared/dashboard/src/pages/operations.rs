//! The operations of one repository: forms to start them, and what became of those that were started.

use http_api::model::{
    KnownInput, KnownOperation, KnownOperations, OperationRun, OperationRunList,
};
use maud::{Markup, html};

use super::{Filter, Seen, frame::page, words};

const PATH: &str = "/dashboard/repositories";

/// What the name of an input's field begins with in a form.
pub(crate) const FIELD: &str = "input.";

/// The page at `/dashboard/repositories/{id}/operations`.
pub(crate) fn operations(
    seen: &Seen<'_>,
    known: &KnownOperations,
    list: &OperationRunList,
    filter: &Filter,
) -> Markup {
    let title = format!("Operations of {}", known.repository);
    let path = format!("{PATH}/{}/operations", known.repository_id);
    let next = list.next.as_deref().map(|next| filter.next(&path, next));
    let content = html! {
        p .back { a href=(PATH) { "Repositories" } }
        h1 { (title) }
        @if known.operations.is_empty() {
            p { "The configuration names none: " code { "operations" } " in " code { ".github/slipway.yml" } "." }
        } @else if seen.roles.may_deploy(Some(known.repository_id)) {
            section .acts aria-labelledby="start" {
                h2 #start { "Start" }
                div .forms { @for operation in &known.operations { (form(seen, &path, operation)) } }
            }
        } @else {
            p .quiet { "A deployer can start: " (names(known)) "." }
        }
        section aria-labelledby="started" {
            h2 #started { "Started" }
            @if list.runs.is_empty() { p { "None in the last 30 days." } }
            ul .cards { @for run in &list.runs { (card(seen, run)) } }
        }
        (words::more(next.as_deref()))
    };
    page(seen, &title, PATH, &content)
}

fn names(known: &KnownOperations) -> String {
    let names: Vec<&str> = known
        .operations
        .iter()
        .map(|operation| operation.name.as_str())
        .collect();
    names.join(", ")
}

fn form(seen: &Seen<'_>, path: &str, operation: &KnownOperation) -> Markup {
    let name = &operation.name;
    html! {
        form method="post" action={ (path) "/" (name) } aria-labelledby={ "operation-" (name) } {
            input type="hidden" name="csrf" value=(seen.csrf);
            h3 id={ "operation-" (name) } { (name) }
            p .quiet { "Runs " code { (operation.workflow) } " on the default branch." }
            @for input in &operation.inputs { (field(name, input)) }
            button type="submit" { "Start" span .hidden { " " (name) } }
        }
    }
}

/// A choice if the configuration lists values, else a text that may be left out.
fn field(operation: &str, input: &KnownInput) -> Markup {
    let id = format!("{operation}.{}", input.name);
    let name = format!("{FIELD}{}", input.name);
    html! {
        label for=(id) { (input.name) }
        @if input.values.is_empty() {
            input id=(id) name=(name) maxlength="200" autocomplete="off";
        } @else {
            select id=(id) name=(name) required {
                option value="" { "choose" }
                @for value in &input.values { option value=(value) { (value) } }
            }
        }
    }
}

fn card(seen: &Seen<'_>, run: &OperationRun) -> Markup {
    let inputs: Vec<String> = run
        .inputs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    html! {
        li id={ "operation-" (run.id) } {
            h3 { (run.operation) " " span .quiet { (inputs.join(" ")) } " " (words::state(&run.state)) }
            p { (run.reason) }
            p .quiet { "Started by " (run.by) ", " (words::time(&run.asked_at, seen.now)) }
            @if let Some(url) = &run.run_url { p { (words::link(url, "Its run on GitHub")) } }
            details {
                summary { "What happened" }
                ol .timeline { @for event in run.timeline.iter().rev() {
                    li { span .when { (words::time(&event.at, seen.now)) } " " (event.what) }
                } }
            }
        }
    }
}
