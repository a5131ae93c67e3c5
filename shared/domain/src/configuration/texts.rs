//! The kinds of text in the configuration, each with its check and the pattern that editors know.

use super::{
    ConfiguredDuration, Template, TemplateValues,
    reader::{Reader, Rule},
    shape::{Literal, Shape},
    yaml::Node,
};
use crate::{ApplicationUuid, CommitSha, ImageTag, PullRequestNumber};

/// A kind of text.
pub(super) trait TextRule {
    /// What it is parsed into.
    type Value;
    /// A regular expression that matches at least what is parsed; without look-around, so that every engine takes it.
    const PATTERN: &'static str;
    /// With its article.
    const EXPECTED: &'static str;
    /// Whether a wrong one may be shown; one where people put secrets by mistake may not.
    const MAY_BE_SHOWN: bool = true;

    /// The text parsed; none if it is not one.
    fn parse(text: &str) -> Option<Self::Value>;

    /// The text of a value, for a default.
    fn text(_value: &Self::Value) -> Option<String> {
        None
    }
}

impl<T: TextRule> Rule for T {
    type Value = T::Value;
    const SHAPE: Shape = Shape::Text {
        pattern: T::PATTERN,
        accepts: |text| T::parse(text).is_some(),
    };

    fn expected() -> String {
        T::EXPECTED.to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<T::Value> {
        let accepts = |text: &str| T::parse(text).is_some();
        let text = reader.text(node, accepts, T::EXPECTED, T::MAY_BE_SHOWN)?;
        T::parse(text)
    }

    fn literal(value: &T::Value) -> Option<Literal> {
        T::text(value).map(Literal::Text)
    }
}

/// Declares kinds of texts that stay texts.
macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $rule:ident, $expected:literal, $pattern:literal, $accepts:expr;)+) => {
        $(
            $(#[doc = $doc])+
            pub(super) struct $rule;

            impl TextRule for $rule {
                type Value = String;
                const PATTERN: &'static str = $pattern;
                const EXPECTED: &'static str = $expected;

                fn parse(text: &str) -> Option<String> {
                    let accepts: fn(&str) -> bool = $accepts;
                    accepts(text).then(|| text.to_owned())
                }

                fn text(value: &String) -> Option<String> {
                    Some(value.clone())
                }
            }
        )+
    };
}

texts! {
    /// Any text of one line.
    Line, "a text of one line (at most 200 characters)", r"^[^\x00-\x1f\x7f]{1,200}$", is_line;

    /// The name of a service, an environment, a directive or an operation.
    Name, "1 to 40 lower-case letters, digits and hyphens", "^[a-z0-9-]{1,40}$",
        |text| made_of(text, 40, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');

    /// The name of a workflow's input; GitHub's rule.
    InputName, "the name of a workflow's input (letters, digits, _ and -, not starting with a digit or -)",
        "^[A-Za-z_][A-Za-z0-9_-]{0,99}$",
        |text| {
            made_of(text, 100, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
                && !text.starts_with(|first: char| first.is_ascii_digit() || first == '-')
        };

    /// The file name of a workflow.
    WorkflowFile, "the file name of a workflow, such as deploy.yml", r"^[^/\x00-\x1f\x7f]{1,190}\.ya?ml$",
        |text| {
            let name = text.strip_suffix(".yml").or_else(|| text.strip_suffix(".yaml")).unwrap_or_default();
            is_line(name) && name.chars().count() <= 190 && !name.contains('/')
        };

    /// The name of a branch; what git refuses in one is refused.
    Branch, "the name of a branch", r"^[^\x00- ~^:?*\[\\\x7f]{1,200}$",
        |text| is_line(text) && !text.contains([' ', '~', '^', ':', '?', '*', '[', '\\']);

    /// An image without tag and digest.
    Image, "an image without its tag, in lower case, such as ghcr.io/acme/shop-web",
        r"^([A-Za-z0-9.-]+(:[0-9]+)?/)?[a-z0-9._-]+(/[a-z0-9._-]+)*$", is_image;

    /// The path of a URL.
    UrlPath, "a path such as /health", "^/[!-~]{0,199}$",
        |text| text.starts_with('/') && made_of(text, 200, |byte| byte.is_ascii_graphic());

    /// An absolute URL, in ASCII as it goes over the wire.
    HttpUrl, "an absolute http or https URL", "^https?://[!-~]+$", is_http_url;

    /// The name of an object of Kubernetes, such as an Argo CD application.
    KubernetesName, "a Kubernetes name (lower-case letters, digits, - and ., with a letter or digit at both ends)",
        "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        |text| {
            made_of(text, 253, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
                && !text.starts_with(['-', '.'])
                && !text.ends_with(['-', '.'])
        };

    /// The path of a value of a Helm chart.
    ParameterName, "the path of a Helm value, such as image.tag (no spaces, commas or =)", "^[!-+./0-<>-~-]{1,200}$",
        |text| made_of(text, 200, |byte| byte.is_ascii_graphic() && !matches!(byte, b',' | b'='));

    /// The reference of an entity in Backstage.
    BackstageEntity, "a Backstage entity, such as component:default/shop-web",
        "^([A-Za-z]+:)?([A-Za-z0-9-]+/)?[A-Za-z0-9._-]+$", is_backstage_entity;
}

/// The key of a variable's entry, such as a Slack channel's.
pub(super) struct VariableKey;

impl TextRule for VariableKey {
    type Value = String;
    const PATTERN: &'static str = "^[A-Za-z0-9_-]{1,64}$";
    const EXPECTED: &'static str = "a key of Slipway's variables, such as team-shop (letters, digits, _ and -), never a URL \
                                    or secret";
    const MAY_BE_SHOWN: bool = false;

    fn parse(text: &str) -> Option<String> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        made_of(text, 64, allowed).then(|| text.to_owned())
    }
}

/// The tag of an image, with placeholders.
pub(super) struct TagTemplate;

impl TextRule for TagTemplate {
    type Value = Template;
    const PATTERN: &'static str =
        r"^(\w|\{(number|commit|short_commit)\})([\w.-]|\{(number|commit|short_commit)\})*$";
    const EXPECTED: &'static str = "an image tag, such as pr-{number}, with letters, digits, _, ., - and the placeholders \
                                    {number}, {commit} and {short_commit}";

    fn parse(text: &str) -> Option<Template> {
        let template: Template = text.parse().ok()?;
        let tag: Result<ImageTag, _> = sample(&template)?.parse();
        tag.is_ok().then_some(template)
    }
}

/// The tag of an image, with placeholders for its commit.
pub(super) struct CommitTagTemplate;

impl TextRule for CommitTagTemplate {
    type Value = Template;
    const PATTERN: &'static str =
        r"^(\w|\{(commit|short_commit)\})([\w.-]|\{(commit|short_commit)\})*$";
    const EXPECTED: &'static str = "an image tag, such as {commit} or main-{short_commit}, with letters, digits, _, ., - and the \
                                    placeholders {commit} and {short_commit}";

    fn parse(text: &str) -> Option<Template> {
        TagTemplate::parse(text).filter(|_| !text.contains("{number}"))
    }

    fn text(value: &Template) -> Option<String> {
        Some(value.as_str().to_owned())
    }
}

/// An absolute URL, with placeholders.
pub(super) struct UrlTemplate;

impl TextRule for UrlTemplate {
    type Value = Template;
    const PATTERN: &'static str = r"^https?://([!-z|~]|\{(number|commit|short_commit)\})+$";
    const EXPECTED: &'static str = "an absolute http or https URL, such as https://pr-{number}.example.com, with the \
                                    placeholders {number}, {commit} and {short_commit}";

    fn parse(text: &str) -> Option<Template> {
        let template: Template = text.parse().ok()?;
        is_http_url(&sample(&template)?).then_some(template)
    }
}

impl TextRule for ConfiguredDuration {
    type Value = Self;
    const PATTERN: &'static str = "^[0-9]{1,10}[smhd]$";
    const EXPECTED: &'static str = "a duration, such as 10s, 30m, 72h or 7d, of at most a year";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|_| text.len() <= 11)
    }

    fn text(value: &Self) -> Option<String> {
        Some(value.to_string())
    }
}

impl TextRule for ApplicationUuid {
    type Value = Self;
    const PATTERN: &'static str = "^[A-Za-z0-9-]{1,64}$";
    const EXPECTED: &'static str = "a Coolify uuid (1 to 64 letters, digits and hyphens)";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

fn made_of(text: &str, most: usize, allowed: fn(u8) -> bool) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(allowed)
}

fn is_line(text: &str) -> bool {
    // U+0080 to U+009F are control characters too; nobody writes them.
    (1..=200).contains(&text.chars().count()) && !text.bytes().any(|byte| byte.is_ascii_control())
}

fn is_image(text: &str) -> bool {
    let is_part = |part: &str| {
        made_of(part, 200, |byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
        })
    };
    let is_registry = |part: &str| {
        let (host, port) = part.split_once(':').unwrap_or((part, "0"));
        made_of(host, 200, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
        }) && made_of(port, 5, |byte| byte.is_ascii_digit())
    };
    match text.split_once('/') {
        Some((first, rest)) => {
            (is_registry(first) || is_part(first)) && rest.split('/').all(is_part)
        }
        None => is_part(text),
    }
}

fn is_http_url(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
        && (text.starts_with("http://") || text.starts_with("https://"))
        && url::Url::parse(text).is_ok_and(|url| url.has_host())
}

fn is_backstage_entity(text: &str) -> bool {
    let (kind, rest) = text.split_once(':').unwrap_or(("component", text));
    let (namespace, name) = rest.split_once('/').unwrap_or(("default", rest));
    made_of(kind, 63, |byte| byte.is_ascii_alphabetic())
        && made_of(namespace, 63, |byte| {
            byte.is_ascii_alphanumeric() || byte == b'-'
        })
        && made_of(name, 63, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
        })
}

/// A template filled in with the largest values that are sensible.
fn sample(template: &Template) -> Option<String> {
    let commit: CommitSha = "0".repeat(40).parse().ok()?;
    let values = TemplateValues {
        number: PullRequestNumber(1),
        commit: &commit,
    };
    Some(template.expand(values))
}
