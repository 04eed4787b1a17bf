//! What a scan rests on: which event it names, and whether its MAC is right there.

use super::{
    super::{
        codes::{
            BrowserId, PresentedCode, PresentedHold, accepted_windows, code_in, hold_counts_as_of,
            is_fresh, is_hold_live, typed_code, typed_digits,
        },
        events,
        records::Event,
    },
    rules::{CodeValidity, ScanClaim, ScanCode},
    store,
};
use crate::{
    clock::Time,
    crypto,
    ids::UserId,
    store::{Snapshot, Store, StoreError},
};

/// How many of a person's own last scans may be meant by a typed code that is sent again.
const RECENT_SCANS: usize = 8;

/// A credential of which it is known which event it names.
#[derive(Debug, Clone)]
pub(super) enum ResolvedCode {
    Code(PresentedCode),
    /// A hold, and the browser that redeems it.
    Hold(PresentedHold, Option<BrowserId>),
    /// Eight digits name no event: they are those of this one in this window.
    Typed {
        number: u32,
        window: u32,
        digits: String,
    },
}

impl ResolvedCode {
    /// The event's number.
    pub(super) const fn number(&self) -> u32 {
        match self {
            Self::Code(code) => code.number,
            Self::Hold(hold, _) => hold.number,
            Self::Typed { number, .. } => *number,
        }
    }

    /// What it claims, held against the event that it names.
    pub(super) fn claim(&self, event: &Event, now: Time) -> ScanClaim {
        let params = event.code_params(self.number());
        let (shown_at, is_genuine, is_fresh) = match self {
            Self::Code(code) => {
                let is_genuine = code.is_genuine(&event.secret, &params);
                (now, is_genuine, is_fresh(&params, code.window, now))
            }
            Self::Typed { window, digits, .. } => {
                let typed = typed_code(&event.secret, &params, *window);
                let is_genuine = crypto::equal(typed.as_bytes(), digits.as_bytes());
                (now, is_genuine, is_fresh(&params, *window, now))
            }
            Self::Hold(hold, _) => {
                let is_genuine = hold.is_genuine(&event.secret, &params);
                let issued_at = hold.terms.issued_at;
                (issued_at, is_genuine, is_hold_live(issued_at, now))
            }
        };
        let validity = match (is_genuine, is_fresh) {
            (false, _) => CodeValidity::Forged,
            (true, false) => CodeValidity::Stale,
            (true, true) if self.is_of_another_browser() => CodeValidity::OfAnotherBrowser,
            (true, true) => CodeValidity::Fresh,
        };
        ScanClaim { at: hold_counts_as_of(shown_at, now), shown_at, validity }
    }

    fn is_of_another_browser(&self) -> bool {
        matches!(self, Self::Hold(hold, browser) if *browser != Some(hold.terms.browser))
    }
}

/// Finds out which event a credential of a person names; nothing when none.
pub(super) async fn resolve(
    store: &Store,
    credential: ScanCode,
    person: UserId,
    nonce: &str,
    now: Time,
) -> Result<Option<ResolvedCode>, StoreError> {
    match credential {
        ScanCode::Code(text) => Ok(read_code(&text)),
        ScanCode::Hold(text, browser) => {
            Ok(PresentedHold::read(&text).map(|hold| ResolvedCode::Hold(hold, browser)))
        }
        ScanCode::Typed(text) => {
            let Some(digits) = typed_digits(&text) else { return Ok(None) };
            let nonce = nonce.to_owned();
            store.read_range(move |view| find_typed(view, digits, person, &nonce, now)).await
        }
    }
}

/// A code, alone or in a link.
pub(super) fn read_code(text: &str) -> Option<ResolvedCode> {
    PresentedCode::read(code_in(text)).map(ResolvedCode::Code)
}

/// The event that shows these digits now. Two that show the same, which one pair of events in
/// millions does for a few seconds, count as none: the next window tells them apart, and a code that
/// is scanned always does. A static event keeps its digits, so of two static events that collide the
/// picture is the way in.
///
/// Digits do not say of which window they are. When nobody shows them any more, they may be those of
/// a scan whose answer got lost and that is now sent again: the person's own rows are then asked.
fn find_typed(
    snapshot: &Snapshot,
    digits: String,
    person: UserId,
    nonce: &str,
    now: Time,
) -> Result<Option<ResolvedCode>, StoreError> {
    let mut found = Vec::new();
    for (number, event) in events::open_at(snapshot, now)? {
        let window = showing(&event, number, &digits, now);
        found.extend(window.map(|window| (number, window)));
    }
    if found.is_empty() {
        for (number, attendance) in store::recent(snapshot, person, RECENT_SCANS)? {
            if attendance.nonce.as_deref() == Some(nonce)
                && let Some(event) = store::event(snapshot, number)?
            {
                let window = showing(&event, number, &digits, attendance.scanned_at);
                found.extend(window.map(|window| (number, window)));
            }
        }
    }
    match found.as_slice() {
        [(number, window)] => {
            Ok(Some(ResolvedCode::Typed { number: *number, window: *window, digits }))
        }
        _ => Ok(None),
    }
}

/// The window in which an event accepts these digits at a moment. Every comparison takes the same
/// time, and all windows are compared.
fn showing(event: &Event, number: u32, digits: &str, at: Time) -> Option<u32> {
    let params = event.code_params(number);
    let shows = |window: &u32| {
        crypto::equal(typed_code(&event.secret, &params, *window).as_bytes(), digits.as_bytes())
    };
    accepted_windows(&params, at).filter(shows).last()
}
