//! One connection: TLS, then HTTP/1.1 or HTTP/2, with a deadline on everything a client could stall.
//!
//! The protocol is the one that TLS agreed on (ALPN), so nothing is sniffed; without TLS it is HTTP/1.1.
//! `transport` sees below TLS what moves, `exchange` and `answer` whose turn it is, `timers` knows what is
//! due, and [`conduct`] ends what is overdue: hyper's own clock for heads cannot tell one that drips in from a
//! connection that rests. The body's deadline is in `http/body`, where the body is read; `upload` sees when it
//! is waited for, and what nobody reads of it is `drain_body`. A balancer that passes connections on says first
//! from whom (`proxy_header`).

mod drain_body;
mod exchange;
mod proxy_header;
mod timers;
mod tracked_body;
mod transport;
mod upload;

use std::{
    convert::Infallible,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use hyper::{
    body::{Body, Bytes, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use poem::{
    Addr, Endpoint, Response,
    endpoint::BoxEndpoint,
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{connection_limiter::ConnectionSlot, tls};
use crate::{
    config::{LimitsConfig, Network},
    http::ClientNetwork,
};
use exchange::RequestGuard;
pub(super) use proxy_header::{ProxyHeader, Unreadable, receive};
pub(super) use timers::{ConnectionTimers, WaitingFor};
use timers::{Deadline, Protocol};
use tracked_body::TrackedBody;
use transport::TrackedStream;
pub(super) use transport::Transport;

/// How long whoever was let in before a stop may take to ask for the first time.
const LATECOMERS: Duration = Duration::from_secs(2);
/// How many header fields hyper takes by itself, without memory from the heap.
const FIELDS_ON_STACK: u32 = 100;

/// What every connection is served with.
pub(super) struct ConnectionConfig {
    /// Nothing when a proxy speaks TLS.
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) limits: LimitsConfig,
    /// Where balancers are that begin each connection with a header.
    pub(super) balancers: Vec<Network>,
    pub(super) endpoint: BoxEndpoint<'static, Response>,
}

/// Who is at both ends. A Unix socket has no addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) local: Option<SocketAddr>,
    pub(super) peer: Option<SocketAddr>,
}

impl ConnectionConfig {
    /// Whether a connection must begin with a header that says from whom it is.
    pub(super) fn sends_header(&self, ends: Ends) -> bool {
        let contains = |peer: SocketAddr| self.balancers.iter().any(|net| net.contains(peer.ip()));
        ends.peer.is_some_and(contains)
    }
}

/// Serves a connection until it ends, stalls, idles for too long, makes room for another, or the server
/// drains. It keeps its place until then.
pub(super) async fn serve(
    transport: Transport,
    ends: Ends,
    mut place: Option<ConnectionSlot>,
    timers: Arc<ConnectionTimers>,
    config: Arc<ConnectionConfig>,
    mut draining: watch::Receiver<bool>,
) {
    let limits = config.limits;
    let mut stream = TrackedStream::new(transport, Arc::clone(&timers));
    let deadline = tokio::time::Instant::now() + limits.handshake();
    // Each stage in memory of its own: a connection that rests would keep room for the largest otherwise.
    let ends = if config.sends_header(ends) {
        let introduced = Box::pin(introduced(&mut stream, ends, place.as_mut()));
        let introduced = before(deadline, introduced, &timers, &mut draining).await;
        let Some(Some(ends)) = introduced else { return };
        ends
    } else {
        ends
    };
    let Some(tls) = &config.tls else {
        let serving = serve_http1(stream, ends, Scheme::HTTP, config, timers, draining);
        return Box::pin(serving).await;
    };
    let handshake = Box::pin(tls.accept(stream));
    let stream = match before(deadline, handshake, &timers, &mut draining).await {
        Some(Ok(stream)) => stream,
        Some(Err(error)) => return tracing::debug!(?ends, %error, "TLS handshake failed"),
        None => return tracing::debug!(?ends, "TLS handshake did not end"),
    };
    if tls::was_for_a_proof(&stream) {
        return;
    }
    if speaks_http2(&stream) {
        Box::pin(serve_http2(stream, ends, config, timers, draining)).await;
    } else {
        Box::pin(serve_http1(stream, ends, Scheme::HTTPS, config, timers, draining)).await;
    }
}

/// What comes of a stage before the first request. Nothing when it took too long, made room for another, or
/// the server stops: whoever was let in is answered, if they come with their question soon.
async fn before<T>(
    deadline: tokio::time::Instant,
    stage: impl Future<Output = T>,
    timers: &ConnectionTimers,
    draining: &mut watch::Receiver<bool>,
) -> Option<T> {
    tokio::select! {
        biased;
        outcome = tokio::time::timeout_at(deadline, stage) => outcome.ok(),
        () = timers.was_displaced() => None,
        () = stopped_for(LATECOMERS, draining) => None,
    }
}

/// Both ends of a connection as the header of a balancer says, counted for the network of the client.
/// Nothing when there is no good header, or that network has its share.
async fn introduced(
    stream: &mut TrackedStream,
    ends: Ends,
    place: Option<&mut ConnectionSlot>,
) -> Option<Ends> {
    let ends = match receive(stream).await {
        Ok(ProxyHeader::Own) => ends,
        Ok(ProxyHeader::Client { source, destination }) => {
            Ends { local: Some(destination), peer: Some(source) }
        }
        Err(Unreadable::Gone(error)) => {
            tracing::debug!(?ends, %error, "a balancer left before its header");
            return None;
        }
        Err(Unreadable::ProxyHeaderError(fault)) => {
            tracing::warn!(
                balancer = ends.peer.map(tracing::field::display),
                %fault,
                "no PROXY protocol header, as proxy.protocol_networks demands; connection closed"
            );
            return None;
        }
    };
    if let (Some(place), Some(peer)) = (place, ends.peer) {
        place.belongs_to(ClientNetwork::of(peer.ip())).await.ok()?;
    }
    Some(ends)
}

fn speaks_http2(stream: &TlsStream<TrackedStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}

async fn serve_http2(
    stream: TlsStream<TrackedStream>,
    ends: Ends,
    config: Arc<ConnectionConfig>,
    timers: Arc<ConnectionTimers>,
    draining: watch::Receiver<bool>,
) {
    timers.set_protocol(Protocol::Http2);
    let limits = config.limits;
    let service = {
        let timers = Arc::clone(&timers);
        service_fn(move |request| {
            answer(request, ends, Scheme::HTTPS, Arc::clone(&config), &timers)
        })
    };
    let http = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.ping())
        .keep_alive_timeout(limits.ping_answer())
        .max_concurrent_streams(limits.h2_streams)
        .max_pending_accept_reset_streams(limits.h2_resets())
        .max_local_error_reset_streams(limits.h2_resets())
        .max_header_list_size(limits.head_bytes)
        .serve_connection(TokioIo::new(stream), service);
    conduct(http, http2::Connection::graceful_shutdown, &timers, draining).await;
}

async fn serve_http1(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ends: Ends,
    scheme: Scheme,
    config: Arc<ConnectionConfig>,
    timers: Arc<ConnectionTimers>,
    draining: watch::Receiver<bool>,
) {
    timers.set_protocol(Protocol::Http1);
    let limits = config.limits;
    let service = {
        let timers = Arc::clone(&timers);
        service_fn(move |request| {
            answer(request, ends, scheme.clone(), Arc::clone(&config), &timers)
        })
    };
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(None);
    http.max_buf_size(usize::try_from(limits.head_bytes).unwrap_or(usize::MAX));
    if limits.head_fields > FIELDS_ON_STACK {
        http.max_headers(usize::try_from(limits.head_fields).unwrap_or(usize::MAX));
    }
    let http = http.serve_connection(TokioIo::new(stream), service);
    conduct(http, http1::Connection::graceful_shutdown, &timers, draining).await;
}

/// Answers one request.
fn answer(
    request: hyper::Request<Incoming>,
    ends: Ends,
    scheme: Scheme,
    config: Arc<ConnectionConfig>,
    timers: &Arc<ConnectionTimers>,
) -> impl Future<
    Output = Result<
        hyper::Response<impl Body<Data = Bytes, Error = io::Error> + use<>>,
        Infallible,
    >,
> + use<> {
    let requested = RequestGuard::start(timers);
    async move {
        let has_body = !request.body().is_end_stream();
        let has_leftover = drain_body::is_due(&request);
        let mut request = poem::Request::from((
            request,
            LocalAddr(address(ends.local)),
            RemoteAddr(address(ends.peer)),
            scheme,
        ));
        if has_body {
            upload::watch(&mut request, &requested.timers());
        }
        if has_leftover {
            drain_body::drain_unread_body(&mut request, config.limits.body(), &requested.timers());
        }
        let response = config.endpoint.get_response(request).await;
        let may_be_unread = has_body && !response.status().is_success();
        let guard = requested.answered(may_be_unread);
        let response = hyper::Response::from(response);
        Ok::<_, Infallible>(response.map(|body| TrackedBody::new(body, guard)))
    }
}

fn address(address: Option<SocketAddr>) -> Addr {
    address.map_or_else(|| Addr::custom("unix", ""), Addr::SocketAddr)
}

/// Returns so long after the server began to drain.
async fn stopped_for(time: Duration, draining: &mut watch::Receiver<bool>) {
    // An error means that the server is gone, which is a stop too.
    let _ = draining.wait_for(|draining| *draining).await;
    tokio::time::sleep(time).await;
}

/// Drives a connection. Ends it when something is overdue, and asks it to end when the server drains or
/// nothing was asked for too long.
async fn conduct<C, E>(
    connection: C,
    graceful_shutdown: impl Fn(Pin<&mut C>),
    timers: &ConnectionTimers,
    mut draining: watch::Receiver<bool>,
) where
    C: Future<Output = Result<(), E>>,
    E: std::fmt::Display,
{
    tokio::pin!(connection);
    let mut leaving = None;
    let farewell = async {
        let _ = draining.wait_for(|draining| *draining).await;
        if !timers.has_requested() {
            // Whoever was let in is answered once.
            let _ = tokio::time::timeout(LATECOMERS, timers.first_request()).await;
        }
    };
    tokio::pin!(farewell);
    loop {
        let (_, wait) = timers.deadline(leaving);
        tokio::select! {
            biased;
            outcome = connection.as_mut() => {
                if let Err(error) = outcome {
                    tracing::debug!(%error, "connection ended");
                }
                return;
            }
            () = timers.was_displaced() => match timers.waiting_for() {
                // Something was asked meanwhile, and another is displaced.
                WaitingFor::Server => {}
                WaitingFor::Client(_) => {
                    timers.cut_off();
                    return tracing::debug!("stalled connection closed for a newcomer");
                }
                WaitingFor::Nobody(_) => {
                    graceful_shutdown(connection.as_mut());
                    // What can be said at once is said.
                    let _ = futures_util::poll!(connection.as_mut());
                    return tracing::debug!("idle connection closed for a newcomer");
                }
            },
            () = farewell.as_mut(), if leaving.is_none() => {
                leaving = Some(Instant::now());
                graceful_shutdown(connection.as_mut());
            }
            () = tokio::time::sleep(wait) => match timers.deadline(leaving) {
                (Deadline::Later, _) => {}
                (_, left) if !left.is_zero() => {}
                (Deadline::Idle | Deadline::FirstRequest, _) => {
                    leaving = Some(Instant::now());
                    graceful_shutdown(connection.as_mut());
                }
                (limit, _) => {
                    timers.cut_off();
                    return tracing::debug!(?limit, "connection cut off");
                }
            },
        }
    }
}
