//! The one line that every request leaves in the log.
//!
//! It looks like any other line and obeys the same filter, but is put together by hand: through the
//! general machinery it cost more than half of what a request costs otherwise.

use std::{
    fmt::{Display, Write as _},
    io::Write as _,
    sync::OnceLock,
    time::Duration,
};

use super::{LogFormat, log_writer::LogWriter};
use crate::{clock::Clock, ids::RandomId};

/// Where request lines go, once logging has started.
static LOG: OnceLock<(LogFormat, LogWriter)> = OnceLock::new();

/// What is said of a request. Method and endpoint are words of the program (a known method, a route's
/// template), never what a client sent, so nothing in them needs escaping.
pub struct RequestLine<'a, N> {
    /// The request's id.
    pub id: RandomId,
    /// The method, or `OTHER`.
    pub method: &'static str,
    /// The route's template.
    pub endpoint: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// From the head of the request to the head of the answer.
    pub took: Duration,
    /// Where it came from.
    pub network: N,
    /// Who asked, when they were signed in.
    pub user: Option<u64>,
    /// The API key that asked for them, when it was one.
    pub key: Option<RandomId>,
}

/// Sends request lines where the others go; the first call in a process counts.
pub(super) fn start(format: LogFormat, writer: LogWriter) {
    let _ = LOG.set((format, writer));
}

impl<N: Display> RequestLine<'_, N> {
    /// Writes the line, unless the filter keeps such lines out.
    pub fn log(&self) {
        let Some((format, writer)) = LOG.get() else { return };
        if !tracing::enabled!(target: "appliance::request", tracing::Level::INFO) {
            return;
        }
        // Writing into memory does not fail.
        let _ = writer.clone().write_all(self.text(*format).as_bytes());
    }

    fn text(&self, format: LogFormat) -> String {
        let Self { id, method, endpoint, status, took, network, user, key } = self;
        let (now, took) = (Clock::system().now(), took.as_micros());
        let mut line = String::with_capacity(320);
        let _ = match format {
            LogFormat::Json => write!(
                line,
                r#"{{"timestamp":"{now}","level":"INFO","message":"request","request_id":"{id}","method":"{method}","endpoint":"{endpoint}","status":{status},"took_us":{took},"network":"{network}""#
            ),
            LogFormat::Pretty => write!(
                line,
                "{now}  INFO request request_id={id} method={method} endpoint={endpoint} \
                 status={status} took_us={took} network={network}"
            ),
        };
        if let Some(user) = user {
            let _ = match format {
                LogFormat::Json => write!(line, r#","user":{user}"#),
                LogFormat::Pretty => write!(line, " user={user}"),
            };
        }
        if let Some(key) = key.map(RandomId::name) {
            let _ = match format {
                LogFormat::Json => write!(line, r#","key":"{key}""#),
                LogFormat::Pretty => write!(line, " key={key}"),
            };
        }
        line.push_str(match format {
            LogFormat::Json => "}\n",
            LogFormat::Pretty => "\n",
        });
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(user: Option<u64>) -> RequestLine<'static, &'static str> {
        RequestLine {
            id: RandomId([0xAB; 16]),
            method: "GET",
            endpoint: "/api/v1/events/:event_id",
            status: 200,
            took: Duration::from_micros(1_234),
            network: "192.0.2.7",
            user,
            key: user.map(|_| RandomId([0xCD; 16])),
        }
    }

    #[test]
    fn a_line_is_one_json_object_on_one_line() {
        let text = line(Some(7)).text(LogFormat::Json);
        assert_eq!(text.matches('\n').count(), 1);
        let mut read: serde_json::Value = serde_json::from_str(&text).unwrap();
        let timestamp = read.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(crate::clock::Time::parse_rfc3339(timestamp.as_str().unwrap()).is_ok());
        let expected = serde_json::json!({
            "level": "INFO", "message": "request", "request_id": "ab".repeat(16), "method": "GET",
            "endpoint": "/api/v1/events/:event_id", "status": 200, "took_us": 1_234,
            "network": "192.0.2.7", "user": 7, "key": "cd".repeat(8),
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn nobody_is_named_when_nobody_was_signed_in() {
        assert!(!line(None).text(LogFormat::Json).contains("user"));
        let text = line(None).text(LogFormat::Pretty);
        assert!(text.ends_with("took_us=1234 network=192.0.2.7\n"), "{text}");
        let text = line(Some(7)).text(LogFormat::Pretty);
        assert!(text.ends_with(" user=7 key=cdcdcdcdcdcdcdcd\n"), "{text}");
    }
}
