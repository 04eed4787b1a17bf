//! What becomes of a scan.
//!
//! Who repeats a request gets the same answer, and who is recorded already learns when: both ask for
//! a genuine code but not for a fresh one, because nothing can be gained by them any more. Everyone
//! else is admitted in this order: the event is active, it is open, the code is fresh, the person
//! is expected. So a person learns first what they cannot change by scanning again.

use super::{
    super::{
        codes::{BrowserId, ScanRefusal},
        events::{Phase, Schedule},
    },
    context::ScanContext,
    model::{AttendanceStatus, ScanInput},
};
use crate::{clock::Time, field::FieldError, ids::UserId};

/// The one thing that a scan rests on, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ScanCode {
    Code(String),
    Typed(String),
    /// A hold, and the browser that redeems it, as far as it is known.
    Hold(String, Option<BrowserId>),
}

/// The credential and the nonce of a scan.
pub(super) fn read_scan(input: ScanInput) -> Result<(ScanCode, String), FieldError> {
    let credential = match (input.code, input.typed_code, input.hold) {
        (Some(code), None, None) => ScanCode::Code(code),
        (None, Some(typed), None) => ScanCode::Typed(typed),
        (None, None, Some(hold)) => ScanCode::Hold(hold, input.browser),
        (None, None, None) => {
            return Err(FieldError::new(
                "code",
                "is missing: send one of code, typed_code and hold",
                "manca: invia uno tra code, typed_code e hold",
            ));
        }
        _ => {
            return Err(FieldError::new(
                "code",
                "must come alone: send one of code, typed_code and hold",
                "dev'essere solo: invia uno tra code, typed_code e hold",
            ));
        }
    };
    let is_nonce_character = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    if !(8..=64).contains(&input.nonce.len()) || !input.nonce.bytes().all(is_nonce_character) {
        return Err(FieldError::new(
            "nonce",
            "must have 8 to 64 letters, digits, hyphens or underscores",
            "deve avere da 8 a 64 lettere, cifre, trattini o trattini bassi",
        ));
    }
    Ok((credential, input.nonce))
}

/// A scan of a user, apart from the code that it came with.
#[derive(Debug, Clone)]
pub(super) struct Scan {
    /// Whose.
    pub(super) user: UserId,
    /// When it reached us.
    pub(super) at: Time,
    /// Chosen by the client, the same for every try of one scan.
    pub(super) nonce: String,
    /// Where it came from.
    pub(super) context: ScanContext,
}

/// What a scan claims once its MAC was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScanClaim {
    /// The moment that counts for being late: now, or when a hold was made that was redeemed soon after.
    pub(super) at: Time,
    /// When the code was shown to us: now, or when the hold was made. The event must have been open then.
    pub(super) shown_at: Time,
    /// Whether the code, typed code or hold is valid now.
    pub(super) validity: CodeValidity,
}

/// Whether a code, typed code or hold is valid, or why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeValidity {
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

/// Whether an event admits a person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admission {
    pub(super) schedule: Schedule,
    pub(super) is_active: bool,
    /// Whether the person may come: there is no list, or they are on it.
    pub(super) is_admitted: bool,
}

/// What the event already holds of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing<'a> {
    /// Nothing.
    Nothing,
    /// A scan with this nonce, or something that is no scan.
    Row(Option<&'a str>),
}

/// What becomes of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanVerdict {
    /// It is recorded so.
    Record { status: AttendanceStatus, minutes_late: Option<u32> },
    /// It was recorded by this very scan before.
    Repeat,
    /// The person was recorded before.
    Already,
    /// It is not taken.
    Refuse(ScanRefusal),
}

/// Decides about a scan.
pub(super) fn decide(
    admission: &Admission,
    claim: ScanClaim,
    existing: Existing<'_>,
    scan: &Scan,
) -> ScanVerdict {
    match (claim.validity, existing) {
        (CodeValidity::Forged, _) => ScanVerdict::Refuse(ScanRefusal::CodeInvalid),
        (_, Existing::Row(Some(first))) if first == scan.nonce => ScanVerdict::Repeat,
        (_, Existing::Row(_)) => ScanVerdict::Already,
        (_, Existing::Nothing) => match check_admission(admission, claim) {
            Ok(()) => record(&admission.schedule, claim.at),
            Err(refusal) => ScanVerdict::Refuse(refusal),
        },
    }
}

fn record(schedule: &Schedule, at: Time) -> ScanVerdict {
    let minutes_late = schedule.minutes_late(at);
    let status =
        if minutes_late.is_some() { AttendanceStatus::Late } else { AttendanceStatus::Present };
    ScanVerdict::Record { status, minutes_late }
}

/// Whether the event admits whoever claims this now.
pub(super) fn check_admission(admission: &Admission, claim: ScanClaim) -> Result<(), ScanRefusal> {
    if claim.validity == CodeValidity::Forged {
        return Err(ScanRefusal::CodeInvalid);
    }
    if !admission.is_active {
        return Err(ScanRefusal::EventInactive);
    }
    match admission.schedule.phase(claim.shown_at) {
        Phase::Before => return Err(ScanRefusal::TooEarly),
        Phase::Closed => return Err(ScanRefusal::Closed),
        Phase::Open => {}
    }
    match claim.validity {
        CodeValidity::Stale => return Err(ScanRefusal::CodeExpired),
        CodeValidity::OfAnotherBrowser => return Err(ScanRefusal::HoldOfAnotherBrowser),
        CodeValidity::Spent => return Err(ScanRefusal::HoldSpent),
        CodeValidity::Forged | CodeValidity::Fresh => {}
    }
    if admission.is_admitted { Ok(()) } else { Err(ScanRefusal::NotExpected) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{http::ClientNetwork, ids::RandomId};

    const START: Time = Time::from_millis(1_800_000_000_000);

    fn admission() -> Admission {
        let schedule = Schedule {
            starts_at: Some(START),
            ends_at: None,
            opens_at: START.plus_minutes(-15),
            late_after: Some(START.plus_minutes(10)),
            closes_at: START.plus_minutes(60),
        };
        Admission { schedule, is_active: true, is_admitted: true }
    }

    fn claim(minutes: i64, validity: CodeValidity) -> ScanClaim {
        let at = START.plus_minutes(minutes);
        ScanClaim { at, shown_at: at, validity }
    }

    fn scan() -> Scan {
        let network = ClientNetwork::of(std::net::Ipv4Addr::LOCALHOST.into());
        let context = ScanContext { network, device: None, request_id: RandomId([0; 16]) };
        Scan { user: UserId(1), at: START, nonce: "nonce-0001".to_owned(), context }
    }

    fn first(admission: &Admission, claim: ScanClaim) -> ScanVerdict {
        decide(admission, claim, Existing::Nothing, &scan())
    }

    #[test]
    fn a_fresh_code_in_time_is_present_and_after_the_limit_late() {
        let record = |status, minutes_late| ScanVerdict::Record { status, minutes_late };
        let at = |minutes| first(&admission(), claim(minutes, CodeValidity::Fresh));
        assert_eq!(at(-15), record(AttendanceStatus::Present, None));
        assert_eq!(at(10), record(AttendanceStatus::Present, None));
        assert_eq!(at(11), record(AttendanceStatus::Late, Some(11)));
        assert_eq!(at(59), record(AttendanceStatus::Late, Some(59)));
    }

    #[test]
    fn whoever_saw_the_code_in_time_gets_in_and_is_late_by_the_moment_that_counts() {
        let shown_at = START.plus_minutes(59);
        let claim =
            ScanClaim { at: START.plus_minutes(64), shown_at, validity: CodeValidity::Fresh };
        let late = ScanVerdict::Record { status: AttendanceStatus::Late, minutes_late: Some(64) };
        assert_eq!(first(&admission(), claim), late);
    }

    #[test]
    fn each_obstacle_has_its_own_refusal_and_the_first_one_counts() {
        let refused = |admission: Admission, minutes, validity| match first(
            &admission,
            claim(minutes, validity),
        ) {
            ScanVerdict::Refuse(refusal) => refusal,
            other => panic!("not refused: {other:?}"),
        };
        let inactive = Admission { is_active: false, ..admission() };
        let stranger = Admission { is_admitted: false, ..admission() };
        let cases = [
            (admission(), 0, CodeValidity::Forged, ScanRefusal::CodeInvalid),
            (inactive, 0, CodeValidity::Forged, ScanRefusal::CodeInvalid),
            (inactive, -20, CodeValidity::Stale, ScanRefusal::EventInactive),
            (admission(), -16, CodeValidity::Stale, ScanRefusal::TooEarly),
            (admission(), -16, CodeValidity::Fresh, ScanRefusal::TooEarly),
            (admission(), 60, CodeValidity::Fresh, ScanRefusal::Closed),
            (stranger, 60, CodeValidity::Stale, ScanRefusal::Closed),
            (stranger, 0, CodeValidity::Stale, ScanRefusal::CodeExpired),
            (stranger, 0, CodeValidity::OfAnotherBrowser, ScanRefusal::HoldOfAnotherBrowser),
            (stranger, 0, CodeValidity::Spent, ScanRefusal::HoldSpent),
            (stranger, 0, CodeValidity::Fresh, ScanRefusal::NotExpected),
        ];
        for (admission, minutes, validity, refusal) in cases {
            assert_eq!(refused(admission, minutes, validity), refusal, "{minutes} {validity:?}");
        }
    }

    #[test]
    fn whoever_is_recorded_gets_their_answer_at_any_time_for_any_genuine_code() {
        let shut = Admission { is_active: false, is_admitted: false, ..admission() };
        for (minutes, validity) in [(0, CodeValidity::Fresh), (90, CodeValidity::Stale)] {
            let decide = |existing| decide(&shut, claim(minutes, validity), existing, &scan());
            assert_eq!(decide(Existing::Row(Some("nonce-0001"))), ScanVerdict::Repeat);
            assert_eq!(decide(Existing::Row(Some("nonce-0002"))), ScanVerdict::Already);
            assert_eq!(decide(Existing::Row(None)), ScanVerdict::Already);
        }
    }

    #[test]
    fn a_forged_code_learns_nothing_even_of_whoever_is_recorded() {
        let forged = claim(0, CodeValidity::Forged);
        let verdict = decide(&admission(), forged, Existing::Row(Some("nonce-0001")), &scan());
        assert_eq!(verdict, ScanVerdict::Refuse(ScanRefusal::CodeInvalid));
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
            .map_err(|fault| fault.field.into_owned())
        };
        assert!(read(Some("A"), None, "abcDEF-_").is_ok());
        assert_eq!(read(None, None, "abcdefgh"), Err("code".to_owned()));
        assert_eq!(read(Some("A"), Some("1"), "abcdefgh"), Err("code".to_owned()));
        for nonce in ["abcdefg", "abcdefg ", "abcdefgé", &"a".repeat(65)] {
            assert_eq!(read(Some("A"), None, nonce), Err("nonce".to_owned()), "{nonce}");
        }
    }
}
