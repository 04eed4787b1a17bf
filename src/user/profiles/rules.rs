//! Which changes of a profile hold.

use super::{
    super::error::UserError,
    model::{PersonName, ProfileChanges},
};
use crate::{
    field::{FieldError, FieldErrors},
    language::Language,
};

/// Changes that hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) name: Option<PersonName>,
    pub(super) surname: Option<PersonName>,
    pub(super) language: Option<Language>,
}

impl Checked {
    /// Whether there is nothing to change.
    pub(super) const fn is_empty(&self) -> bool {
        self.name.is_none() && self.surname.is_none() && self.language.is_none()
    }
}

/// Checks the fields that are the profile's own, and names every fault.
pub(super) fn check(changes: &ProfileChanges) -> Result<Checked, UserError> {
    let mut faults = FieldErrors::default();
    let name = faults.check(optional("name", changes.name.as_deref()));
    let surname = faults.check(optional("surname", changes.surname.as_deref()));
    match (name, surname) {
        (Some(name), Some(surname)) => Ok(Checked { name, surname, language: changes.language }),
        _ => Err(faults.into()),
    }
}

fn optional(field: &'static str, text: Option<&str>) -> Result<Option<PersonName>, FieldError> {
    text.map(|text| PersonName::parse(field, text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_and_what_is_left_out_has_none() {
        let name = Some("\u{7}".to_owned());
        let surname = Some("x".repeat(81));
        let changes = ProfileChanges { name, surname, ..ProfileChanges::default() };
        let Err(UserError::Invalid(faults)) = check(&changes) else { panic!("no faults") };
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_ref()).collect();
        assert_eq!(fields, ["name", "surname"]);
        assert!(check(&ProfileChanges::default()).unwrap().is_empty());
    }
}
