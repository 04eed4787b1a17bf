//! A bare poem handler behind the same TLS and HTTP library, without anything of ours around it: what
//! the gateway, the token, the session and the store are measured against.

use std::{
    convert::Infallible,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use poem::{
    Addr, Endpoint, EndpointExt, IntoResponse, Route,
    endpoint::make_sync,
    get,
    http::uri::Scheme,
    web::{Json, LocalAddr, RemoteAddr},
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The argument with which this bench starts itself as the bare handler.
pub(crate) const SERVE: &str = "--serve-bare";

/// The running handler: a process of its own, as the appliance is one; killed when dropped.
pub(crate) struct Bare {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Bare {
    /// Serves with the certificate of a data directory, so that TLS costs the same.
    pub(crate) fn start(data: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg(SERVE).arg(data).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { address: line.trim().parse().unwrap(), child }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the process of its own does: says where it listens, and serves until it is killed.
pub(crate) async fn run(data: &Path) {
    let tls = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(data.join("tls/self-signed.pem")).unwrap()],
            PrivateKeyDer::from_pem_file(data.join("tls/self-signed.key")).unwrap(),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    serve(listener, TlsAcceptor::from(Arc::new(tls))).await;
}

async fn serve(listener: TcpListener, tls: TlsAcceptor) {
    let person = json!({
        "id": 1, "email": "person0@example.org", "username": "person0", "name": "Mario",
        "surname": "Rossi", "role": "user", "status": "active", "language": "en",
        "created_at": "2026-11-23T07:00:00.000Z", "last_login_at": "2026-11-23T07:00:00.000Z",
    });
    let handler = make_sync(move |_| Json(person.clone()).into_response());
    let endpoint = Arc::new(Route::new().at("/me", get(handler)).boxed());
    loop {
        let (stream, peer) = listener.accept().await.unwrap();
        let _ = stream.set_nodelay(true);
        let (tls, endpoint) = (tls.clone(), Arc::clone(&endpoint));
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                let endpoint = Arc::clone(&endpoint);
                async move {
                    let request = poem::Request::from((
                        request,
                        LocalAddr::default(),
                        RemoteAddr(Addr::SocketAddr(peer)),
                        Scheme::HTTPS,
                    ));
                    Ok::<_, Infallible>(hyper::Response::from(endpoint.get_response(request).await))
                }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
