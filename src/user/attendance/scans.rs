//! Use cases of scanning: a scan, and the hold that lets a person sign in first.

use std::convert::Infallible;

use super::{
    super::{
        UserService,
        codes::{self, BrowserId, HoldTerms, ScanRefusal},
        error::UserError,
        records::{Attendance, Event},
    },
    context::ScanContext,
    model::{AttendanceStatus, ScanInput, ScanOutcome, Source},
    resolve::{self, ResolvedCode},
    rules::{self, CodeValidity, Existing, Scan, ScanCode, ScanVerdict},
    store,
};
use crate::{
    audit_event::{Actor, emit},
    clock::Time,
    crypto,
    http::RequestContext,
    ids::UserId,
    store::{Outcome, ReadView, StoreError},
};

/// What a person learns of their scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanAnswer {
    /// Whether this scan was the first.
    pub outcome: ScanOutcome,
    /// The event's public id.
    pub event_id: String,
    /// Its name.
    pub event_name: String,
    /// What is held of the person.
    pub status: AttendanceStatus,
    /// Whole minutes after the start; nothing when not late.
    pub minutes_late: Option<u32>,
    /// The moment that counted.
    pub scanned_at: Time,
}

impl ScanAnswer {
    fn of(outcome: ScanOutcome, event: &Event, attendance: &Attendance) -> Self {
        Self {
            outcome,
            event_id: event.event_id.clone(),
            event_name: event.name.clone(),
            status: attendance.status,
            minutes_late: attendance.minutes_late,
            scanned_at: attendance.scanned_at,
        }
    }
}

/// A promise that a scan counts as of the moment at which its code was shown to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// What to send instead of the code.
    pub hold: String,
    /// The name of the event that it is for.
    pub event_name: String,
    /// When it can no longer be redeemed.
    pub expires_at: Time,
}

impl UserService {
    /// Takes a person's scan.
    ///
    /// # Errors
    /// [`UserError::TooManyMisses`] for a typed code after too many wrong ones, [`UserError::Invalid`], [`UserError::Refused`] with any of its reasons,
    /// [`UserError::UserNotFound`] when the person is not registered, or the store's.
    pub async fn scan(
        &self,
        person: UserId,
        input: ScanInput,
        context: &RequestContext,
    ) -> Result<ScanAnswer, UserError> {
        let scan_context = ScanContext::of(context, input.browser);
        let (credential, nonce) = rules::read_scan(input)?;
        self.profile(person).await?;
        let now = self.clock.now();
        let tried = match &credential {
            ScanCode::Typed(_) => Some(self.misses.begin(person, context.network, now)),
            ScanCode::Code(_) | ScanCode::Hold(..) => None,
        };
        let tried = tried
            .transpose()
            .map_err(|standing| UserError::TooManyMisses { retry_after: standing.reset_seconds })?;
        let found = resolve::resolve(&self.store, credential, person, &nonce, now).await?;
        let decided = match found {
            Some(code) => {
                let scan = Scan { user: person, at: now, nonce, context: scan_context };
                let command = move |view: &ReadView<'_>| decide_scan(view, &code, &scan);
                self.store.submit(command).await?
            }
            None => Err(ScanRefusal::CodeInvalid),
        };
        if let Some(tried) = tried {
            if decided != Err(ScanRefusal::CodeInvalid) {
                self.misses.hit(person, now);
            } else if self.misses.missed(&tried, context.network, now) {
                self.note_guessing(person, context).await;
            }
        }
        self.metrics.qr_scan(match &decided {
            Ok(answer) => answer.outcome.as_str(),
            Err(refusal) => refusal.code(),
        });
        Ok(decided?)
    }

    /// Leaves a trace of somebody who has typed too many wrong codes: once, as they have to wait.
    async fn note_guessing(&self, person: UserId, context: &RequestContext) {
        let from = context.audit_context(Actor::User(person));
        let event = from.event(self.clock.now(), "scan.guessing", format!("user:{person}"));
        let Ok(event) = event else { return };
        let noted = self.store.submit(move |_| {
            let event = event.clone();
            Ok(Outcome::<(), Infallible>::commit(move |txn| emit(txn, &event)))
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "that somebody guesses codes left no audit event");
        }
    }

    /// Trades a fresh code for a hold of a browser. Anyone may; only redeeming it says who they are.
    ///
    /// # Errors
    /// [`UserError::Refused`] as for a scan, [`UserError::NoRandomness`], or the store's.
    pub fn hold(&self, code: &str, browser: BrowserId) -> Result<Hold, UserError> {
        let code = resolve::read_code(code).ok_or(ScanRefusal::CodeInvalid)?;
        let now = self.clock.now();
        let number = code.number();
        let snapshot = self.store.read()?;
        let event = store::event(&snapshot, number)?.ok_or(ScanRefusal::CodeInvalid)?;
        let admission = store::admission(&snapshot, number, &event, None)?;
        rules::check_admission(&admission, code.claim(&event, now))?;
        let id = crypto::random().map_err(|_| UserError::NoRandomness)?;
        let terms = HoldTerms { issued_at: now, id, browser };
        Ok(Hold {
            hold: codes::hold(&event.secret, &event.code_params(number), &terms),
            event_name: event.name,
            expires_at: codes::hold_expires_at(now),
        })
    }
}

/// The command of a scan: looks, asks the rule, and says what to write. A refusal is counted at the event,
/// unless the code is not the event's own and so says nothing about it.
fn decide_scan(
    view: &ReadView<'_>,
    code: &ResolvedCode,
    scan: &Scan,
) -> Result<Outcome<ScanAnswer, ScanRefusal>, StoreError> {
    let (number, person, now) = (code.number(), scan.user, scan.at);
    let Some(event) = store::event(view, number)? else {
        return Ok(Outcome::Reject(ScanRefusal::CodeInvalid));
    };
    let admission = store::admission(view, number, &event, Some(person))?;
    let mut claim = code.claim(&event, now);
    let hold = match code {
        ResolvedCode::Hold(hold, _) => Some(*hold),
        ResolvedCode::Code(_) | ResolvedCode::Typed { .. } => None,
    };
    if let Some(hold) = &hold
        && claim.validity == CodeValidity::Fresh
        && store::spent_by(view, hold)?.is_some_and(|holder| holder != person)
    {
        claim.validity = CodeValidity::Spent;
    }
    let row = store::row(view, number, person)?;
    let existing =
        row.as_ref().map_or(Existing::Nothing, |row| Existing::Row(row.nonce.as_deref()));
    let verdict = rules::decide(&admission, claim, existing, scan);
    Ok(match (verdict, row) {
        // The rule repeats only what it was shown.
        (ScanVerdict::Refuse(ScanRefusal::CodeInvalid), _)
        | (ScanVerdict::Repeat | ScanVerdict::Already, None) => {
            Outcome::Reject(ScanRefusal::CodeInvalid)
        }
        (ScanVerdict::Refuse(refusal), _) => Outcome::reject_and_record(refusal, move |txn| {
            store::count_refusal(txn, number, person, refusal, now)
        }),
        (ScanVerdict::Repeat, Some(row)) => {
            Outcome::NoChange(ScanAnswer::of(ScanOutcome::Recorded, &event, &row))
        }
        (ScanVerdict::Already, Some(row)) => {
            Outcome::NoChange(ScanAnswer::of(ScanOutcome::AlreadyRecorded, &event, &row))
        }
        (ScanVerdict::Record { status, minutes_late }, _) => {
            let source = if hold.is_some() { Source::Hold } else { Source::Scan };
            let row = scanned(status, claim.at, minutes_late, source, &scan.nonce);
            let origin = scan.context.origin();
            let answer = ScanAnswer::of(ScanOutcome::Recorded, &event, &row);
            Outcome::commit(move |txn| {
                store::insert(txn, number, person, &row, origin, now)?;
                if let Some(hold) = hold {
                    store::spend(txn, &hold, person, now)?;
                }
                Ok(answer)
            })
        }
    })
}

fn scanned(
    status: AttendanceStatus,
    at: Time,
    minutes_late: Option<u32>,
    source: Source,
    nonce: &str,
) -> Attendance {
    Attendance {
        status,
        scanned_at: at,
        minutes_late,
        source,
        nonce: Some(nonce.to_owned()),
        updated_at: None,
        updated_by: None,
        reason: None,
    }
}
