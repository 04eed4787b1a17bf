//! Plain HTTP: "go to the configured address", and the proofs that an ACME directory asks for. The Host
//! header is never read, so nobody can be sent elsewhere with it.
//!
//! A request is read into one buffer of its connection and answered from another; nothing else is taken, so
//! that a flood of redirects costs no memory. There are no bodies and no second request, hence neither of the
//! ways in which servers come to disagree about where a request ends: a connection closes after its answer.

use std::{
    fmt::{self, Write as _},
    io,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use super::{
    connection::{ProxyHeader, receive},
    connection_limiter::Networks,
    tls::{ACME_PATH, Challenges},
};
use crate::{
    clock::Clock,
    config::Network,
    http::{ClientNetwork, NetworkGroup},
    limit::{Share, Shares},
};

const HEAD_TIME: Duration = Duration::from_secs(5);
const WHOLE_TIME: Duration = Duration::from_secs(15);
const LINGER: Duration = Duration::from_secs(2);
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);
pub(super) const MAX_CONNECTIONS: u64 = 256;
/// Of these for one network.
const MAX_OF_ONE_NETWORK: u64 = MAX_CONNECTIONS / 4;
/// A longer head is refused.
const HEAD_BYTES: usize = 8 * 1024;
/// The head of an answer; a target that does not fit into it is refused. Both together are small enough for a
/// task to hold them itself.
const ANSWER_BYTES: usize = 5 * 1024;
const HEADERS: usize = 64;

/// One connection's place in the shares of its network.
type ConnectionSlot = [Share<NetworkGroup>; 2];

/// What plain HTTP answers with.
pub(super) struct Redirect {
    /// `location: ` and the origin.
    location: String,
    challenges: Arc<Challenges>,
    clock: Clock,
    /// How many connections each network has here and on the listener for HTTPS, and how many here alone.
    networks: [Networks; 2],
    /// Where balancers are that begin each connection with a header.
    balancers: Vec<Network>,
}

impl Redirect {
    pub(super) fn new(
        origin: &str,
        challenges: Arc<Challenges>,
        clock: Clock,
        networks: Networks,
        balancers: Vec<Network>,
    ) -> Self {
        let networks = [networks, Shares::new(MAX_CONNECTIONS, MAX_OF_ONE_NETWORK)];
        Self { location: format!("location: {origin}"), challenges, clock, networks, balancers }
    }

    /// Answers until the task is dropped.
    pub(super) async fn serve(self, listener: TcpListener) {
        let this = Arc::new(self);
        let permits =
            Arc::new(Semaphore::new(usize::try_from(MAX_CONNECTIONS).unwrap_or(usize::MAX)));
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
            let is_balancer = this.balancers.iter().any(|network| network.contains(peer.ip()));
            let place = if is_balancer { None } else { this.place_for(peer) };
            if place.is_none() && !is_balancer {
                continue;
            }
            let this = Arc::clone(&this);
            tokio::spawn(async move {
                let conversation = this.converse_from(stream, peer, place);
                let _ = tokio::time::timeout(WHOLE_TIME, conversation).await;
                drop(permit);
            });
        }
    }

    /// A place of the client's network; nothing when it has its share.
    fn place_for(&self, peer: SocketAddr) -> Option<ConnectionSlot> {
        let network = ClientNetwork::of(peer.ip());
        let [everywhere, here] = &self.networks;
        Some([everywhere.take(&network, 1).ok()?, here.take(&network, 1).ok()?])
    }

    /// A conversation that takes a place, if need be that of the client whom a balancer names.
    async fn converse_from(
        &self,
        mut stream: TcpStream,
        peer: SocketAddr,
        mut place: Option<ConnectionSlot>,
    ) -> io::Result<()> {
        if place.is_none() {
            let header = tokio::time::timeout(HEAD_TIME, receive(&mut stream)).await;
            let client = match header {
                Ok(Ok(ProxyHeader::Own)) => peer,
                Ok(Ok(ProxyHeader::Client { source, .. })) => source,
                _ => return Ok(()),
            };
            place = self.place_for(client);
        }
        if place.is_some() { self.converse(stream).await } else { Ok(()) }
    }

    /// One request and its answer. What is wrong with the connection is the client's affair.
    async fn converse(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut head = [0; HEAD_BYTES];
        let read = tokio::time::timeout(HEAD_TIME, read_head(&mut stream, &mut head)).await;
        let Some(length) = read.unwrap_or(Ok(None))? else { return Ok(()) };
        let mut answer = Answer { bytes: [0; ANSWER_BYTES], length: 0 };
        let written = match target(head.get(..length).unwrap_or_default()) {
            Ok(target) => match self.proof(target) {
                Some(proof) => self.prove(&mut answer, &proof),
                None => self.redirect(&mut answer, target),
            },
            Err(Fault::Garbage) => self.refuse(&mut answer, "400 Bad Request"),
            Err(_) => self.refuse(&mut answer, "431 Request Header Fields Too Large"),
        };
        if written.is_err() {
            answer.length = 0;
            let _ = self.refuse(&mut answer, "414 URI Too Long");
        }
        stream.write_all(answer.bytes.get(..answer.length).unwrap_or_default()).await?;
        stream.shutdown().await?;
        // What the client still says is taken for a while, or closing would take the answer from it.
        let rest = async { while stream.read(&mut head).await.is_ok_and(|read| read > 0) {} };
        let _ = tokio::time::timeout(LINGER, rest).await;
        Ok(())
    }

    fn proof(&self, target: &str) -> Option<Arc<str>> {
        target.starts_with(ACME_PATH).then(|| self.challenges.over_http(target))?
    }

    /// 308 keeps the method (RFC 9110 §15.4.9).
    fn redirect(&self, answer: &mut Answer, target: &str) -> fmt::Result {
        answer.write_str("HTTP/1.1 308 Permanent Redirect\r\n")?;
        answer.write_str(&self.location)?;
        answer.write_str(target)?;
        answer.write_str("\r\n")?;
        self.end(answer, 0)
    }

    fn prove(&self, answer: &mut Answer, proof: &str) -> fmt::Result {
        answer.write_str("HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n")?;
        self.end(answer, proof.len())?;
        answer.write_str(proof)
    }

    fn refuse(&self, answer: &mut Answer, status: &str) -> fmt::Result {
        write!(answer, "HTTP/1.1 {status}\r\n")?;
        self.end(answer, 0)
    }

    /// The end of a head.
    fn end(&self, answer: &mut Answer, length: usize) -> fmt::Result {
        answer.write_str("date: ")?;
        self.clock.now().write_http_date(answer)?;
        write!(answer, "\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")
    }
}

/// Reads a head, or as much of one as there is room for; gives its length. Nothing when the client left first.
async fn read_head(stream: &mut TcpStream, head: &mut [u8]) -> io::Result<Option<usize>> {
    let mut length = 0;
    loop {
        let Some(room) = head.get_mut(length..).filter(|room| !room.is_empty()) else {
            return Ok(Some(length));
        };
        match stream.read(room).await? {
            0 => return Ok(None),
            read => length += read,
        }
        if target(head.get(..length).unwrap_or_default()) != Err(Fault::Unfinished) {
            return Ok(Some(length));
        }
    }
}

/// What is wrong with a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Unfinished,
    Garbage,
    TooMuch,
}

/// What a head asks for. Of a target only path and query are taken (RFC 9112 §3.2); one that has none is that
/// of the front page.
fn target(head: &[u8]) -> Result<&str, Fault> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(Fault::Unfinished),
        Err(httparse::Error::TooManyHeaders) => return Err(Fault::TooMuch),
        Err(_) => return Err(Fault::Garbage),
    }
    let target = request.path.ok_or(Fault::Garbage)?;
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Fault::Garbage);
    }
    let path = if target.starts_with('/') {
        target
    } else {
        let rest = target.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or_default()
    };
    let path = path.split('#').next().unwrap_or_default();
    Ok(if path.is_empty() { "/" } else { path })
}

/// An answer in a place of its own.
struct Answer {
    bytes: [u8; ANSWER_BYTES],
    length: usize,
}

impl fmt::Write for Answer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
