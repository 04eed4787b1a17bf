//! Doing what verbs on accounts ask for: which part answers which request.

use serde_json::Value;

use super::{
    accounts::{AccountRequest, AccountView, SessionView},
    passwords::reset_password,
    protocol::{Refused, ResponseStream, as_json},
    users::{UserCommands, resolve_user},
};
use crate::audit_event::AuditContext;

/// Does what a verb on accounts asks for.
///
/// # Errors
/// [`Refused`], in words for the person who asked.
pub async fn execute(
    people: &UserCommands,
    request: AccountRequest,
    out: &ResponseStream,
) -> Result<Value, Refused> {
    let from = AuditContext::COMMAND_LINE;
    let auth = &people.auth;
    match request {
        AccountRequest::Create(create) => as_json(people.create(create).await?),
        AccountRequest::List(list) => people.list(list, out).await.map(|()| Value::Null),
        AccountRequest::Show { user } => {
            people.view(&auth.account(resolve_user(auth, &user)?)?).await
        }
        AccountRequest::SetRole { user, role } => {
            people.view(&auth.set_role(resolve_user(auth, &user)?, role, from).await?).await
        }
        AccountRequest::SetDisabled { user, disabled } => {
            people.view(&auth.set_disabled(resolve_user(auth, &user)?, disabled, from).await?).await
        }
        AccountRequest::ResetPassword(request) => reset_password(people, request).await,
        AccountRequest::Sessions { user } => {
            for session in auth.open_sessions(resolve_user(auth, &user)?)? {
                out.item(SessionView::from(session)).await?;
            }
            Ok(Value::Null)
        }
        AccountRequest::EndSessions { user, session } => {
            let id = resolve_user(auth, &user)?;
            as_json(match session {
                Some(name) => auth.end_named_session(id, name, from).await.map(|()| 1)?,
                None => auth.end_sessions(id, None, from).await?,
            })
        }
        AccountRequest::ResetSecondFactor { user } => {
            as_json(auth.reset_second_factor(resolve_user(auth, &user)?, from).await?)
        }
        AccountRequest::Delete { user } => {
            let id = resolve_user(auth, &user)?;
            let deleted = auth.delete_and_erase(id, from, &*people.profiles).await?;
            as_json(AccountView::from(&deleted))
        }
        AccountRequest::Import { csv, dry_run } => people.import(&csv, dry_run, out).await,
        AccountRequest::Export { user } => {
            people.exports.export(resolve_user(auth, &user)?, from, out).await
        }
    }
}
