//! The steps that bring `social_log.redb` to its present form.

use super::{
    audit::Head,
    feed,
    tables::{AUDIT, AUDIT_BY_ID, AUDIT_HEAD, LOGS, SUBMISSIONS, SUBMISSIONS_BY_AGE},
};
use crate::store::{Migration, StoreError, WriteTxn};

/// The steps, oldest first. A step that was released never changes.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "create the social feed and the audit chain", apply: create },
    Migration { name: "count the posts of each author", apply: feed::count_posts },
];

fn create(txn: &WriteTxn<'_>) -> Result<(), StoreError> {
    LOGS.create(txn)?;
    SUBMISSIONS.create(txn)?;
    SUBMISSIONS_BY_AGE.create(txn)?;
    AUDIT.create(txn)?;
    AUDIT_BY_ID.create(txn)?;
    AUDIT_HEAD.create(txn)?;
    AUDIT_HEAD.put(txn, (), &Head::GENESIS)
}
