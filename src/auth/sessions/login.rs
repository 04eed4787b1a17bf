//! Logging in: a name, a password and perhaps a second factor become a session.

use super::{
    device::Device,
    model::{Identifier, IssuedSession},
    refresh_token::RefreshToken,
    throttle::ThrottleKey,
};
use crate::{
    audit_event::{Actor, AuditContext, emit},
    auth::{
        AuthError, AuthService,
        passwords::Verdict,
        records::{Account, Session},
        second_factor::accept,
        store::{account, end_session, find, put_session, session, sessions_of, update_account},
        tables::SECOND_FACTORS,
    },
    clock::Time,
    crypto,
    http::{Principal, RequestContext},
    ids::{RandomId, UserId},
    store::{Outcome, ReadView, StoreError, WriteTxn},
};

/// Beyond this many open sessions of one person, the one that was used longest ago ends.
const MAX_SESSIONS: usize = 50;

/// What somebody logs in with, as typed.
pub struct Login {
    /// An e-mail address or a username.
    pub identifier: String,
    /// The password.
    pub password: String,
    /// A code of the second factor, or a recovery code.
    pub code: Option<String>,
    /// The device cookie, when the browser has one.
    pub device: Option<String>,
    /// The refresh token that the browser still has of a session before, which ends with this login.
    pub before: Option<String>,
}

/// Somebody who has logged in.
pub struct LoggedIn {
    /// Who.
    pub account: Account,
    /// With what they go on.
    pub opened: IssuedSession,
    /// A cookie for the browser, by which it is known the next time.
    pub device: String,
}

impl AuthService {
    /// Checks a password, and a second factor where there is one, and opens a session.
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`] for an unknown name and a wrong password alike, at the same
    /// cost; only after the right password [`AuthError::AccountDisabled`],
    /// [`AuthError::SecondFactorMissing`] and [`AuthError::SecondFactorInvalid`];
    /// [`AuthError::TooManyFailures`] and its like, [`AuthError::HasherBusy`] and those of the store.
    pub async fn login(
        &self,
        login: Login,
        context: &RequestContext,
    ) -> Result<LoggedIn, AuthError> {
        let shared = &self.shared;
        let _leave = shared.throttle.one_at_a_time(context.connection).await?;
        let Login { identifier, password, code, device, before } = login;
        let identifier = Identifier::parse(&identifier);
        let found = find(&shared.store.read()?, &identifier)?;
        let id = found.as_ref().map(|account| account.id);
        // A cookie of another account, or of a password before, says nothing.
        let known = device.and_then(|cookie| Device::open(&shared.refresh_key, &cookie));
        let known = known.filter(|device| {
            found.as_ref().is_some_and(|found| device.is_of(found.id, found.password_changes))
        });
        let key = ThrottleKey::new(id, &identifier, known);
        // Asked once before the queue and once behind it: guesses that were sent all at once must not
        // all be let in before the first of them has failed.
        let may_try = || shared.throttle.check(&key, context.network, shared.clock.now());
        may_try()?;
        let stored = found.as_ref().map(|account| account.password_hash.clone());
        let fail = || shared.throttle.fail(&key, context.network, shared.clock.now());
        let client = context.client();
        let verdict = shared.hasher.verify(password, stored, client, may_try, fail).await?;
        let (account, rehashed) = match (found, verdict) {
            (Some(account), Verdict::Right(rehashed)) => (account, rehashed),
            (_, wrong) => {
                self.remember_failure(&key, context).await;
                let delay = if let Verdict::Wrong(delay) = wrong { delay } else { fail() };
                tokio::time::sleep(delay).await;
                return Err(AuthError::InvalidCredentials);
            }
        };
        let (user, password_changes) = (account.id, account.password_changes);
        let before = before.and_then(|token| RefreshToken::open(&shared.refresh_key, &token));
        let opened = self.open_session(account, rehashed, code, before, context).await;
        if matches!(opened, Err(AuthError::SecondFactorInvalid)) {
            let delay = fail();
            self.remember_failure(&key, context).await;
            tokio::time::sleep(delay).await;
        }
        let (account, opened) = opened?;
        shared.throttle.succeed(&key, context.network);
        shared.metrics.auth_attempt("success");
        let device = match known {
            Some(device) => device,
            None => Device::generate(user, password_changes)?,
        };
        Ok(LoggedIn { account, opened, device: device.to_text(&shared.refresh_key) })
    }

    /// Checks the password of somebody who is signed in, for what asks for it once more (OWASP ASVS
    /// V7.5.1).
    ///
    /// # Errors
    /// [`AuthError::PasswordWrong`], [`AuthError::TooManyFailures`], [`AuthError::HasherBusy`] and those
    /// of the store.
    pub(in crate::auth) async fn confirm_password(
        &self,
        principal: &Principal,
        password: String,
        context: &RequestContext,
    ) -> Result<Account, AuthError> {
        let shared = &self.shared;
        let may_try = || shared.throttle.check_own(principal, shared.clock.now());
        may_try()?;
        let account = account(&shared.store.read()?, principal.id)?;
        let account = account.ok_or(AuthError::SessionEnded)?;
        let stored = Some(account.password_hash.clone());
        let wrong = || shared.throttle.fail_own(principal, shared.clock.now());
        let verdict = shared.hasher.verify(password, stored, context.client(), may_try, wrong);
        if let Verdict::Right(_) = verdict.await? {
            return Ok(account);
        }
        let from = context.audit_context(Actor::User(principal.id));
        self.note_failure(from, "password.wrong", format!("user:{}", principal.id)).await;
        Err(AuthError::PasswordWrong)
    }

    async fn open_session(
        &self,
        checked: Account,
        rehashed: Option<String>,
        code: Option<String>,
        before: Option<RefreshToken>,
        context: &RequestContext,
    ) -> Result<(Account, IssuedSession), AuthError> {
        let shared = &self.shared;
        let id = RandomId::generate()?;
        let token = RefreshToken::generate(id, 0)?;
        let refresh_token = token.to_text(&shared.refresh_key);
        let now = shared.clock.now();
        let from = context.audit_context(Actor::User(checked.id));
        let opening = Session {
            user: checked.id,
            created_at: now,
            last_used_at: now,
            device: context.device(),
            network: context.network.to_string(),
            generation: 0,
            refresh_hash: token.hash(),
        };
        let limits = shared.limits;
        let command = move |view: &ReadView<'_>| {
            // The password was checked against a snapshot: what changed since then counts.
            let current = account(view, checked.id)?
                .filter(|account| account.password_hash == checked.password_hash);
            let Some(account) = current else {
                return Ok(Outcome::Reject(AuthError::InvalidCredentials));
            };
            if account.disabled {
                return Ok(Outcome::Reject(AuthError::AccountDisabled));
            }
            let factor = SECOND_FACTORS.get(view, account.id.0)?;
            let accepted = match (factor.filter(|factor| factor.confirmed_at.is_some()), &code) {
                (None, _) => None,
                (Some(_), None) => return Ok(Outcome::Reject(AuthError::SecondFactorMissing)),
                (Some(factor), Some(code)) => {
                    let Some(accepted) = accept(&factor, code, now) else {
                        return Ok(Outcome::Reject(AuthError::SecondFactorInvalid));
                    };
                    Some(accepted)
                }
            };
            let ended = surplus(sessions_of(view, account.id)?, now, |session: &Session| {
                limits.ends_at(session.created_at, session.last_used_at)
            });
            let replaced = match &before {
                Some(token) => session(view, token.session)?
                    .filter(|session| crypto::equal(&session.refresh_hash, &token.hash()))
                    .map(|session| (Session::key(token.session), session.user)),
                None => None,
            };
            let password_hash = rehashed.clone().unwrap_or_else(|| account.password_hash.clone());
            let account = Account { last_login_at: Some(now), password_hash, ..account };
            let (opening, from) = (opening.clone(), from.clone());
            Ok(Outcome::commit(move |txn| {
                for session in ended {
                    end_session(txn, session, account.id)?;
                }
                if let Some((session, user)) = replaced {
                    end_session(txn, session, user)?;
                }
                if let Some(accepted) = accepted {
                    SECOND_FACTORS.put(txn, account.id.0, &accepted.factor)?;
                    if accepted.was_recovery {
                        let action = "second_factor.recovery_code_used";
                        emit(txn, &from.event(now, action, user_target(account.id))?)?;
                    }
                }
                begin(txn, id, &opening, &from, &account)?;
                Ok(account)
            }))
        };
        let account = shared.store.submit_from_reserve(command).await??;
        let opened = IssuedSession { user: account.id, session: id, refresh_token };
        Ok((account, opened))
    }

    /// A failed login leaves an audit event, with the account when there is one: what was typed for a name
    /// may have been a password, so only known names are kept. Of a flood from one network not each does.
    async fn remember_failure(&self, key: &ThrottleKey, context: &RequestContext) {
        self.shared.metrics.auth_attempt("failure");
        if !self.shared.throttle.may_note(context.network, self.shared.clock.now()) {
            return;
        }
        let target = match key {
            ThrottleKey::Account(user) | ThrottleKey::Device(user, _) => user_target(*user),
            ThrottleKey::Nobody(_) | ThrottleKey::Session(_) => "user:unknown".to_owned(),
        };
        self.note_failure(context.audit_context(Actor::Anonymous), "login.failure", target).await;
    }

    /// Writes that something was refused, also below the floor of free space. The refusal stands whether or not that
    /// can be written: a full disk or a full queue must not hide from somebody that their password was wrong.
    pub(in crate::auth) async fn note_failure(
        &self,
        from: AuditContext,
        action: &'static str,
        target: String,
    ) {
        let now = self.shared.clock.now();
        let command = move |_: &ReadView<'_>| -> Result<Outcome<(), AuthError>, StoreError> {
            let event = from.event(now, action, target.clone())?;
            Ok(Outcome::commit(move |txn| emit(txn, &event)))
        };
        let noted = self.shared.store.submit_from_reserve(command).await;
        if let Err(error) = noted.map_err(AuthError::from).flatten() {
            tracing::warn!(%error, action, "a refusal left no audit event");
            self.shared.metrics.system_error("audit");
        }
    }
}

fn begin(
    txn: &WriteTxn<'_>,
    id: RandomId,
    session: &Session,
    from: &AuditContext,
    account: &Account,
) -> Result<(), StoreError> {
    put_session(txn, id, session)?;
    update_account(txn, account)?;
    let event = from.event(session.created_at, "login.success", user_target(account.id))?;
    emit(txn, &event)
}

/// The sessions to end when one more opens: those past their end, and the longest unused beyond the
/// number that one person may have.
fn surplus(
    mut sessions: Vec<(u128, Session)>,
    now: Time,
    ends_at: impl Fn(&Session) -> Time,
) -> Vec<u128> {
    sessions.sort_by_key(|(_, session)| std::cmp::Reverse(session.last_used_at));
    let keep =
        |index: usize, session: &Session| index + 1 < MAX_SESSIONS && ends_at(session) >= now;
    let ended = sessions.iter().enumerate().filter(|(index, (_, s))| !keep(*index, s));
    ended.map(|(_, (key, _))| *key).collect()
}

fn user_target(id: UserId) -> String {
    format!("user:{id}")
}
