//! Which entries of the audit trail a filter lets through.

use super::model::{AuditFilter, Entry};

/// Whether an entry fits everything that the filter sets.
pub(super) fn lets_through(filter: &AuditFilter, entry: &Entry) -> bool {
    filter.actor.is_none_or(|wanted| entry.actor.is(wanted))
        && filter.key.is_none_or(|key| entry.actor.key() == Some(key))
        && filter.action.as_deref().is_none_or(|action| is_action(action, &entry.action))
        && filter.target.as_deref().is_none_or(|target| target == entry.target)
        && filter.from.is_none_or(|from| from <= entry.time)
        && filter.to.is_none_or(|to| entry.time < to)
}

/// Whether `action` is the wanted one, or of the wanted group.
fn is_action(wanted: &str, action: &str) -> bool {
    action.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::{
        super::model::{Digest, RecordedActor},
        *,
    };
    use crate::{clock::Time, ids::RandomId};

    fn fits(filter: &AuditFilter) -> bool {
        let entry = Entry {
            sequence: 1,
            id: RandomId([1; 16]),
            time: Time::from_millis(10),
            actor: RecordedActor::System,
            action: "login.success".to_owned(),
            target: "user:7".to_owned(),
            network: None,
            request_id: None,
            before: None,
            after: None,
            previous_hash: Digest([0; 32]),
            hash: Digest([0; 32]),
        };
        lets_through(filter, &entry)
    }

    #[test]
    fn an_action_is_asked_for_whole_or_by_its_group() {
        for (action, found) in
            [("login.success", true), ("login", true), ("log", false), ("login.s", false)]
        {
            let filter = AuditFilter { action: Some(action.to_owned()), ..Default::default() };
            assert_eq!(fits(&filter), found, "{action}");
        }
    }

    #[test]
    fn every_condition_must_hold() {
        let filter = AuditFilter {
            actor: Some(RecordedActor::System),
            target: Some("user:7".to_owned()),
            from: Some(Time::from_millis(10)),
            to: Some(Time::from_millis(11)),
            ..Default::default()
        };
        assert!(fits(&AuditFilter::default()) && fits(&filter));
        assert!(!fits(&AuditFilter { actor: Some(RecordedActor::Anonymous), ..filter.clone() }));
        assert!(!fits(&AuditFilter { target: Some("user:70".to_owned()), ..filter.clone() }));
        assert!(!fits(&AuditFilter { to: Some(Time::from_millis(10)), ..filter }));
    }
}
