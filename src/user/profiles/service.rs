//! Use cases of profiles.

use serde_json::json;

use super::{
    super::{UserService, error::UserError, records::Profile, tables::PROFILES},
    model::{PersonName, ProfileChanges},
    rules::{self, Checked},
};
use crate::{
    event::{self, Provenance},
    http::{Principal, Problem},
    ids::UserId,
    store::Decision,
};

impl UserService {
    /// A person's profile, made of what the account was registered with when it is missing.
    ///
    /// # Errors
    /// [`UserError::UserNotFound`] when nobody is registered under the id, or the store's.
    pub async fn profile(&self, id: UserId) -> Result<Profile, UserError> {
        let read = |id: &u64| PROFILES.get(&self.store.read()?, *id);
        if let Some(profile) = self.profiles.get_or_read(&self.store, id.0, read)? {
            return Ok(profile);
        }
        let registered = self.accounts.registered(id)?.ok_or(UserError::UserNotFound)?;
        tracing::info!(user = id.0, "made the profile that was missing");
        let profile = Profile {
            name: registered.name,
            surname: registered.surname,
            language: registered.language,
            created_at: registered.created_at,
        };
        self.put_missing(id, profile).await
    }

    /// Makes the profiles that are missing of these accounts; says how many were. For start-up.
    ///
    /// # Errors
    /// The store's.
    pub async fn ensure_profiles(&self, ids: Vec<UserId>) -> Result<usize, UserError> {
        let missing = self.store.read_range(move |snapshot| {
            let mut missing = Vec::new();
            for id in ids {
                if !PROFILES.contains(snapshot, id.0)? {
                    missing.push(id);
                }
            }
            Ok(missing)
        });
        let mut made = 0;
        for id in missing.await? {
            match self.profile(id).await {
                Ok(_) => made += 1,
                // Deleted meanwhile.
                Err(UserError::UserNotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(made)
    }

    /// Changes a person's own profile, and the username of their account. Answers with both as they
    /// are then.
    ///
    /// The profile's own fields are checked before the username is changed, so that a refusal changes
    /// nothing. The two are in two files: should the second write fail, the same request may be sent
    /// again.
    ///
    /// # Errors
    /// 422 for fields that do not hold, whatever the account says of the username, or the store's.
    pub async fn update_profile(
        &self,
        principal: &Principal,
        changes: ProfileChanges,
        from: Provenance,
    ) -> Result<(String, Profile), Problem> {
        let checked = rules::check(&changes)?;
        let before = self.profile(principal.id).await?;
        let username = match changes.username {
            Some(wanted) => self.accounts.change_username(principal, &wanted, from.clone()).await?,
            None => principal.username.clone(),
        };
        if checked.is_empty() {
            return Ok((username, before));
        }
        let profile = self.change(principal.id, checked, &from).await?;
        Ok((username, profile))
    }

    async fn change(
        &self,
        id: UserId,
        checked: Checked,
        from: &Provenance,
    ) -> Result<Profile, UserError> {
        let audit = from
            .event(self.clock.now(), "profile.updated", format!("user:{id}"))
            .map_err(|_| UserError::NoRandomness)?;
        let changed = self.store.submit(move |view| {
            let Some(before) = PROFILES.get(view, id.0)? else {
                return Ok(Decision::Refuse(UserError::UserNotFound));
            };
            let after = changed(&before, &checked);
            if after == before {
                return Ok(Decision::Answer(after));
            }
            let audit = event::Event {
                before: Some(described(&before)),
                after: Some(described(&after)),
                ..audit.clone()
            };
            Ok(Decision::write(move |edit| {
                PROFILES.put(edit, id.0, &after)?;
                event::emit(edit, &audit)?;
                Ok(after)
            }))
        });
        changed.await?
    }

    /// Keeps a profile where there is none; answers with the one that is there then.
    async fn put_missing(&self, id: UserId, profile: Profile) -> Result<Profile, UserError> {
        let kept = self.store.submit(move |view| {
            let profile = match PROFILES.get(view, id.0)? {
                Some(there) => return Ok(Decision::Answer(there)),
                None => profile.clone(),
            };
            Ok(Decision::write(move |edit| {
                PROFILES.put(edit, id.0, &profile)?;
                Ok(profile)
            }))
        });
        kept.await?
    }
}

fn changed(before: &Profile, checked: &Checked) -> Profile {
    let name = checked.name.clone().map(PersonName::into_string);
    let surname = checked.surname.clone().map(PersonName::into_string);
    Profile {
        name: name.unwrap_or_else(|| before.name.clone()),
        surname: surname.unwrap_or_else(|| before.surname.clone()),
        language: checked.language.unwrap_or(before.language),
        created_at: before.created_at,
    }
}

/// What the audit trail keeps of a profile.
fn described(profile: &Profile) -> String {
    let fields = json!({
        "name": profile.name,
        "surname": profile.surname,
        "language": profile.language.code(),
    });
    fields.to_string()
}
