//! The tables of invitations, kept in step; and the spending of one.

use std::ops::ControlFlow;

use serde_json::json;

use super::{code::CodeHash, model::InvitationView};
use crate::{
    audit_event::{Actor, AuditContext, emit},
    auth::{
        records::{Account, Invitation, InvitationId},
        tables::{INVITATION_BY_CODE, INVITATIONS},
    },
    clock::Time,
    ids::RandomId,
    store::{Direction, Reader, StoreError, WriteTxn},
};

/// The key of an invitation in its table.
const fn row(id: RandomId) -> u128 {
    u128::from_be_bytes(id.0)
}

/// The invitation with this id.
pub(super) fn invitation(
    reader: &impl Reader,
    id: RandomId,
) -> Result<Option<Invitation>, StoreError> {
    INVITATIONS.get(reader, row(id))
}

/// The invitation of a code that is still good at `now`.
pub(super) fn good(
    reader: &impl Reader,
    code: &CodeHash,
    now: Time,
) -> Result<Option<(RandomId, Invitation)>, StoreError> {
    let Some(InvitationId(id)) = INVITATION_BY_CODE.get(reader, code.as_slice())? else {
        return Ok(None);
    };
    let good = |invitation: &Invitation| invitation.uses_left > 0 && now < invitation.expires_at;
    Ok(invitation(reader, id)?.filter(good).map(|invitation| (id, invitation)))
}

/// Whom somebody with or without a code was invited by; an error for a code that is not good.
pub(in crate::auth) fn invited(
    reader: &impl Reader,
    code: Option<CodeHash>,
    now: Time,
) -> Result<Result<Option<(RandomId, Invitation)>, NotGood>, StoreError> {
    let Some(code) = code else { return Ok(Ok(None)) };
    Ok(good(reader, &code, now)?.map(Some).ok_or(NotGood))
}

/// The code is that of no invitation, or of one that was used up or has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) struct NotGood;

/// Takes one use away for an account that was just made, and tells the audit trail.
pub(in crate::auth) fn spend(
    txn: &WriteTxn<'_>,
    id: RandomId,
    invitation: &Invitation,
    account: &Account,
    from: &AuditContext,
) -> Result<(), StoreError> {
    let uses_left = invitation.uses_left.saturating_sub(1);
    INVITATIONS.put(txn, row(id), &Invitation { uses_left, ..invitation.clone() })?;
    let from = AuditContext { actor: Actor::User(account.id), ..from.clone() };
    let mut event = from.event(account.created_at, "invitation.used", target(id))?;
    event.before = Some(json!({ "uses_left": invitation.uses_left }).to_string());
    event.after = Some(json!({ "uses_left": uses_left, "user": account.id.0 }).to_string());
    emit(txn, &event)
}

/// Stores a new invitation.
pub(super) fn insert(
    txn: &WriteTxn<'_>,
    id: RandomId,
    invitation: &Invitation,
) -> Result<(), StoreError> {
    INVITATION_BY_CODE.put(txn, invitation.code_hash.as_slice(), &InvitationId(id))?;
    INVITATIONS.put(txn, row(id), invitation)
}

/// Removes an invitation.
pub(super) fn remove(
    txn: &WriteTxn<'_>,
    id: RandomId,
    invitation: &Invitation,
) -> Result<(), StoreError> {
    INVITATION_BY_CODE.remove(txn, invitation.code_hash.as_slice())?;
    INVITATIONS.remove(txn, row(id))?;
    Ok(())
}

/// At most `limit` invitations after the one with the id `after`, by id.
pub(super) fn invitations_after(
    reader: &impl Reader,
    after: Option<RandomId>,
    limit: usize,
) -> Result<Vec<InvitationView>, StoreError> {
    let from = after.map_or(0, |after| row(after).saturating_add(1));
    INVITATIONS.collect(reader, from.., Direction::Ascending, limit, |id, invitation| {
        view(RandomId(id.to_be_bytes()), invitation)
    })
}

/// An invitation without its code.
pub(super) fn view(id: RandomId, invitation: Invitation) -> InvitationView {
    InvitationView {
        id,
        note: invitation.note,
        role: invitation.role,
        uses: invitation.uses,
        uses_left: invitation.uses_left,
        created_at: invitation.created_at,
        expires_at: invitation.expires_at,
        created_by: invitation.created_by,
    }
}

/// Invitations that have ended, at most `limit`.
pub(super) fn ended(
    reader: &impl Reader,
    now: Time,
    limit: usize,
) -> Result<Vec<(RandomId, Invitation)>, StoreError> {
    let mut ended = Vec::new();
    INVITATIONS.visit(reader, u128::MIN.., Direction::Ascending, |id, invitation| {
        if invitation.expires_at <= now {
            ended.push((RandomId(id.to_be_bytes()), invitation));
        }
        if ended.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(ended)
}

/// What the audit trail calls an invitation.
pub(super) fn target(id: RandomId) -> String {
    format!("invitation:{}", id.name())
}
