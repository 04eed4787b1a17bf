//! Who was refused, or had to go, so that others get their share.

use prometheus::{IntCounter, IntCounterVec, Registry};

use super::registry::{counters, register};

/// What there is too little of at times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScarceResource {
    /// Open connections.
    Connections,
    /// Memory for the bodies of requests.
    BodyMemory,
}

impl ScarceResource {
    const ALL: [Self; 2] = [Self::Connections, Self::BodyMemory];

    const fn label(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::BodyMemory => "body_memory",
        }
    }
}

/// Refusals by what was scarce, and connections that were closed for newcomers.
#[derive(Debug, Clone)]
pub struct ShareMetrics {
    refusals: IntCounterVec,
    displaced: IntCounter,
}

impl ShareMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        let refusals = counters(
            r,
            "appliance_share_refusals_total",
            "Refused because a network or person has its share (group), or everything is taken (total).",
            &["resource", "share"],
        )?;
        for resource in ScarceResource::ALL {
            for share in ["group", "total"] {
                refusals.with_label_values(&[resource.label(), share]).reset();
            }
        }
        let displaced = IntCounter::new(
            "appliance_connections_displaced_total",
            "Resting or stalled connections that were closed for a newcomer.",
        )?;
        Ok(Self { refusals, displaced: register(r, displaced)? })
    }

    /// Counts somebody whose network or person has its share.
    pub fn refused_group(&self, resource: ScarceResource) {
        self.refusals.with_label_values(&[resource.label(), "group"]).inc();
    }

    /// Counts somebody for whom nothing was left.
    pub fn refused_total(&self, resource: ScarceResource) {
        self.refusals.with_label_values(&[resource.label(), "total"]).inc();
    }

    /// Counts a connection that was closed for a newcomer.
    pub fn displaced(&self) {
        self.displaced.inc();
    }
}
