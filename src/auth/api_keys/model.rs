//! What a key is made of.

use crate::{
    clock::Time,
    field::{FieldError, FieldErrors, line},
    ids::{RandomId, Scopes, UserId},
};

/// The longest name of a key, in characters.
const NAME_LENGTH: usize = 80;

/// A key to be made, as it was asked for.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What people call it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// Whose it is.
    pub owner: UserId,
    /// When it ends, if ever.
    pub expires_at: Option<Time>,
}

impl NewKey {
    /// Checks every field.
    ///
    /// # Errors
    /// Every fault.
    pub(in crate::auth) fn check(self, now: Time) -> Result<Self, Vec<FieldError>> {
        let mut faults = FieldErrors::default();
        let name = faults.check(line("name", &self.name, NAME_LENGTH));
        let scopes = faults.check(some(self.scopes));
        let expires_at = faults.check(in_future(self.expires_at, now));
        match (name, scopes, expires_at) {
            (Some(name), Some(scopes), Some(expires_at)) => {
                Ok(Self { name, scopes, owner: self.owner, expires_at })
            }
            _ => Err(faults.into_vec()),
        }
    }
}

fn some(scopes: Scopes) -> Result<Scopes, FieldError> {
    if scopes.is_empty() {
        Err(FieldError::new("scopes", "must name a scope", "deve indicare un ambito"))
    } else {
        Ok(scopes)
    }
}

fn in_future(expires_at: Option<Time>, now: Time) -> Result<Option<Time>, FieldError> {
    if expires_at.is_some_and(|end| end <= now) {
        Err(FieldError::new("expires_at", "must lie in the future", "dev'essere nel futuro"))
    } else {
        Ok(expires_at)
    }
}

/// A key as its administrators see it: all but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyView {
    /// Names it. No secret.
    pub id: RandomId,
    /// What people call it.
    pub name: String,
    /// Whose it is.
    pub owner: UserId,
    /// The owner's username; empty once the account is gone.
    pub owner_username: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Time,
    /// When it ends, if ever.
    pub expires_at: Option<Time>,
    /// When it was used last.
    pub last_used_at: Option<Time>,
    /// From which network.
    pub last_network: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Scope;

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    fn faults(name: &str, scopes: &[Scope], expires_at: Option<Time>) -> Vec<String> {
        let scopes = scopes.iter().copied().collect();
        let new = NewKey { name: name.to_owned(), scopes, owner: UserId(1), expires_at };
        let faults = new.check(NOW).err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.field.into_owned()).collect()
    }

    #[test]
    fn every_fault_of_a_new_key_is_told_at_once() {
        assert_eq!(faults("", &[], Some(NOW)), ["name", "scopes", "expires_at"]);
        let later = Some(NOW.plus_seconds(1));
        assert!(faults("Prometheus", &[Scope::MetricsRead], later).is_empty());
        assert!(faults("Prometheus", &[Scope::MetricsRead], None).is_empty());
    }
}
