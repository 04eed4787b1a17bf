//! An event as it is read: what is stored of it, and what is known about it at that moment.

use super::super::{attendance::Statistics, records::Event};
use crate::ids::UserId;

/// An event with what is known about it at the moment of reading.
#[derive(Debug, Clone, PartialEq)]
pub struct EventView {
    /// Its number, which the store and the codes know it by.
    pub number: u32,
    /// The event.
    pub event: Event,
    /// Who is expected; nothing when anyone may come, and in a page of events.
    pub expected: Option<Vec<UserId>>,
    /// How many came, and how.
    pub statistics: Statistics,
}
