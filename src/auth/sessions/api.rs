//! Operations on sessions.

use std::sync::Arc;

use poem::{IntoResponse, Response, http::header};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::Path,
    payload::Json,
    registry::{MetaResponses, Registry},
    types::Type,
};

use super::{
    LoggedIn, Login,
    dto::{LoginRequest, RefreshRequest, SessionBody, SessionList},
    model::IssuedSession,
};
use crate::{
    auth::{AuthService, Profiles, records::Account},
    http::{
        Admin, Body, Enrolling, NoContent, Problem, RequestContext, Tag, cookie_of, set_cookie,
    },
    ids::UserId,
};

/// The cookie that keeps the web app's refresh token.
const REFRESH_COOKIE: &str = "__Host-refresh";
/// The cookie by which a browser is known that has logged in before.
const DEVICE_COOKIE: &str = "__Host-device";

/// Login, refresh, logout, and which sessions there are.
pub struct SessionsApi {
    service: AuthService,
    profiles: Arc<dyn Profiles>,
}

impl SessionsApi {
    /// The operations over a service.
    pub fn new(service: AuthService, profiles: Arc<dyn Profiles>) -> Self {
        Self { service, profiles }
    }

    async fn answer(
        &self,
        (account, opened): (Account, IssuedSession),
        in_cookie: bool,
    ) -> Result<SessionReply, Problem> {
        let (access_token, expires_in) = self.service.access_token(&opened)?;
        let user = self.profiles.person(&account).await?;
        let (cookies, refresh_token) = if in_cookie {
            (vec![cookie(REFRESH_COOKIE, &opened.refresh_token)], None)
        } else {
            (Vec::new(), Some(opened.refresh_token))
        };
        let token_type = "Bearer".to_owned();
        let session = SessionBody { access_token, token_type, expires_in, refresh_token, user };
        Ok(SessionReply { session, cookies })
    }
}

#[OpenApi(tag = "Tag::Auth")]
impl SessionsApi {
    /// Log in
    ///
    /// Opens a session; one that the browser's cookie still held ends. Errors: `INVALID_CREDENTIALS` (401) for an unknown name and a wrong password
    /// alike; after the right password `TOTP_REQUIRED` (401) when a second factor must be shown too,
    /// `TOTP_INVALID` (401), `ACCOUNT_DISABLED` (403); `TOO_MANY_ATTEMPTS` (429), `BUSY` (503).
    #[oai(path = "/auth/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        request: &poem::Request,
        body: Body<LoginRequest>,
        context: RequestContext,
    ) -> Result<SessionReply, Problem> {
        let LoginRequest { identifier, password, totp, use_cookie } = body.0;
        let device = cookie_of(request, DEVICE_COOKIE);
        let before = cookie_of(request, REFRESH_COOKIE).filter(|_| use_cookie);
        let login = Login { identifier, password, code: totp, device, before };
        let LoggedIn { account, opened, device } = self.service.login(login, &context).await?;
        let mut reply = self.answer((account, opened), use_cookie).await?;
        if use_cookie {
            reply.cookies.push(cookie(DEVICE_COOKIE, &device));
        }
        Ok(reply)
    }

    /// Go on with a session
    ///
    /// Trades a refresh token, from the body or the cookie, for a new pair. Each is good once: a second
    /// use ends the session. The one exception is an answer that got lost: for a minute, while nobody has used
    /// the next token, the same token gets the same one again. Errors: `REFRESH_INVALID` and `REFRESH_REUSED` (401).
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        request: &poem::Request,
        body: Body<RefreshRequest>,
        context: RequestContext,
    ) -> Result<SessionReply, Problem> {
        let in_cookie = body.0.refresh_token.is_none();
        let token =
            body.0.refresh_token.or_else(|| cookie_of(request, REFRESH_COOKIE)).unwrap_or_default();
        let opened = self.service.refresh(&token, &context).await;
        let opened = opened.map_err(|error| self.service.refused_refresh(error, &token))?;
        self.answer(opened, in_cookie).await
    }

    /// Log out
    ///
    /// Ends the session of the token at once.
    #[oai(path = "/auth/logout", method = "post", operation_id = "logout")]
    async fn logout(
        &self,
        caller: Enrolling,
        context: RequestContext,
    ) -> Result<LogoutReply, Problem> {
        if let Some(session) = caller.0.session() {
            self.service.logout(session, context.audit_context(caller.0.actor())).await?;
        }
        Ok(LogoutReply)
    }

    /// List your sessions
    ///
    /// Those that have not ended, the one that was used last first.
    #[oai(path = "/auth/sessions", method = "get", operation_id = "listSessions")]
    async fn list(&self, caller: Enrolling) -> Result<Json<SessionList>, Problem> {
        let sessions = self.service.open_sessions(caller.0.id)?;
        Ok(Json(SessionList::new(sessions, caller.0.session())))
    }

    /// End one of your sessions
    ///
    /// At once. Errors: `SESSION_NOT_FOUND` (404).
    #[oai(path = "/auth/sessions/:id", method = "delete", operation_id = "endSession")]
    async fn end(
        &self,
        caller: Enrolling,
        /// The session's id, from the list.
        id: Path<String>,
        context: RequestContext,
    ) -> Result<NoContent, Problem> {
        let from = context.audit_context(caller.0.actor());
        self.service.end_named_session(caller.0.id, id.0, from).await?;
        Ok(NoContent)
    }

    /// End all your other sessions
    ///
    /// At once. The one that asks goes on.
    #[oai(path = "/auth/sessions", method = "delete", operation_id = "endOtherSessions")]
    async fn end_others(
        &self,
        caller: Enrolling,
        context: RequestContext,
    ) -> Result<NoContent, Problem> {
        let from = context.audit_context(caller.0.actor());
        self.service.end_sessions(caller.0.id, caller.0.session(), from).await?;
        Ok(NoContent)
    }

    /// End all sessions of somebody
    ///
    /// At once. Errors: `USER_NOT_FOUND` (404).
    #[oai(path = "/users/:id/sessions", method = "delete", operation_id = "endSessionsOfUser")]
    async fn end_all(
        &self,
        caller: Admin,
        /// The person's id.
        id: Path<u64>,
        context: RequestContext,
    ) -> Result<NoContent, Problem> {
        let from = context.audit_context(caller.0.actor());
        self.service.end_sessions(UserId(id.0), None, from).await?;
        Ok(NoContent)
    }
}

fn cookie(name: &str, value: &str) -> String {
    // The most that browsers keep a cookie; a session itself ends earlier.
    set_cookie(name, value, 400 * 86_400)
}

/// A session, and the cookies that go with it.
struct SessionReply {
    session: SessionBody,
    cookies: Vec<String>,
}

impl IntoResponse for SessionReply {
    fn into_response(self) -> Response {
        let mut response = Json(self.session).into_response();
        for cookie in self.cookies.iter().filter_map(|cookie| cookie.parse().ok()) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

impl ApiResponse for SessionReply {
    fn meta() -> MetaResponses {
        <Json<SessionBody> as ApiResponse>::meta()
    }

    fn register(registry: &mut Registry) {
        <SessionBody as Type>::register(registry);
    }
}

/// 204, and the cookie is gone.
struct LogoutReply;

impl IntoResponse for LogoutReply {
    fn into_response(self) -> Response {
        let gone = set_cookie(REFRESH_COOKIE, "", 0);
        NoContent.with_header(header::SET_COOKIE, gone).into_response()
    }
}

impl ApiResponse for LogoutReply {
    fn meta() -> MetaResponses {
        NoContent::meta()
    }

    fn register(_: &mut Registry) {}
}
