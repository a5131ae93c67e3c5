//! Plain pages of HTML: everything that is put in is escaped, and nothing is run. They look like the dashboard, whose style sheet and
//! icon are all that they load.

use http::{HeaderName, HeaderValue, StatusCode, header};

/// The dashboard's style sheet and icon, served by it at the same address.
const STYLE: &str = "/dashboard/assets/app.css";
const ICON: &str = "/dashboard/assets/icon.svg";

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body: HTML.
    pub body: String,
}

/// The text as it may stand in HTML, in an attribute too.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A page with this title and body, which is HTML already. Its forms go to `form_action` alone.
pub(crate) fn page(status: StatusCode, title: &str, body: &str, form_action: &str) -> Reply {
    let title = escaped(title);
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><link rel=\"stylesheet\" href=\"{STYLE}\">\
         <link rel=\"icon\" type=\"image/svg+xml\" href=\"{ICON}\"></head>\n<body>\n\
         <header class=\"bar\"><a class=\"name\" href=\"/\">Slipway</a></header>\n\
         <main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    );
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
    );
    let mut headers = vec![
        fixed(header::CONTENT_TYPE, "text/html; charset=utf-8"),
        fixed(header::CACHE_CONTROL, "no-store"),
        fixed(header::REFERRER_POLICY, "no-referrer"),
        fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        fixed(header::X_FRAME_OPTIONS, "DENY"),
    ];
    let policy = HeaderValue::try_from(policy);
    let strictest = HeaderValue::from_static("default-src 'none'; form-action 'none'");
    headers.push((header::CONTENT_SECURITY_POLICY, policy.unwrap_or(strictest)));
    Reply {
        status,
        headers,
        body,
    }
}

/// A page without a form.
pub(crate) fn told(status: StatusCode, title: &str, text: &str) -> Reply {
    page(
        status,
        title,
        &format!("<p>{}</p>", escaped(text)),
        "'none'",
    )
}

fn fixed(name: HeaderName, value: &'static str) -> (HeaderName, HeaderValue) {
    (name, HeaderValue::from_static(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_a_page_is_text() {
        let reply = told(StatusCode::OK, "<b>", "\"<script>alert('x')</script>&\"");
        assert!(!reply.body.contains("<script>"), "{}", reply.body);
        assert!(
            reply
                .body
                .contains("&quot;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;"),
            "{}",
            reply.body
        );
        assert!(reply.body.contains("<title>&lt;b&gt;</title>"));
    }
}
