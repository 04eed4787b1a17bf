//! The body of a request, which says when it waits for the client.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{Stream, StreamExt, stream::BoxStream};
use hyper::body::Bytes;

use super::timers::ConnectionTimers;

/// Sees to it that the timers of a connection knows when a request waits for more of its body.
pub(super) fn watch(request: &mut poem::Request, timers: &Arc<ConnectionTimers>) {
    let body = request.take_body().into_bytes_stream().boxed();
    let timers = Arc::clone(timers);
    request.set_body(poem::Body::from_bytes_stream(Upload { body, timers, waits: false }));
}

/// A body on its way here.
struct Upload {
    body: BoxStream<'static, io::Result<Bytes>>,
    timers: Arc<ConnectionTimers>,
    waits: bool,
}

impl Upload {
    fn note(&mut self, waits: bool) {
        if std::mem::replace(&mut self.waits, waits) != waits {
            self.timers.add_uploads(if waits { 1 } else { -1 });
        }
    }
}

impl Stream for Upload {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = self.body.poll_next_unpin(context);
        self.note(piece.is_pending());
        piece
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.note(false);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use futures_util::stream;

    use super::*;
    use crate::{
        config::{Config, ConfigSources},
        server::connection::{
            exchange::RequestGuard,
            timers::{Protocol, WaitingFor},
        },
    };

    #[tokio::test]
    async fn a_request_that_waits_for_its_body_waits_for_the_client_and_no_longer_when_it_came() {
        let limits = Config::load(&ConfigSources::default()).unwrap().limits;
        let timers = Arc::new(ConnectionTimers::new(limits));
        timers.set_protocol(Protocol::Http2);
        assert!(matches!(timers.waiting_for(), WaitingFor::Nobody(_)));
        let requested = RequestGuard::start(&timers);
        assert_eq!(timers.waiting_for(), WaitingFor::Server);
        let mut request = poem::Request::default();
        let never = stream::once(async { Ok(Bytes::from_static(b"{")) }).chain(stream::pending());
        request.set_body(poem::Body::from_bytes_stream::<_, _, io::Error>(never));
        watch(&mut request, &timers);
        let mut body = request.take_body().into_bytes_stream().boxed();
        assert!(body.next().await.is_some());
        assert_eq!(timers.waiting_for(), WaitingFor::Server, "a piece was there at once");
        let before = Instant::now();
        assert!(futures_util::poll!(body.next()).is_pending());
        assert!(matches!(timers.waiting_for(), WaitingFor::Client(since) if since >= before));
        let other = RequestGuard::start(&timers);
        assert_eq!(timers.waiting_for(), WaitingFor::Server, "another is being answered");
        drop(other);
        drop(body);
        assert_eq!(timers.waiting_for(), WaitingFor::Server);
        let answer = requested.answered(false);
        assert!(
            matches!(timers.waiting_for(), WaitingFor::Client(_)),
            "it is the client's turn to read"
        );
        drop(answer);
        assert!(matches!(timers.waiting_for(), WaitingFor::Nobody(_)));
    }
}
