//! The one HTTPS client of the appliance: what asks a directory.
//!
//! A connection a request: a renewal asks some twenty times in three months. Everything has a bound, for a
//! directory that hangs must not hold a renewal for ever.

use std::{fmt, future::Future, path::Path, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::{
    Request, Uri,
    client::conn::http1,
    header::{HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::{
    ClientConfig, RootCertStore,
    client::WebPkiServerVerifier,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    time_provider::TimeProvider,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{clock::Clock, server::tls};

/// How long a directory may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer: a chain of certificates is some kilobytes.
const LONGEST_ANSWER_BYTES: usize = 1 << 20;

/// Asks a directory over HTTPS.
#[derive(Clone)]
pub(super) struct AcmeHttpClient(TlsConnector);

/// Nobody could be asked: nothing was begun that a directory would count.
#[derive(Debug)]
pub(super) struct Unreachable(String);

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreachable {}

/// What time it is, for whoever looks whether the directory's certificate is good.
#[derive(Debug)]
struct ByClock(Clock);

impl TimeProvider for ByClock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_seconds()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl AcmeHttpClient {
    /// A client that trusts the certificates in the file `root`, or those of the system when it is empty.
    ///
    /// # Errors
    /// In words, when there are none.
    pub(super) fn trusting(root: &Path, clock: Clock) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        if root.as_os_str().is_empty() {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err(
                    "the system has no root certificates to trust the directory by; install the \
                            package ca-certificates or set tls.acme_root"
                        .to_owned(),
                );
            }
        } else {
            let unreadable = |error: &dyn fmt::Display| {
                format!("tls.acme_root: {} cannot be used: {error}", root.display())
            };
            let certificates =
                CertificateDer::pem_file_iter(root).map_err(|error| unreadable(&error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
            if roots.is_empty() {
                return Err(unreadable(&"it holds no certificate"));
            }
        }
        let failed = |error: &dyn fmt::Display| format!("no TLS for a client: {error}");
        let provider = tls::provider();
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
                .build()
                .map_err(|error| failed(&error))?;
        let mut config = ClientConfig::builder_with_details(provider, Arc::new(ByClock(clock)))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .with_webpki_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    async fn ask(self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let place = Place::of(request.uri())?;
        let unreachable = |reason: &dyn fmt::Display| {
            Error::Other(Box::new(Unreachable(format!("{}: {reason}", place.authority))))
        };
        let exchange = async {
            let stream = TcpStream::connect((place.host.as_str(), place.port)).await;
            let stream = stream.map_err(|error| unreachable(&error))?;
            let name = ServerName::try_from(place.host.clone()).map_err(|e| unreachable(&e))?;
            let stream = self.0.connect(name, stream).await.map_err(|e| unreachable(&e))?;
            let (mut sender, connection) =
                http1::handshake(TokioIo::new(stream)).await.map_err(|e| unreachable(&e))?;
            let answer = async {
                let answer = sender.send_request(place.origin_form(request)?).await;
                let (parts, body) = answer.map_err(|error| unreachable(&error))?.into_parts();
                let body = Limited::new(body, LONGEST_ANSWER_BYTES).collect().await;
                let body = body.map_err(|error| unreachable(&error))?.to_bytes();
                Ok((parts, body))
            };
            tokio::pin!(answer);
            // The connection does the work of both until the answer is there.
            tokio::select! {
                biased;
                answer = &mut answer => answer,
                ended = connection => match ended {
                    Ok(()) => answer.await,
                    Err(error) => Err(unreachable(&error)),
                },
            }
        };
        let (parts, body) = tokio::time::timeout(PATIENCE, exchange)
            .await
            .unwrap_or_else(|_| Err(unreachable(&"it did not answer in time")))?;
        Ok(BytesResponse { parts, body: Box::new(body) })
    }
}

impl HttpClient for AcmeHttpClient {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        Box::pin(self.clone().ask(request))
    }
}

/// Whom an address leads to.
struct Place {
    authority: String,
    host: String,
    port: u16,
}

impl Place {
    fn of(uri: &Uri) -> Result<Self, Error> {
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("https"));
        let authority = authority.ok_or(Error::Str("an https:// address of the directory"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(443);
        Ok(Self { authority: authority.to_string(), host, port })
    }

    /// The request as it is said to the server itself (RFC 9112 §3.2.1).
    fn origin_form<B>(&self, request: Request<B>) -> Result<Request<B>, Error> {
        let (mut parts, body) = request.into_parts();
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        parts.uri = target.parse()?;
        let host = HeaderValue::from_str(&self.authority);
        parts.headers.insert(HOST, host.map_err(|error| Error::Http(error.into()))?);
        Ok(Request::from_parts(parts, body))
    }
}

/// Whether nobody could be asked.
pub(super) fn is_unreachable(error: &Error) -> bool {
    matches!(error, Error::Other(error) if error.is::<Unreachable>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_its_host_and_asks_for_the_rest() {
        let request = Request::get("https://[::1]:14000/dir?x=1").body(()).unwrap();
        let place = Place::of(request.uri()).unwrap();
        assert_eq!((place.host.as_str(), place.port), ("::1", 14_000));
        let request = place.origin_form(request).unwrap();
        assert_eq!(request.uri(), "/dir?x=1");
        assert_eq!(request.headers()[HOST], "[::1]:14000");
        assert!(Place::of(&"http://ca.example/dir".parse().unwrap()).is_err());
        assert_eq!(Place::of(&"https://ca.example/dir".parse().unwrap()).unwrap().port, 443);
    }

    #[test]
    fn a_root_that_holds_no_certificate_is_said_to() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("root.pem");
        let refused = || AcmeHttpClient::trusting(&path, Clock::system()).err().unwrap();
        assert!(refused().contains("root.pem"));
        std::fs::write(&path, "nothing").unwrap();
        assert!(refused().contains("no certificate"));
    }
}
