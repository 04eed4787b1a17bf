//! Connections spoken by hand, for what a well-behaved client never does.

use std::{io, path::Path, sync::Arc, time::Duration};

use appliance::{clock::Time, server::certificate_status};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    client::WebPkiServerVerifier,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    time_provider::TimeProvider,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Appliance, START};

/// Longer than anything here takes: what is still open by then never closes.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The moment at which certificates are looked at: that at which they begin, because some are made by a
/// clock that a test moves and some by the machine's own.
#[derive(Debug)]
struct Standing(Time);

impl TimeProvider for Standing {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.as_seconds()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// TLS that trusts the self-signed certificate of a data directory, and nothing else.
pub fn tls_config(
    data: &Path,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&[u8]],
) -> ClientConfig {
    let path = data.join("tls/self-signed.pem");
    let begin = certificate_status(&path, START).unwrap().not_before;
    let standing = Standing(Time::parse_rfc3339(&begin).unwrap());
    let certificate = CertificateDer::from_pem_file(path).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone());
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(standing))
        .with_protocol_versions(versions)
        .unwrap()
        .with_webpki_verifier(verifier.build().unwrap())
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    config
}

/// A TLS connection, spoken byte by byte.
pub struct Wire {
    pub stream: TlsStream<TcpStream>,
    /// What was read and not yet taken.
    read: Vec<u8>,
}

/// An HTTP/1.1 answer as it came.
#[derive(Debug)]
pub struct RawAnswer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl RawAnswer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

impl Wire {
    /// Opens an HTTP/1.1 connection.
    pub async fn open(appliance: &Appliance) -> io::Result<Self> {
        Self::open_speaking(appliance, &[b"http/1.1"]).await
    }

    /// Opens a connection that speaks one of these protocols.
    pub async fn open_speaking(appliance: &Appliance, protocols: &[&[u8]]) -> io::Result<Self> {
        let config = tls_config(appliance.data.path(), rustls::ALL_VERSIONS, protocols);
        Self::open_with(appliance, config).await
    }

    /// Opens an HTTP/1.1 connection from one of this machine's own addresses.
    pub async fn open_from(appliance: &Appliance, address: &str) -> io::Result<Self> {
        let config = tls_config(appliance.data.path(), rustls::ALL_VERSIONS, &[b"http/1.1"]);
        Self::over(connect_from(appliance, address).await, config).await
    }

    pub async fn open_with(appliance: &Appliance, config: ClientConfig) -> io::Result<Self> {
        Self::over(TcpStream::connect(appliance.address).await?, config).await
    }

    /// Speaks TLS over a connection that was made already.
    pub async fn over(tcp: TcpStream, config: ClientConfig) -> io::Result<Self> {
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
        Ok(Self { stream, read: Vec::new() })
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Reads one answer with a `Content-Length`.
    pub async fn answer(&mut self) -> RawAnswer {
        tokio::time::timeout(PATIENCE, self.read_answer()).await.expect("no answer ever came")
    }

    async fn read_answer(&mut self) -> RawAnswer {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.more().await, "closed within a head: {:?}", self.read);
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = RawAnswer { status, head, body: String::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.read.len() < length {
            assert!(self.more().await, "closed within a body");
        }
        answer.body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        answer
    }

    /// Reads on; false at the end of the connection.
    async fn more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.read.extend_from_slice(&buffer[..count]);
                true
            }
        }
    }

    /// Waits until the server has closed the connection; gives what it said before.
    pub async fn closed(mut self) -> String {
        let to_the_end = async { while self.more().await {} };
        tokio::time::timeout(PATIENCE, to_the_end).await.expect("it was never closed");
        String::from_utf8_lossy(&self.read).into_owned()
    }
}

/// Connects from one of this machine's own addresses.
pub async fn connect_from(appliance: &Appliance, address: &str) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((address.parse::<std::net::Ipv4Addr>().unwrap(), 0).into()).unwrap();
    socket.connect(appliance.address).await.unwrap()
}

/// Reads a plain connection to its end, however it ends.
pub async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all))
        .await
        .expect("it was never closed");
    all
}
