//! The server's end of the control socket: who may ask, how many at once, and how long they may take.
//!
//! The kernel says who is at the other end (`SO_PEERCRED`): the user that the appliance runs as, or
//! root, and nobody else, whatever the permissions of the socket have become. What they ask for is done in
//! `answer`; `server/socket` makes the socket and takes it away again.

mod handler;

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use super::socket::UnixSocket;
use crate::control::{
    Done, ExitStatus, Frame, LONGEST_REQUEST_BYTES, ProgressFrame, Refused, ResponseStream,
    read_request,
};
pub(super) use handler::ControlHandler;

/// How many may ask at once. More are told so.
const CONNECTIONS: usize = 16;
/// How long a request may take to arrive, and a line of the answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nothing is said while a request is worked on.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);

/// Answers until it is dropped.
pub(super) async fn serve(socket: Arc<UnixSocket>, handler: ControlHandler) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept on the control socket");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                continue;
            }
        };
        let refusal = match (may_ask(&stream), Arc::clone(&permits).try_acquire_owned()) {
            (true, Ok(permit)) => {
                let handler = handler.clone();
                connections.spawn(async move {
                    converse(stream, &handler).await;
                    drop(permit);
                });
                continue;
            }
            (true, Err(_)) => {
                Refused::new(ExitStatus::Conflict, "BUSY", "too many ask at once; try again")
            }
            (false, _) => Refused::new(
                ExitStatus::Failed,
                "NOT_ALLOWED",
                "only the user that the appliance runs as, and root, may ask it",
            ),
        };
        say_at_once(&stream, &Frame::Failed(refusal));
    }
}

fn may_ask(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    match stream.peer_cred() {
        Ok(peer) if peer.uid() == own || peer.uid() == 0 => true,
        Ok(peer) => {
            tracing::warn!(uid = peer.uid(), "another user asked at the control socket");
            false
        }
        Err(_) => false,
    }
}

/// One request and its answer.
async fn converse(mut stream: UnixStream, handler: &ControlHandler) {
    let request = match tokio::time::timeout(PATIENCE, read_line(&mut stream)).await {
        Ok(Ok(line)) => read_request(&line),
        Ok(Err(refused)) => Err(refused),
        Err(_) => Err(bad_request("no request came in time")),
    };
    let last = match request {
        Err(refused) => Err(refused),
        Ok(request) => {
            let (lines, coming) = ResponseStream::channel();
            // The lines end when the answer is there, so that none is left behind.
            let answer = async {
                let deadline = request.deadline();
                let answer = tokio::time::timeout(deadline, handler.answer(request, &lines)).await;
                drop(lines);
                answer.unwrap_or_else(|_| Err(too_late()))
            };
            let (answer, ()) = tokio::join!(answer, pass_on(coming, &mut stream));
            answer
        }
    };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let last = last.map_or_else(Frame::Failed, |result| Frame::Done(Done { version, result }));
    // Whoever asked may have left; the work is done all the same.
    let _ = say(&mut stream, &last).await;
}

/// Writes lines as they come, and a sign of life when none does for long. When they cannot be written,
/// whoever sends them learns that nobody listens: their end is dropped.
async fn pass_on(mut coming: mpsc::Receiver<Frame>, stream: &mut UnixStream) {
    loop {
        let line = match tokio::time::timeout(SIGN_OF_LIFE, coming.recv()).await {
            Ok(Some(line)) => line,
            Ok(None) => return,
            Err(_) => {
                Frame::Progress(ProgressFrame { message: "working".to_owned(), percent: None })
            }
        };
        if say(stream, &line).await.is_err() {
            return;
        }
    }
}

fn too_late() -> Refused {
    let words = "it took too long and was given up; look whether it was done before you try again";
    Refused::new(ExitStatus::Failed, "TIMEOUT", words)
}

async fn read_line(stream: &mut UnixStream) -> Result<String, Refused> {
    let mut line = Vec::new();
    let limit = u64::try_from(LONGEST_REQUEST_BYTES).unwrap_or(u64::MAX);
    let read = BufReader::new(stream.take(limit)).read_until(b'\n', &mut line).await;
    read.map_err(|error| bad_request(&error.to_string()))?;
    match line.pop() {
        Some(b'\n') => String::from_utf8(line).map_err(|_| bad_request("it is no text")),
        Some(_) if line.len() + 1 >= LONGEST_REQUEST_BYTES => Err(bad_request("it is too long")),
        _ => Err(bad_request("it was cut short")),
    }
}

fn bad_request(reason: &str) -> Refused {
    Refused::new(ExitStatus::Usage, "BAD_REQUEST", format!("this is no request: {reason}"))
}

async fn say(stream: &mut UnixStream, line: &Frame) -> std::io::Result<()> {
    let written = tokio::time::timeout(PATIENCE, stream.write_all(&as_bytes(line)?)).await;
    written.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))?
}

/// Says one short line without waiting: it fits into the socket's empty buffer.
fn say_at_once(stream: &UnixStream, line: &Frame) {
    if let Ok(bytes) = as_bytes(line) {
        let _ = stream.try_write(&bytes);
    }
}

fn as_bytes(line: &Frame) -> std::io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    Ok(bytes)
}
