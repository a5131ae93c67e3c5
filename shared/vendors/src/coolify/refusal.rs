//! What would be right, for each refusal that Coolify is known to give (VENDORS 1.1).

use ports::Response;

use crate::exchange::message;

/// A sentence for people on what to change; empty for a refusal that speaks for itself.
pub(super) fn hint(response: &Response) -> &'static str {
    let message = message(response).unwrap_or_default();
    match (response.status.as_u16(), message.trim_end_matches('.')) {
        (400 | 401, "Invalid token") | (401, _) => {
            "The variable coolify_token must hold an API token of Coolify's that is still valid, as <id>|<secret>"
        }
        (403, "API is disabled") => "An administrator must switch the API on in Coolify's settings",
        (403, "You are not allowed to access the API") => {
            "Slipway's address must be on the list of allowed IP addresses in Coolify's settings"
        }
        (403, "Missing required team role") => {
            "The token must belong to an administrator or owner of the team"
        }
        (403, text) if text.starts_with("Missing required permissions") => {
            "The token in the variable coolify_token needs the abilities read, write and deploy"
        }
        (404, "No resources found" | "Application not found") => {
            "The application's uuid must be one of the token's own team; a name does not do"
        }
        (404 | 405, _) => {
            "Slipway needs Coolify 4.0.0 or newer, and in coolify_url its address without /api/v1"
        }
        (_, _) => "",
    }
}
