//! What the feed decides, without a clock or a disk.

use super::model::{Log, LogFilter};
use crate::clock::Time;

/// How long a submission is remembered under its idempotency key, in seconds: a day.
const REMEMBERED_SECONDS: i64 = 86_400;

/// Whether a submission of `time` is remembered no more.
pub(super) fn is_forgotten(time: Time, now: Time) -> bool {
    time.plus_seconds(REMEMBERED_SECONDS) <= now
}

/// A filter made ready to look at many logs.
pub(super) struct Sieve {
    filter: LogFilter,
    /// The part of the content, in lower case.
    needle: String,
}

impl Sieve {
    pub(super) fn new(filter: LogFilter) -> Self {
        let needle = filter.text.as_deref().unwrap_or_default().to_lowercase();
        Self { filter, needle }
    }

    /// Whether a log fits. What is cheap to ask comes first.
    pub(super) fn lets_through(&self, log: &Log) -> bool {
        let Self { filter, needle } = self;
        filter.social.as_deref().is_none_or(|social| social == log.social.as_str())
            && filter.status.as_deref().is_none_or(|status| status == log.status.as_str())
            && filter.from.is_none_or(|from| from <= log.timestamp)
            && filter.to.is_none_or(|to| log.timestamp < to)
            && (needle.is_empty() || log.content.as_str().to_lowercase().contains(needle.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::model::{Author, Content, Label},
        *,
    };

    fn log() -> Log {
        Log {
            id: 1,
            social: Label::parse("instagram").unwrap(),
            timestamp: Time::from_millis(1_000),
            content: Content::parse("Assemblea È APERTA".to_owned()).unwrap(),
            status: Label::parse("published").unwrap(),
            received_at: Time::from_millis(2_000),
            author: Author::Import,
        }
    }

    fn fits(filter: LogFilter) -> bool {
        Sieve::new(filter).lets_through(&log())
    }

    #[test]
    fn a_filter_without_conditions_lets_everything_through() {
        assert!(fits(LogFilter::default()));
    }

    #[test]
    fn text_is_found_whatever_its_case() {
        for (text, found) in [("assemblea è", true), ("è aperta", true), ("chiusa", false)] {
            assert_eq!(
                fits(LogFilter { text: Some(text.to_owned()), ..Default::default() }),
                found,
                "{text}"
            );
        }
    }

    #[test]
    fn network_and_status_must_be_the_same_words() {
        assert!(fits(LogFilter { social: Some("instagram".to_owned()), ..Default::default() }));
        assert!(!fits(LogFilter { social: Some("insta".to_owned()), ..Default::default() }));
        assert!(!fits(LogFilter { status: Some("failed".to_owned()), ..Default::default() }));
        let one_of_two = LogFilter {
            social: Some("instagram".to_owned()),
            status: Some("failed".to_owned()),
            ..Default::default()
        };
        assert!(!fits(one_of_two));
    }

    #[test]
    fn a_span_holds_its_start_and_not_its_end() {
        let span = |from, to| {
            let (from, to) = (Some(Time::from_millis(from)), Some(Time::from_millis(to)));
            fits(LogFilter { from, to, ..Default::default() })
        };
        assert!(span(1_000, 1_001));
        assert!(!span(999, 1_000));
        assert!(!span(1_001, 2_000));
    }

    #[test]
    fn a_submission_is_remembered_for_a_day() {
        let sent = Time::from_millis(5);
        assert!(!is_forgotten(sent, Time::from_millis(86_400_004)));
        assert!(is_forgotten(sent, Time::from_millis(86_400_005)));
    }
}
