//! What an invitation is made of.

use crate::{
    clock::Time,
    field::{FieldError, FieldErrors, line},
    ids::{RandomId, Role, UserId},
};

/// The longest note, in characters.
const NOTE_LENGTH: usize = 120;

/// An invitation to be made, as it was asked for.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// What for; may be empty.
    pub note: String,
    /// What those who come with it may do: user or staff.
    pub role: Role,
    /// How many accounts it makes.
    pub uses: u32,
    /// Days that it is good for.
    pub days: u32,
}

impl NewInvitation {
    /// Accounts that an invitation makes when nobody says how many.
    pub const USES: u32 = 1;
    /// Days that one is good for when nobody says how many.
    pub const DAYS: u32 = 14;

    /// Checks every field.
    ///
    /// # Errors
    /// Every fault.
    pub(in crate::auth) fn check(self) -> Result<Self, Vec<FieldError>> {
        let mut faults = FieldErrors::default();
        let note = if self.note.trim().is_empty() {
            Some(String::new())
        } else {
            faults.check(line("note", &self.note, NOTE_LENGTH))
        };
        let role = faults.check(given(self.role));
        let uses = faults.check(within(self.uses, 10_000, USES_FAULT));
        let days = faults.check(within(self.days, 365, DAYS_FAULT));
        match (note, role, uses, days) {
            (Some(note), Some(role), Some(uses), Some(days)) => Ok(Self { note, role, uses, days }),
            _ => Err(faults.into_vec()),
        }
    }
}

const USES_FAULT: FieldError =
    FieldError::new("uses", "must be from 1 to 10000", "dev'essere compreso tra 1 e 10000");
const DAYS_FAULT: FieldError =
    FieldError::new("expires_in_days", "must be from 1 to 365", "dev'essere compreso tra 1 e 365");

fn within(number: u32, most: u32, fault: FieldError) -> Result<u32, FieldError> {
    if (1..=most).contains(&number) { Ok(number) } else { Err(fault) }
}

/// Nobody becomes an administrator by a code that is passed around.
fn given(role: Role) -> Result<Role, FieldError> {
    if role == Role::Admin {
        Err(FieldError::new("role", "must be user or staff", "dev'essere user o staff"))
    } else {
        Ok(role)
    }
}

/// An invitation as administrators see it: all but the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationView {
    /// Names it. No secret.
    pub id: RandomId,
    /// What for.
    pub note: String,
    /// What those who come with it may do.
    pub role: Role,
    /// How many accounts it makes.
    pub uses: u32,
    /// How many of them it has not made yet.
    pub uses_left: u32,
    /// When it was made.
    pub created_at: Time,
    /// When it ends.
    pub expires_at: Time,
    /// Who made it; nobody for the command line.
    pub created_by: Option<UserId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_new_invitation_is_told_at_once() {
        let new = |note: &str, role, uses, days| {
            let new = NewInvitation { note: note.to_owned(), role, uses, days };
            let faults = new.check().err().unwrap_or_default();
            faults.into_iter().map(|fault| fault.field.into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(new("a\nb", Role::Admin, 0, 366), ["note", "role", "uses", "expires_in_days"]);
        assert!(new("", Role::User, 1, 1).is_empty());
        assert!(new(" Classe 3B ", Role::Staff, 10_000, 365).is_empty());
        assert_eq!(new("", Role::User, 10_001, 0), ["uses", "expires_in_days"]);
    }
}
