//! Operations on passwords.

use std::sync::Arc;

use poem_openapi::{OpenApi, param::Path};

use super::{
    NewPassword,
    dto::{ForgotRequest, PasswordRequest, Reset, ResetRequest},
};
use crate::{
    audit_event::Actor,
    auth::{AuthError, AuthService, Email, Profiles},
    http::{Accepted, Admin, Body, Created, Enrolling, NoContent, Problem, RequestContext, Tag},
    ids::UserId,
    mail::MailQueue,
};

/// Changing a password, and setting one that was forgotten.
pub struct PasswordsApi {
    service: AuthService,
    profiles: Arc<dyn Profiles>,
    mail_queue: Option<MailQueue>,
}

impl PasswordsApi {
    /// The operations over a service; without a mail queue nobody is sent a link.
    pub fn new(
        service: AuthService,
        profiles: Arc<dyn Profiles>,
        mail_queue: Option<MailQueue>,
    ) -> Self {
        Self { service, profiles, mail_queue }
    }
}

#[OpenApi(tag = "Tag::Auth")]
impl PasswordsApi {
    /// Change your password
    ///
    /// Ends your other sessions. Errors: `PASSWORD_WRONG` (401) for `current`, `VALIDATION_FAILED` (422)
    /// when `new` is too short, too long or easy to guess, `TOO_MANY_ATTEMPTS` (429), `BUSY` (503).
    #[oai(path = "/auth/password", method = "post", operation_id = "changePassword")]
    async fn change(
        &self,
        caller: Enrolling,
        body: Body<PasswordRequest>,
        context: RequestContext,
    ) -> Result<NoContent, Problem> {
        let PasswordRequest { current, new } = body.0;
        let own = [caller.0.email.as_str(), &caller.0.username];
        let new = NewPassword::parse("new", new, &own).map_err(AuthError::from)?;
        self.service.change_password(&caller.0, current, new, &context).await?;
        Ok(NoContent)
    }

    /// Ask for a link by mail
    ///
    /// Mails a link to the account's address that sets another password, once and within an hour. The
    /// answer is the same, and as soon, when there is no such account. One person is sent three in an hour
    /// at most. Errors: `VALIDATION_FAILED` (422) for what is no address, `TOO_MANY_RESETS` (429) from one
    /// network, `MAIL_OFF` (409) when `password_mail` of `GET /instance` is false, `BUSY` (503).
    #[oai(path = "/auth/password/forgot", method = "post", operation_id = "forgotPassword")]
    async fn forgot(
        &self,
        body: Body<ForgotRequest>,
        context: RequestContext,
    ) -> Result<Accepted, Problem> {
        let mail_queue = self.mail_queue.as_ref().ok_or(AuthError::MailOff)?;
        let email = Email::parse(&body.0.email).map_err(AuthError::from)?;
        self.service.forgot_password(&email, mail_queue, &self.profiles, &context)?;
        Ok(Accepted)
    }

    /// Set a password with a link
    ///
    /// With the token of a link that an administrator, the command line or an e-mail gave. It is good once
    /// and for an hour; a password that is refused does not spend it. Ends all sessions; a second factor
    /// stays. Errors: `RESET_INVALID` (410) for a token that is unknown, used or past its end,
    /// `VALIDATION_FAILED` (422) when `new` is too short, too long or easy to guess, `BUSY` (503).
    #[oai(path = "/auth/password/reset", method = "post", operation_id = "resetPassword")]
    async fn reset(
        &self,
        body: Body<ResetRequest>,
        context: RequestContext,
    ) -> Result<NoContent, Problem> {
        let ResetRequest { token, new } = body.0;
        let from = context.audit_context(Actor::Anonymous);
        self.service.reset_password(&token, new, from, context.client()).await?;
        Ok(NoContent)
    }

    /// Make a link for a forgotten password
    ///
    /// To be handed to the person; in the place of the one before. Errors: `USER_NOT_FOUND` (404),
    /// `USER_DISABLED` and `OWN_FACTORS` (409).
    #[oai(
        path = "/users/:id/password-reset",
        method = "post",
        operation_id = "createPasswordReset"
    )]
    async fn issue(
        &self,
        caller: Admin,
        /// The person's id.
        id: Path<u64>,
        context: RequestContext,
    ) -> Result<Created<Reset>, Problem> {
        let from = context.audit_context(caller.0.actor());
        let issued = self.service.issue_password_reset(UserId(id.0), from).await?;
        Ok(Created(issued.into()))
    }
}
