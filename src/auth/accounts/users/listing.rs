//! Listing and searching people, with a bound on the work of each page.

use super::model::UserFilter;
use crate::{
    auth::{Account, AuthError, AuthService, Profiles},
    http::{Problem, UserBody},
};

/// How many accounts are read, and their names asked for, at once.
const BATCH: usize = 500;
/// How many accounts one page looks at, whatever its filter lets through.
const MOST_EXAMINED: usize = 5_000;

/// Part of the list of people.
#[derive(Debug, Default)]
pub struct UserSlice {
    /// By id; perhaps fewer than were asked for, even none.
    pub accounts: Vec<Account>,
    /// The id after which the search goes on; nothing at the end of the list.
    pub next: Option<u64>,
}

impl UserSlice {
    /// The people of it, as the API shows them, without those who were deleted meanwhile.
    ///
    /// # Errors
    /// Those of the stores.
    pub async fn people(&self, profiles: &dyn Profiles) -> Result<Vec<UserBody>, Problem> {
        let gone = Problem::from(AuthError::UserNotFound).code;
        let mut people = Vec::with_capacity(self.accounts.len());
        for account in &self.accounts {
            match profiles.person(account).await {
                Ok(person) => people.push(person),
                Err(problem) if problem.code == gone => {}
                Err(problem) => return Err(problem),
            }
        }
        Ok(people)
    }
}

impl AuthService {
    /// The first `limit` people after the id `after` that a filter lets through. Looks at 5,000 accounts
    /// at most: beyond, whoever searches goes on from where this ended.
    ///
    /// # Errors
    /// Those of the stores.
    pub async fn search(
        &self,
        filter: &UserFilter,
        after: u64,
        limit: usize,
        profiles: &dyn Profiles,
    ) -> Result<UserSlice, Problem> {
        self.search_among(MOST_EXAMINED, filter, after, limit, profiles).await
    }

    pub(super) async fn search_among(
        &self,
        most: usize,
        filter: &UserFilter,
        mut after: u64,
        limit: usize,
        profiles: &dyn Profiles,
    ) -> Result<UserSlice, Problem> {
        let size = if filter.is_empty() { limit + 1 } else { BATCH };
        let (mut found, mut examined) = (UserSlice::default(), 0);
        loop {
            let batch = self.list(after, size).await?;
            let is_end = batch.len() < size;
            let fits = fitting(&batch, filter, profiles).await?;
            for (account, fits) in batch.into_iter().zip(fits) {
                if found.accounts.len() == limit || examined == most {
                    found.next = Some(after);
                    return Ok(found);
                }
                examined += 1;
                after = account.id.0;
                if fits {
                    found.accounts.push(account);
                }
            }
            if is_end {
                return Ok(found);
            }
        }
    }
}

/// Which accounts of a batch a filter lets through.
async fn fitting(
    batch: &[Account],
    filter: &UserFilter,
    profiles: &dyn Profiles,
) -> Result<Vec<bool>, Problem> {
    let mut fits: Vec<_> = batch.iter().map(|one| filter.fits(one.role, one.disabled)).collect();
    if !filter.has_words() {
        return Ok(fits);
    }
    let asked = batch.iter().zip(&fits).filter(|(_, fits)| **fits);
    let names = profiles.names(asked.map(|(account, _)| account.id).collect()).await?;
    let mut names = names.into_iter();
    for (account, fits) in batch.iter().zip(&mut fits).filter(|(_, fits)| **fits) {
        let kept = names.next().flatten();
        // Whoever has no profile yet is called as they were registered.
        let (name, surname) = match &kept {
            Some(kept) => (&kept.name, &kept.surname),
            None => (&account.name, &account.surname),
        };
        *fits = filter.finds(&[&account.email, &account.username, name, surname]);
    }
    Ok(fits)
}
