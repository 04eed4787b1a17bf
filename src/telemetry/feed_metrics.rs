//! How full the social feed is, and how often it took nothing.

use prometheus::{IntCounter, IntGauge, Registry};

use super::registry::register;

/// How full the social feed is, and how often it took nothing.
#[derive(Clone, Debug)]
pub struct FeedMetrics {
    bytes: IntGauge,
    bound: IntGauge,
    refused: IntCounter,
}

impl FeedMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        let bytes =
            IntGauge::new("appliance_social_feed_bytes", "What the posts of the feed take.")?;
        let bound = IntGauge::new(
            "appliance_social_feed_bound_bytes",
            "What the posts of the feed may take (social.total_mib).",
        )?;
        let refused = IntCounter::new(
            "appliance_social_submissions_refused_total",
            "Submissions of posts that were refused for a quota or for want of room.",
        )?;
        Ok(Self {
            bytes: register(r, bytes)?,
            bound: register(r, bound)?,
            refused: register(r, refused)?,
        })
    }

    /// Says how full it is, and how often it has taken nothing since the start.
    pub fn measured(&self, bytes: u64, bound: u64, refused: u64) {
        let whole = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.bytes.set(whole(bytes));
        self.bound.set(whole(bound));
        self.refused.inc_by(refused.saturating_sub(self.refused.get()));
    }
}
