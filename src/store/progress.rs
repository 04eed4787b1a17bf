//! How a long start comes along: told by repairs and migrations to whoever opened the file.

use std::{path::Path, sync::Arc};

/// What is being done to a file, and how far it is.
#[derive(Debug, Clone, Copy)]
pub struct OpenStep<'a> {
    /// The file.
    pub file: &'a Path,
    /// What is being done, in a few words.
    pub name: &'a str,
    /// From 0 to 100, when that is known.
    pub percent: Option<u8>,
}

/// Who is told, which may be nobody, and asked whether to go on. May be called often, from the thread that
/// works.
#[derive(Clone, Default)]
pub struct OpenProgress {
    hear: Option<Arc<Hear>>,
    wanted: Option<Arc<Wanted>>,
}

type Hear = dyn Fn(&OpenStep<'_>) + Send + Sync;
type Wanted = dyn Fn() -> bool + Send + Sync;

impl OpenProgress {
    /// Tells `hear`.
    pub fn new(hear: impl Fn(&OpenStep<'_>) + Send + Sync + 'static) -> Self {
        Self { hear: Some(Arc::new(hear)), wanted: None }
    }

    /// The same; what is done is given up at the next moment that allows it once `wanted` says no.
    #[must_use]
    pub fn while_wanted(self, wanted: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { wanted: Some(Arc::new(wanted)), ..self }
    }

    /// Tells them.
    pub fn report(&self, step: &OpenStep<'_>) {
        if let Some(hear) = &self.hear {
            hear(step);
        }
    }

    /// Whether to go on.
    pub fn is_wanted(&self) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted())
    }
}

/// A part of a whole in percent, rounded down; 100 of nothing.
pub(super) fn percent(done: u64, whole: u64) -> u8 {
    let percent = u128::from(done.min(whole)) * 100 / u128::from(whole.max(1));
    if whole == 0 { 100 } else { u8::try_from(percent).unwrap_or(100) }
}

/// A fraction in percent.
pub(super) fn percent_of(fraction: f64) -> u8 {
    // In steps that a search finds: floats have no checked conversion.
    (0..=100_u8).rev().find(|percent| f64::from(*percent) <= fraction * 100.0).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_percent_of_their_whole() {
        assert_eq!(
            [(0, 3), (1, 3), (3, 3), (9, 3), (0, 0)].map(|(d, w)| percent(d, w)),
            [0, 33, 100, 100, 100]
        );
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
        assert_eq!([-1.0, 0.0, 0.299, 1.0, 7.0, f64::NAN].map(percent_of), [0, 0, 29, 100, 100, 0]);
    }
}
