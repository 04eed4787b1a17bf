//! How large a body may be, by what it is sent to.

use crate::{
    config::LimitsConfig,
    http::{BodyBudget, BodyLimits},
};

/// What a body is, as far as its size goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// What signs somebody in or makes an account: a few short fields.
    Credentials,
    /// Many things at once.
    Batch,
}

/// The limits of every body. What no path here begins is of the usual size.
pub struct Bodies {
    kinds: Vec<(&'static str, BodyKind)>,
    usual: BodyLimits,
    credentials_bytes: usize,
    batch_bytes: usize,
}

impl Bodies {
    /// The limits of the configuration, for paths that begin so; the first that fits counts.
    pub fn new(limits: &LimitsConfig, kinds: Vec<(&'static str, BodyKind)>) -> Self {
        let bytes = |bytes: u32| usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            kinds,
            usual: BodyLimits {
                bytes: bytes(limits.body_bytes),
                time: limits.body(),
                budget: BodyBudget::new(limits.bodies_in_flight_bytes()),
            },
            credentials_bytes: bytes(limits.credentials_body_bytes),
            batch_bytes: bytes(limits.batch_body_bytes),
        }
    }

    /// What a body that is sent to `path` may be.
    pub(super) fn at(&self, path: &str) -> BodyLimits {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    #[test]
    fn a_path_decides_by_whole_segments_how_large_a_body_may_be() {
        let limits = Config::load(&Sources::default()).unwrap().limits;
        let kinds = vec![("/a/b", BodyKind::Batch), ("/a", BodyKind::Credentials)];
        let bodies = Bodies::new(&limits, kinds);
        for (path, bytes) in [
            ("/a", limits.credentials_body_bytes),
            ("/a/c", limits.credentials_body_bytes),
            ("/a/b", limits.batch_body_bytes),
            ("/a/b/c", limits.batch_body_bytes),
            ("/a/bc", limits.credentials_body_bytes),
            ("/ab", limits.body_bytes),
            ("/", limits.body_bytes),
        ] {
            assert_eq!(bodies.at(path).bytes, usize::try_from(bytes).unwrap(), "{path}");
        }
    }
}
