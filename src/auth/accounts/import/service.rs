//! Storing the people of a file, or saying what would become of them.

use std::collections::HashSet;

use super::rows::{Csv, Row};
use crate::{
    audit_event::AuditContext,
    auth::{
        Account, AuthError, AuthService, Profiles,
        accounts::{service::insert, users::NewUser},
        passwords::NO_PASSWORD,
        store::free_username_but,
        tables::ACCOUNT_BY_EMAIL,
    },
    clock::Time,
    field::FieldError,
    http::Problem,
    ids::UserId,
    store::{Outcome, ReadView, Reader, StoreError},
};

/// How many people one commit adds: few enough that nobody waits long behind it.
const BATCH: usize = 250;

/// What became of a file.
#[derive(Debug)]
pub struct ImportReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Every row, in the order of the file.
    pub rows: Vec<ImportedRow>,
}

/// What became of a row.
#[derive(Debug)]
pub struct ImportedRow {
    /// Where it begins in the file; the header is line 1.
    pub line: u64,
    /// The address, as typed.
    pub email: String,
    /// What became of it.
    pub outcome: ImportOutcome,
    /// The person, when there is one.
    pub user: Option<UserId>,
    /// Why it was refused.
    pub faults: Vec<FieldError>,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportOutcome {
    /// There is an account now.
    Created,
    /// There would be, had this been no trial.
    WouldCreate,
    /// It was not taken, and says why.
    Refused,
    /// The address had an account, which was left as it is.
    Exists,
}

impl ImportReport {
    /// How many rows came to this.
    pub fn count(&self, outcome: ImportOutcome) -> usize {
        self.rows.iter().filter(|row| row.outcome == outcome).count()
    }
}

/// Somebody of the file, and which row they are.
#[derive(Debug, Clone)]
struct Candidate {
    index: usize,
    person: NewUser,
    password_hash: String,
}

/// What is to be done about a candidate.
enum Plan {
    Create(Account),
    Nothing(Fate),
}

/// What became of one.
enum Fate {
    Created(UserId),
    WouldCreate,
    Exists(UserId),
    Refused(FieldError),
}

impl Plan {
    /// What becomes of a candidate when nothing is written.
    fn untried(self) -> Fate {
        match self {
            Self::Create(_) => Fate::WouldCreate,
            Self::Nothing(fate) => fate,
        }
    }
}

impl AuthService {
    /// Makes an account for everybody in a file whose address has none, a batch a commit; a dry run only
    /// says what would become of each row. The same file again changes nothing.
    ///
    /// When a batch cannot be stored, the rows before it are, and are reported so; the others are refused
    /// with the reason.
    ///
    /// # Errors
    /// Those of the stores, when nothing was stored at all.
    pub async fn import(
        &self,
        csv: Csv,
        dry_run: bool,
        from: AuditContext,
        profiles: &dyn Profiles,
    ) -> Result<ImportReport, Problem> {
        let (mut rows, candidates) = sorted(csv.rows);
        if dry_run {
            self.try_out(&candidates, &mut rows).await?;
        } else {
            self.store_all(&candidates, &mut rows, &from).await?;
            let created = rows.iter().filter(|row| row.outcome == ImportOutcome::Created);
            // Whoever is missed here gets a profile on first use.
            if let Err(problem) =
                profiles.ensure(created.filter_map(|row| row.user).collect()).await
            {
                tracing::warn!(%problem, "profiles of imported people are made later");
            }
        }
        Ok(ImportReport { dry_run, rows })
    }

    async fn try_out(
        &self,
        candidates: &[Candidate],
        rows: &mut [ImportedRow],
    ) -> Result<(), AuthError> {
        let (asked, now) = (candidates.to_vec(), self.shared.clock.now());
        let plans = self.shared.store.read_range(move |snapshot| plan(snapshot, &asked, now));
        for (candidate, plan) in candidates.iter().zip(plans.await?) {
            settle(rows, candidate, plan.untried());
        }
        Ok(())
    }

    async fn store_all(
        &self,
        candidates: &[Candidate],
        rows: &mut [ImportedRow],
        from: &AuditContext,
    ) -> Result<(), AuthError> {
        let mut is_anything_stored = false;
        let mut batches = candidates.chunks(BATCH);
        while let Some(batch) = batches.next() {
            match self.store_batch(batch.to_vec(), from.clone()).await {
                Ok(fates) => {
                    is_anything_stored = true;
                    for (candidate, fate) in batch.iter().zip(fates) {
                        settle(rows, candidate, fate);
                    }
                }
                Err(error) if !is_anything_stored => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "an import stopped half way");
                    for candidate in batch.iter().chain(batches.flatten()) {
                        settle(rows, candidate, Fate::Refused(not_stored()));
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn store_batch(
        &self,
        batch: Vec<Candidate>,
        from: AuditContext,
    ) -> Result<Vec<Fate>, AuthError> {
        let now = self.shared.clock.now();
        let command =
            move |view: &ReadView<'_>| -> Result<Outcome<Vec<Fate>, AuthError>, StoreError> {
                let plans = plan(view, &batch, now)?;
                if plans.iter().all(|plan| matches!(plan, Plan::Nothing(_))) {
                    return Ok(Outcome::NoChange(plans.into_iter().map(Plan::untried).collect()));
                }
                let from = from.clone();
                Ok(Outcome::commit(move |txn| {
                    let carry_out = |plan| match plan {
                        Plan::Create(draft) => {
                            Ok(Fate::Created(insert(txn, draft, &from, "user.imported")?.id))
                        }
                        Plan::Nothing(fate) => Ok(fate),
                    };
                    plans.into_iter().map(carry_out).collect()
                }))
            };
        self.shared.store.submit(command).await?
    }
}

/// The report with what the file alone says, and those whom the accounts must be asked about.
fn sorted(read: Vec<Row>) -> (Vec<ImportedRow>, Vec<Candidate>) {
    let (mut rows, mut candidates) = (Vec::with_capacity(read.len()), Vec::new());
    for (index, Row { line, email, read }) in read.into_iter().enumerate() {
        let faults = match read {
            Ok((person, hash)) => {
                let password_hash = hash.unwrap_or_else(|| NO_PASSWORD.to_owned());
                candidates.push(Candidate { index, person, password_hash });
                Vec::new()
            }
            Err(faults) => faults,
        };
        rows.push(ImportedRow { line, email, outcome: ImportOutcome::Refused, user: None, faults });
    }
    (rows, candidates)
}

/// Decides about candidates as if one after another: a username that one of them gets is taken for those
/// behind them.
fn plan(
    reader: &impl Reader,
    candidates: &[Candidate],
    now: Time,
) -> Result<Vec<Plan>, StoreError> {
    let mut claimed = HashSet::new();
    let mut plans = Vec::with_capacity(candidates.len());
    for Candidate { person, password_hash, .. } in candidates {
        if let Some(id) = ACCOUNT_BY_EMAIL.get(reader, person.email.key().as_str())? {
            plans.push(Plan::Nothing(Fate::Exists(UserId(id))));
            continue;
        }
        let (wanted, suggestion) = (person.username.as_ref(), person.email.suggested_username());
        let free = free_username_but(reader, wanted, &suggestion, |key| claimed.contains(key))?;
        plans.push(if let Ok(username) = free {
            claimed.insert(username.key());
            let draft = person.draft(password_hash.clone(), now);
            Plan::Create(Account { username: username.as_str().to_owned(), ..draft })
        } else {
            let taken = FieldError::new("username", "is taken", "è già in uso");
            Plan::Nothing(Fate::Refused(taken))
        });
    }
    Ok(plans)
}

fn settle(rows: &mut [ImportedRow], candidate: &Candidate, fate: Fate) {
    let Some(row) = rows.get_mut(candidate.index) else { return };
    (row.outcome, row.user) = match fate {
        Fate::Created(id) => (ImportOutcome::Created, Some(id)),
        Fate::WouldCreate => (ImportOutcome::WouldCreate, None),
        Fate::Exists(id) => (ImportOutcome::Exists, Some(id)),
        Fate::Refused(fault) => {
            row.faults.push(fault);
            (ImportOutcome::Refused, None)
        }
    };
}

fn not_stored() -> FieldError {
    FieldError::new(
        "line",
        "could not be stored any more; send the file again later",
        "non è stato possibile salvarla; invia di nuovo il file più tardi",
    )
}
