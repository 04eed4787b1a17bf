//! Who asks too often: signed-in people by person, machines by key, screens by token. Everyone else is
//! counted by network and by wrong secrets only.
//!
//! Only the API is limited, and whatever somebody asks for with a key: a page or a picture costs little. A
//! stranger is refused nothing before it is handled, since others share the network. What was a wrong secret,
//! the refusal itself says ([`Problem::wrong`]): an unknown path, a form with a mistake, and what can only be
//! answered to somebody who holds something genuine (a code that has just run out, a token whose session is
//! over) are no guesses and do not count. Wrong secrets of each kind are counted apart.
//!
//! An answer says how its caller stands (draft-ietf-httpapi-ratelimit-headers): `RateLimit-Policy` the
//! quota, `RateLimit` what is left of it.

use poem::{
    Request, Response,
    http::{HeaderName, HeaderValue, Method, StatusCode},
};

use super::observe::Exchange;
use crate::{
    clock::Clock,
    config::RateLimitConfig,
    http::{Caller, NetworkGroup, Problem, RequestContext, SecretKind},
    ids::{RandomId, UserId},
    limit::{Budget, Limiter, Policy, RateLimitStatus},
};

pub(super) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(super) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What somebody who is signed in is counted for, by what they ask; [`Policy::SignedIn`] for most.
pub type PolicyOf = fn(&Method, &str) -> Policy;

/// Who is counted. A machine that is too busy does not shut its owner out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Asking {
    Person(UserId),
    Key(RandomId),
    Display(RandomId),
}

impl Asking {
    /// Nobody for strangers, who are counted by network.
    fn of(caller: &Caller) -> Option<Self> {
        match caller {
            Caller::SignedIn(principal) => {
                Some(principal.key().map_or(Self::Person(principal.id), Self::Key))
            }
            Caller::Display(display) => Some(Self::Display(display.id)),
            Caller::Anonymous | Caller::Refused(_) => None,
        }
    }
}

pub(super) struct RateLimits {
    enabled: bool,
    policy_of: PolicyOf,
    signed_in: Limiter<Asking>,
    ingest: Limiter<Asking>,
    export: Limiter<Asking>,
    networks: Budget<NetworkGroup, SecretKind>,
    clock: Clock,
    /// `RateLimit-Policy` for each policy, put together once.
    described: Vec<(Policy, HeaderValue)>,
}

impl RateLimits {
    pub(super) fn new(config: &RateLimitConfig, policy_of: PolicyOf, clock: Clock) -> Self {
        let quotas = [
            (Policy::Anonymous, config.anonymous_failures_per_minute),
            (Policy::SignedIn, config.signed_in_per_minute),
            (Policy::Ingest, config.ingest_per_minute),
            (Policy::Export, config.export_per_minute),
            (Policy::LoginAccount, config.login_failures_per_account),
            (Policy::Registration, config.registrations_per_network_per_hour),
            (Policy::RefusedRegistration, config.refused_registrations_per_network_per_hour),
            (Policy::TypedCode, config.typed_code_misses_per_person_per_hour),
        ];
        let described = quotas.into_iter().filter_map(|(policy, quota)| {
            let text = format!("\"{}\";q={quota};w={}", policy.name(), policy.window_seconds());
            Some((policy, HeaderValue::from_str(&text).ok()?))
        });
        Self {
            enabled: config.enabled,
            policy_of,
            signed_in: Limiter::new(Policy::SignedIn, config.signed_in_per_minute),
            ingest: Limiter::new(Policy::Ingest, config.ingest_per_minute),
            export: Limiter::new(Policy::Export, config.export_per_minute),
            networks: Budget::new(Policy::Anonymous, config.anonymous_failures_per_minute),
            clock,
            described: described.collect(),
        }
    }

    /// Lets a request through, and says how somebody known stands then; or says when to come back.
    pub(super) fn admit(
        &self,
        caller: &Caller,
        request: &Request,
    ) -> Result<Option<RateLimitStatus>, Problem> {
        let path = request.uri().path();
        if !self.enabled || !is_limited(caller, path) {
            return Ok(None);
        }
        let Some(asking) = Asking::of(caller) else { return Ok(None) };
        let known = match (self.policy_of)(request.method(), path) {
            Policy::Ingest => &self.ingest,
            Policy::Export => &self.export,
            _ => &self.signed_in,
        };
        known.count(&asking).map(Some).map_err(too_many)
    }

    /// Counts a refusal against the network of a stranger when it says that a secret was wrong; beyond their
    /// budget it says nothing but that. Whatever was right, or genuine, goes through as ever: who misbehaves
    /// in a network takes nothing from the others.
    pub(super) fn refuse(
        &self,
        caller: &Caller,
        context: &RequestContext,
        problem: Problem,
    ) -> Problem {
        let Some(secret) = problem.wrong.filter(|_| self.enabled && is_stranger(caller)) else {
            return problem;
        };
        match self.networks.count(&context.network, &secret, self.clock.now()) {
            Ok(_) => problem,
            Err(standing) => too_many(standing),
        }
    }

    /// How a stranger's network stands, of all kinds of secrets with the one of which least is left.
    pub(super) fn stranger(
        &self,
        caller: &Caller,
        context: &RequestContext,
        exchange: &Exchange,
    ) -> Option<RateLimitStatus> {
        if !self.enabled || !is_stranger(caller) || !is_limited(caller, exchange.path()) {
            return None;
        }
        let now = self.clock.now();
        let looked = SecretKind::ALL.map(|secret| {
            self.networks.look(&context.network, &secret, now).unwrap_or_else(|full| full)
        });
        looked.into_iter().min_by_key(|standing| standing.remaining)
    }

    /// Says how the caller stands. Of a refusal for asking too often only the limit that was
    /// exceeded matters, and it comes back when `Retry-After` says.
    pub(super) fn decorate(&self, response: &mut Response, standing: Option<RateLimitStatus>) {
        let Some(standing) = response.data::<RateLimitStatus>().copied().or(standing) else {
            return;
        };
        let RateLimitStatus { policy, remaining, reset_seconds } = standing;
        let described = self.described.iter().find(|(described, _)| *described == policy);
        let text = format!("\"{}\";r={remaining};t={reset_seconds}", policy.name());
        if let (Some((_, described)), Ok(text)) = (described, HeaderValue::from_str(&text)) {
            response.headers_mut().insert(RATE_LIMIT_POLICY, described.clone());
            response.headers_mut().insert(RATE_LIMIT, text);
        }
    }

    pub(super) fn forget_idle(&self) {
        for people in [&self.signed_in, &self.ingest, &self.export] {
            people.forget_idle();
        }
        self.networks.forget_idle(self.clock.now());
    }
}

fn is_limited(caller: &Caller, path: &str) -> bool {
    let with_key = match caller {
        Caller::SignedIn(principal) => principal.key().is_some(),
        Caller::Refused(problem) => problem.code.starts_with("KEY_"),
        Caller::Anonymous | Caller::Display(_) => false,
    };
    with_key || path.starts_with("/api/")
}

/// Whoever is nobody known. One whose token has run out, or whose session has ended, may be anybody.
const fn is_stranger(caller: &Caller) -> bool {
    matches!(caller, Caller::Anonymous | Caller::Refused(_))
}

fn too_many(standing: RateLimitStatus) -> Problem {
    let problem = Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "RATE_LIMITED",
        "Too many requests. Please wait a little.",
        "Troppe richieste. Attendi un momento.",
    );
    problem.exceeds(standing.policy, standing.reset_seconds)
}
