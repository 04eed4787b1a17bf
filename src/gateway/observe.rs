//! Last step: what is measured and logged of an exchange.
//!
//! The log and the metrics name the route's template, never the path: a scanned code is part of one.

use std::{any::Any, time::Instant};

use poem::{
    PathPattern, Request, Response,
    http::{Method, Uri},
};

use super::Settings;
use crate::{
    http::{Caller, ClientNetwork, RequestContext},
    ids::{RandomId, UserId},
    telemetry::RequestLine,
};

/// Which part of the appliance answers a route, by the beginning of its template; the first that fits
/// counts. Keeps the `service` label that dashboards of the Go stack select by.
pub struct Parts(pub Vec<(&'static str, &'static str)>);

impl Parts {
    fn of(&self, endpoint: &str) -> &'static str {
        let part = self.0.iter().find(|(prefix, _)| endpoint.starts_with(prefix));
        part.map_or("gateway", |(_, service)| service)
    }
}

/// A request on its way. What is only logged is kept as it came, and written out if it is.
pub(super) struct Exchange {
    method: Method,
    uri: Uri,
    request_id: RandomId,
    network: ClientNetwork,
    user: Option<UserId>,
    key: Option<RandomId>,
    started: Instant,
}

impl Exchange {
    pub(super) fn begin(
        request: &Request,
        context: &RequestContext,
        caller: &Caller,
        started: Instant,
    ) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            request_id: context.id,
            network: context.network,
            user: match caller {
                Caller::SignedIn(principal) => Some(principal.id),
                Caller::Anonymous | Caller::Display(_) | Caller::Refused(_) => None,
            },
            key: match caller {
                Caller::SignedIn(principal) => principal.key(),
                _ => None,
            },
            started,
        }
    }

    /// The path that was asked for, for the client's own eyes.
    pub(super) fn path(&self) -> &str {
        self.uri.path()
    }

    /// Whether only the head of an answer is asked for.
    pub(super) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    pub(super) fn finish(self, response: &Response, settings: &Settings) {
        let took = self.started.elapsed();
        let matched = response.data::<PathPattern>().map_or("unmatched", |pattern| &*pattern.0);
        let described = settings.described.get(matched);
        let endpoint = described.map_or(matched, |route| route.template.as_str());
        let service = settings.parts.of(endpoint);
        let status = response.status().as_u16();
        let method = known_method(&self.method);
        settings.metrics.http_request(method, endpoint, status, service, took);
        if settings.log_requests {
            let line = RequestLine {
                id: self.request_id,
                method,
                endpoint,
                status,
                took,
                network: self.network,
                user: self.user.map(|user| user.0),
                key: self.key,
            };
            line.log();
        }
    }
}

/// A method as a label: anybody can invent methods, and labels live for ever.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", text.unwrap_or_default())
}
