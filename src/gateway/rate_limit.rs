//! Who asks too often: signed-in people by person, machines by key, screens by token, everyone else by
//! network and by failures only.
//!
//! Only the API counts and is limited, and whatever somebody asks for with a key: a page or a picture costs little, and a class that shares one
//! address with somebody who misbehaves should at least see its sign-in page. What can only be answered
//! to somebody who holds something genuine (a code that has just run out) is no guess and does not
//! count either.
//!
//! An answer says how its caller stands (draft-ietf-httpapi-ratelimit-headers): `RateLimit-Policy` the
//! quota, `RateLimit` what is left of it.

use poem::{
    Request, Response,
    http::{HeaderName, HeaderValue, Method, StatusCode},
};

use crate::{
    config::RateLimitConfig,
    http::{Caller, ClientNetwork, Problem, RequestContext},
    ids::{RandomId, UserId},
    limit::{Limiter, Policy, Standing},
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
    networks: Limiter<ClientNetwork>,
    /// `RateLimit-Policy` for each policy, put together once.
    described: Vec<(Policy, HeaderValue)>,
}

impl RateLimits {
    pub(super) fn new(config: &RateLimitConfig, policy_of: PolicyOf) -> Self {
        let quotas = [
            (Policy::Anonymous, config.anonymous_failures_per_minute),
            (Policy::SignedIn, config.signed_in_per_minute),
            (Policy::Ingest, config.ingest_per_minute),
            (Policy::Export, config.export_per_minute),
            (Policy::LoginAccount, config.login_failures_per_account),
            (Policy::LoginNetwork, config.login_failures_per_network),
            (Policy::Registration, config.registrations_per_network_per_hour),
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
            networks: Limiter::new(Policy::Anonymous, config.anonymous_failures_per_minute),
            described: described.collect(),
        }
    }

    /// Lets a request through, and says how its caller stands then; or says when to come back.
    pub(super) fn admit(
        &self,
        caller: &Caller,
        request: &Request,
    ) -> Result<Option<Standing>, Problem> {
        let path = request.uri().path();
        if !self.enabled || !is_limited(caller, path) {
            return Ok(None);
        }
        let admitted = match Asking::of(caller) {
            Some(asking) => {
                let known = match (self.policy_of)(request.method(), path) {
                    Policy::Ingest => &self.ingest,
                    Policy::Export => &self.export,
                    _ => &self.signed_in,
                };
                known.count(&asking)
            }
            None => self.networks.look(&RequestContext::of(request)?.network),
        };
        admitted.map(Some).map_err(|standing| {
            let problem = Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "RATE_LIMITED",
                "Too many requests. Please wait a little.",
                "Troppe richieste. Attendi un momento.",
            );
            problem.exceeds(standing.policy, standing.reset_seconds)
        })
    }

    /// Counts an answer against the network of a stranger when it was a refusal, and says how they
    /// stand now. An access token that has run out is no stranger's; a key that has, or was revoked,
    /// counts as any other guess.
    pub(super) fn count(
        &self,
        caller: &Caller,
        context: &RequestContext,
        path: &str,
        status: StatusCode,
    ) -> Option<Standing> {
        let is_stranger = match caller {
            Caller::Anonymous => true,
            Caller::Refused(problem) => !matches!(problem.code, "TOKEN_EXPIRED" | "SESSION_ENDED"),
            Caller::SignedIn(_) | Caller::Display(_) => false,
        };
        let may_be_a_guess =
            status.is_client_error() && !matches!(status, StatusCode::CONFLICT | StatusCode::GONE);
        if self.enabled && is_limited(caller, path) && is_stranger && may_be_a_guess {
            return Some(self.networks.count(&context.network).unwrap_or_else(|standing| standing));
        }
        None
    }

    /// Says how the caller stands. Of a refusal for asking too often only the limit that was
    /// exceeded matters, and it comes back when `Retry-After` says.
    pub(super) fn decorate(&self, response: &mut Response, standing: Option<Standing>) {
        let Some(standing) = response.data::<Standing>().copied().or(standing) else { return };
        let Standing { policy, remaining, reset_seconds } = standing;
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
        self.networks.forget_idle();
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
