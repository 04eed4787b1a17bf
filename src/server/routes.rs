//! The one table of what answers where.

use std::{collections::HashMap, sync::Arc};

use poem::{
    Endpoint, EndpointExt, IntoEndpoint, IntoResponse, Request, Response, Route,
    endpoint::{BoxEndpoint, make, make_sync},
    get,
    http::{Method, StatusCode, header},
};
use poem_openapi::{
    OpenApi, OpenApiService,
    registry::{MetaApi, Registry},
};
use tokio::sync::watch;

use super::{
    StartError, backups::Backups, backups_api::BackupsApi, docs, health, instance::InstanceApi,
    watching, wire::Domains,
};
use crate::{
    assets,
    auth::{AccountsApi, AuthApi, SetupApi},
    clock::Clock,
    config::{Config, Network},
    dashboard::{Dashboard, DashboardApi},
    gateway::{DescribedRoute, Gateway, Parts, Settings},
    http::Problem,
    paths::DataDir,
    social_log, user,
};

const API: &str = "/api/v1";

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
        draining: watch::Receiver<bool>,
    ) -> Result<Self, StartError> {
        let api = api(config, domains, backups, dashboard);
        let document = document(&api)?;
        let settings = Arc::new(Settings::new(
            &config.cors,
            &config.server.public_url,
            &config.rate_limit,
            &config.limits,
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
            described(&document),
        ));
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
    let backups = Backups::new(domains.clone(), &config.backup, &data, draining.clone());
    let watch = watching::start(&domains, None);
    let dashboard = watching::dashboard(config, &domains, &watch, None, draining);
    let document = document(&api(config, &domains, backups, dashboard))?;
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
) -> Api<impl IntoEndpoint<Endpoint: Endpoint<Output = Response> + 'static> + use<>> {
    let profiles = domains.profiles();
    let apis = (
        BackupsApi(backups),
        InstanceApi { auth: domains.auth.clone(), name: config.server.name.clone() },
        SetupApi::new(domains.auth.clone(), Arc::clone(&profiles)),
        AuthApi::new(domains.auth.clone(), Arc::clone(&profiles)),
        AccountsApi::new(domains.auth.clone(), profiles, domains.cursors.clone()),
        user::apis(domains.user.clone()),
        social_log::apis(&domains.social_log),
        DashboardApi(dashboard),
    );
    let service = OpenApiService::new(Prefixed(apis), "appliance", env!("CARGO_PKG_VERSION"))
        .description(
            "Accounts, QR attendance, a social log and an audit trail. Each operation names the errors \
             of its own. Any may also answer `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_EXPIRED` and \
             `SESSION_ENDED` (401) and `FORBIDDEN` (403) where it asks for a caller, `MALFORMED_JSON` \
             (400), `BODY_TOO_LARGE` (413) and `UNSUPPORTED_MEDIA_TYPE` (415) where it takes a body, \
             `RATE_LIMITED` (429), `BUSY` (503), and `INSUFFICIENT_STORAGE` (507) where it writes.",
        );
    let spec = service.spec();
    Api { service, spec }
}

fn document<E>(api: &Api<E>) -> Result<serde_json::Value, StartError> {
    serde_json::from_str(&api.spec).map_err(|error| StartError::Internal(error.to_string()))
}

/// Every route of the API as the document describes it, by the template that the router has for it.
fn described(document: &serde_json::Value) -> HashMap<String, DescribedRoute> {
    let paths = document.get("paths").and_then(serde_json::Value::as_object);
    let paths = paths.into_iter().flatten().filter_map(|(path, operations)| {
        let mut methods: Vec<_> =
            operations.as_object()?.keys().map(|method| method.to_uppercase()).collect();
        // What answers GET answers HEAD, and the document does not say so.
        if let Some(get) = methods.iter().position(|method| method == "GET") {
            methods.insert(get + 1, "HEAD".to_owned());
        }
        let template = path.replace('{', ":").replace('}', "");
        let route = DescribedRoute { template, allow: methods.join(", ") };
        Some((router_template(path), route))
    });
    paths.collect()
}

/// poem-openapi numbers the parameters of a path, whatever their names.
fn router_template(path: &str) -> String {
    let mut number = 0_u32..;
    let segments = path.split('/').map(|segment| match segment.strip_prefix('{') {
        Some(_) => format!(":param{}", number.next().unwrap_or_default()),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
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
    assets::page(request.header(header::IF_NONE_MATCH))
}

fn static_file(request: &Request) -> Result<Response, Problem> {
    let path = request.uri().path().strip_prefix("/static/").unwrap_or_default();
    assets::file(path, request.header(header::IF_NONE_MATCH))
}

fn documentation(
    config: &Config,
) -> impl IntoEndpoint<Endpoint: Endpoint<Output = Response> + 'static> + use<> {
    let networks = config.access.docs_networks.clone();
    answer(move |request| {
        let path = request.uri().path().strip_prefix("/docs").unwrap_or_default();
        admit(request, &networks)?;
        docs::file(path.trim_start_matches('/'), request.header(header::IF_NONE_MATCH))
    })
}

fn openapi_json(
    config: &Config,
    document: String,
) -> impl IntoEndpoint<Endpoint: Endpoint<Output = Response> + 'static> + use<> {
    let networks = config.access.docs_networks.clone();
    answer(move |request| {
        admit(request, &networks)?;
        Ok(document.clone().with_content_type("application/json").into_response())
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
            admit(&request, &networks)?;
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

/// Lets only clients of the given networks pass.
fn admit(request: &Request, networks: &[Network]) -> Result<(), Problem> {
    let peer = request.remote_addr().as_socket_addr().map(std::net::SocketAddr::ip);
    if peer.is_some_and(|peer| networks.iter().any(|network| network.contains(peer))) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "NETWORK_NOT_ALLOWED",
        "This is not open to your network.",
        "Questo non è accessibile dalla tua rete.",
    ))
}
