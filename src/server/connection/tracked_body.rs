//! The body of an answer, which says whose turn it is.
//!
//! A body is asked for its next piece only when the last one found room. So between two pieces it is the
//! client's turn to read, and while the next one is not there yet it is ours (`timers`).

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::exchange::ResponseGuard;

/// The largest piece. A larger one would be taken whole at the first sign of room; what the client does not
/// read of it would lie in memory where nobody sees it, and one who reads slowly would seem not to read.
const PIECE_BYTES: usize = 16 * 1024;

/// The body of an answer.
pub(super) struct TrackedBody<B> {
    body: B,
    guard: ResponseGuard,
    rest: Bytes,
}

impl<B: Body> TrackedBody<B> {
    /// The body of an answer.
    pub(super) fn new(body: B, mut guard: ResponseGuard) -> Self {
        if body.is_end_stream() {
            // Nobody will ask for it, however much they want the head.
            guard.wanted();
        }
        Self { body, guard, rest: Bytes::new() }
    }
}

impl<B: Body<Data = Bytes> + Unpin> TrackedBody<B> {
    fn piece(&mut self, mut data: Bytes) -> Frame<Bytes> {
        if data.len() > PIECE_BYTES {
            self.rest = data.split_off(PIECE_BYTES);
        }
        self.guard.wait_for_client();
        Frame::data(data)
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for TrackedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        this.guard.wanted();
        if !this.rest.is_empty() {
            let rest = std::mem::take(&mut this.rest);
            return Poll::Ready(Some(Ok(this.piece(rest))));
        }
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Pending => {
                this.guard.wait_for_us();
                Poll::Pending
            }
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(match frame.into_data() {
                Ok(data) => this.piece(data),
                Err(other) => other,
            }))),
            ended @ Poll::Ready(_) => {
                this.guard.wait_for_client();
                ended
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut whole = SizeHint::new();
        if let Some(upper) = hint.upper() {
            whole.set_upper(upper.saturating_add(rest));
        }
        whole.set_lower(hint.lower().saturating_add(rest));
        whole
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, sync::Arc, time::Duration};

    use http_body_util::BodyExt;

    use super::*;
    use crate::{
        config::{Config, ConfigSources},
        server::connection::{
            exchange::RequestGuard,
            timers::{ConnectionTimers, Deadline, Protocol},
        },
    };

    /// Pieces that are there, and those that are not yet.
    struct Pieces(VecDeque<Option<Bytes>>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match self.0.pop_front() {
                Some(Some(piece)) => Poll::Ready(Some(Ok(Frame::data(piece)))),
                Some(None) => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                None => Poll::Ready(None),
            }
        }

        fn is_end_stream(&self) -> bool {
            self.0.is_empty()
        }
    }

    fn timers() -> Arc<ConnectionTimers> {
        let flags = vec![("limits.write_stall_seconds".to_owned(), "1".to_owned())];
        let config = Config::load(&ConfigSources { flags, ..ConfigSources::default() }).unwrap();
        let timers = Arc::new(ConnectionTimers::new(config.limits));
        timers.set_protocol(Protocol::Http2);
        timers
    }

    fn answer(timers: &Arc<ConnectionTimers>, pieces: Vec<Option<Bytes>>) -> TrackedBody<Pieces> {
        TrackedBody::new(Pieces(pieces.into()), RequestGuard::start(timers).answered(false))
    }

    #[tokio::test]
    async fn after_each_piece_it_is_the_clients_turn_until_it_asks_for_the_next() {
        let timers = timers();
        let turn = || timers.deadline(None).0;
        let (one, two) = (Bytes::from_static(b"one"), Bytes::from_static(b"two"));
        let mut answer = answer(&timers, vec![Some(one), None, Some(two)]);
        assert!(answer.frame().await.is_some());
        assert_eq!(turn(), Deadline::WriteStall, "the client has yet to take it");
        let mut asleep = Context::from_waker(std::task::Waker::noop());
        assert!(Pin::new(&mut answer).poll_frame(&mut asleep).is_pending());
        assert_eq!(turn(), Deadline::Later, "the client waits for us");
        assert_eq!(answer.collect().await.unwrap().to_bytes(), &b"two"[..]);
        assert_eq!(turn(), Deadline::Later, "it is over");
        assert!(timers.deadline(None).1 > Duration::ZERO);
    }

    #[tokio::test]
    async fn an_answer_that_nobody_wants_any_more_waits_for_nobody() {
        let timers = timers();
        drop(answer(&timers, vec![]));
        assert_eq!(timers.deadline(None).0, Deadline::Later);
    }

    #[tokio::test]
    async fn a_large_piece_is_handed_over_in_small_ones_and_whole() {
        let timers = timers();
        let large: Bytes = (0..PIECE_BYTES * 2 + 5).map(|n| n.to_le_bytes()[0]).collect();
        let mut answer = answer(&timers, vec![Some(large.clone())]);
        let mut read = Vec::new();
        let mut lengths = Vec::new();
        while !answer.is_end_stream() {
            let piece = answer.frame().await.unwrap().unwrap().into_data().unwrap();
            lengths.push(piece.len());
            read.extend_from_slice(&piece);
        }
        assert_eq!(lengths, [PIECE_BYTES, PIECE_BYTES, 5]);
        assert_eq!(read, large);
    }
}
