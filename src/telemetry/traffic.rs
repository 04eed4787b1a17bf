//! Requests by route, read back from the metrics that count them.

use std::collections::BTreeMap;

use prometheus::{core::Collector, proto};

use super::{Metrics, histogram::Distribution};

/// A route: labels of the metrics, all of them words of the program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The part that answers it.
    pub service: String,
    /// Its template.
    pub endpoint: String,
    /// The method.
    pub method: String,
}

/// What came over a route.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Traffic {
    /// Answered requests.
    pub requests: u64,
    /// Of them, refused: 400 to 499.
    pub refusals: u64,
    /// Of the refused, for asking too often: 429.
    pub rate_limited: u64,
    /// Of them, failed: 500 to 599.
    pub errors: u64,
    /// Seconds from the head of the request to the head of the answer.
    pub latency: Distribution,
}

impl Traffic {
    /// Adds another route's.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.refusals += other.refusals;
        self.rate_limited += other.rate_limited;
        self.errors += other.errors;
        self.latency.add(&other.latency);
    }

    fn since(&self, earlier: &Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(earlier.requests),
            refusals: self.refusals.saturating_sub(earlier.refusals),
            rate_limited: self.rate_limited.saturating_sub(earlier.rate_limited),
            errors: self.errors.saturating_sub(earlier.errors),
            latency: self.latency.since(&earlier.latency),
        }
    }
}

/// The traffic of every route that was asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RouteTraffics(pub BTreeMap<Route, Traffic>);

impl RouteTraffics {
    /// What came on top of an earlier state, routes without any left out.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let none = Traffic::default();
        let changed = self.0.iter().filter_map(|(route, traffic)| {
            let fresh = traffic.since(earlier.0.get(route).unwrap_or(&none));
            (fresh.requests > 0).then(|| (route.clone(), fresh))
        });
        Self(changed.collect())
    }

    /// All routes together.
    pub fn total(&self) -> Traffic {
        let mut total = Traffic::default();
        self.0.values().for_each(|traffic| total.add(traffic));
        total
    }

    /// The routes of each part together.
    pub fn by_service(&self) -> BTreeMap<String, Traffic> {
        let mut services = BTreeMap::<String, Traffic>::new();
        for (route, traffic) in &self.0 {
            services.entry(route.service.clone()).or_default().add(traffic);
        }
        services
    }
}

impl Metrics {
    /// The traffic since the start.
    pub fn routes(&self) -> RouteTraffics {
        let mut routes = BTreeMap::<Route, Traffic>::new();
        for_each(&self.http_requests, |metric| {
            let count = whole(metric.get_counter().get_value());
            let traffic = routes.entry(route(metric)).or_default();
            traffic.requests += count;
            match label(metric, "status_code").parse::<u16>() {
                Ok(429) => {
                    traffic.rate_limited += count;
                    traffic.refusals += count;
                }
                Ok(400..500) => traffic.refusals += count,
                Ok(500..) => traffic.errors += count,
                _ => {}
            }
        });
        for_each(&self.http_duration, |metric| {
            let latency = Distribution::of(metric.get_histogram());
            routes.entry(route(metric)).or_default().latency = latency;
        });
        RouteTraffics(routes)
    }

    /// How often each outcome of a check of an access token came up since the start.
    pub fn token_checks(&self) -> BTreeMap<String, u64> {
        by_status(&self.jwt_validations)
    }

    /// Registrations and logins since the start, by outcome.
    pub fn auth_attempts(&self) -> BTreeMap<String, u64> {
        by_status(&self.auth_attempts)
    }

    /// Scans since the start, by outcome.
    pub fn scans(&self) -> BTreeMap<String, u64> {
        by_status(&self.qr_scans)
    }

    /// The seconds that groups of writes took, from the first command to the fsync, by database.
    pub fn commit_durations(&self) -> BTreeMap<String, Distribution> {
        by_database(&self.stores.duration)
    }

    /// How many commands shared a group, by database.
    pub fn commit_batches(&self) -> BTreeMap<String, Distribution> {
        by_database(&self.stores.batch)
    }
}

fn by_status(counters: &impl Collector) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for_each(counters, |metric| {
        *counts.entry(label(metric, "status").to_owned()).or_insert(0) +=
            whole(metric.get_counter().get_value());
    });
    counts
}

fn by_database(histograms: &impl Collector) -> BTreeMap<String, Distribution> {
    let mut found = BTreeMap::new();
    for_each(histograms, |metric| {
        let distribution = Distribution::of(metric.get_histogram());
        found.insert(label(metric, "database").to_owned(), distribution);
    });
    found
}

fn for_each(collector: &impl Collector, mut visit: impl FnMut(&proto::Metric)) {
    collector.collect().iter().flat_map(proto::MetricFamily::get_metric).for_each(&mut visit);
}

fn label<'a>(metric: &'a proto::Metric, name: &str) -> &'a str {
    metric.get_label().iter().find(|label| label.name() == name).map_or("", |label| label.value())
}

fn route(metric: &proto::Metric) -> Route {
    let label = |name| label(metric, name).to_owned();
    Route { service: label("service"), endpoint: label("endpoint"), method: label("method") }
}

/// A counter is a whole number that travels as a float.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it was counted up from 0 in steps of 1"
)]
const fn whole(counter: f64) -> u64 {
    counter as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn routes_count_by_outcome_and_since_an_earlier_state() {
        let metrics = Metrics::new().unwrap();
        let took = Duration::from_millis(2);
        metrics.http_request("GET", "/a", 200, "user", took);
        let earlier = metrics.routes();
        for (endpoint, status) in [("/a", 404), ("/a", 429), ("/b", 503)] {
            metrics.http_request("GET", endpoint, status, "user", took);
        }
        let fresh = metrics.routes().since(&earlier);
        let counts: Vec<_> = fresh
            .0
            .iter()
            .map(|(route, t)| (&*route.endpoint, t.requests, t.refusals, t.rate_limited, t.errors))
            .collect();
        assert_eq!(counts, [("/a", 2, 2, 1, 0), ("/b", 1, 0, 0, 1)]);
        assert_eq!(fresh.by_service()["user"].latency.count(), 3);
        assert_eq!(metrics.routes().total().requests, 4);
        assert_eq!(earlier.since(&earlier), RouteTraffics::default());
    }
}
