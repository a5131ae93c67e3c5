//! The style sheet, the script and the icon: the same for everybody, signed in or not.

use http::{HeaderValue, StatusCode, header};

use crate::Answer;

/// Where they are served.
pub(crate) const STYLE: &str = "/dashboard/assets/app.css";
pub(crate) const SCRIPT: &str = "/dashboard/assets/app.js";
pub(crate) const ICON: &str = "/dashboard/assets/icon.svg";

/// The asset at `path`; none if there is none.
pub(crate) fn at(path: &str, known: Option<&HeaderValue>) -> Option<Answer> {
    let (content_type, text) = match path {
        STYLE => ("text/css; charset=utf-8", include_str!("../assets/app.css")),
        SCRIPT => (
            "text/javascript; charset=utf-8",
            include_str!("../assets/app.js"),
        ),
        ICON => ("image/svg+xml", include_str!("../assets/icon.svg")),
        _ => return None,
    };
    let mut answer = Answer::new(StatusCode::OK, content_type, text.as_bytes().to_vec());
    // Asked for each time, and mostly answered without a body: a new version shows at once.
    answer.set(header::CACHE_CONTROL, "no-cache");
    Some(answer.unless_known(known))
}
