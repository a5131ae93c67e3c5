//! Deliveries: what came, what became of it, and running it again.

use http_api::model::{Delivery, DeliveryList};
use maud::{Markup, html};

use super::{Filter, Seen, frame::page, words};

const PATH: &str = "/dashboard/deliveries";
const STATUSES: [&str; 3] = ["pending", "dead", "done"];

/// The page at `/dashboard/deliveries`.
pub(crate) fn deliveries(seen: &Seen<'_>, list: &DeliveryList, filter: &Filter) -> Markup {
    let next = list.next.as_deref().map(|next| filter.next(PATH, next));
    let content = html! {
        h1 { "Deliveries" }
        (words::choices("Status", PATH, "status", &STATUSES, filter.status.as_deref()))
        @if list.deliveries.is_empty() {
            p { "There is none here." }
        } @else {
            div .scroll role="region" aria-label="Deliveries" tabindex="0" {
                table {
                    caption .hidden { "Deliveries: pending ones first, then the newest" }
                    thead { tr {
                        th scope="col" { "Event, received" }
                        th scope="col" { "Outcome" }
                        th .wide scope="col" { "Tries" }
                        th .wide scope="col" { "Repository" }
                        th .wide scope="col" { "Id" }
                        th scope="col" { span .hidden { "Act" } }
                    } }
                    tbody { @for delivery in &list.deliveries { (row(seen, delivery)) } }
                }
            }
        }
        (words::more(next.as_deref()))
    };
    page(seen, "Deliveries", PATH, &content)
}

/// What GitHub calls it; of one that was damaged nobody knows.
pub(super) fn event(delivery: &Delivery) -> &str {
    match delivery.event.as_str() {
        "" => "unknown event",
        event => event,
    }
}

fn row(seen: &Seen<'_>, delivery: &Delivery) -> Markup {
    html! {
        tr {
            th scope="row" {
                a href={ (PATH) "/" (delivery.guid) } {
                    (event(delivery)) @if let Some(action) = &delivery.action { " " (action) }
                }
                span .error { (words::time(&delivery.received_at, seen.now)) }
            }
            td {
                (words::state(&delivery.status))
                @if let Some(at) = &delivery.next_attempt_at { " " span .quiet { "next try " (words::time(at, seen.now)) } }
                @if let Some(error) = &delivery.last_error { " " span .error { (error) } }
            }
            td .wide { (delivery.attempts) }
            td .wide { @if let Some(id) = delivery.repository_id { (id) } }
            td .wide { code { (delivery.guid) } }
            td {
                @if seen.roles.may_deploy(delivery.repository_id) {
                    (words::button(seen, &format!("{PATH}/{}/replay", delivery.guid), "Run again", &delivery.guid))
                }
            }
        }
    }
}

/// The page of one delivery.
pub(crate) fn delivery(seen: &Seen<'_>, delivery: &Delivery) -> Markup {
    let title = match &delivery.action {
        Some(action) => format!("{} {action}", event(delivery)),
        None => event(delivery).to_owned(),
    };
    let content = html! {
        p .back { a href=(PATH) { "Deliveries" } }
        h1 { (title) " " (words::state(&delivery.status)) }
        @if let Some(error) = &delivery.last_error { p .lead .trouble { (error) } }
        dl .facts {
            dt { "Received" } dd { (words::time(&delivery.received_at, seen.now)) }
            @if let Some(at) = &delivery.finished_at { dt { "Over" } dd { (words::time(at, seen.now)) } }
            @if let Some(at) = &delivery.next_attempt_at { dt { "Next try" } dd { (words::time(at, seen.now)) } }
            dt { "Tries" } dd { (delivery.attempts) }
            @if let Some(id) = delivery.repository_id {
                dt { "Repository" }
                dd { a href={ "/dashboard/previews?repository=" (id) } { "the previews of " (id) } }
            }
            dt { "Id" } dd { code { (delivery.guid) } }
        }
        p .quiet { "What followed from it stands on the pages of the previews and environments that it was about." }
        @if seen.roles.may_deploy(delivery.repository_id) {
            section .acts aria-labelledby="acts" {
                h2 #acts { "Act" }
                p { "Runs it again, as if GitHub had sent it again. What was done already is not done twice." }
                (words::button(seen, &format!("{PATH}/{}/replay", delivery.guid), "Run again", &delivery.guid))
            }
        }
    };
    page(seen, &title, PATH, &content)
}
