//! The only kind of write transaction that a file is changed in.

use redb::{Database, Durability, WriteTransaction};

use super::StoreError;

/// Begins one: fsynced, and quick to repair after a kill.
pub(super) fn begin_write(database: &Database) -> Result<WriteTransaction, StoreError> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    transaction.set_quick_repair(true);
    Ok(transaction)
}
