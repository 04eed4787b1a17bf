//! Figures about the accounts, and whether somebody is still who they were: for those who watch.

use std::{ops::ControlFlow, sync::Arc};

use super::{
    AuthError, AuthService,
    tables::{ACCOUNTS, ADMINISTRATORS, SESSIONS},
};
use crate::{
    http::Principal,
    ids::{RandomId, UserId},
    store::{Direction, Reader, StoreError},
    token::Access,
};

/// Accounts and sessions that are looked at, of each, to count them.
const MOST_EXAMINED: u64 = 200_000;

/// How many accounts and sessions there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountFigures {
    /// All accounts.
    pub accounts: u64,
    /// Enabled administrators.
    pub administrators: u64,
    /// Accounts that may not log in; nothing when there are more than 200,000 accounts to look at.
    pub disabled: Option<u64>,
    /// Sessions that are open and have not run out; nothing when there are more than 200,000.
    pub open_sessions: Option<u64>,
    /// People with such a session.
    pub people_signed_in: Option<u64>,
}

impl AuthService {
    /// Counts accounts and sessions: at most 200,000 rows of each, on the blocking pool.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn figures(&self) -> Result<AccountFigures, AuthError> {
        let (now, limits) = (self.shared.clock.now(), self.shared.limits);
        let count = self.shared.store.read_range(move |snapshot| {
            let accounts = ACCOUNTS.len(snapshot)?;
            let disabled = disabled(snapshot, accounts)?;
            let (mut open_sessions, mut people) = (0, std::collections::HashSet::new());
            let countable = SESSIONS.len(snapshot)? <= MOST_EXAMINED;
            if countable {
                SESSIONS.visit(snapshot, 0_u128.., Direction::Ascending, |_, session| {
                    if limits.ends_at(session.created_at, session.last_used_at) >= now {
                        open_sessions += 1;
                        people.insert(session.user);
                    }
                    ControlFlow::Continue(())
                })?;
            }
            let people = u64::try_from(people.len()).unwrap_or(u64::MAX);
            Ok(AccountFigures {
                accounts,
                administrators: ADMINISTRATORS.len(snapshot)?,
                disabled,
                open_sessions: countable.then_some(open_sessions),
                people_signed_in: countable.then_some(people),
            })
        });
        Ok(count.await?)
    }

    /// Somebody as they are now, for as long as their session goes on: what a stream asks that outlives
    /// the request it began with.
    ///
    /// # Errors
    /// [`AuthError::SessionEnded`] and those of the store.
    pub fn principal_now(
        &self,
        user: UserId,
        session: RandomId,
    ) -> Result<Arc<Principal>, AuthError> {
        let session = self.cached_session(Access { user, session })?;
        let session = session.filter(|session| session.belongs_to(user, self.shared.clock.now()));
        Ok(session.ok_or(AuthError::SessionEnded)?.person)
    }
}

fn disabled(reader: &impl Reader, accounts: u64) -> Result<Option<u64>, StoreError> {
    if accounts > MOST_EXAMINED {
        return Ok(None);
    }
    let mut disabled = 0;
    ACCOUNTS.visit(reader, 0_u64.., Direction::Ascending, |_, account| {
        disabled += u64::from(account.disabled);
        ControlFlow::Continue(())
    })?;
    Ok(Some(disabled))
}
