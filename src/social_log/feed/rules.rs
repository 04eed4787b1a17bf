//! What the feed decides, without a clock or a disk.

use super::model::{NewPost, Post, PostFilter};
use crate::clock::Time;

/// How long a submission is remembered under its idempotency key, in seconds: a day.
const REMEMBERED_SECONDS: i64 = 86_400;

/// Whether a submission of `time` is remembered no more.
pub(super) fn is_forgotten(time: Time, now: Time) -> bool {
    time.plus_seconds(REMEMBERED_SECONDS) <= now
}

/// What a log takes beside its texts, in bytes: its numbers and times, and its row in the index.
const ROW_BYTES: u64 = 128;
/// What a submission takes that is remembered under its idempotency key.
pub(super) const SUBMISSION_BYTES: u64 = 512;
/// From here on a row has pages of its own, of which there are always a power of two.
const OWN_PAGES_BYTES: u64 = 2_048;
/// What people may take of the whole without an API key: this part of it.
const PEOPLE_PART: u64 = 4;
/// How much of a small disk stays free: this part of it.
const DISK_PART: u64 = 8;

/// What a row takes in the file, in bytes, within a tenth; one without much text takes less.
pub(super) fn row_bytes(social: &str, content: &str, status: &str) -> u64 {
    let texts = social.len() + content.len() + status.len();
    let bytes = u64::try_from(texts).unwrap_or(u64::MAX).saturating_add(ROW_BYTES);
    if bytes < OWN_PAGES_BYTES { bytes } else { bytes.next_power_of_two().max(4_096) }
}

/// The same of a log that is kept.
pub(super) fn log_bytes(log: &Post) -> u64 {
    row_bytes(log.social.as_str(), log.content.as_str(), log.status.as_str())
}

/// The same of logs that were sent.
pub(super) fn new_bytes(logs: &[NewPost]) -> u64 {
    let bytes = logs
        .iter()
        .map(|log| row_bytes(log.social.as_str(), log.content.as_str(), log.status.as_str()));
    bytes.sum()
}

/// The day of a moment, in UTC: quotas count by it.
pub(super) fn day_of(time: Time) -> i64 {
    time.as_seconds().div_euclid(86_400)
}

/// Seconds until the next day begins.
pub(super) fn seconds_to_tomorrow(now: Time) -> u64 {
    u64::try_from(86_400 - now.as_seconds().rem_euclid(86_400)).unwrap_or(86_400)
}

/// What the posts of people may take that came without an API key.
pub(super) const fn people_bound(total: u64) -> u64 {
    total / PEOPLE_PART
}

/// Free space below which no post is taken, in bytes: what is configured or a part of a small disk, and never
/// less than twice the floor of everything else.
pub(super) fn free_space_floor(configured: u64, of_everything: u64, disk: u64) -> u64 {
    configured.min(disk / DISK_PART).max(of_everything.saturating_mul(2))
}

/// Free space below which no post is taken although the file has unused pages for it, in bytes.
pub(super) const fn least_free_space(of_everything: u64) -> u64 {
    of_everything.saturating_add(of_everything / 2)
}

/// A filter made ready to look at many logs.
pub(super) struct PostMatcher {
    filter: PostFilter,
    /// The part of the content, in lower case.
    needle: String,
}

impl PostMatcher {
    pub(super) fn new(filter: PostFilter) -> Self {
        let needle = filter.text.as_deref().unwrap_or_default().to_lowercase();
        Self { filter, needle }
    }

    /// Whether a log fits. What is cheap to ask comes first.
    pub(super) fn lets_through(&self, log: &Post) -> bool {
        let Self { filter, needle } = self;
        filter.social.as_deref().is_none_or(|social| social == log.social.as_str())
            && filter.status.as_deref().is_none_or(|status| status == log.status.as_str())
            && filter.from.is_none_or(|from| from <= log.timestamp)
            && filter.to.is_none_or(|to| log.timestamp < to)
            && filter.author.is_none_or(|author| author.is(log.author))
            && filter.received_from.is_none_or(|from| from <= log.received_at)
            && filter.received_to.is_none_or(|to| log.received_at < to)
            && (needle.is_empty() || log.content.as_str().to_lowercase().contains(needle.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::model::{Author, Content, Label},
        *,
    };

    fn log() -> Post {
        Post {
            id: 1,
            social: Label::parse("instagram").unwrap(),
            timestamp: Time::from_millis(1_000),
            content: Content::parse("Assemblea È APERTA".to_owned()).unwrap(),
            status: Label::parse("published").unwrap(),
            received_at: Time::from_millis(2_000),
            author: Author::Import,
        }
    }

    fn fits(filter: PostFilter) -> bool {
        PostMatcher::new(filter).lets_through(&log())
    }

    #[test]
    fn a_filter_without_conditions_lets_everything_through() {
        assert!(fits(PostFilter::default()));
    }

    #[test]
    fn text_is_found_whatever_its_case() {
        for (text, found) in [("assemblea è", true), ("è aperta", true), ("chiusa", false)] {
            assert_eq!(
                fits(PostFilter { text: Some(text.to_owned()), ..Default::default() }),
                found,
                "{text}"
            );
        }
    }

    #[test]
    fn network_and_status_must_be_the_same_words() {
        assert!(fits(PostFilter { social: Some("instagram".to_owned()), ..Default::default() }));
        assert!(!fits(PostFilter { social: Some("insta".to_owned()), ..Default::default() }));
        assert!(!fits(PostFilter { status: Some("failed".to_owned()), ..Default::default() }));
        let one_of_two = PostFilter {
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
            fits(PostFilter { from, to, ..Default::default() })
        };
        assert!(span(1_000, 1_001));
        assert!(!span(999, 1_000));
        assert!(!span(1_001, 2_000));
    }

    #[test]
    fn a_row_is_counted_as_it_lies_in_the_file() {
        let bytes = |length: usize| row_bytes("", &"x".repeat(length), "");
        assert_eq!((bytes(0), bytes(1_919)), (128, 2_047));
        assert_eq!((bytes(1_920), bytes(3_968), bytes(3_969)), (4_096, 4_096, 8_192));
        assert_eq!(bytes(40_000), 65_536);
    }

    #[test]
    fn the_feed_stops_well_before_everything_else_and_not_at_once_on_a_small_disk() {
        const MIB: u64 = 1 << 20;
        let floor = |disk| free_space_floor(512 * MIB, 64 * MIB, disk) / MIB;
        assert_eq!((floor(100_000 * MIB), floor(2_048 * MIB), floor(400 * MIB)), (512, 256, 128));
        assert_eq!(least_free_space(64 * MIB), 96 * MIB);
    }

    #[test]
    fn a_day_ends_at_midnight() {
        let at = |seconds| Time::EPOCH.plus_seconds(seconds);
        assert_eq!((day_of(at(86_399)), day_of(at(86_400)), day_of(at(-1))), (0, 1, -1));
        assert_eq!((seconds_to_tomorrow(at(86_399)), seconds_to_tomorrow(at(0))), (1, 86_400));
    }

    #[test]
    fn a_submission_is_remembered_for_a_day() {
        let sent = Time::from_millis(5);
        assert!(!is_forgotten(sent, Time::from_millis(86_400_004)));
        assert!(is_forgotten(sent, Time::from_millis(86_400_005)));
    }
}
