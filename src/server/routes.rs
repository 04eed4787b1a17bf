//! The one table of what answers where.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use poem::{
    Endpoint, EndpointExt, IntoEndpoint, IntoResponse, Request, Response, Route,
    endpoint::{BoxEndpoint, make, make_sync},
    get,
    http::{Method, StatusCode},
};
use poem_openapi::{
    OpenApi, OpenApiService,
    registry::{MetaApi, Registry},
};
use tokio::sync::watch;

use super::{
    StartError,
    backups::{Backups, BackupsApi},
    dashboard_sources, docs, document,
    domains::Domains,
    export::ExportApi,
    health,
    instance::InstanceApi,
    policies,
};
use crate::{
    assets::{self, File, Keeping},
    auth::{
        AccountsApi, ApiKeysApi, ImportApi, InvitationsApi, PasswordsApi, RegistrationApi,
        SecondFactorApi, SessionsApi, SetupApi,
    },
    clock::Clock,
    config::{Config, Network},
    dashboard::{Dashboard, DashboardApi},
    gateway::{BodyKind, Gateway, Parts, Settings},
    http::{Caller, ClientAddress, Problem, person_or_key},
    ids::{Role, Scope},
    mail::MailQueue,
    paths::DataDir,
    social_log, user,
};

pub(super) const API: &str = "/api/v1";

/// The routes behind the gateway, and the settings that the gateway shares with housekeeping.
pub(super) struct Routes {
    pub(super) endpoint: BoxEndpoint<'static, Response>,
    pub(super) settings: Arc<Settings>,
}

impl Routes {
    pub(super) fn build(
        config: &Config,
        domains: &Domains,
        backups: Backups,
        dashboard: Dashboard,
        mail_queue: Option<MailQueue>,
        draining: watch::Receiver<bool>,
    ) -> Result<Self, StartError> {
        let api = api(config, domains, backups, dashboard, mail_queue);
        let document = document::complete(&api.spec)?;
        let settings = Settings::new(
            &config.cors,
            &config.server,
            &config.proxy,
            &config.rate_limit,
            &config.limits,
            vec![
                ("/api/v1/auth", BodyKind::Credentials),
                ("/api/v1/setup", BodyKind::Credentials),
                ("/api/v1/social/logs", BodyKind::Batch),
            ],
            config.log.requests,
            domains.authenticator(),
            domains.metrics.clone(),
            Parts(vec![
                ("/api/v1/auth", "auth"),
                ("/api/v1/users", "auth"),
                ("/api/v1/setup", "auth"),
                ("/api/v1/social", "social-log"),
                ("/api/v1/audit", "social-log"),
                ("/api/v1/dashboard", "dashboard"),
                ("/api/v1/instance", "gateway"),
                ("/api/v1/backups", "gateway"),
                ("/api/v1", "user"),
            ]),
            document::described(&document),
            policies::policy_of,
            domains.clock.clone(),
        );
        let settings = settings.with_tls(config.tls.mode);
        let settings = Arc::new(settings.with_open(document::open_operations(&document)));
        let pages = Route::new()
            .at("/openapi.json", openapi_json(config, document.to_string()))
            .at("/docs", documentation(config))
            .at("/docs/*file", documentation(config))
            .at("/metrics", metrics(config, domains))
            .at("/livez", answer(|_| Ok(health::live())))
            .at("/readyz", ready(domains, draining))
            .at("/health", healthy(domains))
            .at("/static/*file", answer(static_file))
            .at("/", answer(page))
            .at("/app", answer(page))
            .at("/app/*page", answer(page))
            .at("/S/:code", answer(page))
            .at("/s/:code", answer(page));
        let routes = ApiOrPage { api: api.service.into_endpoint(), pages };
        let endpoint = Gateway::new(routes, Arc::clone(&settings)).boxed();
        Ok(Self { endpoint, settings })
    }
}

/// The generated OpenAPI document, as `openapi/appliance.json` keeps it.
///
/// # Errors
/// When the document cannot be generated, which is a bug.
pub fn openapi_document(config: &Config) -> Result<String, StartError> {
    let domains = Domains::in_memory(config, Clock::system())?;
    // Only described, and never told to stop.
    let (_, draining) = watch::channel(false);
    let data = DataDir::new(&config.data.directory);
    let backups =
        Backups::new(domains.clone(), &config.backup, &data, ("", None), draining.clone());
    let sampler = dashboard_sources::start(&domains, None);
    let dashboard = dashboard_sources::dashboard(config, &domains, &sampler, None, draining);
    let api = api(config, &domains, backups, dashboard, None);
    let document = document::complete(&api.spec)?;
    let text = serde_json::to_string_pretty(&document);
    text.map(|text| text + "\n").map_err(|error| StartError::Internal(error.to_string()))
}

/// What is under [`API`], and what is not. poem's own nesting would take every request of the API apart
/// and put it together anew.
struct ApiOrPage<A, P> {
    api: A,
    pages: P,
}

impl<A, P> Endpoint for ApiOrPage<A, P>
where
    A: Endpoint<Output = Response>,
    P: Endpoint<Output = Response>,
{
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if request.uri().path().starts_with(API) {
            self.api.call(request).await
        } else {
            self.pages.call(request).await
        }
    }
}

/// Operations that say their paths from [`API`] on, put under it.
struct Prefixed<T>(T);

impl<T: OpenApi> OpenApi for Prefixed<T> {
    fn meta() -> Vec<MetaApi> {
        let mut apis = T::meta();
        for path in apis.iter_mut().flat_map(|api| &mut api.paths) {
            path.path.insert_str(0, API);
        }
        apis
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn add_routes(self, routes: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        let mut unprefixed = HashMap::new();
        self.0.add_routes(&mut unprefixed);
        routes.extend(
            unprefixed.into_iter().map(|(path, methods)| (format!("{API}{path}"), methods)),
        );
    }
}

/// The typed part of the routes, with its description.
struct Api<E> {
    service: E,
    spec: String,
}

fn api(
    config: &Config,
    domains: &Domains,
    backups: Backups,
    dashboard: Dashboard,
    mail_queue: Option<MailQueue>,
) -> Api<impl IntoEndpoint<Endpoint: Endpoint<Output = Response> + 'static> + use<>> {
    let profiles = domains.profiles();
    let apis = (
        BackupsApi(backups),
        InstanceApi {
            auth: domains.auth.clone(),
            name: config.server.name.clone(),
            password_mail: mail_queue.is_some(),
        },
        SetupApi::new(domains.auth.clone(), Arc::clone(&profiles)),
        RegistrationApi::new(domains.auth.clone(), Arc::clone(&profiles)),
        SessionsApi::new(domains.auth.clone(), Arc::clone(&profiles)),
        (
            SecondFactorApi::new(domains.auth.clone(), config.server.name.clone()),
            PasswordsApi::new(domains.auth.clone(), Arc::clone(&profiles), mail_queue),
        ),
        (
            AccountsApi::new(domains.auth.clone(), Arc::clone(&profiles), domains.cursors.clone()),
            ImportApi::new(domains.auth.clone(), profiles),
            ExportApi(domains.clone()),
        ),
        (
            ApiKeysApi::new(domains.auth.clone(), domains.cursors.clone()),
            InvitationsApi::new(
                domains.auth.clone(),
                domains.cursors.clone(),
                config.server.public_url.origin().to_owned(),
            ),
        ),
        user::apis(domains.user.clone()),
        social_log::apis(&domains.social_log),
        DashboardApi(dashboard),
    );
    let service = OpenApiService::new(Prefixed(apis), "appliance", env!("CARGO_PKG_VERSION"))
        .description(
            "Accounts, QR attendance, a social log and an audit trail. Each operation names the errors \
             of its own. Any may also answer `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_EXPIRED` and \
             `SESSION_ENDED` (401) and `FORBIDDEN` (403) where it asks for a caller, `KEY_INVALID` and \
             `KEY_EXPIRED` (401), `KEY_NOT_ALLOWED` and `SCOPE_MISSING` (403) for an API key, \
             `DISPLAY_INVALID` (401) and `DISPLAY_NOT_ALLOWED` (403) for a display token, `MALFORMED_JSON` \
             (400), `BODY_TOO_LARGE` (413) and `UNSUPPORTED_MEDIA_TYPE` (415) where it takes a body, \
             `UNSUPPORTED_CONTENT_ENCODING` (415), `RATE_LIMITED` (429), `TOO_MANY_HEADERS` (431), \
             `BUSY` (503), and `INSUFFICIENT_STORAGE` (507) where it writes. `RateLimit-Policy` and \
             `RateLimit` tell how a caller stands: `anonymous` counts wrong secrets of one kind from a network \
             that is not signed in, `signed-in`, `ingest` and `export` count what a person, a key or a \
             display asks.",
        );
    let spec = service.spec();
    Api { service, spec }
}

/// A GET route answered by a function of the request.
fn answer<F>(
    handle: F,
) -> impl IntoEndpoint<Endpoint: Endpoint<Output = Response> + 'static> + use<F>
where
    F: Fn(&Request) -> Result<Response, Problem> + Send + Sync + 'static,
{
    get(make_sync(move |request| handle(&request).map_err(poem::Error::from)))
}

fn page(request: &Request) -> Result<Response, Problem> {
    assets::page(request.headers())
}

fn static_file(request: &Request) -> Result<Response, Problem> {
    let path = request.uri().path().strip_prefix("/static/").unwrap_or_default();
    assets::file(path, request.headers())
}

fn documentation(
    config: &Config,
) -> impl IntoEndpoint<Endpoint: Endpoint<Output = Response> + 'static> + use<> {
    let networks = config.access.docs_networks.clone();
    answer(move |request| {
        let path = request.uri().path().strip_prefix("/docs").unwrap_or_default();
        admit(request, &networks)?;
        docs::file(path.trim_start_matches('/'), request.headers())
    })
}

fn openapi_json(
    config: &Config,
    document: String,
) -> impl IntoEndpoint<Endpoint: Endpoint<Output = Response> + 'static> + use<> {
    let networks = config.access.docs_networks.clone();
    // Compressed when it is first asked for, which hardly anybody does.
    let file = OnceLock::new();
    answer(move |request| {
        admit(request, &networks)?;
        let file = file.get_or_init(|| File::made("application/json", document.clone(), None));
        Ok(file.answer(request.headers(), Keeping::Revalidated))
    })
}

fn metrics(
    config: &Config,
    domains: &Domains,
) -> impl IntoEndpoint<Endpoint: Endpoint<Output = Response> + 'static> + use<> {
    let networks: Arc<[Network]> = config.access.metrics_networks.clone().into();
    let domains = domains.clone();
    get(make(move |request| {
        let (networks, domains) = (Arc::clone(&networks), domains.clone());
        async move {
            admit(&request, &networks).or_else(|refused| admit_key(&request, refused))?;
            domains.measure().await?;
            let text = domains.metrics.render().map_err(Problem::internal)?;
            let text = text.with_content_type("text/plain; version=0.0.4");
            Ok::<_, poem::Error>(text.into_response())
        }
    }))
}

fn ready(
    domains: &Domains,
    draining: watch::Receiver<bool>,
) -> impl IntoEndpoint<Endpoint: Endpoint<Output = Response> + 'static> + use<> {
    let domains = domains.clone();
    answer(move |_| Ok(health::ready(&domains, &draining)))
}

fn healthy(
    domains: &Domains,
) -> impl IntoEndpoint<Endpoint: Endpoint<Output = Response> + 'static> + use<> {
    let domains = domains.clone();
    answer(move |_| Ok(health::health(&domains)))
}

/// Lets whoever bears a key for the metrics pass, from anywhere; others are refused as they were.
fn admit_key(request: &Request, refused: Problem) -> Result<(), Problem> {
    let bears_key = match request.data::<Caller>() {
        Some(Caller::SignedIn(principal)) => principal.key().is_some(),
        Some(Caller::Refused(problem)) => problem.code.starts_with("KEY_"),
        _ => false,
    };
    if !bears_key {
        return Err(refused);
    }
    person_or_key(request, Role::Admin, Scope::MetricsRead).map(drop)
}

/// Lets only clients of the given networks pass. Whoever is somewhere unknown is let in where everybody is.
fn admit(request: &Request, networks: &[Network]) -> Result<(), Problem> {
    let address = request.data::<ClientAddress>().and_then(|ClientAddress(address)| *address);
    let is_let_in = |network: &Network| {
        address.map_or_else(|| network.is_everything(), |address| network.contains(address))
    };
    if networks.iter().any(is_let_in) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "NETWORK_NOT_ALLOWED",
        "This is not open to your network.",
        "Questo non è accessibile dalla tua rete.",
    ))
}
