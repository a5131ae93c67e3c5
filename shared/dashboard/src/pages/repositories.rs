//! Repositories: their surveys, and removals that wait for a person.

use http_api::model::{HeldBack, Repository, RepositoryList};
use maud::{Markup, html};

use super::{Filter, Seen, frame::page, words};

const PATH: &str = "/dashboard/repositories";

/// The page at `/dashboard/repositories`.
pub(crate) fn repositories(seen: &Seen<'_>, list: &RepositoryList, filter: &Filter) -> Markup {
    let next = list.next.as_deref().map(|next| filter.next(PATH, next));
    let content = html! {
        h1 { "Repositories" }
        @if list.repositories.is_empty() {
            p { "No delivery has named a repository yet." }
        }
        ul .cards { @for repository in &list.repositories { (card(seen, repository)) } }
        (words::more(next.as_deref()))
    };
    page(seen, "Repositories", PATH, &content)
}

fn card(seen: &Seen<'_>, repository: &Repository) -> Markup {
    html! {
        li {
            h2 { (repository.name) @if repository.held_back.is_some() { " " (words::state("held back")) } }
            dl .facts {
                dt { "Last survey" }
                dd { @match &repository.last_survey {
                    None => "none yet",
                    Some(survey) => {
                        (words::time(&survey.at, seen.now)) ": " (survey.open) " open pull requests, "
                        (survey.deployed) " previews that hold something, " (survey.news) " told of news, "
                        (survey.gone) " told to go"
                        @if survey.dry { " (the first one only looks)" }
                    },
                } }
                @if let Some(trouble) = &repository.trouble { dt { "Trouble" } dd .trouble { (trouble) } }
                dt { "Previews" }
                dd { a href={ "/dashboard/previews?repository=" (repository.id) } { "of this repository" } }
                dt { "Operations" }
                dd { a href={ (PATH) "/" (repository.id) "/operations" } { "of this repository" } }
            }
            @if let Some(held_back) = &repository.held_back { (held(seen, repository, held_back)) }
            @if seen.roles.may_deploy(Some(repository.id)) {
                (words::button(seen, &format!("{PATH}/{}/survey", repository.id), "Compare now", &repository.name))
            }
        }
    }
}

fn held(seen: &Seen<'_>, repository: &Repository, held_back: &HeldBack) -> Markup {
    let numbers: Vec<String> = held_back
        .previews
        .iter()
        .map(|number| format!("#{number}"))
        .collect();
    html! {
        div .held {
            p { strong { "Removals are held back" } " " (words::lasting(&held_back.since, seen.now)) ": "
                (held_back.reason) ". Pull requests: " (numbers.join(", ")) "." }
            @if seen.roles.may_administer(Some(repository.id)) {
                (words::button(
                    seen,
                    &format!("{PATH}/{}/allow-removals", repository.id),
                    "Allow these removals",
                    &format!("in {}", repository.name),
                ))
            } @else {
                p .quiet { "An admin can allow them." }
            }
        }
    }
}
