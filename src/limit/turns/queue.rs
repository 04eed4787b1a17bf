//! The queue itself: a tree of branches that take turns at every fork. Pure.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

/// What waits, by the branches that it is on.
pub(super) struct Queue<K, T> {
    count: usize,
    /// What waits at the end of a path, by number: the oldest goes first.
    items: BTreeMap<u64, T>,
    branches: HashMap<K, Branch<K, T>>,
    /// Whose turn it is next, by ticket: a branch that had its turn draws another.
    order: BTreeMap<u64, K>,
    tickets: u64,
}

struct Branch<K, T> {
    ticket: u64,
    queue: Queue<K, T>,
}

impl<K: Clone + Eq + Hash, T> Queue<K, T> {
    pub(super) fn new() -> Self {
        let (items, branches, order) = (BTreeMap::new(), HashMap::new(), BTreeMap::new());
        Self { count: 0, items, branches, order, tickets: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// Adds something under a number that nothing else has.
    pub(super) fn push(&mut self, path: &[K], number: u64, item: T) {
        self.count += 1;
        let Some((first, rest)) = path.split_first() else {
            self.items.insert(number, item);
            return;
        };
        if let Some(branch) = self.branches.get_mut(first) {
            branch.queue.push(rest, number, item);
            return;
        }
        let mut branch = Branch { ticket: self.next_ticket(), queue: Self::new() };
        branch.queue.push(rest, number, item);
        self.order.insert(branch.ticket, first.clone());
        self.branches.insert(first.clone(), branch);
    }

    /// Takes what is next.
    pub(super) fn pop(&mut self) -> Option<T> {
        if let Some((_, item)) = self.items.pop_first() {
            self.count -= 1;
            return Some(item);
        }
        let (_, key) = self.order.pop_first()?;
        let ticket = self.next_ticket();
        let branch = self.branches.get_mut(&key)?;
        let item = branch.queue.pop();
        branch.ticket = ticket;
        let is_empty = branch.queue.count == 0;
        self.order.insert(ticket, key.clone());
        self.left(&key, is_empty, item)
    }

    /// Takes something out, wherever it stands; nothing when it is gone already.
    pub(super) fn remove(&mut self, path: &[K], number: u64) -> Option<T> {
        let Some((first, rest)) = path.split_first() else {
            let item = self.items.remove(&number)?;
            self.count -= 1;
            return Some(item);
        };
        let branch = self.branches.get_mut(first)?;
        let item = branch.queue.remove(rest, number);
        let is_empty = branch.queue.count == 0;
        self.left(first, is_empty, item)
    }

    /// Takes out the newest of the longest branch; of branches of one length the one that came last.
    pub(super) fn pop_newest_of_longest(&mut self) -> Option<T> {
        if let Some((_, item)) = self.items.pop_last() {
            self.count -= 1;
            return Some(item);
        }
        let longest =
            self.branches.iter().max_by_key(|(_, branch)| (branch.queue.count, branch.ticket));
        let key = longest.map(|(key, _)| key.clone())?;
        let branch = self.branches.get_mut(&key)?;
        let item = branch.queue.pop_newest_of_longest();
        let is_empty = branch.queue.count == 0;
        self.left(&key, is_empty, item)
    }

    /// Keeps count after something left a branch, and forgets the branch when it was the last.
    fn left(&mut self, key: &K, is_empty: bool, item: Option<T>) -> Option<T> {
        if is_empty && let Some(branch) = self.branches.remove(key) {
            self.order.remove(&branch.ticket);
        }
        self.count -= usize::from(item.is_some());
        item
    }

    fn next_ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn filled(paths: &[[u8; 2]]) -> Queue<u8, [u8; 2]> {
        let mut queue = Queue::new();
        for (number, path) in (0..).zip(paths) {
            queue.push(path, number, *path);
        }
        queue
    }

    fn drained(mut queue: Queue<u8, [u8; 2]>) -> Vec<[u8; 2]> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn branches_take_turns_at_every_fork_however_much_each_has_put_in() {
        let queue = filled(&[[1, 1], [1, 1], [1, 1], [1, 2], [2, 1], [2, 1]]);
        assert_eq!(drained(queue), [[1, 1], [2, 1], [1, 2], [2, 1], [1, 1], [1, 1]]);
    }

    #[test]
    fn whoever_comes_to_a_full_queue_waits_for_one_round_of_branches_and_no_longer() {
        let mut flood = vec![[1, 1]; 500];
        flood.extend((2..100).map(|connection| [1, connection]));
        flood.push([2, 1]);
        let order = drained(filled(&flood));
        assert_eq!(order.iter().position(|path| *path == [2, 1]), Some(1));
        let last_connection = order.iter().position(|path| *path == [1, 99]).unwrap();
        assert!(last_connection <= 100, "{last_connection}");
    }

    #[test]
    fn the_newest_of_the_longest_branch_leaves_first() {
        let mut queue = filled(&[[1, 1], [1, 2], [1, 2], [2, 1], [2, 1]]);
        let left: Vec<_> = std::iter::from_fn(|| queue.pop_newest_of_longest()).take(3).collect();
        assert_eq!(left, [[1, 2], [2, 1], [1, 2]]);
    }

    proptest! {
        #[test]
        fn what_was_put_in_comes_out_once_and_nothing_is_left(
            steps in vec((0_u8..4, 0_u8..3, 0_u8..3), 0..200),
        ) {
            let mut queue = Queue::new();
            let mut inside = BTreeSet::new();
            for (number, (action, network, connection)) in (0_u64..).zip(steps) {
                let path = [network, connection];
                let out = match action {
                    0 => queue.pop(),
                    1 => queue.pop_newest_of_longest(),
                    2 => inside.first().copied().and_then(|(number, path): (u64, [u8; 2])| {
                        queue.remove(&path, number)
                    }),
                    _ => {
                        queue.push(&path, number, (number, path));
                        inside.insert((number, path));
                        continue;
                    }
                };
                prop_assert_eq!(out.is_none(), inside.is_empty());
                if let Some(out) = out {
                    prop_assert!(inside.remove(&out));
                }
                prop_assert_eq!(queue.len(), inside.len());
            }
            while queue.pop().is_some() {}
            prop_assert!(queue.branches.is_empty() && queue.order.is_empty());
        }
    }
}
