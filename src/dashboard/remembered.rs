//! An answer that is remembered for a few seconds: pages of several people ask again and again, and a
//! walk over rows need not be made for each of them.

use std::{future::Future, sync::Arc};

use tokio::sync::Mutex;

use crate::clock::Time;

/// The last answer. Whoever asks while it is being made waits for it instead of making another.
pub(super) struct Remembered<T> {
    seconds: i64,
    last: Mutex<Option<(Time, Arc<T>)>>,
}

impl<T> Remembered<T> {
    /// Remembers for this many seconds.
    pub(super) const fn for_seconds(seconds: i64) -> Self {
        Self { seconds, last: Mutex::const_new(None) }
    }

    /// The remembered answer, or a new one. A failure is not remembered.
    pub(super) async fn get_or_make<E>(
        &self,
        now: Time,
        make: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let mut last = self.last.lock().await;
        if let Some((made, answer)) = &*last
            && *made <= now
            && now < made.plus_seconds(self.seconds)
        {
            return Ok(Arc::clone(answer));
        }
        let answer = Arc::new(make.await?);
        *last = Some((now, Arc::clone(&answer)));
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_is_made_anew_after_its_time_and_when_the_clock_was_set_back() {
        let remembered = Remembered::for_seconds(10);
        let ask = async |seconds: i64, value: u32| {
            let now = Time::EPOCH.plus_seconds(seconds);
            remembered.get_or_make(now, async { Ok::<_, ()>(value) }).await.map(|kept| *kept)
        };
        assert_eq!(ask(100, 1).await, Ok(1));
        assert_eq!(ask(109, 2).await, Ok(1));
        assert_eq!(ask(110, 3).await, Ok(3));
        assert_eq!(ask(50, 4).await, Ok(4));
    }

    #[tokio::test]
    async fn a_failure_is_not_remembered() {
        let remembered = Remembered::for_seconds(10);
        assert_eq!(
            remembered.get_or_make(Time::EPOCH, async { Err::<u32, _>("no") }).await,
            Err("no")
        );
        let second = remembered.get_or_make(Time::EPOCH, async { Ok::<_, &str>(5) }).await;
        assert_eq!(second.map(|kept| *kept), Ok(5));
    }
}
