//! What connections come over, TCP or a Unix socket, and the eye that is kept on them.
//!
//! Below TLS, because only there is it seen what a client sends and takes. What moves is told to
//! `timers`, which knows what is overdue.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    time::{Sleep, sleep},
};

use super::timers::ConnectionTimers;

/// How long a client that was refused may go on sending its body, so that it gets to read the refusal: a
/// connection that is closed on unread bytes is reset, and what was on its way is lost (RFC 9112 §9.6).
const LINGER: Duration = Duration::from_secs(2);
const SCRATCH_BYTES: usize = 16 * 1024;
/// Reads into the scratch before others get their turn.
const READS_A_TURN: usize = 16;

/// A connection as it was accepted.
pub(in crate::server) enum Transport {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The same call to whichever it is.
macro_rules! either {
    ($transport:expr, $method:ident $(, $argument:expr)*) => {
        match $transport {
            Transport::Tcp(stream) => Pin::new(stream).$method($($argument),*),
            Transport::Unix(stream) => Pin::new(stream).$method($($argument),*),
        }
    };
}

/// A connection whose timers is watched.
pub(super) struct TrackedStream {
    transport: Transport,
    timers: Arc<ConnectionTimers>,
    closing: Closing,
}

enum Closing {
    Open,
    Lingering(Pin<Box<Sleep>>),
    Done,
}

impl TrackedStream {
    pub(super) const fn new(transport: Transport, timers: Arc<ConnectionTimers>) -> Self {
        Self { transport, timers, closing: Closing::Open }
    }

    fn note_write(&self, polled: &Poll<io::Result<usize>>) {
        match polled {
            Poll::Ready(Ok(bytes)) => self.timers.sent(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.timers.blocked(),
        }
    }

    /// Throws away what still comes; ready when nothing does any more.
    fn drain(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [0; SCRATCH_BYTES];
        for _ in 0..READS_A_TURN {
            let mut buffer = ReadBuf::new(&mut scratch);
            match ready!(either!(&mut self.transport, poll_read, context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for TrackedStream {
    fn drop(&mut self) {
        // The kernel would go on offering what was not read, to a client that does not read.
        if let Transport::Tcp(stream) = &self.transport
            && self.timers.is_cut_off()
        {
            let _ = stream.set_zero_linger();
        }
    }
}

impl AsyncRead for TrackedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(either!(&mut self.transport, poll_read, context, buffer))?;
        match buffer.filled().len() - before {
            0 => Poll::Ready(Ok(())),
            bytes => Poll::Ready(self.timers.received(bytes)),
        }
    }
}

impl AsyncWrite for TrackedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = either!(&mut self.transport, poll_write, context, bytes);
        self.note_write(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = either!(&mut self.transport, poll_write_vectored, context, parts);
        self.note_write(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Sockets hold nothing back: whoever flushes has written all there is.
        self.timers.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.closing, Closing::Open) {
            ready!(either!(&mut self.transport, poll_shutdown, context))?;
            self.closing = if self.timers.leaves_body_unread() {
                Closing::Lingering(Box::pin(sleep(LINGER)))
            } else {
                Closing::Done
            };
        }
        if let Closing::Lingering(time) = &mut self.closing {
            if time.as_mut().poll(context).is_pending() {
                ready!(self.drain(context));
            }
            self.closing = Closing::Done;
        }
        Poll::Ready(Ok(()))
    }
}
