//! What follows the number that ids have first, for all of one number in one text: ten thousand are read for each page, and most of
//! the time would go into making as many texts of their own.

use serde::{Deserialize, Serialize};

/// Each once, in their order, with a space after each: no id has one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Rests(String);

impl Rests {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split_terminator(' ')
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.bytes().filter(|byte| *byte == b' ').count()
    }

    pub(super) fn insert(&mut self, rest: &str) {
        let mut place = 0;
        for known in self.iter() {
            if known == rest {
                return;
            }
            if known > rest {
                break;
            }
            place += known.len() + 1;
        }
        self.0.insert(place, ' ');
        self.0.insert_str(place, rest);
    }

    pub(super) fn remove(&mut self, rest: &str) {
        let others = self.iter().filter(|known| *known != rest);
        let mut left = String::with_capacity(self.0.len());
        for other in others {
            left.push_str(other);
            left.push(' ');
        }
        self.0 = left;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rests: &Rests) -> Vec<&str> {
        rests.iter().collect()
    }

    #[test]
    fn each_is_there_once_in_its_order_and_goes_alone() {
        let mut rests = Rests::default();
        for rest in ["7", "12", "7", "1", "2"] {
            rests.insert(rest);
        }
        assert_eq!(shown(&rests), ["1", "12", "2", "7"]);
        assert_eq!(rests.len(), 4);
        rests.remove("1");
        rests.remove("3");
        assert_eq!(shown(&rests), ["12", "2", "7"]);
        assert_eq!(serde_json::to_string(&rests).unwrap(), "\"12 2 7 \"");
    }

    #[test]
    fn an_id_of_a_number_alone_has_an_empty_one() {
        let mut rests = Rests::default();
        assert!(rests.is_empty());
        rests.insert("");
        assert_eq!((rests.len(), shown(&rests)), (1, vec![""]));
        rests.insert("");
        assert_eq!(rests.len(), 1);
        rests.remove("");
        assert!(rests.is_empty());
    }
}
