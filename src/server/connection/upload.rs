//! The body of a request, which says when it waits for the client.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{Stream, StreamExt, stream::BoxStream};
use hyper::body::Bytes;

use super::activity::Activity;

/// Sees to it that the activity of a connection knows when a request waits for more of its body.
pub(super) fn watch(request: &mut poem::Request, activity: &Arc<Activity>) {
    let body = request.take_body().into_bytes_stream().boxed();
    let activity = Arc::clone(activity);
    request.set_body(poem::Body::from_bytes_stream(Upload { body, activity, waits: false }));
}

/// A body on its way here.
struct Upload {
    body: BoxStream<'static, io::Result<Bytes>>,
    activity: Arc<Activity>,
    waits: bool,
}

impl Upload {
    fn note(&mut self, waits: bool) {
        if std::mem::replace(&mut self.waits, waits) != waits {
            self.activity.wait_for_body(if waits { 1 } else { -1 });
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
        config::{Config, Sources},
        server::connection::{
            activity::{Protocol, Turn},
            exchange::Requested,
        },
    };

    #[tokio::test]
    async fn a_request_that_waits_for_its_body_waits_for_the_client_and_no_longer_when_it_came() {
        let limits = Config::load(&Sources::default()).unwrap().limits;
        let activity = Arc::new(Activity::new(limits));
        activity.speaks(Protocol::Http2);
        assert!(matches!(activity.turn(), Turn::Nobodys(_)));
        let requested = Requested::begin(&activity);
        assert_eq!(activity.turn(), Turn::Ours);
        let mut request = poem::Request::default();
        let never = stream::once(async { Ok(Bytes::from_static(b"{")) }).chain(stream::pending());
        request.set_body(poem::Body::from_bytes_stream::<_, _, io::Error>(never));
        watch(&mut request, &activity);
        let mut body = request.take_body().into_bytes_stream().boxed();
        assert!(body.next().await.is_some());
        assert_eq!(activity.turn(), Turn::Ours, "a piece was there at once");
        let before = Instant::now();
        assert!(futures_util::poll!(body.next()).is_pending());
        assert!(matches!(activity.turn(), Turn::Clients(since) if since >= before));
        let other = Requested::begin(&activity);
        assert_eq!(activity.turn(), Turn::Ours, "another is being answered");
        drop(other);
        drop(body);
        assert_eq!(activity.turn(), Turn::Ours);
        let answer = requested.answered(false);
        assert!(matches!(activity.turn(), Turn::Clients(_)), "it is the client's turn to read");
        drop(answer);
        assert!(matches!(activity.turn(), Turn::Nobodys(_)));
    }
}
