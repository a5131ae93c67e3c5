//! What Slipway knows Coolify's things by: application, deployment, image tag.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::NotParsed;

/// Declares a text that is parsed once and safe in a URL or as an argument from then on.
macro_rules! parsed_text {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotParsed;

            fn from_str(text: &str) -> Result<Self, NotParsed> {
                let allowed: fn(&str) -> bool = $allowed;
                if allowed(text) { Ok(Self(text.to_owned())) } else { Err(NotParsed::new($expected, text)) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotParsed;

            fn try_from(text: String) -> Result<Self, NotParsed> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use parsed_text;

parsed_text! {
    /// The uuid of a Coolify application: a cuid2 such as `a8k4o0wcgkk4ks0w8s4g0s8k`.
    ApplicationUuid, "a Coolify uuid (1 to 64 letters, digits and hyphens)", is_uuid
}

parsed_text! {
    /// The uuid of a Coolify deployment. That one is known does not mean that the deployment exists (VENDORS 1.2).
    DeploymentUuid, "a Coolify uuid (1 to 64 letters, digits and hyphens)", is_uuid
}

parsed_text! {
    /// The tag of a container image, as the OCI distribution specification allows it.
    ImageTag, "an image tag (1 to 128 letters, digits, `_`, `.` and `-`, not starting with `.` or `-`)", is_tag
}

fn is_uuid(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_tag(text: &str) -> bool {
    let follows = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=128).contains(&text.len()) && text.bytes().all(follows) && !text.starts_with(['.', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_coolify_and_registries_take_is_a_uuid_or_a_tag() {
        for good in ["a8k4o0wcgkk4ks0w8s4g0s8k", "a-1"] {
            assert!(good.parse::<ApplicationUuid>().is_ok(), "{good}");
        }
        for bad in ["", "a/b", "a b", "../x", "a?b"] {
            assert!(bad.parse::<DeploymentUuid>().is_err(), "{bad}");
        }
        for good in ["pr-7", "v1.2.3", "_x"] {
            assert!(good.parse::<ImageTag>().is_ok(), "{good}");
        }
        for bad in ["", "-x", ".x", "a/b", "a b", &"x".repeat(129)] {
            assert!(bad.parse::<ImageTag>().is_err(), "{bad}");
        }
    }
}
