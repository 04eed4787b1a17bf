//! What the fill of the social feed means. Pure, as the other rules.

use super::{rules::HealthFinding, severity::Severity};
use crate::language::Text;

/// From here on it is worth a look, in percent of what the feed may take.
const FEED_ATTENTION_PERCENT: u64 = 90;

/// What there is to say of a feed that takes so many bytes of so many that it may.
pub(super) fn feed((bytes, bound): (u64, u64)) -> Option<HealthFinding> {
    let percent = bytes.saturating_mul(100).checked_div(bound)?;
    (percent >= FEED_ATTENTION_PERCENT).then(|| HealthFinding {
        level: Severity::Attention,
        code: "FEED_NEARLY_FULL",
        text: Text::made(
            format!(
                "The social feed takes {percent} % of what it may; old posts make room for new ones."
            ),
            format!(
                "I post dei social occupano il {percent} % dello spazio previsto: i vecchi lasciano il \
                 posto ai nuovi."
            ),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_worth_a_look_from_nine_tenths_on() {
        assert_eq!(feed((899, 1_000)), None);
        assert_eq!(feed((900, 1_000)).map(|finding| finding.level), Some(Severity::Attention));
        assert_eq!(feed((0, 0)), None, "nothing is known");
    }
}
