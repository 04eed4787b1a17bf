//! The keys that sign access tokens, and how one takes the place of another.
//!
//! The newest signs. The one before it is still good for as long as a token of it can live, so that nobody
//! is signed out by a change of keys; then it is removed, and whatever was signed with it later is
//! nobody's. A key changes by itself when it is old enough, and whenever somebody asks.

mod ring;

use serde_json::json;

use super::{AuthError, AuthService, records::StoredKey, tables::SIGNING_KEYS};
use crate::{
    audit_event::{AuditContext, emit},
    clock::Time,
    crypto,
    store::{Outcome, ReadView, StoreError, WriteTxn},
    token::LEEWAY_SECONDS,
};
pub(super) use ring::SigningKeys;
use ring::{KeyDate, made, stored};

const DAY_SECONDS: i64 = 86_400;
/// What a token may be late for having been signed by a key that another was just taking the place of.
const MARGIN_SECONDS: i64 = 60;

/// What a key is due for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Nothing,
    /// A migration has no clock, so the first key of a file says that it is as old as time. It is dated.
    Date,
    Change,
}

fn due(newest: Option<KeyDate>, now: Time, days: u16) -> Due {
    match newest {
        Some(KeyDate { at: Time::EPOCH, .. }) if now > Time::EPOCH => Due::Date,
        Some(KeyDate { at, .. }) if now >= at.plus_seconds(i64::from(days) * DAY_SECONDS) => {
            Due::Change
        }
        Some(_) => Due::Nothing,
        None => Due::Change,
    }
}

/// The keys, the newest first, that no token in force can be of: the next one has signed for longer than
/// a token lives.
fn outlived(made: &[KeyDate], now: Time, token_minutes: u16) -> Vec<u64> {
    let overlap = i64::from(token_minutes) * 60 + LEEWAY_SECONDS + MARGIN_SECONDS;
    let ages = made.iter().zip(made.iter().skip(1));
    let outlived = ages.filter(|(next, _)| next.at.plus_seconds(overlap) < now);
    outlived.map(|(_, key)| key.number).collect()
}

impl AuthService {
    /// Makes another key, which signs from now on; says its number.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn rotate_signing_key(&self, from: AuditContext) -> Result<u64, AuthError> {
        let now = self.shared.clock.now();
        let fresh = StoredKey { secret: crypto::random()?, created_at: now };
        let command = move |view: &ReadView<'_>| -> Result<Outcome<u64, AuthError>, StoreError> {
            let newest = made(&stored(view)?).first().copied();
            let (fresh, from) = (fresh.clone(), from.clone());
            Ok(Outcome::commit(move |txn| add(txn, newest, &fresh, &from)))
        };
        let number = self.shared.store.submit_from_reserve(command).await??;
        self.shared.keys.reload(&self.shared.store)?;
        Ok(number)
    }

    /// Changes the key when it is old enough, and removes those that have had their time.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn keep_signing_keys(&self) -> Result<(), AuthError> {
        let now = self.shared.clock.now();
        let (days, minutes) =
            (self.shared.config.signing_key_days, self.shared.config.access_token_minutes);
        let decide = move |made: &[KeyDate]| {
            (due(made.first().copied(), now, days), outlived(made, now, minutes))
        };
        let (due, outlived) = decide(&self.shared.keys.ring().made);
        if due == Due::Nothing && outlived.is_empty() {
            return Ok(());
        }
        let fresh = StoredKey { secret: crypto::random()?, created_at: now };
        let command = move |view: &ReadView<'_>| -> Result<Outcome<(), AuthError>, StoreError> {
            let keys = stored(view)?;
            let (due, outlived) = decide(&made(&keys));
            let fresh = fresh.clone();
            Ok(Outcome::commit(move |txn| {
                for number in outlived {
                    SIGNING_KEYS.remove(txn, number)?;
                }
                match (due, keys.into_iter().next()) {
                    (Due::Nothing, _) => Ok(()),
                    (Due::Date, Some((number, key))) => {
                        SIGNING_KEYS.put(txn, number, &StoredKey { created_at: now, ..key })
                    }
                    (Due::Date | Due::Change, newest) => {
                        let newest =
                            newest.map(|(number, key)| KeyDate { number, at: key.created_at });
                        add(txn, newest, &fresh, &AuditContext::SYSTEM).map(drop)
                    }
                }
            }))
        };
        self.shared.store.submit_from_reserve(command).await??;
        self.shared.keys.reload(&self.shared.store)?;
        if due == Due::Change {
            tracing::info!("another key signs access tokens from now on");
        }
        Ok(())
    }
}

/// Adds a key behind the newest, and tells the audit trail.
fn add(
    txn: &WriteTxn<'_>,
    newest: Option<KeyDate>,
    fresh: &StoredKey,
    from: &AuditContext,
) -> Result<u64, StoreError> {
    let number = txn.next_number("signing_keys")?;
    SIGNING_KEYS.put(txn, number, fresh)?;
    let mut event =
        from.event(fresh.created_at, "keys.rotated", format!("signing-key:{number}"))?;
    event.before = newest.map(|newest| json!({ "signing_key": newest.number }).to_string());
    event.after = Some(json!({ "signing_key": number }).to_string());
    emit(txn, &event)?;
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audit_event::{Actor, AuditEvent, pending},
        auth::sessions::IssuedSession,
        clock::Clock,
        ids::{RandomId, UserId},
    };

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    fn day(days: i64) -> Time {
        NOW.plus_seconds(days * DAY_SECONDS)
    }

    struct Bench {
        auth: AuthService,
        clock: Clock,
    }

    impl Bench {
        fn new() -> Self {
            let clock = Clock::manual(NOW);
            Self { auth: AuthService::in_memory(clock.clone()), clock }
        }

        async fn keep_at(&self, time: Time) {
            self.clock.set(time);
            self.auth.keep_signing_keys().await.unwrap();
        }

        fn keys(&self) -> Vec<String> {
            let ring = self.auth.shared.keys.ring();
            ring.keys.iter().map(|key| key.id.clone()).collect()
        }

        fn token(&self) -> String {
            let opened = IssuedSession {
                user: UserId(1),
                session: RandomId([1; 16]),
                refresh_token: String::new(),
            };
            self.auth.access_token(&opened).unwrap().0
        }

        /// Whether a token's signature holds; nobody is behind these sessions.
        fn holds(&self, token: &str) -> bool {
            match self.auth.principal(token) {
                Err(AuthError::SessionEnded) => true,
                Err(AuthError::TokenInvalid) => false,
                other => panic!("{other:?}"),
            }
        }

        fn rotations(&self) -> Vec<AuditEvent> {
            let events = pending(&self.auth.store().read().unwrap(), 100).unwrap();
            let events = events.into_iter().map(|(_, event)| event);
            events.filter(|event| event.action == "keys.rotated").collect()
        }
    }

    #[test]
    fn a_key_is_dated_first_and_changed_when_it_is_old() {
        let made = |at| Some(KeyDate { number: 1, at });
        assert_eq!(due(made(Time::EPOCH), NOW, 90), Due::Date);
        assert_eq!(due(made(Time::EPOCH), Time::EPOCH, 90), Due::Nothing);
        assert_eq!(due(made(NOW), day(89), 90), Due::Nothing);
        assert_eq!(due(made(NOW), day(90), 90), Due::Change);
        assert_eq!(due(made(NOW), day(-90), 90), Due::Nothing, "a clock that was set back");
        assert_eq!(due(None, NOW, 90), Due::Change);
    }

    #[test]
    fn a_key_is_outlived_when_no_token_of_it_can_be_in_force() {
        let made = [KeyDate { number: 3, at: day(2) }, KeyDate { number: 2, at: day(1) }];
        let made = [&made[..], &[KeyDate { number: 1, at: NOW }]].concat();
        let outlived = |now| outlived(&made, now, 10);
        assert_eq!(outlived(day(1).plus_seconds(665)), [0; 0]);
        assert_eq!(outlived(day(1).plus_seconds(666)), [1]);
        assert_eq!(outlived(day(2).plus_seconds(666)), [2, 1]);
        assert_eq!(outlived(NOW.plus_seconds(-1)), [0; 0]);
    }

    #[tokio::test]
    async fn the_first_key_of_a_file_is_dated_and_lives_as_long_as_any() {
        let bench = Bench::new();
        bench.keep_at(NOW).await;
        assert_eq!(bench.keys(), ["1"]);
        bench.keep_at(day(89)).await;
        assert_eq!(bench.keys(), ["1"]);
        assert!(bench.rotations().is_empty());
        bench.keep_at(day(90)).await;
        assert_eq!(bench.keys(), ["2", "1"]);
        let rotations = bench.rotations();
        assert_eq!(rotations.len(), 1);
        assert_eq!((&rotations[0].actor, &*rotations[0].target), (&Actor::System, "signing-key:2"));
        bench.keep_at(day(90)).await;
        assert_eq!(bench.rotations().len(), 1);
    }

    #[tokio::test]
    async fn tokens_of_the_key_before_hold_until_they_can_have_ended_and_no_longer() {
        let bench = Bench::new();
        bench.keep_at(NOW).await;
        let old = bench.token();
        assert!(bench.holds(&old));
        bench.clock.set(NOW.plus_seconds(1));
        let number = bench.auth.rotate_signing_key(AuditContext::COMMAND_LINE).await;
        assert_eq!(number, Ok(2));
        let new = bench.token();
        assert!(bench.holds(&old) && bench.holds(&new));
        bench.keep_at(NOW.plus_seconds(600)).await;
        assert!(bench.holds(&old) && bench.holds(&new));
        bench.keep_at(NOW.plus_seconds(1 + 666)).await;
        assert_eq!(bench.keys(), ["2"]);
        bench.clock.set(NOW);
        assert!(!bench.holds(&old), "a remembered signature outlived its key");
        assert!(bench.holds(&new));
    }

    #[tokio::test]
    async fn keys_changed_in_a_row_are_all_good_and_all_removed() {
        let bench = Bench::new();
        bench.keep_at(NOW).await;
        let mut tokens = vec![bench.token()];
        for _ in 0..12 {
            bench.auth.rotate_signing_key(AuditContext::COMMAND_LINE).await.unwrap();
            tokens.push(bench.token());
        }
        assert!(tokens.iter().all(|token| bench.holds(token)));
        bench.keep_at(NOW.plus_seconds(666)).await;
        assert_eq!(bench.keys(), ["13"]);
        assert_eq!(bench.rotations().len(), 12);
    }
}
