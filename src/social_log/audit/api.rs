//! The operations on the audit trail.

use poem_openapi::{OpenApi, param::Query, payload::Json};

use super::{
    dto::{AuditPage, EntryBody, VerificationBody},
    model::{Actor, AuditFilter},
    service::AuditTrail,
};
use crate::{
    http::{Admin, Cursors, PageQuery, Problem, Tag, Timestamp},
    social_log::SocialLogError,
};

/// The name of the list in its cursors.
const LIST: &str = "audit";

/// The operations on the audit trail.
pub struct AuditApi {
    audit: AuditTrail,
    cursors: Cursors,
}

impl AuditApi {
    pub(in crate::social_log) const fn new(audit: AuditTrail, cursors: Cursors) -> Self {
        Self { audit, cursors }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Audit")]
#[allow(clippy::too_many_arguments, reason = "one for each parameter of the operation")]
impl AuditApi {
    /// List the audit trail
    ///
    /// Newest first. One page looks at 20,000 entries at most; when few of them fit the filter it may
    /// hold fewer than `limit`, even none, and still have a `next_cursor` with which the search goes
    /// on.
    ///
    /// Errors: 400 `CURSOR_INVALID`; 401 `TOKEN_MISSING`; 403 `FORBIDDEN`; 422 `VALIDATION_FAILED` for
    /// an `actor` that is none.
    #[oai(path = "/audit", method = "get", operation_id = "listAudit")]
    async fn list(
        &self,
        _admin: Admin,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// How many at most: 50 when not given, up to 200.
        limit: Query<Option<u32>>,
        /// Only what they did: `user:7`, `anonymous`, `command_line` or `system`.
        actor: Query<Option<String>>,
        /// Only this action, `login.success`, or all of a group, `login`.
        action: Query<Option<String>>,
        /// Only what was done to this: `user:7`.
        target: Query<Option<String>>,
        /// Only what happened at this moment or later.
        from: Query<Option<Timestamp>>,
        /// Only what happened before this moment.
        to: Query<Option<Timestamp>>,
    ) -> Result<Json<AuditPage>, Problem> {
        let query = PageQuery { cursor: cursor.0, limit: limit.0 };
        let before = self.cursors.open(LIST, &query)?;
        let filter = AuditFilter {
            actor: actor.0.as_deref().map(read_actor).transpose()?,
            action: action.0,
            target: target.0,
            from: from.0.map(|from| from.0),
            to: to.0.map(|to| to.0),
        };
        let page = self.audit.newest(before, query.limit(), filter).await?;
        let next_cursor = page.next.map(|place| self.cursors.seal(LIST, &place)).transpose()?;
        Ok(Json(AuditPage {
            items: page.items.into_iter().map(EntryBody::from).collect(),
            next_cursor,
        }))
    }

    /// Verify the audit trail
    ///
    /// Recomputes the hash of every entry from the first to the last and says where the chain breaks,
    /// if it does. A broken chain is a good answer with `ok: false`. Takes about a second for each
    /// half million entries.
    ///
    /// Errors: 401 `TOKEN_MISSING`; 403 `FORBIDDEN`.
    #[oai(path = "/audit/verification", method = "get", operation_id = "verifyAudit")]
    async fn verify(&self, _admin: Admin) -> Result<Json<VerificationBody>, Problem> {
        Ok(Json(self.audit.verify().await?.into()))
    }
}

fn read_actor(text: &str) -> Result<Actor, SocialLogError> {
    Actor::parse(text).ok_or(SocialLogError::ActorUnknown)
}
