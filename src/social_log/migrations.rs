//! The steps that bring `social_log.redb` to its present form.

use super::{
    audit::Head,
    feed,
    tables::{AUDIT, AUDIT_BY_ID, AUDIT_HEAD, LOGS, SUBMISSIONS, SUBMISSIONS_BY_AGE},
};
use crate::store::{Edit, Migration, StoreError};

/// The steps, oldest first. A step that was released never changes.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "create the social feed and the audit chain", apply: create },
    Migration { name: "count the posts of each author", apply: feed::count_posts },
];

fn create(edit: &Edit<'_>) -> Result<(), StoreError> {
    LOGS.create(edit)?;
    SUBMISSIONS.create(edit)?;
    SUBMISSIONS_BY_AGE.create(edit)?;
    AUDIT.create(edit)?;
    AUDIT_BY_ID.create(edit)?;
    AUDIT_HEAD.create(edit)?;
    AUDIT_HEAD.put(edit, (), &Head::GENESIS)
}
