//! What is left of a request's body when the answer was made without it.
//!
//! A refusal (no token, no such path) does not wait for the body, which often is still on its way: many
//! clients send it in a segment of its own. hyper would then close the connection behind an answer that
//! did not say so, and the client's next request, or even the answer, is lost (RFC 9112 §9.6 tells how).
//! So what is left is read and thrown away, within bounds; past them the connection is closed after all.
//! HTTP/2 does not need this: there a stream ends alone.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::{Stream, StreamExt, stream::BoxStream};
use hyper::body::{Body as _, Bytes, Incoming};
use poem::http::Version;
use tokio::time::Instant;

use super::timers::ConnectionTimers;

/// Bytes beyond which a body is not worth reading for nothing.
const MOST: u64 = 64 * 1024;

/// Whether the rest of this request's body should be read by us if nobody else does.
pub(super) fn is_due(request: &hyper::Request<Incoming>) -> bool {
    let body = request.body();
    request.version() < Version::HTTP_2 && !body.is_end_stream() && body.size_hint().lower() <= MOST
}

/// Sees to it that the body of a request is read to its end when whoever answers the request lets go of it
/// before. It has this long for all of it from now on, as it would have if it were wanted.
pub(super) fn drain_unread_body(
    request: &mut poem::Request,
    time: Duration,
    timers: &Arc<ConnectionTimers>,
) {
    let body = request.take_body().into_bytes_stream().boxed();
    request.set_body(poem::Body::from_bytes_stream(UnreadBody {
        body: Some(body),
        deadline: Instant::now() + time,
        timers: Arc::clone(timers),
    }));
}

/// A body, until its end was read.
struct UnreadBody {
    body: Option<BoxStream<'static, io::Result<Bytes>>>,
    deadline: Instant,
    timers: Arc<ConnectionTimers>,
}

impl Stream for UnreadBody {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let piece = ready!(body.poll_next_unpin(context));
        if !matches!(piece, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(piece)
    }
}

impl Drop for UnreadBody {
    fn drop(&mut self) {
        let (Some(body), Ok(runtime)) = (self.body.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let (deadline, timers) = (self.deadline, Arc::clone(&self.timers));
        timers.discard(1);
        runtime.spawn(async move {
            let _ = tokio::time::timeout_at(deadline, discard(body)).await;
            timers.discard(-1);
        });
    }
}

async fn discard(mut body: BoxStream<'static, io::Result<Bytes>>) {
    let mut read = 0;
    while let Some(Ok(piece)) = body.next().await {
        read += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if read > MOST {
            return;
        }
    }
}
