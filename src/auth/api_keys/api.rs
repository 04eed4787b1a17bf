//! Operations on API keys.

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    dto::{KeyPage, MadeKeyBody, NewKeyBody},
    model::{KeyView, NewKey},
};
use crate::{
    auth::{AuthError, AuthService},
    http::{Admin, Body, Created, Cursors, NoContent, PageQuery, Problem, RequestContext, Tag},
    ids::{RandomId, UserId},
};

/// Names the list to its cursors.
const LIST: &str = "api-keys";

/// API keys, for administrators.
pub struct ApiKeysApi {
    service: AuthService,
    cursors: Cursors,
}

impl ApiKeysApi {
    /// The operations over a service.
    pub const fn new(service: AuthService, cursors: Cursors) -> Self {
        Self { service, cursors }
    }
}

#[OpenApi(prefix_path = "/auth/api-keys", tag = "Tag::Auth")]
impl ApiKeysApi {
    /// List API keys
    ///
    /// By id, of every owner, without their secrets. Errors: `CURSOR_INVALID` (400).
    #[oai(path = "/", method = "get", operation_id = "listApiKeys")]
    async fn list(
        &self,
        _admin: Admin,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// How many, 50 when left out, 200 at most.
        limit: Query<Option<u32>>,
    ) -> Result<Json<KeyPage>, Problem> {
        let page = PageQuery { cursor: cursor.0, limit: limit.0 };
        let after = self.cursors.open(LIST, &page)?;
        let keys = self.service.keys(after, page.limit() + 1).await?;
        let (keys, next_cursor) =
            self.cursors.cut(LIST, keys, page.limit(), |key: &KeyView| key.id)?;
        Ok(Json(KeyPage { items: keys.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Make an API key
    ///
    /// The answer shows the secret, and nothing ever shows it again. The key acts for its owner within
    /// its scopes, for as long as the owner may. Errors: `VALIDATION_FAILED` (422).
    #[oai(path = "/", method = "post", operation_id = "createApiKey")]
    async fn create(
        &self,
        admin: Admin,
        body: Body<NewKeyBody>,
        context: RequestContext,
    ) -> Result<Created<MadeKeyBody>, Problem> {
        let body = body.0;
        let (scopes, expires_at) = (body.scopes(), body.expires_at());
        let owner = body.owner_id.map_or(admin.0.id, UserId);
        let new = NewKey { name: body.name, scopes, owner, expires_at };
        let (made, secret) =
            self.service.create_key(new, context.audit_context(admin.0.actor())).await?;
        Ok(Created(MadeKeyBody::of(made, secret)))
    }

    /// Revoke an API key
    ///
    /// It lets nobody in from the next request on. Errors: `KEY_NOT_FOUND` (404).
    #[oai(path = "/:id", method = "delete", operation_id = "revokeApiKey")]
    async fn revoke(
        &self,
        admin: Admin,
        /// The key's id.
        id: Path<String>,
        context: RequestContext,
    ) -> Result<NoContent, Problem> {
        let id = RandomId::parse(&id.0).ok_or(AuthError::KeyNotFound)?;
        self.service.revoke_key(id, context.audit_context(admin.0.actor())).await?;
        Ok(NoContent)
    }
}
