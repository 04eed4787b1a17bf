//! Server-sent events (HTML Living Standard §9.2): what every stream of this server has.
//!
//! A part that has something to follow writes a [`StreamSource`]: when there may be news, what they are, and whether
//! the follower may still have them. The rest is here: how an event is written, the event that a client resumes
//! after (`Last-Event-ID`), the comment that keeps a silent stream alive, the end when the server drains. How many
//! streams there are at once is in `followers`.

use std::{fmt::Write as _, future::Future, io, time::Duration};

use futures_util::{Stream, stream};
use poem::{
    Body, FromRequest, IntoResponse, Request, RequestBody, Response,
    http::{HeaderMap, header},
};
use tokio::{sync::watch, time::Instant};

use super::{FollowerPlace, Problem};

/// The media type of a stream of events.
pub const EVENT_STREAM: &str = "text/event-stream";

/// What begins a stream, so that whoever opens it hears at once that it is open, and what keeps it alive.
const COMMENT: &str = ":\n\n";

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    /// What kind it is.
    pub name: &'static str,
    /// Its number, which a client resumes after. They grow along a stream.
    pub id: Option<u64>,
    /// What it says, mostly JSON.
    pub data: String,
}

impl StreamEvent {
    fn write(&self, text: &mut String) {
        // A string takes whatever is written to it.
        let _ = writeln!(text, "event: {}", self.name);
        if let Some(id) = self.id {
            let _ = writeln!(text, "id: {id}");
        }
        // Any of the three ends a line, and what follows one would be a field of its own.
        for line in self.data.replace("\r\n", "\n").split(['\n', '\r']) {
            let _ = writeln!(text, "data: {line}");
        }
        text.push('\n');
    }
}

/// Whether a list is asked for as it is, or as a stream of what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowRequest {
    /// As it is.
    No,
    /// As a stream, which resumes after this event if the client has seen one.
    After(Option<u64>),
}

impl FollowRequest {
    fn asked_by(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if !text(header::ACCEPT.as_str()).unwrap_or_default().contains(EVENT_STREAM) {
            return Self::No;
        }
        Self::After(text("last-event-id").and_then(|id| id.parse().ok()))
    }
}

impl<'a> FromRequest<'a> for FollowRequest {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self::asked_by(request.headers()))
    }
}

/// Where the events of one follower come from.
pub trait StreamSource: Send {
    /// Returns when there may be news, and with nothing when there will be none any more. It is given up and asked
    /// again at any moment, and loses nothing by that.
    fn changed(&mut self) -> impl Future<Output = Option<()>> + Send;

    /// What has come since this was asked last: what this follower wants of it, which may be nothing. What is
    /// refused ends the stream; the client comes back and resumes.
    fn events(&mut self) -> impl Future<Output = Result<Vec<StreamEvent>, Problem>> + Send;

    /// Whether the follower may still have what `events` gave; asked before anything is sent.
    fn may_follow(&self) -> bool;
}

/// What every stream of a server has in common.
#[derive(Debug, Clone)]
pub struct StreamSettings {
    /// After how long without an event a follower is told that the stream lives: well before proxies take it for
    /// dead.
    pub keep_alive: Duration,
    /// Turns true when streams are to end.
    pub draining: watch::Receiver<bool>,
}

impl StreamSettings {
    /// The stream of a source: the `first` events, and then what comes, in the order of its coming.
    pub fn stream<S: StreamSource>(
        &self,
        source: S,
        first: &[StreamEvent],
        place: FollowerPlace,
    ) -> impl Stream<Item = io::Result<String>> + Send + use<S> {
        let open = OpenStream {
            source,
            keep_alive: self.keep_alive,
            draining: self.draining.clone(),
            first: Some(COMMENT.to_owned() + &written(first)),
            _place: place,
        };
        stream::unfold(open, |mut open| async {
            let text = open.next().await?;
            Some((Ok(text), open))
        })
    }
}

struct OpenStream<S> {
    source: S,
    keep_alive: Duration,
    draining: watch::Receiver<bool>,
    /// What goes out first.
    first: Option<String>,
    _place: FollowerPlace,
}

impl<S: StreamSource> OpenStream<S> {
    /// What to send next; nothing when it is over.
    async fn next(&mut self) -> Option<String> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        // From the last that was sent: events that are not for this follower do not put it off.
        let keep_alive_at = Instant::now() + self.keep_alive;
        loop {
            let quiet = tokio::select! {
                biased;
                _ = self.draining.wait_for(|draining| *draining) => return None,
                () = tokio::time::sleep_until(keep_alive_at) => true,
                changed = self.source.changed() => {
                    changed?;
                    false
                }
            };
            let events = if quiet { Vec::new() } else { self.news().await? };
            if !self.source.may_follow() {
                return None;
            }
            if !events.is_empty() {
                return Some(written(&events));
            }
            // Of a busy source there may be nothing that this follower asked for.
            if keep_alive_at <= Instant::now() {
                return Some(COMMENT.to_owned());
            }
        }
    }

    async fn news(&mut self) -> Option<Vec<StreamEvent>> {
        let events = self.source.events().await;
        events.inspect_err(|problem| tracing::error!(%problem, "a stream of events ends")).ok()
    }
}

fn written(events: &[StreamEvent]) -> String {
    let mut text = String::new();
    for event in events {
        event.write(&mut text);
    }
    text
}

/// The answer that is such a stream.
pub fn stream_answer(events: impl Stream<Item = io::Result<String>> + Send + 'static) -> Response {
    Body::from_bytes_stream(events).with_content_type(EVENT_STREAM).into_response()
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use tokio::sync::mpsc;

    use super::*;
    use crate::{http::Followers, ids::UserId};

    const ADA: UserId = UserId(1);

    fn event(id: u64, data: &str) -> StreamEvent {
        StreamEvent { name: "change", id: Some(id), data: data.to_owned() }
    }

    /// Gives what a test sends; nothing for this follower is an empty list.
    struct Sent {
        coming: mpsc::Receiver<Result<Vec<StreamEvent>, Problem>>,
        taken: Option<Result<Vec<StreamEvent>, Problem>>,
        allowed: watch::Receiver<bool>,
    }

    impl StreamSource for Sent {
        async fn changed(&mut self) -> Option<()> {
            self.taken = Some(self.coming.recv().await?);
            Some(())
        }

        async fn events(&mut self) -> Result<Vec<StreamEvent>, Problem> {
            self.taken.take().unwrap_or(Ok(Vec::new()))
        }

        fn may_follow(&self) -> bool {
            *self.allowed.borrow()
        }
    }

    struct Bench {
        events: mpsc::Sender<Result<Vec<StreamEvent>, Problem>>,
        allowed: watch::Sender<bool>,
        draining: watch::Sender<bool>,
        followers: Followers,
        stream: futures_util::stream::BoxStream<'static, io::Result<String>>,
    }

    impl Bench {
        /// A stream whose first events were read.
        async fn new(keep_alive: Duration) -> Self {
            let (events, coming) = mpsc::channel(8);
            let (allowed, is_allowed) = watch::channel(true);
            let (draining, is_draining) = watch::channel(false);
            let streaming = StreamSettings { keep_alive, draining: is_draining };
            let followers = Followers::new(1, 1);
            let source = Sent { coming, taken: None, allowed: is_allowed };
            let place = followers.place(ADA).unwrap();
            let stream = streaming.stream(source, &[event(6, "seen")], place).boxed();
            let mut bench = Self { events, allowed, draining, followers, stream };
            assert_eq!(
                bench.next().await.as_deref(),
                Some(":\n\nevent: change\nid: 6\ndata: seen\n\n")
            );
            bench
        }

        async fn next(&mut self) -> Option<String> {
            self.stream.next().await.map(Result::unwrap)
        }
    }

    const LONG: Duration = Duration::from_hours(1);
    const SHORT: Duration = Duration::from_millis(5);

    #[test]
    fn an_event_is_written_with_its_number_and_each_of_its_lines() {
        let text = |event: StreamEvent| written(&[event]);
        assert_eq!(text(event(7, "{\"a\":1}")), "event: change\nid: 7\ndata: {\"a\":1}\n\n");
        let nameless = StreamEvent { id: None, ..event(0, "") };
        assert_eq!(text(nameless), "event: change\ndata: \n\n");
        for data in ["a\nid: 9", "a\r\nid: 9", "a\rid: 9"] {
            let expected = "event: change\nid: 7\ndata: a\ndata: id: 9\n\n";
            assert_eq!(text(event(7, data)), expected, "{data:?}");
        }
    }

    #[test]
    fn a_stream_resumes_after_the_event_that_the_client_names_and_after_none_that_is_none() {
        let asked = |accept: Option<&str>, last: Option<&[u8]>| {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, accept.parse().unwrap());
            }
            if let Some(last) = last {
                headers.insert("last-event-id", poem::http::HeaderValue::from_bytes(last).unwrap());
            }
            FollowRequest::asked_by(&headers)
        };
        let stream = Some(EVENT_STREAM);
        assert_eq!(asked(None, Some(b"7")), FollowRequest::No);
        assert_eq!(asked(Some("application/json"), Some(b"7")), FollowRequest::No);
        assert_eq!(asked(stream, None), FollowRequest::After(None));
        assert_eq!(asked(Some("text/event-stream, */*;q=0.1"), None), FollowRequest::After(None));
        assert_eq!(asked(stream, Some(b"0")), FollowRequest::After(Some(0)));
        assert_eq!(
            asked(stream, Some(b"18446744073709551615")),
            FollowRequest::After(Some(u64::MAX))
        );
        let others: [&[u8]; 7] =
            [b"", b" ", b"-1", b"7x", b"1.5", b"18446744073709551616", b"\xe2\x91\xa6"];
        for none in others {
            assert_eq!(asked(stream, Some(none)), FollowRequest::After(None), "{none:?}");
        }
    }

    #[tokio::test]
    async fn what_comes_is_sent_and_what_is_not_for_this_follower_is_passed_over() {
        let mut bench = Bench::new(LONG).await;
        bench.events.send(Ok(Vec::new())).await.unwrap();
        bench.events.send(Ok(vec![event(8, "a"), event(9, "b")])).await.unwrap();
        let text = bench.next().await.unwrap();
        assert_eq!(text, "event: change\nid: 8\ndata: a\n\nevent: change\nid: 9\ndata: b\n\n");
    }

    #[tokio::test]
    async fn a_silent_stream_says_that_it_lives() {
        let mut bench = Bench::new(SHORT).await;
        for _ in 0..3 {
            assert_eq!(bench.next().await.as_deref(), Some(COMMENT));
        }
    }

    #[tokio::test]
    async fn events_for_others_do_not_put_off_the_sign_of_life() {
        let mut bench = Bench::new(SHORT).await;
        let events = bench.events.clone();
        let others =
            tokio::spawn(async move { while events.send(Ok(Vec::new())).await.is_ok() {} });
        assert_eq!(bench.next().await.as_deref(), Some(COMMENT));
        drop(bench);
        others.await.unwrap();
    }

    #[tokio::test]
    async fn a_stream_ends_when_the_server_drains_and_gives_its_place_back() {
        let mut bench = Bench::new(LONG).await;
        bench.events.send(Ok(vec![event(8, "late")])).await.unwrap();
        bench.draining.send(true).unwrap();
        assert!(bench.followers.place(ADA).is_err());
        assert_eq!(bench.next().await, None);
        assert!(bench.followers.place(ADA).is_ok());
    }

    #[tokio::test]
    async fn whoever_may_follow_no_longer_gets_nothing_more() {
        let mut bench = Bench::new(LONG).await;
        bench.allowed.send(false).unwrap();
        bench.events.send(Ok(vec![event(8, "secret")])).await.unwrap();
        assert_eq!(bench.next().await, None);
        let mut silent = Bench::new(SHORT).await;
        silent.allowed.send(false).unwrap();
        assert_eq!(silent.next().await, None);
    }

    #[tokio::test]
    async fn a_stream_ends_when_its_source_fails_or_ends() {
        let mut bench = Bench::new(LONG).await;
        bench.events.send(Err(Problem::busy())).await.unwrap();
        assert_eq!(bench.next().await, None);
        let mut bench = Bench::new(LONG).await;
        let (gone, _) = mpsc::channel(1);
        bench.events = gone;
        assert_eq!(bench.next().await, None);
    }
}
