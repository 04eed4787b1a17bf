//! What becomes of a scan.
//!
//! Who repeats a request gets the same answer, and who is recorded already learns when: both ask for
//! a genuine code but not for a fresh one, because nothing can be gained by them any more. Everyone
//! else passes the door in this order: the event is active, it is open, the code is fresh, the person
//! is expected. So a person learns first what they cannot change by scanning again.

use super::{
    super::{
        codes::{BrowserId, Refusal},
        events::{Phase, Schedule},
    },
    model::{ScanInput, Status},
};
use crate::{clock::Time, field::Fault};

/// The one thing that a scan rests on, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Credential {
    Code(String),
    Typed(String),
    /// A hold, and the browser that redeems it, as far as it is known.
    Hold(String, Option<BrowserId>),
}

/// The credential and the nonce of a scan.
pub(super) fn read_scan(input: ScanInput) -> Result<(Credential, String), Fault> {
    let credential = match (input.code, input.typed_code, input.hold) {
        (Some(code), None, None) => Credential::Code(code),
        (None, Some(typed), None) => Credential::Typed(typed),
        (None, None, Some(hold)) => Credential::Hold(hold, input.browser),
        (None, None, None) => {
            return Err(Fault::new(
                "code",
                "is missing: send one of code, typed_code and hold",
                "manca: invia uno tra code, typed_code e hold",
            ));
        }
        _ => {
            return Err(Fault::new(
                "code",
                "must come alone: send one of code, typed_code and hold",
                "dev'essere solo: invia uno tra code, typed_code e hold",
            ));
        }
    };
    let is_nonce_character = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    if !(8..=64).contains(&input.nonce.len()) || !input.nonce.bytes().all(is_nonce_character) {
        return Err(Fault::new(
            "nonce",
            "must have 8 to 64 letters, digits, hyphens or underscores",
            "deve avere da 8 a 64 lettere, cifre, trattini o trattini bassi",
        ));
    }
    Ok((credential, input.nonce))
}

/// What a scan claims after its seal was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// The moment that counts for being late: now, or when a hold was made that was redeemed soon after.
    pub(super) at: Time,
    /// When the code was shown to us: now, or when the hold was made. The event must have been open then.
    pub(super) shown_at: Time,
    /// What the seal is worth.
    pub(super) standing: Standing,
}

/// What the seal of a code, typed code or hold is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The event never made it.
    Forged,
    /// The event made it, for another time than now.
    Stale,
    /// It is a hold that was given to another browser.
    OfAnotherBrowser,
    /// It is a hold that another person has redeemed.
    Spent,
    /// The event made it for now.
    Fresh,
}

/// What stands between a person and an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Door {
    pub(super) schedule: Schedule,
    pub(super) is_active: bool,
    /// Whether the person may come: there is no list, or they are on it.
    pub(super) is_admitted: bool,
}

/// What the event already holds of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier<'a> {
    /// Nothing.
    Nothing,
    /// A scan with this nonce, or something that is no scan.
    Row(Option<&'a str>),
}

/// What becomes of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is recorded so.
    Record { status: Status, minutes_late: Option<u32> },
    /// It was recorded by this very scan before.
    Repeat,
    /// The person was recorded before.
    Already,
    /// It is not taken.
    Refuse(Refusal),
}

/// Decides about a scan.
pub(super) fn decide(door: &Door, claim: Claim, earlier: Earlier<'_>, nonce: &str) -> Verdict {
    match (claim.standing, earlier) {
        (Standing::Forged, _) => Verdict::Refuse(Refusal::CodeInvalid),
        (_, Earlier::Row(Some(first))) if first == nonce => Verdict::Repeat,
        (_, Earlier::Row(_)) => Verdict::Already,
        (_, Earlier::Nothing) => match pass(door, claim) {
            Ok(()) => record(&door.schedule, claim.at),
            Err(refusal) => Verdict::Refuse(refusal),
        },
    }
}

fn record(schedule: &Schedule, at: Time) -> Verdict {
    let minutes_late = schedule.minutes_late(at);
    let status = if minutes_late.is_some() { Status::Late } else { Status::Present };
    Verdict::Record { status, minutes_late }
}

/// Whether a claim opens the door.
pub(super) fn pass(door: &Door, claim: Claim) -> Result<(), Refusal> {
    if claim.standing == Standing::Forged {
        return Err(Refusal::CodeInvalid);
    }
    if !door.is_active {
        return Err(Refusal::EventInactive);
    }
    match door.schedule.phase(claim.shown_at) {
        Phase::Before => return Err(Refusal::TooEarly),
        Phase::Closed => return Err(Refusal::Closed),
        Phase::Open => {}
    }
    match claim.standing {
        Standing::Stale => return Err(Refusal::CodeExpired),
        Standing::OfAnotherBrowser => return Err(Refusal::HoldOfAnotherBrowser),
        Standing::Spent => return Err(Refusal::HoldSpent),
        Standing::Forged | Standing::Fresh => {}
    }
    if door.is_admitted { Ok(()) } else { Err(Refusal::NotExpected) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_millis(1_800_000_000_000);

    fn door() -> Door {
        let schedule = Schedule {
            starts_at: Some(START),
            ends_at: None,
            opens_at: START.plus_minutes(-15),
            late_after: Some(START.plus_minutes(10)),
            closes_at: START.plus_minutes(60),
        };
        Door { schedule, is_active: true, is_admitted: true }
    }

    fn claim(minutes: i64, standing: Standing) -> Claim {
        let at = START.plus_minutes(minutes);
        Claim { at, shown_at: at, standing }
    }

    fn first(door: &Door, claim: Claim) -> Verdict {
        decide(door, claim, Earlier::Nothing, "nonce-0001")
    }

    #[test]
    fn a_fresh_code_in_time_is_present_and_after_the_limit_late() {
        let record = |status, minutes_late| Verdict::Record { status, minutes_late };
        let at = |minutes| first(&door(), claim(minutes, Standing::Fresh));
        assert_eq!(at(-15), record(Status::Present, None));
        assert_eq!(at(10), record(Status::Present, None));
        assert_eq!(at(11), record(Status::Late, Some(11)));
        assert_eq!(at(59), record(Status::Late, Some(59)));
    }

    #[test]
    fn whoever_saw_the_code_in_time_gets_in_and_is_late_by_the_moment_that_counts() {
        let shown_at = START.plus_minutes(59);
        let claim = Claim { at: START.plus_minutes(64), shown_at, standing: Standing::Fresh };
        let late = Verdict::Record { status: Status::Late, minutes_late: Some(64) };
        assert_eq!(first(&door(), claim), late);
    }

    #[test]
    fn each_obstacle_has_its_own_refusal_and_the_first_one_counts() {
        let refused = |door: Door, minutes, standing| match first(&door, claim(minutes, standing)) {
            Verdict::Refuse(refusal) => refusal,
            other => panic!("not refused: {other:?}"),
        };
        let inactive = Door { is_active: false, ..door() };
        let stranger = Door { is_admitted: false, ..door() };
        let cases = [
            (door(), 0, Standing::Forged, Refusal::CodeInvalid),
            (inactive, 0, Standing::Forged, Refusal::CodeInvalid),
            (inactive, -20, Standing::Stale, Refusal::EventInactive),
            (door(), -16, Standing::Stale, Refusal::TooEarly),
            (door(), -16, Standing::Fresh, Refusal::TooEarly),
            (door(), 60, Standing::Fresh, Refusal::Closed),
            (stranger, 60, Standing::Stale, Refusal::Closed),
            (stranger, 0, Standing::Stale, Refusal::CodeExpired),
            (stranger, 0, Standing::OfAnotherBrowser, Refusal::HoldOfAnotherBrowser),
            (stranger, 0, Standing::Spent, Refusal::HoldSpent),
            (stranger, 0, Standing::Fresh, Refusal::NotExpected),
        ];
        for (door, minutes, standing, refusal) in cases {
            assert_eq!(refused(door, minutes, standing), refusal, "{minutes} {standing:?}");
        }
    }

    #[test]
    fn whoever_is_recorded_gets_their_answer_at_any_time_for_any_genuine_code() {
        let shut = Door { is_active: false, is_admitted: false, ..door() };
        for (minutes, standing) in [(0, Standing::Fresh), (90, Standing::Stale)] {
            let decide = |earlier| decide(&shut, claim(minutes, standing), earlier, "nonce-0001");
            assert_eq!(decide(Earlier::Row(Some("nonce-0001"))), Verdict::Repeat);
            assert_eq!(decide(Earlier::Row(Some("nonce-0002"))), Verdict::Already);
            assert_eq!(decide(Earlier::Row(None)), Verdict::Already);
        }
    }

    #[test]
    fn a_forged_code_learns_nothing_even_of_whoever_is_recorded() {
        let forged = claim(0, Standing::Forged);
        let verdict = decide(&door(), forged, Earlier::Row(Some("nonce-0001")), "nonce-0001");
        assert_eq!(verdict, Verdict::Refuse(Refusal::CodeInvalid));
    }

    #[test]
    fn a_scan_rests_on_exactly_one_thing_and_has_a_nonce() {
        let read = |code: Option<&str>, typed_code: Option<&str>, nonce: &str| {
            read_scan(ScanInput {
                code: code.map(str::to_owned),
                typed_code: typed_code.map(str::to_owned),
                nonce: nonce.to_owned(),
                ..ScanInput::default()
            })
            .map_err(|fault| fault.field)
        };
        assert!(read(Some("A"), None, "abcDEF-_").is_ok());
        assert_eq!(read(None, None, "abcdefgh"), Err("code"));
        assert_eq!(read(Some("A"), Some("1"), "abcdefgh"), Err("code"));
        for nonce in ["abcdefg", "abcdefg ", "abcdefgé", &"a".repeat(65)] {
            assert_eq!(read(Some("A"), None, nonce), Err("nonce"), "{nonce}");
        }
    }
}
