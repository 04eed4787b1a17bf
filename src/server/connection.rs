//! One connection: TLS, then HTTP/1.1 or HTTP/2, with a deadline on everything a client could stall.
//!
//! The protocol is the one that TLS agreed on (ALPN), so nothing is sniffed. What stalls is closed: the
//! handshake, the head of a request (the first one too), a connection with nothing asked. The body's
//! deadline is in `http/body`, where the body is read. An answer is in progress for as long as we owe
//! something of it (`activity`), so a stream that is silent for a while is not idle, and a client that
//! stops reading is.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use hyper::{
    body::Incoming,
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
use tokio::{net::TcpStream, sync::watch};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    activity::{Activity, Answer},
    tls,
};
use crate::config::LimitsConfig;

/// Streams that one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 100;
/// Bytes of a request's head that are read before it is refused.
const MAX_HEAD: u32 = 32 * 1024;
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// What every connection is served with.
pub(super) struct Wiring {
    pub(super) tls: TlsAcceptor,
    pub(super) limits: LimitsConfig,
    pub(super) endpoint: BoxEndpoint<'static, Response>,
}

/// Serves a connection until it ends, idles for too long, or the server drains.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    wiring: Arc<Wiring>,
    mut draining: watch::Receiver<bool>,
) {
    // Answers are small and written whole: waiting to fill a segment would only delay them.
    let _ = stream.set_nodelay(true);
    let local = stream.local_addr().ok();
    let limits = wiring.limits;
    let handshake = tokio::time::timeout(limits.handshake(), wiring.tls.accept(stream));
    let handshake = tokio::select! {
        // Nothing was asked yet, so nobody is cut short: a stop need not wait for a silent client.
        _ = draining.wait_for(|draining| *draining) => return,
        handshake = handshake => handshake,
    };
    let stream = match handshake {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%peer, %error, "TLS handshake failed"),
        Err(_) => return tracing::debug!(%peer, "TLS handshake took too long"),
    };
    if tls::was_for_a_proof(&stream) {
        return;
    }
    let activity = Arc::new(Activity::new());
    let service = {
        let activity = Arc::clone(&activity);
        service_fn(move |request: hyper::Request<Incoming>| {
            let (wiring, request_in_progress) = (Arc::clone(&wiring), Activity::begin(&activity));
            async move {
                let request = poem::Request::from((
                    request,
                    LocalAddr(local.map_or_else(Addr::default, Addr::SocketAddr)),
                    RemoteAddr(Addr::SocketAddr(peer)),
                    Scheme::HTTPS,
                ));
                let response = wiring.endpoint.get_response(request).await;
                let response = hyper::Response::from(response);
                Ok::<_, Infallible>(response.map(|body| Answer::new(body, request_in_progress)))
            }
        })
    };
    if speaks_http2(&stream) {
        let http = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        conduct(http, http2::Connection::graceful_shutdown, &activity, limits, draining).await;
    } else {
        let http = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head())
            .max_buf_size(usize::try_from(MAX_HEAD).unwrap_or(usize::MAX))
            .serve_connection(TokioIo::new(stream), service);
        conduct(http, http1::Connection::graceful_shutdown, &activity, limits, draining).await;
    }
}

fn speaks_http2(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}

/// Drives a connection, and asks it to end when the server drains or nothing was asked for too long.
async fn conduct<C, E>(
    connection: C,
    graceful_shutdown: impl Fn(Pin<&mut C>),
    activity: &Activity,
    limits: LimitsConfig,
    mut draining: watch::Receiver<bool>,
) where
    C: Future<Output = Result<(), E>>,
    E: std::fmt::Display,
{
    tokio::pin!(connection);
    let mut leaving = None;
    loop {
        let deadline = match leaving {
            None => activity.until_idle(limits),
            Some(since) => activity.until_silent(since),
        };
        tokio::select! {
            biased;
            outcome = connection.as_mut() => {
                if let Err(error) = outcome {
                    tracing::debug!(%error, "connection ended");
                }
                return;
            }
            _ = draining.wait_for(|draining| *draining), if leaving.is_none() => {
                leaving = Some(Instant::now());
                graceful_shutdown(connection.as_mut());
            }
            () = tokio::time::sleep(deadline) => {
                match leaving {
                    Some(since) if activity.until_silent(since).is_zero() => return,
                    None if activity.until_idle(limits).is_zero() => {
                        leaving = Some(Instant::now());
                        graceful_shutdown(connection.as_mut());
                    }
                    _ => {}
                }
            }
        }
    }
}
