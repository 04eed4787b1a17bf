//! How many streams of events are open at once: each takes memory and a place in the source's attention for as long as
//! somebody leaves it open.

use crate::{
    ids::UserId,
    limit::{Claimant, Exhausted, Share, Shares},
};

/// How many streams of one kind are open at once. Clones are the same.
#[derive(Debug, Clone)]
pub struct Followers(Shares<UserId>);

/// Somebody's place among the followers; given back when dropped.
pub type FollowerPlace = Share<UserId>;

struct Follower(UserId);

impl Claimant for Follower {
    type Group = UserId;

    fn groups(&self) -> impl Iterator<Item = (UserId, u32)> {
        std::iter::once((self.0, 1))
    }
}

impl Followers {
    /// So many in all, of which one person may have `each`.
    pub fn new(all: u64, each: u64) -> Self {
        Self(Shares::new(all, each))
    }

    /// A place for one more stream of this person.
    ///
    /// # Errors
    /// When all are taken, or all that one person may have.
    pub fn place(&self, who: UserId) -> Result<FollowerPlace, Exhausted> {
        self.0.take(&Follower(who), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId(1);

    #[test]
    fn there_are_so_many_followers_in_all_and_of_one_person_and_each_place_is_given_back() {
        let followers = Followers::new(3, 2);
        let first = followers.place(ADA).unwrap();
        let second = followers.place(ADA).unwrap();
        assert_eq!(followers.place(ADA).err(), Some(Exhausted::Group));
        let other = followers.place(UserId(2)).unwrap();
        assert_eq!(followers.place(UserId(3)).err(), Some(Exhausted::Total));
        drop((first, other));
        assert!(followers.place(UserId(3)).is_ok());
        drop(second);
        assert!(followers.place(ADA).is_ok());
    }
}
