//! What the cursors of each list look like. Nobody need know, but a text that can be none is refused, and whoever makes requests from the
//! document is to know that.

/// A regular expression that the cursors of the list at `path` fit, and that nothing else does which is not read as one.
pub(crate) const fn pattern(path: &str) -> &'static str {
    match path.as_bytes() {
        b"/api/v1/builds" | b"/api/v1/decisions" => {
            r"^(preview\.[0-9]{1,18}\.[0-9]{1,18}|release\.[0-9]{1,18}\.[a-z0-9-]{1,40}\.[a-z0-9-]{1,40})$"
        }
        b"/api/v1/deliveries" => r"^(p\.[A-Za-z0-9-]{1,64}|f[0-9]{1,18}\.[0-9]{1,18})$",
        b"/api/v1/previews" => r"^[0-9]{1,18}\.[0-9]{1,18}$",
        b"/api/v1/environments" => r"^[0-9]{1,18}\.[a-z0-9-]{1,40}\.[a-z0-9-]{1,40}$",
        b"/api/v1/releases" => {
            r"^[0-9]{1,18}\.[a-z0-9-]{1,40}\.[a-z0-9-]{1,40}\.(end|[0-9]{1,15}\.[a-z0-9-]{1,100})$"
        }
        b"/api/v1/operations" => r"^[0-9]{1,18}\.[0-9]{14}-[0-9a-f]{16}$",
        _ => r"^[0-9]{1,18}$",
    }
}
