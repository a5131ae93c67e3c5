//! Pagination as GitHub does it: `per_page` up to 100, 30 by default, and `Link` headers that lead through the pages.

use serde_json::Value;

use super::Call;
use crate::message::Reply;

impl Call<'_> {
    fn number(&self, name: &str, default: usize) -> usize {
        self.request
            .query(name)
            .and_then(|value| value.parse().ok())
            .filter(|number| *number > 0)
            .unwrap_or(default)
    }

    /// `per_page`.
    pub(super) fn page_size(&self) -> usize {
        self.number("per_page", 30).min(100)
    }

    /// One page of a list, made into a body by `wrap`, with its `Link` header.
    pub(super) fn page(&self, items: &[Value], wrap: impl FnOnce(&[Value]) -> Value) -> Reply {
        let size = self.page_size();
        let page = self.number("page", 1);
        let start = (page - 1).saturating_mul(size).min(items.len());
        let end = (start + size).min(items.len());
        let reply = Reply::json(200, &wrap(items.get(start..end).unwrap_or_default()));
        let last = items.len().div_ceil(size).max(1);
        let links = self.links(page, last);
        if links.is_empty() {
            reply
        } else {
            reply.header("link", links)
        }
    }

    fn links(&self, page: usize, last: usize) -> String {
        let to = |number: usize, name: &str| {
            let others = self.request.query.iter().filter(|(key, _)| key != "page");
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(others)
                .append_pair("page", &number.to_string())
                .finish();
            format!(
                "<{}{}?{query}>; rel=\"{name}\"",
                self.shared.github_url(),
                self.request.path
            )
        };
        let mut links = Vec::new();
        if page > 1 {
            links.push(to((page - 1).min(last), "prev"));
        }
        if page < last {
            links.push(to(page + 1, "next"));
            links.push(to(last, "last"));
        }
        if page > 1 {
            links.push(to(1, "first"));
        }
        links.join(", ")
    }
}
