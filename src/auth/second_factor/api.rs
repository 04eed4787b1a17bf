//! Operations on the second factor.

use poem_openapi::{OpenApi, param::Path, payload::Json};

use super::{
    dto::{
        BothFactorsRequest, ConfirmRequest, EnrolRequest, Enrolment, RecoveryCodes,
        SecondFactorReply,
    },
    otpauth,
};
use crate::{
    auth::AuthService,
    http::{Admin, Body, Created, Enrolling, NoContent, Problem, RequestContext, Tag},
    ids::UserId,
    qr,
};

/// The second factor.
pub struct SecondFactorApi {
    service: AuthService,
    issuer: String,
}

impl SecondFactorApi {
    /// The operations over a service; `issuer` is what authenticator apps call this instance.
    pub fn new(service: AuthService, issuer: String) -> Self {
        Self { service, issuer }
    }
}

#[OpenApi(tag = "Tag::Auth")]
impl SecondFactorApi {
    /// Read how you stand with your second factor
    #[oai(path = "/auth/totp", method = "get", operation_id = "getSecondFactor")]
    async fn read(&self, caller: Enrolling) -> Result<Json<SecondFactorReply>, Problem> {
        Ok(Json(self.service.second_factor(&caller.0)?.into()))
    }

    /// Begin to enrol a second factor
    ///
    /// Makes a secret for an authenticator app (RFC 6238), which counts once `confirm` was told a code of
    /// it. Errors: `PASSWORD_WRONG` (401), `TOTP_ENROLLED` (409), `TOO_MANY_ATTEMPTS` (429), `BUSY` (503).
    #[oai(path = "/auth/totp", method = "post", operation_id = "enrolSecondFactor")]
    async fn enrol(
        &self,
        caller: Enrolling,
        body: Body<EnrolRequest>,
        context: RequestContext,
    ) -> Result<Created<Enrolment>, Problem> {
        let begun = self.service.begin_second_factor(&caller.0, body.0.password, &context);
        let secret = begun.await?;
        let otpauth_url = otpauth::address(&secret, &self.issuer, &caller.0.email);
        let qr_svg = qr::svg(&otpauth_url).map_err(Problem::internal)?;
        let secret = otpauth::secret_text(&secret);
        Ok(Created(Enrolment { secret, otpauth_url, qr_svg }))
    }

    /// Confirm a second factor
    ///
    /// With a code of the app; from then on a login asks for one. Ends your other sessions, and shows
    /// the recovery codes this once. Errors: `TOTP_INVALID` (401), `TOTP_NOT_STARTED` and
    /// `TOTP_ENROLLED` (409), `TOO_MANY_ATTEMPTS` (429).
    #[oai(path = "/auth/totp/confirm", method = "post", operation_id = "confirmSecondFactor")]
    async fn confirm(
        &self,
        caller: Enrolling,
        body: Body<ConfirmRequest>,
        context: RequestContext,
    ) -> Result<Json<RecoveryCodes>, Problem> {
        let confirmed = self.service.confirm_second_factor(&caller.0, body.0.code, &context);
        Ok(Json(RecoveryCodes { recovery_codes: confirmed.await? }))
    }

    /// Make new recovery codes
    ///
    /// In place of those that are left. Errors: `PASSWORD_WRONG` and `TOTP_INVALID` (401),
    /// `TOTP_NOT_STARTED` (409), `TOO_MANY_ATTEMPTS` (429), `BUSY` (503).
    #[oai(path = "/auth/totp/recovery-codes", method = "post", operation_id = "renewRecoveryCodes")]
    async fn renew(
        &self,
        caller: Enrolling,
        body: Body<BothFactorsRequest>,
        context: RequestContext,
    ) -> Result<Json<RecoveryCodes>, Problem> {
        let BothFactorsRequest { password, code } = body.0;
        let renewed = self.service.renew_recovery_codes(&caller.0, password, code, &context);
        Ok(Json(RecoveryCodes { recovery_codes: renewed.await? }))
    }

    /// Remove your second factor
    ///
    /// Ends your other sessions. Errors: `PASSWORD_WRONG` and `TOTP_INVALID` (401), `TOTP_NOT_STARTED`
    /// and `SECOND_FACTOR_REQUIRED` (409), `TOO_MANY_ATTEMPTS` (429), `BUSY` (503).
    #[oai(path = "/auth/totp", method = "delete", operation_id = "removeSecondFactor")]
    async fn remove(
        &self,
        caller: Enrolling,
        body: Body<BothFactorsRequest>,
        context: RequestContext,
    ) -> Result<NoContent, Problem> {
        let BothFactorsRequest { password, code } = body.0;
        self.service.remove_second_factor(&caller.0, password, code, &context).await?;
        Ok(NoContent)
    }

    /// Remove somebody's second factor
    ///
    /// When their telephone and their recovery codes are lost; be sure that it is they who ask. Ends all
    /// their sessions. Errors: `USER_NOT_FOUND` (404), `OWN_FACTORS` (409).
    #[oai(path = "/users/:id/totp", method = "delete", operation_id = "resetSecondFactor")]
    async fn reset(
        &self,
        caller: Admin,
        /// The person's id.
        id: Path<u64>,
        context: RequestContext,
    ) -> Result<NoContent, Problem> {
        let from = context.audit_context(caller.0.actor());
        self.service.reset_second_factor(UserId(id.0), from).await?;
        Ok(NoContent)
    }
}
