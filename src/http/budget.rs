//! The memory that request bodies may take together, and what of it one caller may.
//!
//! Each body has a cap, and so has the number of connections; their product is more than a small
//! machine has. What is counted is what has arrived, not what was announced, and nobody waits: past
//! the budget a request is answered that the server is busy, so nothing can be held up by holding on.
//!
//! A person has a quarter of it, and so have the machines that act for them; all who are signed in from one
//! network have a half; a stranger's network has an eighth, and all strangers have a half. Nobody has less
//! than their largest body takes. A body beyond 2 KiB, which is more than a login or a scan takes, counts in
//! a smaller budget, too, and one beyond 16 KiB in a still smaller one: so large bodies leave room for small
//! ones, in all and in each share.

use std::sync::Arc;

use super::{Caller, ClientNetwork, NetworkGroup};
use crate::{
    ids::{RandomId, UserId},
    limit::{Claimant, Exhausted, Share, Shares},
    telemetry::{ScarceResource, ShareMetrics},
};

/// The unit of the budget: small bodies cost one.
const UNIT_BYTES: usize = 1_024;
/// Beyond how many units a body counts in which budget, and how many eighths of the whole that is.
const BUDGETS: [(u64, u64); 3] = [(0, 8), (2, 7), (16, 6)];

/// A number of bytes for all bodies that are being read, as one caller has a share of it. Clones are the same.
#[derive(Debug, Clone)]
pub struct BodyBudget {
    budgets: Arc<[Budget]>,
    payer: Payer,
    metrics: Option<ShareMetrics>,
}

/// The budget of bodies beyond some size.
#[derive(Debug)]
struct Budget {
    beyond: u64,
    units: u64,
    /// Of everybody's body, and of a stranger's, the largest.
    largest: u64,
    largest_of_strangers: u64,
    shares: Shares<Group>,
}

/// For whom a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payer {
    /// Nobody is told from another.
    Anybody,
    Stranger(ClientNetwork),
    Known(Known, ClientNetwork),
}

/// Who is counted by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Known {
    Person(UserId),
    /// All machines that act for a person.
    MachinesOf(UserId),
    Display(RandomId),
}

/// What units are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Group {
    Strangers,
    StrangersOf(NetworkGroup),
    Known(Known),
    KnownOf(NetworkGroup),
}

/// A payer in a budget.
struct Claim<'b>(&'b Budget, Payer);

impl BodyBudget {
    /// A budget of so many bytes, rounded down to whole KiB, for anybody together.
    pub fn new(bytes: usize) -> Self {
        Self::shared(bytes, bytes, bytes, None)
    }

    /// The same, for bodies of which the largest has so many bytes, and that of a stranger so many.
    pub fn shared(
        bytes: usize,
        largest: usize,
        largest_of_strangers: usize,
        metrics: Option<ShareMetrics>,
    ) -> Self {
        let units = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        let whole = units(bytes / UNIT_BYTES);
        let largest = units(largest.div_ceil(UNIT_BYTES));
        let largest_of_strangers = units(largest_of_strangers.div_ceil(UNIT_BYTES));
        let budgets = BUDGETS.map(|(beyond, eighths)| {
            let units = (whole / 8).saturating_mul(eighths).max(largest).min(whole);
            // What a group may take of a budget is said in units.
            Budget { beyond, units, largest, largest_of_strangers, shares: Shares::new(units, 1) }
        });
        Self { budgets: Arc::new(budgets), payer: Payer::Anybody, metrics }
    }

    /// The budget as a caller from some network has a share of it.
    #[must_use]
    pub fn of(&self, caller: &Caller, network: ClientNetwork) -> Self {
        let known = match caller {
            Caller::SignedIn(principal) if principal.key().is_some() => {
                Some(Known::MachinesOf(principal.id))
            }
            Caller::SignedIn(principal) => Some(Known::Person(principal.id)),
            Caller::Display(display) => Some(Known::Display(display.id)),
            Caller::Anonymous | Caller::Refused(_) => None,
        };
        let payer = match known {
            Some(known) => Payer::Known(known, network),
            None => Payer::Stranger(network),
        };
        Self { payer, ..self.clone() }
    }

    /// A share of nothing yet.
    pub(super) fn share(&self) -> BodyShare {
        BodyShare { budget: self.clone(), taken: Vec::new() }
    }

    fn count(&self, exhausted: Exhausted) {
        let Some(metrics) = &self.metrics else { return };
        match exhausted {
            Exhausted::Total => metrics.refused_total(ScarceResource::BodyMemory),
            Exhausted::Group => metrics.refused_group(ScarceResource::BodyMemory),
        }
    }
}

impl Claimant for Claim<'_> {
    type Group = Group;

    fn groups(&self) -> impl Iterator<Item = (Group, u32)> {
        let Self(budget, payer) = self;
        let of = |part: u64, least: u64| {
            u32::try_from(part.max(least).min(budget.units)).unwrap_or(u32::MAX)
        };
        let half = budget.units / 2;
        let least = budget.largest_of_strangers;
        match *payer {
            Payer::Anybody => Vec::new(),
            Payer::Stranger(network) => {
                let networks = network.groups().map(|(group, times)| {
                    let part = (budget.units / 8).saturating_mul(times.into());
                    (Group::StrangersOf(group), of(part, least))
                });
                networks.chain([(Group::Strangers, of(half, least))]).collect()
            }
            Payer::Known(known, network) => {
                let networks = network
                    .groups()
                    .map(|(group, _)| (Group::KnownOf(group), of(half, budget.largest)));
                let own = (Group::Known(known), of(budget.units / 4, budget.largest));
                [own].into_iter().chain(networks).collect::<Vec<_>>()
            }
        }
        .into_iter()
    }
}

/// What one body has taken of the budget; given back when dropped.
pub(super) struct BodyShare {
    budget: BodyBudget,
    /// Of each budget in which the body counts, as they stand in [`BUDGETS`].
    taken: Vec<Share<Group>>,
}

impl BodyShare {
    /// Takes what is lacking to so many bytes; says whether there was enough.
    pub(super) fn grow_to(&mut self, bytes: usize) -> bool {
        let units = u64::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u64::MAX);
        let grown = self.try_grow_to(units);
        if let Err(exhausted) = grown {
            self.budget.count(exhausted);
        }
        grown.is_ok()
    }

    fn try_grow_to(&mut self, units: u64) -> Result<(), Exhausted> {
        let counting = self.budget.budgets.iter().filter(|budget| units > budget.beyond);
        for (index, budget) in counting.enumerate() {
            if let Some(share) = self.taken.get_mut(index) {
                share.grow_to(units)?;
            } else {
                let claim = Claim(budget, self.budget.payer);
                self.taken.push(budget.shares.take(&claim, units)?);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Time,
        http::{Credential, Principal},
        ids::{Role, Scopes},
    };

    const MIB: usize = 1 << 20;
    const SMALL: usize = 300;

    fn budget() -> BodyBudget {
        BodyBudget::shared(64 * MIB, 8 * MIB, 16 * UNIT_BYTES, None)
    }

    fn network(address: &str) -> ClientNetwork {
        ClientNetwork::of(address.parse().unwrap())
    }

    fn person(id: u64, key: Option<u8>) -> Caller {
        Caller::SignedIn(Arc::new(Principal {
            id: UserId(id),
            role: Role::User,
            credential: match key {
                Some(key) => {
                    Credential::ApiKey { id: RandomId([key; 16]), scopes: Scopes::default() }
                }
                None => Credential::Session(RandomId([0; 16])),
            },
            needs_second_factor: false,
            email: String::new(),
            username: String::new(),
            created_at: Time::EPOCH,
            last_login_at: None,
        }))
    }

    /// Reads bodies of so many bytes until one is refused; gives them, none of them finished.
    fn fill(budget: &BodyBudget, bytes: usize) -> Vec<BodyShare> {
        let read = std::iter::repeat_with(|| {
            let mut share = budget.share();
            share.grow_to(bytes).then_some(share)
        });
        read.map_while(|share| share).take(1_000_000).collect()
    }

    fn fits(budget: &BodyBudget, bytes: usize) -> bool {
        budget.share().grow_to(bytes)
    }

    #[test]
    fn bodies_share_a_budget_and_give_it_back() {
        let budget = BodyBudget::new(8 * UNIT_BYTES);
        let (mut first, mut second) = (budget.share(), budget.share());
        assert!(first.grow_to(1) && first.grow_to(UNIT_BYTES));
        assert!(first.grow_to(5 * UNIT_BYTES));
        assert!(!second.grow_to(3 * UNIT_BYTES + 1));
        assert!(second.grow_to(3 * UNIT_BYTES));
        assert!(!first.grow_to(5 * UNIT_BYTES + 1));
        drop(first);
        assert!(second.grow_to(8 * UNIT_BYTES));
    }

    #[test]
    fn bodies_of_strangers_of_one_network_leave_room_for_logins_there_and_elsewhere() {
        let budget = budget();
        let strangers = budget.of(&Caller::Anonymous, network("192.0.2.1"));
        let held = fill(&strangers, 16 * UNIT_BYTES);
        assert!((400..=512).contains(&held.len()), "{}", held.len());
        assert!(fits(&strangers, SMALL), "a login of the same network");
        let others = budget.of(&Caller::Anonymous, network("192.0.2.2"));
        assert!(fits(&others, SMALL) && fits(&others, 16 * UNIT_BYTES));
        let person = budget.of(&person(1, None), network("192.0.2.1"));
        assert!(fits(&person, 8 * MIB), "whoever is signed in there");
        drop(held);
        assert!(fits(&strangers, 16 * UNIT_BYTES));
    }

    #[test]
    fn strangers_of_all_networks_leave_a_half_to_who_is_signed_in() {
        let budget = budget();
        let mut held = Vec::new();
        for number in 0..100 {
            let strangers = budget.of(&Caller::Anonymous, network(&format!("192.0.2.{number}")));
            for bytes in [16 * UNIT_BYTES, 2 * UNIT_BYTES, UNIT_BYTES] {
                held.extend(fill(&strangers, bytes));
            }
        }
        let network = network("192.0.2.1");
        assert!(!fits(&budget.of(&Caller::Anonymous, network), 1));
        assert!(fits(&budget.of(&person(1, None), network), 8 * MIB));
    }

    #[test]
    fn the_networks_of_one_ipv6_site_share_a_half() {
        let budget = budget();
        let mut held = Vec::new();
        for number in 0..1_000 {
            let network = network(&format!("2001:db8:0:{number:x}::1"));
            held.extend(fill(&budget.of(&Caller::Anonymous, network), 16 * UNIT_BYTES));
        }
        assert!(held.len() <= 32 * MIB / (16 * UNIT_BYTES), "{}", held.len());
    }

    #[test]
    fn one_person_takes_a_quarter_from_however_many_networks_and_keys() {
        let budget = budget();
        let mut held = Vec::new();
        for number in 0..10 {
            let network = network(&format!("192.0.2.{number}"));
            held.extend(fill(&budget.of(&person(1, None), network), 8 * MIB));
        }
        assert_eq!(
            held.len(),
            1,
            "a second one would be more than a quarter of what is for large ones"
        );
        for key in 0..10 {
            held.extend(fill(&budget.of(&person(1, Some(key)), network("192.0.2.20")), 4 * MIB));
        }
        assert_eq!(held.len(), 4, "their machines have as much");
        let elsewhere = network("192.0.2.99");
        assert!(fits(&budget.of(&person(1, None), elsewhere), SMALL));
        assert!(fits(&budget.of(&person(2, None), elsewhere), 8 * MIB));
        assert!(fits(&budget.of(&Caller::Anonymous, elsewhere), 16 * UNIT_BYTES));
    }

    #[test]
    fn many_people_of_one_network_take_a_half() {
        let budget = budget();
        let mut held = Vec::new();
        for id in 0..100 {
            held.extend(fill(&budget.of(&person(id, None), network("192.0.2.1")), 4 * MIB));
        }
        assert!((5..=8).contains(&held.len()), "{}", held.len());
        assert!(fits(&budget.of(&person(200, None), network("192.0.2.1")), SMALL));
        assert!(fits(&budget.of(&person(200, None), network("192.0.2.2")), 8 * MIB));
    }

    #[test]
    fn large_bodies_of_everybody_leave_a_part_to_small_ones() {
        let budget = budget();
        let mut held = Vec::new();
        for id in 0..200 {
            let network = network(&format!("192.0.2.{id}"));
            held.extend(fill(&budget.of(&person(id, None), network), MIB));
        }
        assert_eq!(held.len(), 48);
        let newcomer = network("198.51.100.1");
        for caller in [Caller::Anonymous, person(500, None)] {
            let budget = budget.of(&caller, newcomer);
            assert!(fits(&budget, SMALL) && fits(&budget, 16 * UNIT_BYTES));
        }
    }

    #[test]
    fn whatever_the_budget_the_largest_body_fits() {
        for mib in [8, 9, 16, 33] {
            let budget = BodyBudget::shared(mib * MIB, 8 * MIB, 16 * UNIT_BYTES, None);
            let network = network("192.0.2.1");
            assert!(fits(&budget.of(&person(1, None), network), 8 * MIB));
            assert!(fits(&budget.of(&Caller::Anonymous, network), 16 * UNIT_BYTES));
        }
    }
}
