//! Use cases of the second factor: enrolling, using, renewing, removing.

use serde_json::json;

use super::{
    recovery,
    totp::{self, SECRET_BYTES, matching_step},
};
use crate::{
    audit_event::{Actor, AuditContext, emit},
    auth::{
        AuthError, AuthService,
        records::SecondFactor,
        store::{account, end_sessions_of},
        tables::SECOND_FACTORS,
    },
    clock::Time,
    crypto,
    http::{Principal, RequestContext},
    ids::{Role, UserId},
    store::{Outcome, ReadView, StoreError},
};

/// The state of a person's second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TotpStatus {
    /// Whether their role must have one.
    pub(super) required: bool,
    /// Since when they have one.
    pub(super) confirmed_at: Option<Time>,
    /// Recovery codes that were not used.
    pub(super) recovery_codes_left: usize,
}

/// A code that was accepted.
pub(in crate::auth) struct AcceptedFactor {
    /// What to store in place of the factor that took it: the code is used up.
    pub(in crate::auth) factor: SecondFactor,
    /// Whether it was a recovery code.
    pub(in crate::auth) was_recovery: bool,
}

/// Whether a factor takes this code now: six digits of the app, or a recovery code.
pub(in crate::auth) fn accept(
    factor: &SecondFactor,
    typed: &str,
    now: Time,
) -> Option<AcceptedFactor> {
    let typed = typed.trim();
    if totp::is_code(typed) {
        let last_step = matching_step(&factor.secret, typed, now, factor.last_step)?;
        let factor = SecondFactor { last_step, ..factor.clone() };
        return Some(AcceptedFactor { factor, was_recovery: false });
    }
    let hash = recovery::hash_of(typed)?;
    let used = factor.recovery.iter().position(|stored| crypto::equal(stored, &hash))?;
    let mut factor = factor.clone();
    factor.recovery.remove(used);
    Some(AcceptedFactor { factor, was_recovery: true })
}

impl AuthService {
    /// How somebody stands with their second factor.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn second_factor(&self, principal: &Principal) -> Result<TotpStatus, AuthError> {
        let factor = SECOND_FACTORS.get(&self.shared.store.read()?, principal.id.0)?;
        let factor = factor.filter(|factor| factor.confirmed_at.is_some());
        Ok(TotpStatus {
            required: self.must_have_second_factor(principal.role),
            confirmed_at: factor.as_ref().and_then(|factor| factor.confirmed_at),
            recovery_codes_left: factor.map_or(0, |factor| factor.recovery.len()),
        })
    }

    /// Whether people of this role must have a second factor.
    pub(in crate::auth) fn must_have_second_factor(&self, role: Role) -> bool {
        self.shared.config.require_second_factor_for.contains(&role)
    }

    /// Begins to enrol: a fresh secret, which counts once it is confirmed. One that was begun and not
    /// confirmed is forgotten.
    ///
    /// # Errors
    /// [`AuthError::PasswordWrong`], [`AuthError::SecondFactorEnrolled`] and those of the store.
    pub(super) async fn begin_second_factor(
        &self,
        principal: &Principal,
        password: String,
        context: &RequestContext,
    ) -> Result<[u8; SECRET_BYTES], AuthError> {
        self.confirm_password(principal, password, context).await?;
        let (id, secret, started_at) = (principal.id, crypto::random()?, self.shared.clock.now());
        let command = move |view: &ReadView<'_>| {
            if confirmed(view, id)?.is_some() {
                return Ok(Outcome::Reject(AuthError::SecondFactorEnrolled));
            }
            let begun = SecondFactor {
                secret,
                started_at,
                confirmed_at: None,
                last_step: 0,
                recovery: Vec::new(),
            };
            Ok(Outcome::commit(move |txn| SECOND_FACTORS.put(txn, id.0, &begun)))
        };
        self.shared.store.submit(command).await??;
        Ok(secret)
    }

    /// Ends enrolment with a code of the new secret; answers with the recovery codes. All other sessions
    /// of the person end.
    ///
    /// # Errors
    /// [`AuthError::SecondFactorNotStarted`], [`AuthError::SecondFactorEnrolled`],
    /// [`AuthError::SecondFactorInvalid`] and those of the store.
    pub(super) async fn confirm_second_factor(
        &self,
        principal: &Principal,
        code: String,
        context: &RequestContext,
    ) -> Result<Vec<String>, AuthError> {
        self.shared.throttle.check_own(principal, self.shared.clock.now())?;
        let (shown, stored) = recovery::generate()?;
        let (id, now) = (principal.id, self.shared.clock.now());
        let session = principal.session();
        let from = context.audit_context(Actor::User(id));
        let command = move |view: &ReadView<'_>| {
            let Some(begun) = SECOND_FACTORS.get(view, id.0)? else {
                return Ok(Outcome::Reject(AuthError::SecondFactorNotStarted));
            };
            if begun.confirmed_at.is_some() {
                return Ok(Outcome::Reject(AuthError::SecondFactorEnrolled));
            }
            let step = matching_step(&begun.secret, code.trim(), now, begun.last_step);
            let Some(last_step) = step else {
                return Ok(Outcome::Reject(AuthError::SecondFactorInvalid));
            };
            let factor = SecondFactor {
                confirmed_at: Some(now),
                last_step,
                recovery: stored.clone(),
                ..begun
            };
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                end_sessions_of(txn, id, session)?;
                SECOND_FACTORS.put(txn, id.0, &factor)?;
                emit(txn, &from.event(now, "second_factor.enrolled", format!("user:{id}"))?)
            }))
        };
        let confirmed = self.shared.store.submit(command).await?;
        self.count_own_failure(principal, &confirmed);
        confirmed.map(|()| shown)
    }

    /// A fresh set of recovery codes in place of those that are left.
    ///
    /// # Errors
    /// [`AuthError::PasswordWrong`], [`AuthError::SecondFactorInvalid`],
    /// [`AuthError::SecondFactorNotStarted`] and those of the store.
    pub(super) async fn renew_recovery_codes(
        &self,
        principal: &Principal,
        password: String,
        code: String,
        context: &RequestContext,
    ) -> Result<Vec<String>, AuthError> {
        self.confirm_password(principal, password, context).await?;
        let (shown, stored) = recovery::generate()?;
        let (id, now) = (principal.id, self.shared.clock.now());
        let from = context.audit_context(Actor::User(id));
        let command = move |view: &ReadView<'_>| {
            let accepted = match accepted(view, id, &code, now)? {
                Ok(accepted) => accepted,
                Err(refusal) => return Ok(Outcome::Reject(refusal)),
            };
            let factor = SecondFactor { recovery: stored.clone(), ..accepted.factor };
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                SECOND_FACTORS.put(txn, id.0, &factor)?;
                let action = "second_factor.recovery_codes_renewed";
                emit(txn, &from.event(now, action, format!("user:{id}"))?)
            }))
        };
        let renewed = self.shared.store.submit(command).await?;
        self.count_own_failure(principal, &renewed);
        renewed.map(|()| shown)
    }

    /// Removes one's own second factor. All other sessions of the person end.
    ///
    /// # Errors
    /// [`AuthError::SecondFactorRequired`] when the role must have one, [`AuthError::PasswordWrong`],
    /// [`AuthError::SecondFactorInvalid`], [`AuthError::SecondFactorNotStarted`] and those of the store.
    pub(super) async fn remove_second_factor(
        &self,
        principal: &Principal,
        password: String,
        code: String,
        context: &RequestContext,
    ) -> Result<(), AuthError> {
        if self.must_have_second_factor(principal.role) {
            return Err(AuthError::SecondFactorRequired);
        }
        self.confirm_password(principal, password, context).await?;
        let (id, now) = (principal.id, self.shared.clock.now());
        let session = principal.session();
        let from = context.audit_context(Actor::User(id));
        let command = move |view: &ReadView<'_>| {
            if let Err(refusal) = accepted(view, id, &code, now)? {
                return Ok(Outcome::Reject(refusal));
            }
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                end_sessions_of(txn, id, session)?;
                SECOND_FACTORS.remove(txn, id.0)?;
                emit(txn, &from.event(now, "second_factor.removed", format!("user:{id}"))?)
            }))
        };
        let removed = self.shared.store.submit(command).await?;
        self.count_own_failure(principal, &removed);
        removed
    }

    /// Removes somebody's second factor, for an administrator or the command line, when the telephone
    /// and the recovery codes are lost. All sessions of the person end. Says whether there was one.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`], [`AuthError::OwnFactors`] and those of the store.
    pub async fn reset_second_factor(
        &self,
        id: UserId,
        from: AuditContext,
    ) -> Result<bool, AuthError> {
        if from.actor == Actor::User(id) {
            return Err(AuthError::OwnFactors);
        }
        let now = self.shared.clock.now();
        let command = move |view: &ReadView<'_>| {
            if account(view, id)?.is_none() {
                return Ok(Outcome::Reject(AuthError::UserNotFound));
            }
            let Some(factor) = SECOND_FACTORS.get(view, id.0)? else {
                return Ok(Outcome::NoChange(false));
            };
            let from = from.clone();
            Ok(Outcome::commit(move |txn| {
                end_sessions_of(txn, id, None)?;
                SECOND_FACTORS.remove(txn, id.0)?;
                let mut event = from.event(now, "second_factor.reset", format!("user:{id}"))?;
                let left = factor.recovery.len();
                event.before = Some(json!({ "recovery_codes_left": left }).to_string());
                emit(txn, &event)?;
                Ok(true)
            }))
        };
        self.shared.store.submit(command).await?
    }

    /// A wrong code within a session counts like a wrong password within it.
    fn count_own_failure<T>(&self, principal: &Principal, outcome: &Result<T, AuthError>) {
        if matches!(outcome, Err(AuthError::SecondFactorInvalid)) {
            self.shared.throttle.fail_own(principal, self.shared.clock.now());
        }
    }
}

/// The second factor of a person, if it counts.
fn confirmed(view: &ReadView<'_>, id: UserId) -> Result<Option<SecondFactor>, StoreError> {
    let factor = SECOND_FACTORS.get(view, id.0)?;
    Ok(factor.filter(|factor| factor.confirmed_at.is_some()))
}

/// What comes of a code for a person's second factor.
fn accepted(
    view: &ReadView<'_>,
    id: UserId,
    code: &str,
    now: Time,
) -> Result<Result<AcceptedFactor, AuthError>, StoreError> {
    let Some(factor) = confirmed(view, id)? else {
        return Ok(Err(AuthError::SecondFactorNotStarted));
    };
    Ok(accept(&factor, code, now).ok_or(AuthError::SecondFactorInvalid))
}
