//! The logs of one person, a piece at a time: for whoever sends all of them on.

use super::{
    ledger,
    model::{Post, WantedAuthor},
    rules::log_bytes,
    service::Feed,
};
use crate::{
    ids::UserId,
    social_log::tables::{LOGS, LOGS_BY_AUTHOR},
    store::{Direction, Reader, StoreError},
};

/// How much one piece is, at most: so many logs, or the first that makes it so many bytes.
const PIECE_POSTS: usize = 64;
const PIECE_BYTES: u64 = 256 << 10;

/// Where a walk along the logs of a person is.
#[derive(Debug, Clone)]
pub struct PostsCursor {
    /// What the person and their machines are called.
    names: Vec<String>,
    /// Below which log it goes on.
    before: u64,
}

impl Feed {
    /// Begins a walk along the logs that a person sent, themselves or with their API keys: the newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn posts_of(&self, id: UserId) -> Result<PostsCursor, StoreError> {
        let names = self
            .store
            .read_range(move |snapshot| ledger::names_of(snapshot, WantedAuthor::Person(id)));
        Ok(PostsCursor { names: names.await?, before: u64::MAX })
    }

    /// The next logs of a walk, and where it goes on; nothing at its end. The snapshot that is read is let go of
    /// before they are sent anywhere.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn next_posts(
        &self,
        cursor: PostsCursor,
    ) -> Result<(Vec<Post>, Option<PostsCursor>), StoreError> {
        self.store.read_range(move |snapshot| piece(snapshot, cursor)).await
    }
}

fn piece(
    reader: &impl Reader,
    cursor: PostsCursor,
) -> Result<(Vec<Post>, Option<PostsCursor>), StoreError> {
    let mut ids = Vec::new();
    for name in &cursor.names {
        let range = (name.as_str(), 0)..(name.as_str(), cursor.before);
        ids.extend(LOGS_BY_AUTHOR.collect(
            reader,
            range,
            Direction::Descending,
            PIECE_POSTS,
            |(_, id), ()| id,
        )?);
    }
    ids.sort_unstable_by(|a, b| b.cmp(a));
    let (mut logs, mut bytes, mut before) = (Vec::new(), 0, None);
    for id in ids.into_iter().take(PIECE_POSTS) {
        before = Some(id);
        let Some(log) = LOGS.get(reader, id)? else { continue };
        bytes += log_bytes(&log);
        logs.push(log);
        if bytes >= PIECE_BYTES {
            break;
        }
    }
    Ok((logs, before.map(|before| PostsCursor { before, ..cursor })))
}
