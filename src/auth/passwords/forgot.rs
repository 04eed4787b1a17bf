//! A link by mail for somebody who forgot their password.
//!
//! Whoever asks learns nothing: the answer leaves before anybody looks whether there is such an account, and
//! all that follows happens behind it.

use std::sync::Arc;

use super::{reset::IssuedReset, reset_message::reset_message};
use crate::{
    audit_event::{Actor, AuditContext},
    auth::{Account, AuthError, AuthService, Email, Profiles, sessions::Identifier, store::find},
    http::RequestContext,
    language::Language,
    mail::MailQueue,
    store::StoreError,
};

impl AuthService {
    /// Takes somebody's word that they forgot the password of the account with this address. Must be called
    /// where tokio runs; what comes of it comes later.
    ///
    /// # Errors
    /// [`AuthError::TooManyResets`] from one network, and a busy store's when many are looked for already:
    /// both whether or not there is such an account.
    pub(super) fn forgot_password(
        &self,
        email: &Email,
        mail_queue: &MailQueue,
        profiles: &Arc<dyn Profiles>,
        context: &RequestContext,
    ) -> Result<(), AuthError> {
        let limits = &self.shared.password_limits;
        limits.ask(context.network, self.shared.clock.now())?;
        let place = limits.place_to_look().ok_or(AuthError::Store(StoreError::Busy))?;
        let identifier = Identifier::Email(email.key());
        let from = context.audit_context(Actor::Anonymous);
        let (service, mail_queue, profiles) =
            (self.clone(), mail_queue.clone(), Arc::clone(profiles));
        tokio::spawn(async move {
            let _place = place;
            match service.mail_link(&identifier, &mail_queue, profiles.as_ref(), from).await {
                // Somebody disabled the account in this very moment.
                Ok(()) | Err(AuthError::UserNotFound | AuthError::UserDisabled) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot make a link for a forgotten password");
                }
            }
        });
        Ok(())
    }

    async fn mail_link(
        &self,
        identifier: &Identifier,
        mail_queue: &MailQueue,
        profiles: &dyn Profiles,
        from: AuditContext,
    ) -> Result<(), AuthError> {
        let found = find(&self.shared.store.read()?, identifier)?;
        let Some(account) = found.filter(|account| !account.disabled) else { return Ok(()) };
        let id = account.id;
        if !self.shared.password_limits.may_mail(id) {
            tracing::warn!(
                user = id.0,
                "more links for a forgotten password than are mailed in an hour"
            );
            return Ok(());
        }
        let language = language_of(&account, profiles).await;
        let IssuedReset { url, .. } = self.issue_password_reset(id, from).await?;
        let about = format!("password reset of user:{id}");
        mail_queue.send(reset_message(
            language,
            account.email,
            &self.shared.site.name,
            &url,
            about,
        ));
        Ok(())
    }
}

/// The language of the profile; of the registration when that cannot be read.
async fn language_of(account: &Account, profiles: &dyn Profiles) -> Language {
    let person = profiles.person(account).await.ok();
    person.and_then(|person| Language::from_code(&person.language)).unwrap_or(account.language)
}
