//! The document piece by piece: read from short snapshots on the blocking pool, handed on as it is taken.

use std::{
    io,
    time::{Duration, Instant},
};

use futures_util::{Stream, future::BoxFuture, stream};
use serde_json::Value;
use tokio::sync::mpsc;

use super::Exporting;
use crate::{
    audit_event::{self, AuditContext},
    auth::AccountData,
    http::Problem,
    ids::UserId,
    limit::Share,
    server::domains::Domains,
    user::PersonalDataList,
};

/// From how many bytes on a piece is sent. What was read at once is never cut.
const PIECE_BYTES: usize = 64 << 10;
/// How many pieces wait for a client that is slow.
const PIECES_AHEAD: usize = 2;

/// How long a document waits for whoever takes it, in all, and how many bytes they must take in each second beyond
/// that: a place that somebody takes drop by drop is wanted by others.
const PATIENCE: Duration = Duration::from_mins(1);
const LEAST_BYTES_A_SECOND: usize = 32 << 10;
/// The longest pause after a piece of the audit trail was read.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// How often it is looked whether the audit trail has everything, and how long after one another.
const LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(25);

/// What is known before the first byte leaves: from here on nothing is refused any more.
pub(super) struct Begun {
    id: UserId,
    exported_at: String,
    auth: AccountData,
    profile: Option<Value>,
    /// The end of the audit trail: what comes after it is not in the document.
    audit_end: u64,
    audit_complete: bool,
}

/// Where the parts of a document go, in their order.
pub(super) trait Sink: Send {
    /// A part that is no list.
    fn field(&mut self, name: &'static str, value: Value) -> BoxFuture<'_, Result<(), EarlyEnd>>;
    /// A list begins.
    fn list(&mut self, name: &'static str) -> BoxFuture<'_, Result<(), EarlyEnd>>;
    /// The next things of the list.
    fn items(&mut self, things: Vec<Value>) -> BoxFuture<'_, Result<(), EarlyEnd>>;
    /// The list ends.
    fn list_end(&mut self) -> BoxFuture<'_, Result<(), EarlyEnd>>;
}

/// Why a document ends before its end.
pub(super) enum EarlyEnd {
    /// Nobody takes it any more.
    Left,
    /// Whoever takes it keeps others waiting.
    Slow,
    /// It could not be read on.
    Failed(Problem),
}

impl<E: Into<Problem>> From<E> for EarlyEnd {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Domains {
    /// Looks who it is about, and notes that it is read.
    pub(super) async fn begin_export(
        &self,
        id: UserId,
        from: AuditContext,
    ) -> Result<Begun, Problem> {
        let auth = self.auth.personal_data_of(id)?;
        // Made of the registration, when they have not been here yet.
        self.user.profile(id).await?;
        let profile = self.user.held_profile(id)?;
        let audit_complete = self.trail_catches_up().await?;
        let audit_end = self.social_log.audit_head()?.sequence;
        self.auth.note_export(id, from).await?;
        let exported_at = self.clock.now().to_string();
        Ok(Begun { id, exported_at, auth, profile, audit_end, audit_complete })
    }

    /// Waits a moment for events that are on their way to the audit trail; whether all have arrived.
    async fn trail_catches_up(&self) -> Result<bool, Problem> {
        for _ in 0..LOOKS {
            let mut on_their_way = 0;
            for (_, store) in self.outboxes() {
                on_their_way += audit_event::waiting(&store.read()?)?;
            }
            if on_their_way == 0 {
                return Ok(true);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Ok(false)
    }

    pub(super) async fn write_export(
        &self,
        begun: Begun,
        sink: &mut impl Sink,
    ) -> Result<(), EarlyEnd> {
        let Begun { id, exported_at, auth, profile, audit_end, audit_complete } = begun;
        sink.field("exported_at", exported_at.into()).await?;
        sink.field("account", auth.account).await?;
        sink.field("profile", profile.unwrap_or_default()).await?;
        whole(sink, "sessions", auth.sessions).await?;
        sink.field("second_factor", auth.second_factor).await?;
        whole(sink, "api_keys", auth.api_keys).await?;
        for (name, list) in [
            ("attendance", PersonalDataList::Attendance),
            ("refused_scans", PersonalDataList::RefusedScans),
            ("expected_at", PersonalDataList::ExpectedAt),
            ("events_created", PersonalDataList::EventsCreated),
        ] {
            sink.list(name).await?;
            let mut after = None;
            loop {
                let (things, next) = self.user.personal_data_of(id, list, after).await?;
                sink.items(things).await?;
                after = next;
                if after.is_none() {
                    break;
                }
            }
            sink.list_end().await?;
        }
        sink.list("posts").await?;
        let mut cursor = Some(self.social_log.posts_held(id).await?);
        while let Some(at) = cursor {
            let (posts, next) = self.social_log.held_posts(at).await?;
            sink.items(posts).await?;
            cursor = next;
        }
        sink.list_end().await?;
        sink.field("posts_complete", true.into()).await?;
        sink.list("audit").await?;
        let mut before = Some(audit_end.saturating_add(1));
        while let Some(at) = before {
            let read_at = Instant::now();
            let (entries, next) = self.social_log.held_audit(id, at).await?;
            // The whole trail is gone through, mostly past what others did: half of the time for them.
            tokio::time::sleep(read_at.elapsed().min(LONGEST_PAUSE)).await;
            sink.items(entries).await?;
            before = next;
        }
        sink.list_end().await?;
        sink.field("audit_complete", audit_complete.into()).await
    }
}

async fn whole(
    sink: &mut impl Sink,
    name: &'static str,
    things: Vec<Value>,
) -> Result<(), EarlyEnd> {
    sink.list(name).await?;
    sink.items(things).await?;
    sink.list_end().await
}

/// The text of a document, as it comes.
pub(super) struct Pieces(mpsc::Receiver<io::Result<Vec<u8>>>);

impl Pieces {
    /// Begins to read; waits whenever a few pieces are not taken yet, and ends when nobody takes them, or too
    /// slowly. The place is given back then.
    pub(super) fn of(domains: Domains, begun: Begun, place: Share<Exporting>) -> Self {
        let (pieces, coming) = mpsc::channel(PIECES_AHEAD);
        tokio::spawn(async move {
            let mut text = Text::new(pieces, PATIENCE);
            let written = domains.write_export(begun, &mut text).await;
            let ended = match written {
                Ok(()) => text.end().await,
                Err(cut) => Err(cut),
            };
            drop(place);
            match ended {
                Ok(()) | Err(EarlyEnd::Left) => return,
                Err(EarlyEnd::Slow) => {
                    tracing::info!("an export is taken too slowly; it is cut short");
                }
                Err(EarlyEnd::Failed(problem)) => {
                    tracing::error!(%problem, "an export could not be read on; it is cut short");
                }
            }
            let _ = text.pieces.send(Err(io::Error::other("cut short"))).await;
        });
        Self(coming)
    }

    /// One after another; an error cuts the answer short.
    pub(super) fn stream(self) -> impl Stream<Item = io::Result<Vec<u8>>> + Send {
        stream::unfold(self.0, |mut pieces| async move {
            pieces.recv().await.map(|piece| (piece, pieces))
        })
    }
}

/// JSON in the making.
struct Text {
    pieces: mpsc::Sender<io::Result<Vec<u8>>>,
    buffer: Vec<u8>,
    /// Whether something stands before, at this depth.
    comma: bool,
    /// How long it may still wait for whoever takes it.
    patience: Duration,
}

impl Text {
    fn new(pieces: mpsc::Sender<io::Result<Vec<u8>>>, patience: Duration) -> Self {
        Self { pieces, buffer: Vec::new(), comma: false, patience }
    }

    fn name(&mut self, name: &str) {
        self.buffer.push(if std::mem::replace(&mut self.comma, true) { b',' } else { b'{' });
        self.buffer.extend_from_slice(format!("\"{name}\":").as_bytes());
    }

    fn value(&mut self, value: &Value) -> Result<(), EarlyEnd> {
        serde_json::to_writer(&mut self.buffer, value)
            .map_err(|error| EarlyEnd::Failed(Problem::internal(error)))
    }

    async fn send_if(&mut self, is_due: bool) -> Result<(), EarlyEnd> {
        if !is_due {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE_BYTES));
        let (begun, bytes) = (Instant::now(), piece.len());
        let sent = tokio::time::timeout(self.patience, self.pieces.send(Ok(piece))).await;
        sent.map_err(|_| EarlyEnd::Slow)?.map_err(|_| EarlyEnd::Left)?;
        let millis = bytes.saturating_mul(1_000) / LEAST_BYTES_A_SECOND;
        let earned = Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX));
        self.patience = self.patience.saturating_sub(begun.elapsed()) + earned;
        Ok(())
    }

    async fn end(&mut self) -> Result<(), EarlyEnd> {
        self.buffer.push(b'}');
        self.send_if(true).await
    }
}

impl Sink for Text {
    fn field(&mut self, name: &'static str, value: Value) -> BoxFuture<'_, Result<(), EarlyEnd>> {
        Box::pin(async move {
            self.name(name);
            self.value(&value)
        })
    }

    fn list(&mut self, name: &'static str) -> BoxFuture<'_, Result<(), EarlyEnd>> {
        Box::pin(async move {
            self.name(name);
            self.buffer.push(b'[');
            self.comma = false;
            Ok(())
        })
    }

    /// On the blocking pool: text takes as long as it is.
    fn items(&mut self, things: Vec<Value>) -> BoxFuture<'_, Result<(), EarlyEnd>> {
        Box::pin(async move {
            if self.pieces.is_closed() {
                return Err(EarlyEnd::Left);
            }
            let (mut buffer, mut comma) = (std::mem::take(&mut self.buffer), self.comma);
            let written = tokio::task::spawn_blocking(move || {
                for thing in things {
                    if std::mem::replace(&mut comma, true) {
                        buffer.push(b',');
                    }
                    serde_json::to_writer(&mut buffer, &thing)?;
                }
                Ok::<_, serde_json::Error>((buffer, comma))
            });
            let written = written.await.map_err(Problem::internal)?;
            (self.buffer, self.comma) = written.map_err(Problem::internal)?;
            self.send_if(self.buffer.len() >= PIECE_BYTES).await
        })
    }

    fn list_end(&mut self) -> BoxFuture<'_, Result<(), EarlyEnd>> {
        Box::pin(async move {
            self.buffer.push(b']');
            self.comma = true;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use poem::IntoResponse;
    use serde_json::json;

    use super::{super::Export, *};
    use crate::http::Download;

    #[tokio::test]
    async fn what_is_written_piece_by_piece_is_one_document() {
        let (pieces, mut coming) = mpsc::channel(64);
        let mut text = Text::new(pieces, PATIENCE);
        let long = "x".repeat(PIECE_BYTES);
        let written: Result<(), EarlyEnd> = async {
            text.field("first", json!({ "a": null })).await?;
            whole(&mut text, "none", Vec::new()).await?;
            whole(&mut text, "some", vec![json!(long), json!("\"\n")]).await?;
            text.list("pieces").await?;
            text.items(vec![json!(1)]).await?;
            text.items(Vec::new()).await?;
            text.items(vec![json!(2), json!(3)]).await?;
            text.list_end().await?;
            text.field("last", true.into()).await?;
            text.end().await
        }
        .await;
        assert!(written.is_ok());
        drop(text);
        let (mut whole, mut count) = (Vec::new(), 0);
        while let Some(piece) = coming.recv().await {
            whole.extend(piece.unwrap());
            count += 1;
        }
        assert!(count > 1);
        let expected = json!({
            "first": { "a": null }, "none": [], "some": [long, "\"\n"], "pieces": [1, 2, 3],
            "last": true,
        });
        assert_eq!(serde_json::from_slice::<Value>(&whole).unwrap(), expected);
    }

    #[tokio::test]
    async fn a_document_that_is_cut_short_ends_with_an_error() {
        let (pieces, coming) = mpsc::channel(2);
        pieces.try_send(Ok(b"{\"posts\":[".to_vec())).unwrap();
        pieces.try_send(Err(io::Error::other("cut short"))).unwrap();
        drop(pieces);
        let download = Download::<Export>::of_pieces(String::new(), Pieces(coming).stream());
        assert!(download.into_response().into_body().into_bytes().await.is_err());
    }

    #[tokio::test]
    async fn whoever_takes_a_document_too_slowly_or_not_at_all_is_not_waited_for() {
        let (pieces, coming) = mpsc::channel(1);
        let mut text = Text::new(pieces, Duration::ZERO);
        let long = || vec![json!("x".repeat(PIECE_BYTES))];
        assert!(text.items(long()).await.is_ok(), "there was room for it");
        assert!(text.patience > Duration::from_secs(1), "what is taken earns time");
        text.patience = Duration::ZERO;
        assert!(matches!(text.items(long()).await, Err(EarlyEnd::Slow)));
        drop(coming);
        assert!(matches!(text.items(Vec::new()).await, Err(EarlyEnd::Left)));
    }
}
