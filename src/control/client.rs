//! Asking a running appliance.

use std::{fmt, io, os::unix::fs::MetadataExt, path::Path, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};

use super::{
    protocol::{Frame, Refused},
    request::{Envelope, PROTOCOL, Request},
};

/// The longest line that an answer may have, in bytes: the text of all metrics fits many times.
const LONGEST_LINE_BYTES: u64 = 16 << 20;

/// How long a server may say nothing before it is taken for stuck.
const PATIENCE: Duration = Duration::from_mins(1);

/// Why there is no answer.
#[derive(Debug)]
pub enum AskError {
    /// Nobody listens: no appliance runs on this data.
    NotRunning,
    /// One runs, and said no.
    Refused(Refused),
    /// One may run, and could not be asked.
    Failed(String),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning => f.write_str("no appliance runs on this data directory"),
            Self::Refused(refused) => f.write_str(&refused.message),
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for AskError {}

/// Sends one request to the socket at `path` and gives its result; `hear` is told every line before the
/// last.
///
/// # Errors
/// [`AskError`]; after [`AskError::Failed`] nobody knows whether the request was done.
pub async fn ask(
    path: &Path,
    request: &Request,
    mut hear: impl FnMut(Frame),
) -> Result<Value, AskError> {
    let failed = |reason: String| {
        AskError::Failed(format!("the appliance at {} cannot be asked: {reason}", path.display()))
    };
    let mut stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(error) if is_absent(&error) => return Err(AskError::NotRunning),
        Err(error) => return Err(failed(error.to_string())),
    };
    trust(&stream, path).map_err(failed)?;
    let asked =
        Envelope { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION").to_owned(), request };
    let mut line = serde_json::to_vec(&asked).map_err(|error| failed(error.to_string()))?;
    line.push(b'\n');
    // A server that refuses before it has read says why; that is of more use than a broken pipe.
    let written = stream.write_all(&line).await;
    let mut answer = BufReader::new(stream);
    loop {
        let read = tokio::time::timeout(PATIENCE, read_line(&mut answer)).await;
        let read = read.map_err(|_| failed("it does not answer".to_owned()))?;
        let Some(text) = read.map_err(|error| failed(error.to_string()))? else {
            let reason = written.err().map_or("it hung up".to_owned(), |error| error.to_string());
            return Err(failed(reason));
        };
        match serde_json::from_str(&text) {
            Ok(Frame::Done(done)) => return Ok(done.result),
            Ok(Frame::Failed(refused)) => return Err(AskError::Refused(refused)),
            Ok(line) => hear(line),
            Err(error) => {
                let reason =
                    "its answer makes no sense; it may be of another version, so restart it";
                return Err(failed(format!("{reason} ({error})")));
            }
        }
    }
}

/// Whether what listens is the appliance: a request may hold a password, and a socket in a directory that
/// others write to may be theirs. Its process must be this user's, root's, or the directory's owner's.
fn trust(stream: &UnixStream, path: &Path) -> Result<(), String> {
    let peer = stream.peer_cred().map_err(|error| error.to_string())?.uid();
    let own = rustix::process::geteuid().as_raw();
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let owner = std::fs::metadata(directory.unwrap_or_else(|| Path::new("."))).ok();
    if peer == own || peer == 0 || owner.is_some_and(|directory| directory.uid() == peer) {
        Ok(())
    } else {
        Err(format!("user {peer} listens there, who owns neither this command nor the directory"))
    }
}

/// Whether nobody listens, as opposed to somebody who could not be reached.
fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | ConnectionRefused | NotADirectory)
}

/// A line without its end; nothing at the end of all, nor when a line was cut short.
async fn read_line(stream: &mut BufReader<UnixStream>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    stream.take(LONGEST_LINE_BYTES).read_until(b'\n', &mut line).await?;
    match line.pop() {
        Some(b'\n') => String::from_utf8(line).map(Some).map_err(io::Error::other),
        Some(_) if line.len() as u64 + 1 >= LONGEST_LINE_BYTES => {
            Err(io::Error::other("a line of its answer is too long"))
        }
        _ => Ok(None),
    }
}
