//! Identifiers that the vendors make up: GUIDs, commit hashes, Coolify's uuids, numeric ids.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// Makes identifiers that never repeat within a world and, with another seed, not between worlds either: a store that
/// outlives one world must not mistake the next one's deliveries for duplicates.
#[derive(Debug)]
pub(crate) struct Names {
    seed: u64,
    made: AtomicU64,
    numbers: AtomicU64,
}

impl Names {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            made: AtomicU64::new(0),
            numbers: AtomicU64::new(1_000_000 + (seed % 1_000_000) * 1_000),
        }
    }

    fn digest(&self, kind: &str) -> [u8; 32] {
        let count = self.made.fetch_add(1, Ordering::Relaxed);
        Sha256::digest(format!("{}/{count}/{kind}", self.seed)).into()
    }

    /// A commit or blob hash, 40 hexadecimal digits.
    pub(crate) fn sha(&self) -> String {
        hex::encode(self.digest("sha")).chars().take(40).collect()
    }

    /// A version 4 UUID, the form of `X-GitHub-Delivery`.
    pub(crate) fn guid(&self) -> String {
        let mut hex: Vec<char> = hex::encode(self.digest("guid")).chars().take(32).collect();
        for (place, digit) in [(12, '4'), (16, 'a')] {
            if let Some(nibble) = hex.get_mut(place) {
                *nibble = digit;
            }
        }
        let mut guid = String::with_capacity(36);
        for (place, digit) in hex.into_iter().enumerate() {
            if matches!(place, 8 | 12 | 16 | 20) {
                guid.push('-');
            }
            guid.push(digit);
        }
        guid
    }

    /// Coolify's identifiers: 24 random lower-case alphanumerics (VENDORS 1.1).
    pub(crate) fn coolify_uuid(&self) -> String {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        self.digest("coolify")
            .iter()
            .take(24)
            .filter_map(|byte| ALPHABET.get(usize::from(byte % 36)))
            .map(|c| char::from(*c))
            .collect()
    }

    /// A numeric id, unique over all kinds of thing, always below 2^53.
    pub(crate) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_vendors_forms_and_do_not_repeat() {
        let names = Names::new(7);
        let guid = names.guid();
        let lengths: Vec<usize> = guid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{guid}");
        assert_eq!(names.sha().len(), 40);
        assert_eq!(names.coolify_uuid().len(), 24);
        assert_ne!(names.sha(), names.sha());
        assert_ne!(Names::new(1).guid(), Names::new(2).guid());
        assert!(names.number() < (1 << 53));
    }
}
