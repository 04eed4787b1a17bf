//! Following the log: lines as they are written, as server-sent events (`http::sse`).
//!
//! Events are `line` (a log line in JSON, with its number as id) and `missed` (how many lines a follower was
//! too slow for). The stream ends also when whoever follows is no administrator any more.

use std::{io, time::Duration};

use futures_util::Stream;
use poem_openapi::types::ToJSON;
use tokio::sync::watch;

use super::{
    dto::{LogLevel, LogLineBody},
    problem::too_many_followers,
    service::{Dashboard, line_limit},
};
use crate::{
    http::{Principal, Problem, StreamEvent, StreamSource},
    telemetry::{Level, LogLine, Missed, log_tail},
};

/// How long lines gather before they are sent on.
const GATHER: Duration = Duration::from_millis(250);

/// The log, as one administrator follows it.
struct LogSource {
    dashboard: Dashboard,
    who: Principal,
    level: Option<Level>,
    text: Option<String>,
    /// The number of the last line that was looked at.
    seen: u64,
    newest: watch::Receiver<u64>,
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
        let place = self.parts.followers.place(who.id).map_err(|_| too_many_followers())?;
        let newest = log_tail().newest();
        let level = level.map(Into::into);
        let (lines, missed, taken) =
            log_tail().after(seen.unwrap_or(0), level, text.as_deref(), line_limit(limit));
        // Whoever comes anew has missed nothing.
        let missed = if seen.is_some() { missed } else { Missed(0) };
        let (dashboard, who) = (self.clone(), who.clone());
        let source = LogSource { dashboard, who, level, text, seen: taken, newest };
        Ok(self.parts.stream_settings.stream(source, &events(lines, missed), place))
    }
}

impl StreamSource for LogSource {
    async fn changed(&mut self) -> Option<()> {
        self.newest.changed().await.ok()
    }

    async fn events(&mut self) -> Result<Vec<StreamEvent>, Problem> {
        tokio::time::sleep(GATHER).await;
        let (lines, missed, taken) =
            log_tail().after(self.seen, self.level, self.text.as_deref(), usize::MAX);
        self.seen = taken;
        self.newest.mark_unchanged();
        Ok(events(lines, missed))
    }

    fn may_follow(&self) -> bool {
        self.dashboard.parts.sources.accounts.is_still_admin(&self.who)
    }
}

/// Lines as events.
fn events(lines: Vec<LogLine>, Missed(missed): Missed) -> Vec<StreamEvent> {
    let missed = (missed > 0).then(|| format!("{{\"lines\":{missed}}}"));
    let missed = missed.map(|data| StreamEvent { name: "missed", id: None, data });
    let lines = lines.into_iter().map(|line| {
        let id = Some(line.sequence);
        StreamEvent { name: "line", id, data: LogLineBody::from(line).to_json_string() }
    });
    missed.into_iter().chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_what_was_missed_are_events_of_their_own() {
        let line = LogLine { sequence: 7, time: None, level: Level::Warn, text: "a\"b".to_owned() };
        let data = "{\"level\":\"warn\",\"sequence\":7,\"text\":\"a\\\"b\",\"time\":null}";
        assert_eq!(
            events(vec![line], Missed(3)),
            [
                StreamEvent { name: "missed", id: None, data: "{\"lines\":3}".to_owned() },
                StreamEvent { name: "line", id: Some(7), data: data.to_owned() },
            ]
        );
    }
}
