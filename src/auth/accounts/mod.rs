//! Accounts: who there is, what they are called here and what they may do.
//!
//! Making one's own is here; `people` is what administrators do about others, one by one, and `import`
//! many at once. `rules` keeps the last administrator, and everybody from their own slip.

mod api;
mod dto;
mod import;
mod model;
mod rules;
mod service;
mod users;

pub use api::{RegistrationApi, SetupApi};
pub use import::{Csv, CsvFault, ImportApi, ImportOutcome, ImportReport, ImportedRow};
pub use model::{Email, NewAccount, RegisteredAccount, Registration, Username};
pub(super) use service::insert;
pub use users::{
    AccountChange, AccountsApi, NewUser, UserChanges, UserFilter, UserForm, UserSlice,
};
