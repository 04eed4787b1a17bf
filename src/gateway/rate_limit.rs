//! Who asks too often: signed-in people by person, everyone else by network and by failures only.
//!
//! Only the API counts and is limited: a page or a picture costs little, and a class that shares one
//! address with somebody who misbehaves should at least see its sign-in page. What can only be answered
//! to somebody who holds something genuine (a code that has just run out) is no guess and does not
//! count either.

use std::time::Duration;

use poem::{Request, http::StatusCode};

use crate::{
    config::RateLimitConfig,
    http::{Caller, ClientNetwork, Problem, RequestContext},
    ids::UserId,
    limit::{Limiter, StopLimiter},
};

pub(super) struct RateLimits {
    enabled: bool,
    people: Limiter<UserId>,
    networks: StopLimiter<ClientNetwork>,
}

impl RateLimits {
    pub(super) fn new(config: &RateLimitConfig) -> Self {
        Self {
            enabled: config.enabled,
            people: Limiter::per_minute(config.signed_in_per_minute),
            networks: StopLimiter::per_minute(config.anonymous_failures_per_minute),
        }
    }

    /// Lets a request through, or says when to come back.
    pub(super) fn admit(&self, caller: &Caller, request: &Request) -> Result<(), Problem> {
        if !self.enabled || !is_api(request.uri().path()) {
            return Ok(());
        }
        let admitted = match caller {
            Caller::SignedIn(principal) => self.people.count(&principal.id),
            Caller::Anonymous | Caller::Refused(_) => {
                self.networks.check(&RequestContext::of(request)?.network)
            }
        };
        admitted.map_err(|wait: Duration| {
            let problem = Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "RATE_LIMITED",
                "Too many requests. Please wait a little.",
                "Troppe richieste. Attendi un momento.",
            );
            problem.retry_after(wait.as_secs() + 1)
        })
    }

    /// Counts an answer against the network of a stranger when it was a refusal. An access token that
    /// has run out is no stranger's.
    pub(super) fn count(
        &self,
        caller: &Caller,
        context: &RequestContext,
        path: &str,
        status: StatusCode,
    ) {
        let is_stranger = match caller {
            Caller::Anonymous => true,
            Caller::Refused(problem) => problem.code == "TOKEN_INVALID",
            Caller::SignedIn(_) => false,
        };
        let may_be_a_guess =
            status.is_client_error() && !matches!(status, StatusCode::CONFLICT | StatusCode::GONE);
        if self.enabled && is_api(path) && is_stranger && may_be_a_guess {
            self.networks.count(&context.network);
        }
    }

    pub(super) fn forget_idle(&self) {
        self.people.forget_idle();
        self.networks.forget_idle();
    }
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}
