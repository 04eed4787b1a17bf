//! What the gateway knows of a request before anyone handles it.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use poem::{FromRequest, Request, RequestBody, http::HeaderValue};

use super::{BodyBudget, ClientConnection, ClientNetwork, Problem};
use crate::{
    audit_event::{Actor, AuditContext},
    ids::RandomId,
    language::Language,
};

const DEVICE_LENGTH: usize = 200;

/// Set by the gateway on every request; handlers take it as an argument.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Names the request in the log, in answers and in the audit trail.
    pub id: RandomId,
    /// Where it came from.
    pub network: ClientNetwork,
    /// The client's end of the connection; nothing behind a proxy, whose connections are for many.
    pub connection: Option<SocketAddr>,
    /// The language that the client prefers.
    pub language: Language,
    /// The `User-Agent`, as it came; [`RequestContext::device`] is what may be kept of it.
    pub user_agent: Option<HeaderValue>,
    /// What a body may be.
    pub body: BodyLimits,
}

impl<'a> FromRequest<'a> for RequestContext {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Self::of(request).cloned().map_err(Into::into)
    }
}

impl RequestContext {
    /// The context that the gateway has put on a request.
    ///
    /// # Errors
    /// An internal problem when the request did not pass through the gateway, which is a bug.
    pub fn of(request: &Request) -> Result<&Self, Problem> {
        request
            .extensions()
            .get::<Self>()
            .ok_or_else(|| Problem::internal("a request reached a handler past the gateway"))
    }

    /// The `User-Agent`, cut to 200 characters, control characters removed.
    pub fn device(&self) -> String {
        let text = self.user_agent.as_ref().and_then(|value| value.to_str().ok());
        let characters = text.unwrap_or_default().chars();
        characters.filter(|character| !character.is_control()).take(DEVICE_LENGTH).collect()
    }

    /// Where it came from, for what is dealt out by shares.
    pub const fn client(&self) -> ClientConnection {
        ClientConnection { network: self.network, connection: self.connection }
    }

    /// How the audit trail describes this request when `actor` is behind it.
    pub fn audit_context(&self, actor: Actor) -> AuditContext {
        AuditContext { actor, network: Some(self.network.to_string()), request_id: Some(self.id) }
    }
}

/// How large a body may be, and how long it may take.
#[derive(Debug, Clone)]
pub struct BodyLimits {
    /// In bytes.
    pub bytes: usize,
    /// From the head to the last byte.
    pub time: Duration,
    /// What all bodies that are being read may take together.
    pub budget: BodyBudget,
}

/// Where a client is, for what is open to some networks alone. Nothing when it cannot be known: it came
/// through a Unix socket, or through a proxy that did not say from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);
