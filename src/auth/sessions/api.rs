//! Operations on sessions.

use std::sync::Arc;

use poem::{IntoResponse, Response, http::header};
use poem_openapi::{
    ApiResponse, OpenApi,
    payload::Json,
    registry::{MetaResponses, Registry},
    types::Type,
};

use super::{
    dto::{LoginRequest, RefreshRequest, Session},
    model::Opened,
};
use crate::{
    auth::{AuthService, Profiles, records::Account},
    event::Actor,
    http::{Body, NoContent, Problem, RequestContext, SignedIn, Tag},
};

/// The cookie that keeps the web app's refresh token. The prefix makes browsers insist on `Secure`,
/// `Path=/` and no `Domain` (RFC 6265bis §4.1.3.2).
const COOKIE: &str = "__Host-refresh";

/// Login, refresh, logout.
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
        (account, opened): (Account, Opened),
        in_cookie: bool,
    ) -> Result<SessionReply, Problem> {
        let (access_token, expires_in) = self.service.access_token(&opened)?;
        let user = self.profiles.person(&account).await?;
        let (cookie, refresh_token) = if in_cookie {
            (Some(cookie(&opened.refresh_token)), None)
        } else {
            (None, Some(opened.refresh_token))
        };
        let token_type = "Bearer".to_owned();
        let session = Session { access_token, token_type, expires_in, refresh_token, user };
        Ok(SessionReply { session, cookie })
    }
}

#[OpenApi(prefix_path = "/auth", tag = "Tag::Auth")]
impl SessionsApi {
    /// Log in
    ///
    /// Opens a session. Errors: `INVALID_CREDENTIALS` (401) for an unknown name and a wrong password
    /// alike, `ACCOUNT_DISABLED` (403), `TOO_MANY_ATTEMPTS` (429), `BUSY` (503).
    #[oai(path = "/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        body: Body<LoginRequest>,
        context: RequestContext,
    ) -> Result<SessionReply, Problem> {
        let LoginRequest { identifier, password, use_cookie } = body.0;
        let opened = self.service.login(&identifier, password, &context).await?;
        self.answer(opened, use_cookie).await
    }

    /// Go on with a session
    ///
    /// Trades a refresh token, from the body or the cookie, for a new pair. Each is good once: a second
    /// use ends the session. Errors: `REFRESH_INVALID` and `REFRESH_REUSED` (401).
    #[oai(path = "/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        request: &poem::Request,
        body: Body<RefreshRequest>,
        context: RequestContext,
    ) -> Result<SessionReply, Problem> {
        let in_cookie = body.0.refresh_token.is_none();
        let token = body.0.refresh_token.or_else(|| cookie_of(request)).unwrap_or_default();
        let opened = self.service.refresh(&token, &context).await?;
        self.answer(opened, in_cookie).await
    }

    /// Log out
    ///
    /// Ends the session of the token at once.
    #[oai(path = "/logout", method = "post", operation_id = "logout")]
    async fn logout(
        &self,
        caller: SignedIn,
        context: RequestContext,
    ) -> Result<LogoutReply, Problem> {
        let from = context.provenance(Actor::User(caller.0.id));
        self.service.logout(caller.0.session, from).await?;
        Ok(LogoutReply)
    }
}

fn cookie(refresh_token: &str) -> String {
    // 400 days is the most that browsers keep a cookie; the session itself ends earlier.
    format!("{COOKIE}={refresh_token}; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=Strict")
}

fn cookie_of(request: &poem::Request) -> Option<String> {
    let cookies = request.headers().get_all(header::COOKIE).iter();
    let mut pairs = cookies.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(';'));
    pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then(|| value.to_owned())
    })
}

/// A session, and the cookie that goes with it.
struct SessionReply {
    session: Session,
    cookie: Option<String>,
}

impl IntoResponse for SessionReply {
    fn into_response(self) -> Response {
        let reply = Json(self.session);
        match self.cookie {
            Some(cookie) => reply.with_header(header::SET_COOKIE, cookie).into_response(),
            None => reply.into_response(),
        }
    }
}

impl ApiResponse for SessionReply {
    fn meta() -> MetaResponses {
        <Json<Session> as ApiResponse>::meta()
    }

    fn register(registry: &mut Registry) {
        <Session as Type>::register(registry);
    }
}

/// 204, and the cookie is gone.
struct LogoutReply;

impl IntoResponse for LogoutReply {
    fn into_response(self) -> Response {
        let gone = format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
        NoContent.with_header(header::SET_COOKIE, gone).into_response()
    }
}

impl ApiResponse for LogoutReply {
    fn meta() -> MetaResponses {
        NoContent::meta()
    }

    fn register(_: &mut Registry) {}
}
