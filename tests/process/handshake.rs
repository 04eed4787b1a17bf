//! TLS handshakes with a running server, and what it shows in them.

use std::{io, net::SocketAddr, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::install_crypto;

pub const ECDSA: &[SignatureScheme] = &[SignatureScheme::ECDSA_NISTP256_SHA256];
pub const RSA: &[SignatureScheme] =
    &[SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256];

/// A connection as `name`, to whoever is trusted by these roots.
pub async fn trusting(
    address: SocketAddr,
    name: &str,
    roots: &RootCertStore,
) -> io::Result<TlsStream<TcpStream>> {
    install_crypto();
    let config =
        ClientConfig::builder().with_root_certificates(roots.clone()).with_no_client_auth();
    connect(address, name, config).await
}

/// The certificate that is shown to whoever asks for `name` and knows only these signatures.
pub async fn shown(
    address: SocketAddr,
    name: &str,
    schemes: &'static [SignatureScheme],
) -> Vec<u8> {
    let stream = knowing(address, name, schemes, rustls::ALL_VERSIONS).await.unwrap();
    certificate(&stream)
}

/// A connection of a client that knows only these signatures and versions, and trusts anybody.
pub async fn knowing(
    address: SocketAddr,
    name: &str,
    schemes: &'static [SignatureScheme],
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> io::Result<TlsStream<TcpStream>> {
    install_crypto();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody { provider, schemes }))
        .with_no_client_auth();
    connect(address, name, config).await
}

async fn connect(
    address: SocketAddr,
    name: &str,
    config: ClientConfig,
) -> io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await
}

/// The certificate that was shown, in DER.
pub fn certificate(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

/// Asks for a page over HTTP/1.1 and gives the whole answer, without closing the connection.
pub async fn page(stream: &mut TlsStream<TcpStream>, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    loop {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "closed: {answer}");
        answer.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let Some((head, body)) = answer.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
        });
        if length.is_some_and(|length| body.len() >= length) {
            return answer;
        }
    }
}

/// Trusts anybody who holds the key of what they show.
#[derive(Debug)]
struct Anybody {
    provider: Arc<CryptoProvider>,
    schemes: &'static [SignatureScheme],
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.to_vec()
    }
}
