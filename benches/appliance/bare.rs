//! A bare poem handler behind the same TLS and HTTP library, without anything of ours around it: what
//! the gateway, the token, the session and the store are measured against.

use std::{convert::Infallible, sync::Arc, time::Duration};

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

use crate::{driver::Driver, process::Appliance};

/// Answers a second.
pub(crate) async fn reads_per_second(connections: usize, time: Duration) -> f64 {
    // The certificate of an appliance, so that TLS costs the same.
    let home = tempfile::tempdir().unwrap();
    drop(Appliance::start(home.path(), &[]));
    let certificate = home.path().join("tls/self-signed.pem");
    let key = home.path().join("tls/self-signed.key");
    let tls = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(&certificate).unwrap()],
            PrivateKeyDer::from_pem_file(&key).unwrap(),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    // A runtime of its own, as the appliance has, since it is a process of its own.
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = listener.into_std().unwrap();
        runtime.spawn(async move {
            serve(TcpListener::from_std(listener).unwrap(), TlsAcceptor::from(Arc::new(tls))).await;
        });
        let _ = stopped.recv();
        runtime.shutdown_background();
    });
    let driver = Driver::trusting(address, &certificate);
    let tokens = vec!["bare".to_owned(); connections];
    let rate = driver.reads_per_second("/me", tokens, time).await;
    drop(stop);
    server.join().unwrap();
    rate
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
