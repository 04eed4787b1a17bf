//! A directory that suggests when to renew (ARI, RFC 9773), which the packaged Pebble does not do yet: in front
//! of a real one stands this, which adds the suggestion and passes everything else on as it is.

use std::{fmt::Write as _, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::pebble::Pebble;

/// Stands in front of `pebble` and suggests this window; gives the address of the directory.
pub async fn in_front_of(pebble: &Pebble, opens: &'static str, closes: &'static str) -> String {
    crate::support::install_crypto();
    let chain = vec![CertificateDer::from_pem_file(pebble.file("certificate.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(pebble.file("key.pem")).unwrap();
    let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let root = reqwest::Certificate::from_pem(&std::fs::read(pebble.root()).unwrap()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
    let behind = pebble.origin();
    let directory = format!("{own}/dir");
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
            let (head, body) = read_request(&mut stream).await;
            let mut words = head.split(' ');
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            let answer = if path.starts_with("/renewal-info/") {
                let window =
                    format!(r#"{{"suggestedWindow":{{"start":"{opens}","end":"{closes}"}}}}"#);
                let length = window.len();
                format!(
                    "HTTP/1.1 200 OK\r\nRetry-After: 3600\r\nContent-Length: {length}\r\n\r\n{window}"
                )
            } else {
                let host = own.trim_start_matches("https://");
                let request = client
                    .request(method.parse().unwrap(), format!("{behind}{path}"))
                    .header("host", host)
                    .header("content-type", "application/jose+json")
                    .body(body);
                let passed = request.send().await.unwrap();
                let mut answer = format!("HTTP/1.1 {}\r\n", passed.status());
                for name in ["replay-nonce", "location", "retry-after", "content-type"] {
                    if let Some(value) = passed.headers().get(name) {
                        write!(answer, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
                    }
                }
                let mut text = passed.text().await.unwrap();
                if path == "/dir" {
                    let offer = format!("{{\"renewalInfo\":\"{own}/renewal-info\",");
                    text = text.replacen('{', &offer, 1);
                }
                answer + &format!("content-length: {}\r\n\r\n{text}", text.len())
            };
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    directory
}

/// The head and the body of a request.
async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase().lines().find_map(|line| {
                line.strip_prefix("content-length: ").map(|value| value.parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return (head.to_owned(), body.as_bytes().to_vec());
            }
        }
        assert!(read > 0, "cut short: {text}");
    }
}
