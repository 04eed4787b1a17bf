//! Whether a loop still comes round: asked, and answered by the loop itself between two turns.
//!
//! A loop that has nothing to do answers at once, and so does one that waits for something; only one that is
//! stuck inside of a turn does not.

use tokio::sync::{mpsc, oneshot};

/// Asks.
#[derive(Debug, Clone)]
pub(super) struct Pulse(mpsc::Sender<oneshot::Sender<()>>);

/// The loop's end of it.
#[derive(Debug)]
pub(super) struct PulseReceiver(mpsc::Receiver<oneshot::Sender<()>>);

/// Both ends.
pub(super) fn pulse() -> (Pulse, PulseReceiver) {
    let (ask, asked) = mpsc::channel(1);
    (Pulse(ask), PulseReceiver(asked))
}

impl Pulse {
    /// Returns when the loop has come round, and at once when it has ended: that is for others to notice.
    pub(super) async fn beat(&self) {
        let (answer, answered) = oneshot::channel();
        if self.0.send(answer).await.is_ok() {
            let _ = answered.await;
        }
    }
}

impl PulseReceiver {
    /// Answers whoever asks; for a `select!` of the loop. Waits for good when nobody can ask.
    pub(super) async fn answer(&mut self) {
        match self.0.recv().await {
            // Whoever asked may have stopped waiting.
            Some(answer) => drop(answer.send(())),
            None => std::future::pending().await,
        }
    }
}
