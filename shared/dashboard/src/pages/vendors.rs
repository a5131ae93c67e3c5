//! Vendors: who does not answer, who is left alone until when, and how much GitHub still takes.

use http_api::model::{Installation, InstallationList, RateLimit, Vendor, VendorList};
use maud::{Markup, html};

use super::{Seen, frame::page, words};

const PATH: &str = "/dashboard/vendors";

/// The page at `/dashboard/vendors`.
pub(crate) fn vendors(
    seen: &Seen<'_>,
    list: &VendorList,
    installations: &InstallationList,
) -> Markup {
    let is_calm = list
        .vendors
        .iter()
        .all(|vendor| vendor.state == "untroubled");
    let content = html! {
        h1 { "Vendors" }
        @if is_calm { p .calm { (words::state("ready")) " No call to any of them failed since the last that worked." } }
        div .scroll role="region" aria-label="Vendors" tabindex="0" {
            table {
                caption .hidden { "Vendors by name, and what waits while one does not answer" }
                thead { tr {
                    th scope="col" { "Vendor" }
                    th scope="col" { "State" }
                    th scope="col" { "Since, next try" }
                    th scope="col" { "What waits meanwhile" }
                } }
                tbody { @for vendor in &list.vendors { (row(seen, vendor)) } }
            }
        }
        p .quiet {
            "A vendor whose calls fail five times in a row is left alone for 15 seconds, then for up to two minutes at a time; \
             one call tries whether it is back. Nothing is lost meanwhile. One that is not configured is never called."
        }
        (limits(seen, list, installations))
    };
    page(seen, "Vendors", PATH, &content)
}

fn row(seen: &Seen<'_>, vendor: &Vendor) -> Markup {
    html! {
        tr {
            th scope="row" { (vendor.vendor) }
            td { (words::state(&vendor.state)) }
            td {
                @if let Some(since) = &vendor.since {
                    (words::lasting(since, seen.now)) " "
                    span .quiet { "(" (vendor.failures) @if vendor.failures == 1 { " failure)" } @else { " failures)" } }
                }
                @if let Some(until) = &vendor.until { " " span .quiet { "again " (words::time(until, seen.now)) } }
                @if let Some(error) = &vendor.last_error { span .error { (error) } }
            }
            td { (waiting(&vendor.vendor)) }
        }
    }
}

/// What does not go on without it.
fn waiting(vendor: &str) -> &'static str {
    match vendor {
        "GitHub" => {
            "Looks at pull requests, comments, checks and releases. Deliveries are taken in."
        }
        "Coolify" => "Previews on Coolify. Releases go on.",
        "Platform API" => "Previews in virtual clusters. Releases go on.",
        "Kubernetes" => "The removal of namespaces. Releases go on.",
        "Argo CD" => "Releases. Previews go on.",
        "Registry" => "The deletion of images of closed pull requests.",
        "Backstage" => "The refresh of catalogue entries.",
        "Slack" => "Messages.",
        _ => "What it is called for.",
    }
}

fn limits(seen: &Seen<'_>, list: &VendorList, installations: &InstallationList) -> Markup {
    let of_installations = installations.installations.iter();
    let known: Vec<(String, &RateLimit)> = list
        .limits
        .iter()
        .map(|limit| (whose(&limit.whose), &limit.rate_limit))
        .chain(of_installations.filter_map(|one| Some((name(one), one.rate_limit.as_ref()?))))
        .collect();
    html! {
        @if !known.is_empty() {
            section aria-labelledby="limits" {
                h2 #limits { "What GitHub still takes" }
                div .scroll role="region" aria-label="Rate limits" tabindex="0" {
                    table {
                        caption .hidden { "Requests that GitHub takes in an hour, and how many are left" }
                        thead { tr {
                            th scope="col" { "For" }
                            th scope="col" { "Left" }
                            th scope="col" { "All again" }
                        } }
                        tbody { @for (whose, limit) in &known {
                            tr {
                                th scope="row" { (whose) }
                                td { (limit.remaining) " of " (limit.limit) }
                                td { (words::time(&limit.resets_at, seen.now)) }
                            }
                        } }
                    }
                }
                @if installations.next.is_some() {
                    p { a href="/dashboard/installations" { "All installations" } }
                }
            }
        }
    }
}

fn whose(payer: &str) -> String {
    match payer {
        "app" => "the App itself".to_owned(),
        "token" => "the plain token".to_owned(),
        other => other.to_owned(),
    }
}

fn name(installation: &Installation) -> String {
    let id = || format!("installation {}", installation.id);
    installation.account.clone().unwrap_or_else(id)
}
