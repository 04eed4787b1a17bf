//! Use cases of profiles.

use std::sync::Arc;

use serde_json::json;

use super::{
    super::{
        NewProfile, UserService,
        error::UserError,
        records::Profile,
        tables::{ERASED, PROFILES},
    },
    model::{PersonName, ProfileChanges},
    rules::{self, Checked},
};
use crate::{
    audit_event::{self, AuditContext},
    http::{Principal, Problem},
    ids::UserId,
    store::{Outcome, Reader, StoreError},
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
        let profile = Profile::from(registered);
        match self.put_missing(id, profile.clone()).await {
            // Reading goes on while the disk is too full to keep it.
            Err(UserError::Store(StoreError::NoSpace)) => Ok(profile),
            kept => {
                tracing::info!(user = id.0, "made the profile that was missing");
                kept
            }
        }
    }

    /// What people are called, in the order in which they are asked for; nothing for whoever has no
    /// profile.
    ///
    /// # Errors
    /// The store's.
    pub async fn names(&self, ids: Vec<UserId>) -> Result<Vec<Option<Profile>>, UserError> {
        let read = self.store.read_range(move |snapshot| {
            ids.into_iter().map(|id| PROFILES.get(snapshot, id.0)).collect()
        });
        Ok(read.await?)
    }

    /// Makes the profiles that are missing of these accounts, in one commit; says how many were. For
    /// start-up, and for whoever adds many people at once.
    ///
    /// # Errors
    /// The store's.
    pub async fn ensure_profiles(&self, ids: Vec<UserId>) -> Result<usize, UserError> {
        let accounts = Arc::clone(&self.accounts);
        let missing = self.store.read_range(move |snapshot| {
            let mut missing = Vec::new();
            for id in ids {
                if !PROFILES.contains(snapshot, id.0)?
                    // Nobody, when they were deleted meanwhile.
                    && let Some(registered) = accounts.registered(id)?
                {
                    missing.push((id, Profile::from(registered)));
                }
            }
            Ok(missing)
        });
        let missing = missing.await?;
        if missing.is_empty() {
            return Ok(0);
        }
        let made = self.store.submit(move |view| -> Result<Outcome<_, UserError>, _> {
            let mut still = Vec::new();
            for (id, profile) in &missing {
                if may_be_made(view, *id)? {
                    still.push((*id, profile.clone()));
                }
            }
            Ok(Outcome::commit(move |txn| {
                for (id, profile) in &still {
                    PROFILES.put(txn, id.0, profile)?;
                }
                Ok(still.len())
            }))
        });
        made.await?
    }

    /// Changes somebody's profile, for an administrator.
    ///
    /// # Errors
    /// [`UserError::Invalid`], [`UserError::UserNotFound`], or the store's.
    pub async fn change_profile(
        &self,
        id: UserId,
        changes: ProfileChanges,
        from: AuditContext,
    ) -> Result<Profile, UserError> {
        let checked = rules::check(&changes)?;
        let before = self.profile(id).await?;
        if checked.is_empty() { Ok(before) } else { self.change(id, checked, &from).await }
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
        from: AuditContext,
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
        from: &AuditContext,
    ) -> Result<Profile, UserError> {
        let audit = from
            .event(self.clock.now(), "profile.updated", format!("user:{id}"))
            .map_err(|_| UserError::NoRandomness)?;
        let changed = self.store.submit(move |view| {
            let Some(before) = PROFILES.get(view, id.0)? else {
                return Ok(Outcome::Reject(UserError::UserNotFound));
            };
            let after = changed(&before, &checked);
            if after == before {
                return Ok(Outcome::NoChange(after));
            }
            let after_it = Some(described(&before, &after));
            let audit = audit_event::AuditEvent { after: after_it, ..audit.clone() };
            Ok(Outcome::commit(move |txn| {
                PROFILES.put(txn, id.0, &after)?;
                audit_event::emit(txn, &audit)?;
                Ok(after)
            }))
        });
        changed.await?
    }

    /// Keeps a profile where there is none; answers with the one that is there then. Whoever was erased
    /// since their account was read does not come back.
    async fn put_missing(&self, id: UserId, profile: Profile) -> Result<Profile, UserError> {
        let kept = self.store.submit(move |view| {
            let profile = match PROFILES.get(view, id.0)? {
                Some(there) => return Ok(Outcome::NoChange(there)),
                None if ERASED.contains(view, id.0)? => {
                    return Ok(Outcome::Reject(UserError::UserNotFound));
                }
                None => profile.clone(),
            };
            Ok(Outcome::commit(move |txn| {
                PROFILES.put(txn, id.0, &profile)?;
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

/// Whether somebody has no profile and may have one.
fn may_be_made(reader: &impl Reader, id: UserId) -> Result<bool, StoreError> {
    Ok(!PROFILES.contains(reader, id.0)? && !ERASED.contains(reader, id.0)?)
}

impl From<NewProfile> for Profile {
    fn from(registered: NewProfile) -> Self {
        let NewProfile { name, surname, language, created_at } = registered;
        Self { name, surname, language, created_at }
    }
}

/// What the audit trail keeps of a change: which fields, and never a name, since the trail outlives whoever
/// it is of.
fn described(before: &Profile, after: &Profile) -> String {
    let fields = [
        ("name", before.name != after.name),
        ("surname", before.surname != after.surname),
        ("language", before.language != after.language),
    ];
    let changed = fields.iter().filter(|(_, changed)| *changed).map(|(field, _)| *field);
    json!({ "changed": changed.collect::<Vec<_>>() }).to_string()
}
