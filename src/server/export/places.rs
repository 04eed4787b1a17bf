//! Who may be sent a document at a time.

use crate::{
    ids::UserId,
    limit::{Claimant, Shares},
};

/// How many documents are sent at once, to everybody together.
const AT_ONCE: u64 = 4;
/// Who is being sent a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::server) enum Exporting {
    /// A person, be it about somebody else.
    Person(UserId),
    /// Whoever has a shell on the machine.
    CommandLine,
}

impl Claimant for Exporting {
    type Group = Self;

    fn groups(&self) -> impl Iterator<Item = (Self, u32)> {
        std::iter::once((*self, 1))
    }
}

/// Places for documents that are being sent: one a person, and a few in all.
pub(in crate::server) fn new_exports() -> Shares<Exporting> {
    Shares::new(AT_ONCE, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::Exhausted;

    #[test]
    fn a_person_has_one_place_and_everybody_together_a_few() {
        let exports = new_exports();
        let person = |id| exports.take(&Exporting::Person(UserId(id)), 1);
        let first = person(1).unwrap();
        assert_eq!(person(1).err(), Some(Exhausted::Group));
        let others: Vec<_> = (2..=AT_ONCE).map(|id| person(id).unwrap()).collect();
        assert_eq!(person(99).err(), Some(Exhausted::Total));
        drop(first);
        assert!(person(1).is_ok());
        drop(others);
        assert!(exports.take(&Exporting::CommandLine, 1).is_ok());
    }
}
