//! Plain HTTP: one answer, "go to the configured address". The Host header is never read, so nobody
//! can be sent elsewhere with it.

use std::{convert::Infallible, sync::Arc, time::Duration};

use hyper::{Request, Response, StatusCode, body::Incoming, header, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore};

use super::listener::Networks;
use crate::http::ClientNetwork;

const HEAD_TIME: Duration = Duration::from_secs(5);
const WHOLE_TIME: Duration = Duration::from_secs(15);
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);
const MAX_CONNECTIONS: usize = 256;

/// Redirects every request to `origin` until the task is dropped. A connection here takes one of its
/// network's places, as it does on the listener for HTTPS.
pub(super) async fn serve(listener: TcpListener, origin: String, networks: Arc<Networks>) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection on the redirect port");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                continue;
            }
        };
        let network = ClientNetwork::of(peer.ip());
        let Some(place) = Networks::take(&networks, network) else { continue };
        let origin = origin.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let answer = redirect(&request, &origin);
                async move { Ok::<_, Infallible>(answer) }
            });
            let http = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            let _ = tokio::time::timeout(WHOLE_TIME, http).await;
            drop((place, permit));
        });
    }
}

/// 308 keeps the method (RFC 9110 §15.4.9). A target that is not a path is sent to the front page.
fn redirect(request: &Request<Incoming>, origin: &str) -> Response<String> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let target = if target.starts_with('/') { target } else { "/" };
    let mut response = Response::new(String::new());
    let location = header::HeaderValue::from_str(&format!("{origin}{target}"));
    match location {
        Ok(location) => {
            *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
            response.headers_mut().insert(header::LOCATION, location);
        }
        Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    response
}
