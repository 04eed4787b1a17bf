//! The one middleware stack: what happens to every request around its handler.
//!
//! [`Gateway::call`] reads top to bottom in the order in which it runs; each step has a file here.
//! Architecture invariant: nothing here names a domain. Who a token belongs to comes through
//! `http::Authenticator`, which part answers a path through [`Parts`], both filled in `server/domains`.

mod bodies;
mod caller;
mod client;
mod cors;
mod headers;
mod identify;
mod observe;
mod problem;
mod rate_limit;

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use futures_util::FutureExt;
use poem::{Endpoint, Request, Response};

use crate::{
    clock::Clock,
    config::{CorsConfig, LimitsConfig, ProxyConfig, RateLimitConfig, ServerConfig, TlsMode},
    http::{Authenticator, BodyLimits, Caller, Problem},
    limit::RateLimitStatus,
    telemetry::Metrics,
};
pub use bodies::{Bodies, BodyKind, OpenOperation};
use client::Clients;
use cors::Cors;
use headers::Headers;
pub use observe::Parts;
pub use rate_limit::PolicyOf;
use rate_limit::RateLimits;

/// Every request passes through it, and every answer.
pub struct Gateway<E> {
    inner: E,
    settings: Arc<Settings>,
}

/// What the steps work with.
pub struct Settings {
    clients: Clients,
    cors: Cors,
    headers: Headers,
    limits: RateLimits,
    bodies: Bodies,
    head_fields: usize,
    authenticator: Arc<dyn Authenticator>,
    metrics: Metrics,
    parts: Parts,
    described: HashMap<String, DescribedRoute>,
    log_requests: bool,
}

/// A route of the API as its document describes it.
pub struct DescribedRoute {
    /// Its template with the parameters' own names: the router calls them `:param0`, `:param1`.
    pub template: String,
    /// Its `Allow` header (RFC 9110 §10.2.1).
    pub allow: String,
}

impl Settings {
    /// Gathers what the steps need. `described` holds the routes by the router's template.
    #[allow(clippy::too_many_arguments, reason = "one for each section and part that a step needs")]
    pub fn new(
        cors: &CorsConfig,
        server: &ServerConfig,
        proxy: &ProxyConfig,
        rate_limit: &RateLimitConfig,
        limits: &LimitsConfig,
        bodies: Vec<(&'static str, BodyKind)>,
        log_requests: bool,
        authenticator: Arc<dyn Authenticator>,
        metrics: Metrics,
        parts: Parts,
        described: HashMap<String, DescribedRoute>,
        policy_of: PolicyOf,
        clock: Clock,
    ) -> Self {
        Self {
            clients: Clients::new(proxy),
            cors: Cors::new(cors),
            headers: Headers::new(server),
            limits: RateLimits::new(rate_limit, policy_of, clock),
            bodies: Bodies::new(limits, bodies, metrics.shares.clone()),
            head_fields: usize::try_from(limits.head_fields).unwrap_or(usize::MAX),
            authenticator,
            metrics,
            parts,
            described,
            log_requests,
        }
    }

    /// With TLS spoken by the appliance, or by a proxy in front of it.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsMode) -> Self {
        self.clients.behind_tls(tls == TlsMode::Off);
        self
    }

    /// With operations that are open to strangers, and so take small bodies alone.
    #[must_use]
    pub fn with_open(mut self, operations: Vec<OpenOperation>) -> Self {
        self.bodies.open_to_strangers(operations);
        self
    }

    /// Forgets clients that are back at rest; called now and then.
    pub fn forget_idle(&self) {
        self.limits.forget_idle();
    }
}

impl<E: Endpoint<Output = Response>> Gateway<E> {
    /// Puts the stack around the routes.
    pub const fn new(inner: E, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }

    /// The handler's answer, or the first reason not to ask it.
    async fn answer(
        &self,
        request: Request,
        caller: &Caller,
        body: &BodyLimits,
        standing: &mut Option<RateLimitStatus>,
    ) -> Result<Response, poem::Error> {
        let settings = &self.settings;
        if let Some(preflight) = settings.cors.preflight(&request) {
            return Ok(preflight);
        }
        *standing = settings.limits.admit(caller, &request)?;
        identify::refuse_many_fields(&request, settings.head_fields)?;
        identify::refuse_encoded(&request)?;
        identify::refuse_large(&request, body)?;
        let handled = AssertUnwindSafe(self.inner.call(request)).catch_unwind().await;
        handled.unwrap_or_else(|panic| {
            settings.metrics.system_error("panic");
            Err(Problem::internal(observe::panic_text(panic.as_ref())).into())
        })
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Gateway<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let started = Instant::now();
        let settings = &self.settings;

        let client = settings.clients.of(&request);
        let caller =
            caller::authenticate(&request, client.network, settings.authenticator.as_ref());
        let body = settings.bodies.at(request.method(), request.uri().path());
        let body_of_caller = settings.bodies.of(&caller, client.network, &body);
        let context = identify::identify(&request, &client, body_of_caller);
        let exchange = observe::Exchange::begin(&request, &context, &caller, started);
        let origin = settings.cors.origin(&request);
        request.set_data(client.address);
        request.set_data(context.clone());
        request.set_data(caller.clone());

        let mut standing = None;
        let answered = self.answer(request, &caller, &body, &mut standing).await;

        let mut response = match answered {
            Ok(response) => response,
            Err(error) => {
                let refusal = problem::Refusal::of(error, settings);
                let refusal =
                    refusal.map(|problem| settings.limits.refuse(&caller, &context, problem));
                problem::respond(refusal, &exchange, &context, settings)
            }
        };
        let standing = standing.or_else(|| settings.limits.stranger(&caller, &context, &exchange));
        settings.limits.decorate(&mut response, standing);
        settings.cors.decorate(&mut response, origin);
        settings.headers.decorate(&mut response, &context);
        if exchange.is_head() {
            // Not even a refusal has one (RFC 9110 §9.3.2); poem empties good answers alone, and over
            // HTTP/2 a client takes a body here for a broken stream.
            response.take_body();
        }
        exchange.finish(&response, settings);
        Ok(response)
    }
}
