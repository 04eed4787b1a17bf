//! What an API key may be used for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One thing that an API key may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Hand in posts.
    SocialWrite,
    /// Read posts.
    SocialRead,
    /// Read events and who attended them.
    AttendanceRead,
    /// Record the owner's own attendance.
    AttendanceWrite,
    /// Read the metrics, from any network.
    MetricsRead,
}

impl Scope {
    /// Every scope, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::SocialWrite,
        Self::SocialRead,
        Self::AttendanceRead,
        Self::AttendanceWrite,
        Self::MetricsRead,
    ];

    /// The word used in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SocialWrite => "social:write",
            Self::SocialRead => "social:read",
            Self::AttendanceRead => "attendance:read",
            Self::AttendanceWrite => "attendance:write",
            Self::MetricsRead => "metrics:read",
        }
    }

    /// The bit that is stored for it: never another one, and never one that was another's.
    const fn bit(self) -> u32 {
        match self {
            Self::SocialWrite => 1,
            Self::SocialRead => 1 << 1,
            Self::AttendanceRead => 1 << 2,
            Self::AttendanceWrite => 1 << 3,
            Self::MetricsRead => 1 << 4,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word).ok_or(UnknownScope)
    }
}

/// The word names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownScope;

impl fmt::Display for UnknownScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a scope is one of social:write, social:read, attendance:read, attendance:write, \
             metrics:read",
        )
    }
}

impl std::error::Error for UnknownScope {}

/// Some scopes. Stored as bits, so that a check costs nothing; what an older appliance does not know of
/// them is kept and allows nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(u32);

impl Scopes {
    /// Whether this scope is one of them.
    pub const fn allow(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.allow(*scope))
    }

    /// Their words.
    pub fn words(self) -> Vec<&'static str> {
        self.iter().map(Scope::as_str).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reads_back_from_its_word_and_nothing_else_is_one() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        for word in ["", "social", "social:*", "SOCIAL:READ", " social:read", "admin"] {
            assert_eq!(word.parse::<Scope>(), Err(UnknownScope), "{word:?}");
        }
    }

    #[test]
    fn scopes_allow_what_they_hold_and_no_more() {
        for only in Scope::ALL {
            let scopes: Scopes = [only, only].into_iter().collect();
            assert!(Scope::ALL.into_iter().all(|scope| scopes.allow(scope) == (scope == only)));
            assert_eq!(scopes.words(), [only.as_str()]);
        }
        assert!(Scopes::default().is_empty() && Scopes::default().words().is_empty());
    }

    #[test]
    fn the_bits_of_a_stored_scope_never_change() {
        let bits = |scope| Scopes::from_iter([scope]).0;
        assert_eq!(Scope::ALL.map(bits), [1, 2, 4, 8, 16]);
    }
}
