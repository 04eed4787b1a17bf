//! How large a body may be, by what it is sent to and by whom.

use poem::http::Method;

use crate::{
    config::LimitsConfig,
    http::{BodyBudget, BodyLimits, Caller, ClientNetwork},
    telemetry::ShareMetrics,
};

/// What a body is, as far as its size goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// What signs somebody in or makes an account: a few short fields.
    Credentials,
    /// Many things at once.
    Batch,
}

/// An operation that is open to strangers: its method, and its path with `:name` for what differs.
pub type OpenOperation = (Method, String);

/// The limits of every body. What is not open to strangers, and what no path here begins, is of the usual size.
pub struct Bodies {
    open: Vec<OpenOperation>,
    kinds: Vec<(&'static str, BodyKind)>,
    usual: BodyLimits,
    credentials_bytes: usize,
    batch_bytes: usize,
}

impl Bodies {
    /// The limits of the configuration, for paths that begin so; the first that fits counts.
    pub fn new(
        limits: &LimitsConfig,
        kinds: Vec<(&'static str, BodyKind)>,
        metrics: ShareMetrics,
    ) -> Self {
        let bytes = |bytes: u32| usize::try_from(bytes).unwrap_or(usize::MAX);
        let (usual, batch) = (bytes(limits.body_bytes), bytes(limits.batch_body_bytes));
        let credentials = bytes(limits.credentials_body_bytes);
        let largest = usual.max(batch).max(credentials);
        let all = limits.bodies_in_flight_bytes();
        let budget = BodyBudget::shared(all, largest, credentials, Some(metrics));
        Self {
            open: Vec::new(),
            kinds,
            usual: BodyLimits { bytes: usual, time: limits.body(), budget },
            credentials_bytes: credentials,
            batch_bytes: batch,
        }
    }

    /// Says which operations are open to strangers.
    pub(super) fn open_to_strangers(&mut self, operations: Vec<OpenOperation>) {
        self.open = operations;
    }

    /// What a body may be that a caller sends, of which a stranger's is small wherever it is read.
    pub(super) fn of(
        &self,
        caller: &Caller,
        network: ClientNetwork,
        at: &BodyLimits,
    ) -> BodyLimits {
        let bytes = match caller {
            Caller::SignedIn(_) | Caller::Display(_) => at.bytes,
            Caller::Anonymous | Caller::Refused(_) => at.bytes.min(self.credentials_bytes),
        };
        BodyLimits { bytes, budget: at.budget.of(caller, network), ..*at }
    }

    /// What a body that is sent to `path` may be.
    pub(super) fn at(&self, method: &Method, path: &str) -> BodyLimits {
        if self.open.iter().any(|(open, template)| open == method && is_of(path, template)) {
            return BodyLimits { bytes: self.credentials_bytes, ..self.usual.clone() };
        }
        let begins = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let kind = self.kinds.iter().find(|(prefix, _)| begins(prefix)).map(|(_, kind)| *kind);
        let bytes = match kind {
            None => self.usual.bytes,
            Some(BodyKind::Credentials) => self.credentials_bytes,
            Some(BodyKind::Batch) => self.batch_bytes,
        };
        BodyLimits { bytes, ..self.usual.clone() }
    }
}

/// Whether a path is of a template, segment by segment.
fn is_of(path: &str, template: &str) -> bool {
    let (mut segments, mut parts) = (path.split('/'), template.split('/'));
    loop {
        match (segments.next(), parts.next()) {
            (None, None) => return true,
            (Some(segment), Some(part)) if part.starts_with(':') || segment == part => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Config, ConfigSources},
        telemetry::Metrics,
    };

    fn bodies(
        limits: &LimitsConfig,
        open: &[(Method, &str)],
        kinds: Vec<(&'static str, BodyKind)>,
    ) -> Bodies {
        let open = open.iter().map(|(method, path)| (method.clone(), (*path).to_owned()));
        let mut bodies = Bodies::new(limits, kinds, Metrics::new().unwrap().shares);
        bodies.open_to_strangers(open.collect());
        bodies
    }

    #[test]
    fn what_is_open_to_strangers_takes_small_bodies_whatever_else_its_path_is() {
        let limits = Config::load(&ConfigSources::default()).unwrap().limits;
        let open = [(Method::POST, "/a/:id/c"), (Method::POST, "/d")];
        let bodies = bodies(&limits, &open, vec![("/d", BodyKind::Batch)]);
        for (method, path, bytes) in [
            (Method::POST, "/a/5/c", limits.credentials_body_bytes),
            (Method::POST, "/d", limits.credentials_body_bytes),
            (Method::PUT, "/a/5/c", limits.body_bytes),
            (Method::POST, "/a/5/6/c", limits.body_bytes),
            (Method::POST, "/a/5", limits.body_bytes),
            (Method::PUT, "/d", limits.batch_body_bytes),
        ] {
            let expected = usize::try_from(bytes).unwrap();
            assert_eq!(bodies.at(&method, path).bytes, expected, "{method} {path}");
        }
    }

    #[test]
    fn what_is_read_of_a_stranger_is_small_wherever_it_is_sent() {
        let limits = Config::load(&ConfigSources::default()).unwrap().limits;
        let bodies = bodies(&limits, &[], vec![("/a", BodyKind::Batch)]);
        let network = ClientNetwork::of([192, 0, 2, 1].into());
        for path in ["/a", "/b"] {
            let at = bodies.at(&Method::POST, path);
            let of = bodies.of(&Caller::Anonymous, network, &at);
            assert_eq!(of.bytes, usize::try_from(limits.credentials_body_bytes).unwrap());
        }
    }

    #[test]
    fn a_path_decides_by_whole_segments_how_large_a_body_may_be() {
        let limits = Config::load(&ConfigSources::default()).unwrap().limits;
        let kinds = vec![("/a/b", BodyKind::Batch), ("/a", BodyKind::Credentials)];
        let bodies = bodies(&limits, &[], kinds);
        for (path, bytes) in [
            ("/a", limits.credentials_body_bytes),
            ("/a/c", limits.credentials_body_bytes),
            ("/a/b", limits.batch_body_bytes),
            ("/a/b/c", limits.batch_body_bytes),
            ("/a/bc", limits.credentials_body_bytes),
            ("/ab", limits.body_bytes),
            ("/", limits.body_bytes),
        ] {
            let expected = usize::try_from(bytes).unwrap();
            assert_eq!(bodies.at(&Method::POST, path).bytes, expected, "{path}");
        }
    }
}
