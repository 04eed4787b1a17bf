//! A request that stays in progress for as long as a test needs it to.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    program::Home,
    running::Running,
    support::{Person, install_crypto},
};

/// A request whose head was read, and whose body the server waits for.
pub struct SlowRequest {
    stream: TlsStream<TcpStream>,
    body: Vec<u8>,
}

impl SlowRequest {
    /// Sends the head, and waits until the server asks for the body (`100 Continue`, RFC 9110 §10.1.1).
    pub async fn begin(
        home: &Home,
        running: &Running,
        path: &str,
        person: &Person,
        body: &Value,
    ) -> Self {
        install_crypto();
        let mut roots = RootCertStore::empty();
        let file = home.data().join("tls/self-signed.pem");
        roots.add(CertificateDer::from_pem_file(file).unwrap()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(running.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let body = serde_json::to_vec(body).unwrap();
        let mut request = Self { stream, body };
        let head = format!(
            "POST /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            person.access_token,
            request.body.len()
        );
        request.stream.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(request.read_head().await, "HTTP/1.1 100 Continue\r\n\r\n");
        request
    }

    /// Sends the body, and gives the status and the body of the answer.
    pub async fn finish(mut self) -> (u16, Value) {
        let body = std::mem::take(&mut self.body);
        self.stream.write_all(&body).await.unwrap();
        let head = self.read_head().await.to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, length) = head.split_once("content-length: ").unwrap();
        let length = length.lines().next().unwrap().parse().unwrap();
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).await.unwrap();
        (status, serde_json::from_slice(&answer).unwrap())
    }

    async fn read_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }
}
