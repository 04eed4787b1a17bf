//! Operations on accounts and sessions.

use std::sync::Arc;

use poem::{IntoResponse, Response, http::header};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::Json,
    registry::{MetaResponses, Registry},
    types::Type,
};

use super::{
    AuthError, AuthService, Profiles,
    dto::{
        LoginRequest, PersonPage, RefreshRequest, RegisterRequest, RoleRequest, Session,
        SetupRequest,
    },
    model::{NewAccount, Opened, Registration},
    records::Account,
};
use crate::{
    event::Actor,
    http::{
        Admin, Body, Created, Cursors, NoContent, PageQuery, Person, Problem, RequestContext,
        SignedIn, Staff, Tag,
    },
    ids::{Role, UserId},
};

/// The cookie that keeps the web app's refresh token. The prefix makes browsers insist on `Secure`,
/// `Path=/` and no `Domain` (RFC 6265bis §4.1.3.2).
const COOKIE: &str = "__Host-refresh";

/// Registration, login, sessions.
pub struct AuthApi {
    service: AuthService,
    profiles: Arc<dyn Profiles>,
}

/// The first administrator.
pub struct SetupApi {
    service: AuthService,
    profiles: Arc<dyn Profiles>,
}

/// People, for staff to see and administrators to change.
pub struct AccountsApi {
    service: AuthService,
    profiles: Arc<dyn Profiles>,
    cursors: Cursors,
}

impl AuthApi {
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
impl AuthApi {
    /// Register
    ///
    /// Makes an account. Errors: `VALIDATION_FAILED` (422), `USER_EXISTS` and `USERNAME_TAKEN` (409),
    /// `REGISTRATION_CLOSED` (403), `TOO_MANY_REGISTRATIONS` (429), `BUSY` (503).
    #[oai(path = "/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        body: Body<RegisterRequest>,
        context: RequestContext,
    ) -> Result<Created<Person>, Problem> {
        let new = parsed(body.0, &context, Role::User)?;
        let account = self.service.register(new, &context).await?;
        self.profiles.person(&account).await.map(Created)
    }

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

impl SetupApi {
    /// The operations over a service.
    pub fn new(service: AuthService, profiles: Arc<dyn Profiles>) -> Self {
        Self { service, profiles }
    }
}

#[OpenApi(tag = "Tag::Instance")]
impl SetupApi {
    /// Make the first administrator
    ///
    /// With the token of the link that the server prints while there is no administrator. Errors:
    /// `SETUP_INVALID` (403), `VALIDATION_FAILED` (422), `USER_EXISTS` and `USERNAME_TAKEN` (409), `BUSY`
    /// (503).
    #[oai(path = "/setup", method = "post", operation_id = "setUp")]
    async fn set_up(
        &self,
        body: Body<SetupRequest>,
        context: RequestContext,
    ) -> Result<Created<Person>, Problem> {
        let token = body.0.token.clone();
        let new = parsed(body.0, &context, Role::Admin)?;
        let from = context.provenance(Actor::Anonymous);
        let account = self.service.set_up(&token, new, from).await?;
        self.profiles.person(&account).await.map(Created)
    }
}

impl AccountsApi {
    /// The operations over a service.
    pub fn new(service: AuthService, profiles: Arc<dyn Profiles>, cursors: Cursors) -> Self {
        Self { service, profiles, cursors }
    }
}

#[OpenApi(prefix_path = "/users", tag = "Tag::Auth")]
impl AccountsApi {
    /// List people
    ///
    /// By id. Errors: `CURSOR_INVALID` (400).
    #[oai(path = "/", method = "get", operation_id = "listUsers")]
    async fn list(
        &self,
        _staff: Staff,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// How many, 50 when left out, 200 at most.
        limit: Query<Option<u32>>,
    ) -> Result<Json<PersonPage>, Problem> {
        let page = PageQuery { cursor: cursor.0, limit: limit.0 };
        let after = self.cursors.open("users", &page)?.unwrap_or(0);
        let accounts = self.service.list(after, page.limit() + 1).await?;
        let key = |account: &Account| account.id.0;
        let (accounts, next_cursor) = self.cursors.cut("users", accounts, page.limit(), key)?;
        let mut items = Vec::with_capacity(accounts.len());
        for account in &accounts {
            items.push(self.profiles.person(account).await?);
        }
        Ok(Json(PersonPage { items, next_cursor }))
    }

    /// Give a role
    ///
    /// Works from the person's next request on. Errors: `USER_NOT_FOUND` (404), `LAST_ADMIN` and
    /// `OWN_ROLE` (409).
    #[oai(path = "/:id/role", method = "put", operation_id = "setRole")]
    async fn set_role(
        &self,
        caller: Admin,
        /// The person's id.
        id: Path<u64>,
        body: Body<RoleRequest>,
        context: RequestContext,
    ) -> Result<Json<Person>, Problem> {
        let from = context.provenance(Actor::User(caller.0.id));
        let account = self.service.set_role(UserId(id.0), body.0.role.into(), from).await?;
        Ok(Json(self.profiles.person(&account).await?))
    }
}

/// The account that a form asks for.
fn parsed(
    form: impl Into<Registration>,
    context: &RequestContext,
    role: Role,
) -> Result<NewAccount, AuthError> {
    Ok(form.into().parse(context.language, role)?)
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
