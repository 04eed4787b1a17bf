//! What a connection is doing: whether we owe it something, and since when nothing has moved.
//!
//! A request is in progress until its answer is complete, and so is the body of an answer: a stream that
//! has nothing to say, a handler that takes its time. But once a piece of a body was handed over it is
//! the client's turn to read, and a client that does not read is idle. The body says which it is: it is
//! asked for the next piece only when the last one found room.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::body::{Body, Frame, SizeHint};

use crate::config::LimitsConfig;

/// How long a connection that was asked to end may go on without anything moving.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What a connection is doing.
pub(super) struct Activity {
    in_progress: AtomicUsize,
    state: Mutex<Last>,
}

struct Last {
    asked_before: bool,
    at: Instant,
}

/// Something that we owe the client.
pub(super) struct InProgress(Arc<Activity>);

impl Activity {
    pub(super) fn new() -> Self {
        let state = Mutex::new(Last { asked_before: false, at: Instant::now() });
        Self { in_progress: AtomicUsize::new(0), state }
    }

    pub(super) fn begin(this: &Arc<Self>) -> InProgress {
        this.in_progress.fetch_add(1, Ordering::SeqCst);
        this.touch();
        InProgress(Arc::clone(this))
    }

    fn touch(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) =
            Last { asked_before: true, at: Instant::now() };
    }

    fn is_idle(&self) -> bool {
        self.in_progress.load(Ordering::SeqCst) == 0
    }

    /// How long until the connection counts as idle; zero when it does. Before the first request a
    /// client has as long as for a head.
    pub(super) fn until_idle(&self, limits: LimitsConfig) -> Duration {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let allowance = if state.asked_before { limits.idle() } else { limits.head() };
        if self.is_idle() { allowance.saturating_sub(state.at.elapsed()) } else { allowance }
    }

    /// How long until a connection that was asked to end, at the moment `since`, has been silent for long
    /// enough to be closed; zero when it has.
    pub(super) fn until_silent(&self, since: Instant) -> Duration {
        if !self.is_idle() {
            return LAST_WORDS;
        }
        let moved = self.state.lock().unwrap_or_else(PoisonError::into_inner).at.max(since);
        LAST_WORDS.saturating_sub(moved.elapsed())
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.touch();
        self.0.in_progress.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The body of an answer, which keeps its connection busy while we owe the next piece of it.
pub(super) struct Answer<B> {
    body: B,
    activity: Arc<Activity>,
    owed: Option<InProgress>,
}

impl<B> Answer<B> {
    /// The body of the answer to a request.
    pub(super) fn new(body: B, request: InProgress) -> Self {
        Self { body, activity: Arc::clone(&request.0), owed: Some(request) }
    }
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = &mut *self;
        if this.owed.is_none() {
            this.owed = Some(Activity::begin(&this.activity));
        }
        let polled = Pin::new(&mut this.body).poll_frame(context);
        if polled.is_ready() {
            this.owed = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use http_body_util::BodyExt;

    use super::*;

    /// Pieces that are there, and those that are not yet.
    struct Pieces(VecDeque<Option<&'static [u8]>>);

    impl Body for Pieces {
        type Data = &'static [u8];
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
            match self.0.pop_front() {
                Some(Some(piece)) => Poll::Ready(Some(Ok(Frame::data(piece)))),
                Some(None) => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                None => Poll::Ready(None),
            }
        }
    }

    #[tokio::test]
    async fn an_answer_is_owed_until_a_piece_is_handed_over_and_then_it_is_the_clients_turn() {
        let activity = Arc::new(Activity::new());
        let pieces = Pieces([Some(&b"one"[..]), None, Some(b"two")].into());
        let mut answer = Answer::new(pieces, Activity::begin(&activity));
        assert!(!activity.is_idle(), "the first piece is owed");
        assert!(answer.frame().await.is_some());
        assert!(activity.is_idle(), "the client has yet to take it");
        let mut asleep = Context::from_waker(std::task::Waker::noop());
        assert!(Pin::new(&mut answer).poll_frame(&mut asleep).is_pending());
        assert!(!activity.is_idle(), "the client waits for us");
        assert_eq!(answer.collect().await.unwrap().to_bytes(), &b"two"[..]);
        assert!(activity.is_idle());
    }

    #[tokio::test]
    async fn an_answer_that_nobody_wants_any_more_is_not_owed() {
        let activity = Arc::new(Activity::new());
        drop(Answer::new(Pieces(VecDeque::new()), Activity::begin(&activity)));
        assert!(activity.is_idle());
    }
}
