//! Following the log: lines as they are written, as server-sent events.
//!
//! Events are `line` (a log line in JSON, with its number as id), `missed` (how many lines a follower was
//! too slow for) and comments that keep the connection alive. It ends when the server drains, and when
//! whoever follows is no administrator any more.

use std::{io, time::Duration};

use futures_util::{Stream, stream};
use poem_openapi::types::ToJSON;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::Instant,
};

use super::{
    dto::{LogLevel, LogLineBody},
    problem::too_many_followers,
    service::{Dashboard, line_limit},
};
use crate::{
    http::{Principal, Problem},
    telemetry::{Level, LogLine, Missed, log_tail},
};

/// How long lines gather before they are sent on.
const GATHER: Duration = Duration::from_millis(250);

/// Somebody who follows.
struct Follower {
    dashboard: Dashboard,
    who: Principal,
    level: Option<Level>,
    text: Option<String>,
    /// The number of the last line that was looked at.
    seen: u64,
    newest: watch::Receiver<u64>,
    draining: watch::Receiver<bool>,
    /// What goes out first.
    first: Option<String>,
    _place: OwnedSemaphorePermit,
}

impl Dashboard {
    /// The last lines, and then every line as it is written, for as long as `who` is an administrator
    /// and the server serves. After `seen` it goes on where somebody left off.
    ///
    /// # Errors
    /// `TOO_MANY_FOLLOWERS` (429) when eight others follow.
    pub fn follow(
        &self,
        who: &Principal,
        level: Option<LogLevel>,
        text: Option<String>,
        limit: Option<u32>,
        seen: Option<u64>,
    ) -> Result<impl Stream<Item = io::Result<String>> + Send + use<>, Problem> {
        let place = self.parts.followers.clone().try_acquire_owned();
        let place = place.map_err(|_| too_many_followers())?;
        let newest = log_tail().newest();
        let level = level.map(Into::into);
        let (lines, missed, taken) =
            log_tail().after(seen.unwrap_or(0), level, text.as_deref(), line_limit(limit));
        // Whoever comes anew has missed nothing.
        let missed = if seen.is_some() { missed } else { Missed(0) };
        let follower = Follower {
            dashboard: self.clone(),
            who: who.clone(),
            level,
            text,
            seen: taken,
            newest,
            draining: self.parts.draining.clone(),
            first: Some(format!(":\n\n{}", events(lines, missed))),
            _place: place,
        };
        Ok(stream::unfold(follower, |mut follower| async {
            let events = follower.next().await?;
            Some((Ok(events), follower))
        }))
    }
}

impl Follower {
    /// What to send next; nothing when it is over.
    async fn next(&mut self) -> Option<String> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        // From the last that was sent: lines that are not for this follower do not put it off.
        let keep_alive_at = Instant::now() + self.dashboard.parts.keep_alive;
        loop {
            let quiet = tokio::select! {
                biased;
                _ = self.draining.wait_for(|draining| *draining) => return None,
                () = tokio::time::sleep_until(keep_alive_at) => true,
                changed = self.newest.changed() => {
                    changed.ok()?;
                    false
                }
            };
            if !quiet {
                tokio::time::sleep(GATHER).await;
            }
            if !self.dashboard.parts.sources.accounts.is_still_admin(&self.who) {
                return None;
            }
            if quiet {
                return Some(":\n\n".to_owned());
            }
            let (lines, missed, taken) =
                log_tail().after(self.seen, self.level, self.text.as_deref(), usize::MAX);
            self.seen = taken;
            self.newest.mark_unchanged();
            if !lines.is_empty() || missed != Missed(0) {
                return Some(events(lines, missed));
            }
            // Of a busy log there may be nothing that this follower asked for.
            if keep_alive_at <= Instant::now() {
                return Some(":\n\n".to_owned());
            }
        }
    }
}

/// Lines as server-sent events (HTML Living Standard §9.2). JSON has no line breaks of its own.
fn events(lines: Vec<LogLine>, Missed(missed): Missed) -> String {
    let mut text = String::new();
    if missed > 0 {
        text.push_str(&format_event("missed", None, &format!("{{\"lines\":{missed}}}")));
    }
    for line in lines {
        let sequence = line.sequence;
        text.push_str(&format_event(
            "line",
            Some(sequence),
            &LogLineBody::from(line).to_json_string(),
        ));
    }
    text
}

fn format_event(name: &str, id: Option<u64>, data: &str) -> String {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {name}\n{id}data: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_what_was_missed_are_events_of_their_own() {
        let line = LogLine { sequence: 7, time: None, level: Level::Warn, text: "a\"b".to_owned() };
        assert_eq!(
            events(vec![line], Missed(3)),
            "event: missed\ndata: {\"lines\":3}\n\nevent: line\nid: 7\ndata: \
             {\"level\":\"warn\",\"sequence\":7,\"text\":\"a\\\"b\",\"time\":null}\n\n"
        );
    }
}
