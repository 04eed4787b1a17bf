//! The routes of one's own profile.

use poem_openapi::{OpenApi, payload::Json};

use super::{
    super::UserService,
    dto::{ProfileChangesBody, person},
};
use crate::http::{Body, Enrolling, Problem, RequestContext, SignedIn, Tag, UserBody};

/// Your own profile.
pub struct ProfilesApi(pub(in super::super) UserService);

#[OpenApi]
impl ProfilesApi {
    /// Read your profile
    #[oai(path = "/me", method = "get", operation_id = "getMe", tag = "Tag::Me")]
    async fn read(&self, caller: Enrolling) -> Result<Json<UserBody>, Problem> {
        let profile = self.0.profile(caller.0.id).await?;
        let username = caller.0.username.clone();
        Ok(Json(person(&caller.0, username, profile)))
    }

    /// Change your profile
    ///
    /// Errors: `VALIDATION_FAILED` (422), and for the username those of registration.
    #[oai(path = "/me", method = "patch", operation_id = "updateMe", tag = "Tag::Me")]
    async fn update(
        &self,
        caller: SignedIn,
        context: RequestContext,
        body: Body<ProfileChangesBody>,
    ) -> Result<Json<UserBody>, Problem> {
        let from = context.audit_context(caller.0.actor());
        let (username, profile) = self.0.update_profile(&caller.0, body.0.into(), from).await?;
        Ok(Json(person(&caller.0, username, profile)))
    }
}
