//! The operations on the audit trail.

use poem_openapi::{OpenApi, param::Query, payload::Json};

use super::{
    dto::{AuditPage, VerificationBody},
    model::{AuditFilter, KeyName, RecordedActor},
    service::AuditTrail,
};
use crate::{
    http::{Admin, Cursors, PageQuery, Problem, Tag, Timestamp},
    social_log::SocialLogError,
};

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

#[OpenApi(tag = "Tag::Audit")]
#[allow(clippy::too_many_arguments, reason = "one for each parameter of the operation")]
impl AuditApi {
    /// List the audit trail
    ///
    /// Newest first. One page looks at 20,000 entries at most; when few of them fit the filter it may
    /// hold fewer than `limit`, even none, and still have a `next_cursor` with which the search goes
    /// on.
    ///
    /// Errors: `CURSOR_INVALID` (400), `VALIDATION_FAILED` (422) for an `actor` that is none.
    #[oai(path = "/audit", method = "get", operation_id = "listAudit")]
    async fn list(
        &self,
        _admin: Admin,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// How many, 50 when left out, 200 at most.
        limit: Query<Option<u32>>,
        /// Only what they did: `user:7` (with what API keys did for them), `anonymous`,
        /// `command_line`, `system` or `api-key:0123456789abcdef`.
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
        let before = self.cursors.open(AuditPage::LIST, &query)?;
        let actor = actor.0.as_deref();
        let key = actor.and_then(KeyName::parse);
        let actor = actor.filter(|_| key.is_none()).map(read_actor).transpose()?;
        let filter = AuditFilter {
            actor,
            key,
            action: action.0,
            target: target.0,
            from: from.0.map(|from| from.0),
            to: to.0.map(|to| to.0),
        };
        let page = self.audit.newest(before, query.limit(), filter).await?;
        Ok(Json(AuditPage::of(page, &self.cursors)?))
    }

    /// Verify the audit trail
    ///
    /// Recomputes the hash of every entry from the first to the last and says where the chain breaks,
    /// if it does. A broken chain is a good answer with `ok: false`. The longer the trail, the longer
    /// it takes; nothing else waits for it.
    #[oai(path = "/audit/verification", method = "get", operation_id = "verifyAudit")]
    async fn verify(&self, _admin: Admin) -> Result<Json<VerificationBody>, Problem> {
        Ok(Json(self.audit.verify().await?.into()))
    }
}

fn read_actor(text: &str) -> Result<RecordedActor, SocialLogError> {
    RecordedActor::parse(text).ok_or(SocialLogError::ActorUnknown)
}

#[cfg(test)]
mod tests {
    use poem::{Request, http::StatusCode};
    use poem_openapi::OpenApiService;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        audit_event::{self, AuditEvent},
        clock::{Clock, Time},
        ids::{RandomId, Role, UserId},
        social_log::{
            self, SocialLogService, feed::api_tests::call, store::tests::temporary_store,
        },
    };

    async fn bench() -> (tempfile::TempDir, SocialLogService) {
        let (directory, store) = temporary_store();
        let clock = Clock::manual(Time::EPOCH);
        let service = SocialLogService::open(store, clock, Cursors::new([7; 32]));
        let event = AuditEvent {
            id: RandomId([1; 16]),
            time: Time::EPOCH,
            actor: audit_event::Actor::User(UserId(7)),
            action: "profile.changed".to_owned(),
            target: "user:7".to_owned(),
            network: None,
            request_id: Some(RandomId([2; 16])),
            before: Some(r#"{"name":"Anna"}"#.to_owned()),
            after: None,
        };
        service.append_audit(vec![event]).await.unwrap();
        (directory, service)
    }

    async fn get(service: &SocialLogService, role: Role, path: &str) -> (StatusCode, Value) {
        let request = Request::builder().uri_str(format!("/audit{path}")).finish();
        call(social_log::apis(service).1, role, request).await
    }

    #[tokio::test]
    async fn an_entry_has_its_shape() {
        let (_directory, service) = bench().await;
        let (status, page) = get(&service, Role::Admin, "?actor=user:7&action=profile").await;
        let entry = json!({
            "sequence": 1,
            "id": "01".repeat(16),
            "time": "1970-01-01T00:00:00.000Z",
            "actor": { "kind": "user", "id": 7 },
            "action": "profile.changed",
            "target": "user:7",
            "network": null,
            "request_id": "02".repeat(16),
            "before": { "name": "Anna" },
            "after": null,
            "hash": service.audit_head().unwrap().hash.to_string(),
            "previous_hash": "0".repeat(64),
        });
        assert_eq!(
            (status, page),
            (StatusCode::OK, json!({ "items": [entry], "next_cursor": null }))
        );
    }

    #[tokio::test]
    async fn a_verification_tells_of_the_whole_chain() {
        let (_directory, service) = bench().await;
        let expected = json!({
            "ok": true,
            "entries": 1,
            "head_hash": service.audit_head().unwrap().hash.to_string(),
            "first_broken_sequence": null,
            "reason": null,
        });
        assert_eq!(get(&service, Role::Admin, "/verification").await.1, expected);
    }

    #[tokio::test]
    async fn the_trail_is_for_administrators_and_knows_its_actors() {
        let (_directory, service) = bench().await;
        for path in ["", "/verification"] {
            assert_eq!(get(&service, Role::Staff, path).await.0, StatusCode::FORBIDDEN);
        }
        let (status, problem) = get(&service, Role::Admin, "?actor=root").await;
        assert_eq!((status.as_u16(), &problem["fields"][0]), (422, &json!("actor")));
    }

    #[tokio::test]
    async fn every_operation_is_in_the_document_with_its_id() {
        let (_directory, service) = bench().await;
        let document = OpenApiService::new(social_log::apis(&service), "test", "1").spec();
        let document: Value = serde_json::from_str(&document).unwrap();
        let id = |path: &str, method: &str| document["paths"][path][method]["operationId"].clone();
        assert_eq!(id("/social/logs", "post"), "submitSocialLogs");
        assert_eq!(id("/social/logs", "get"), "listSocialLogs");
        assert_eq!(id("/audit", "get"), "listAudit");
        assert_eq!(id("/audit/verification", "get"), "verifyAudit");
        let submit = &document["paths"]["/social/logs"]["post"];
        let forms: Vec<_> = submit["requestBody"]["content"].as_object().unwrap().keys().collect();
        assert_eq!(forms, ["application/json", "application/x-ndjson"]);
        assert_eq!(submit["parameters"][0]["in"], "header");
    }
}
