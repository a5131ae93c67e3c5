//! What is to be different in an application's specification: one image, or one parameter, of one source (VENDORS 2.4).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Application, Foreseen, HelmParameter, ImageDigest, Source, SourceKind};
use crate::ImageTag;

/// What an application is to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// An image for Kustomize.
    KustomizeImage {
        /// The image without tag and digest, such as `ghcr.io/acme/shop`.
        image: String,
        /// Which one of it.
        version: ImageVersion,
    },
    /// A value for Helm.
    HelmParameter {
        /// Its path among the values, such as `image.tag`.
        name: String,
        /// The value.
        value: String,
    },
}

/// Which one of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageVersion {
    /// By its tag.
    Tag(ImageTag),
    /// By its digest, which cannot be moved.
    Digest(ImageDigest),
}

impl fmt::Display for ImageVersion {
    /// As it follows the image's name: `:v2` or `@sha256:…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(f, ":{tag}"),
            Self::Digest(digest) => write!(f, "@{digest}"),
        }
    }
}

impl fmt::Display for Setting {
    /// `the image ghcr.io/acme/shop:v2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KustomizeImage { image, version } => write!(f, "the image {image}{version}"),
            Self::HelmParameter { name, value } => write!(f, "the parameter {name} to {value}"),
        }
    }
}

/// One element of one array in one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which source, counted from 0.
    pub source: usize,
    /// Which element is replaced, counted from 0; none for a new one at the end.
    pub element: Option<usize>,
    /// What the element was.
    pub before: Option<Changed>,
    /// What it becomes.
    pub after: Changed,
}

/// An element of an array in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// Of `kustomize.images`.
    Image(String),
    /// Of `helm.parameters`.
    Parameter(HelmParameter),
}

impl Change {
    /// Whether there is nothing to change.
    pub fn is_nothing(&self) -> bool {
        self.before.as_ref() == Some(&self.after)
    }
}

impl Application {
    /// The change that makes it run what `setting` says.
    pub fn change_to(&self, setting: &Setting) -> Result<Change, Foreseen> {
        let (kind, wish) = match setting {
            Setting::KustomizeImage { image, .. } => (
                SourceKind::Kustomize,
                format!("an image for Kustomize ({image})"),
            ),
            Setting::HelmParameter { name, .. } => {
                (SourceKind::Helm, format!("a parameter for Helm ({name})"))
            }
        };
        let positions = |fits: &dyn Fn(&Source) -> bool| -> Vec<usize> {
            let places = self.sources.iter().enumerate();
            places
                .filter(|(_, source)| fits(source))
                .map(|(place, _)| place)
                .collect()
        };
        // Where it was set before, or else the only source of its kind.
        let mut places = positions(&|source| element_of(source, setting).is_some());
        if places.is_empty() {
            places = positions(&|source| source.kind == kind);
        }
        if places.is_empty() && !self.has_several_sources {
            places =
                positions(&|source| source.kind == SourceKind::Unknown && source.chart.is_none());
        }
        match (
            places.as_slice(),
            places.first().and_then(|place| self.sources.get(*place)),
        ) {
            ([place], Some(source)) => Ok(change_of(source, *place, setting)),
            _ => Err(Foreseen::NoPlace {
                setting: wish,
                places: places.len(),
            }),
        }
    }

    /// What a setting is now, written as the setting that would bring it about: what a rollback goes back to. None if it is not
    /// set, or by something else than a tag or digest.
    pub fn current(&self, setting: &Setting) -> Option<Setting> {
        let before = self.change_to(setting).ok()?.before?;
        match (setting, before) {
            (Setting::KustomizeImage { image, .. }, Changed::Image(entry)) => {
                let version = parts(&entry).version?;
                Some(Setting::KustomizeImage {
                    image: image.clone(),
                    version,
                })
            }
            (Setting::HelmParameter { .. }, Changed::Parameter(parameter)) => {
                Some(Setting::HelmParameter {
                    name: parameter.name,
                    value: parameter.value,
                })
            }
            (Setting::KustomizeImage { .. }, Changed::Parameter(_))
            | (Setting::HelmParameter { .. }, Changed::Image(_)) => None,
        }
    }
}

/// Where a source sets this already.
pub(super) fn element_of(source: &Source, setting: &Setting) -> Option<usize> {
    match setting {
        Setting::KustomizeImage { image, .. } => source
            .kustomize_images
            .iter()
            .position(|entry| parts(entry).image == image),
        Setting::HelmParameter { name, .. } => source
            .helm_parameters
            .iter()
            .position(|parameter| parameter.name == *name),
    }
}

fn change_of(source: &Source, place: usize, setting: &Setting) -> Change {
    let element = element_of(source, setting);
    let (before, after) = match setting {
        Setting::KustomizeImage { image, version } => {
            let before = element.and_then(|element| source.kustomize_images.get(element));
            let after = match before.and_then(|entry| parts(entry).replaces) {
                Some(replaces) => format!("{replaces}={image}{version}"),
                // Argo CD takes what is before the first colon for the name, which a port would cut in two.
                None if image.contains(':') => format!("{image}={image}{version}"),
                None => format!("{image}{version}"),
            };
            (before.cloned().map(Changed::Image), Changed::Image(after))
        }
        Setting::HelmParameter { name, value } => {
            let before = element.and_then(|element| source.helm_parameters.get(element));
            let after = HelmParameter {
                name: name.clone(),
                value: value.clone(),
                // A tag such as 1.10 must not become the number 1.1.
                force_string: true,
            };
            (
                before.cloned().map(Changed::Parameter),
                Changed::Parameter(after),
            )
        }
    };
    Change {
        source: place,
        element,
        before,
        after,
    }
}

/// The parts of `[replaces=]image[:tag|@digest]`.
struct Parts<'entry> {
    replaces: Option<&'entry str>,
    image: &'entry str,
    version: Option<ImageVersion>,
}

fn parts(entry: &str) -> Parts<'_> {
    let (replaces, rest) = match entry.split_once('=') {
        Some((replaces, rest)) => (Some(replaces), rest),
        None => (None, entry),
    };
    if let Some((image, digest)) = rest.split_once('@') {
        return Parts {
            replaces,
            image,
            version: digest.parse().ok().map(ImageVersion::Digest),
        };
    }
    // A colon before a slash is that of a port.
    match rest.rsplit_once(':') {
        Some((image, tag)) if !tag.contains('/') => Parts {
            replaces,
            image,
            version: tag.parse().ok().map(ImageVersion::Tag),
        },
        Some(_) | None => Parts {
            replaces,
            image: rest,
            version: None,
        },
    }
}
