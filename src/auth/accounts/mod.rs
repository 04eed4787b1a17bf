//! Accounts: who there is, what they are called here and what they may do.

mod api;
mod dto;
mod model;
mod rules;
mod service;

pub use api::{AccountsApi, RegistrationApi, SetupApi};
pub use model::{Email, NewAccount, Registered, Registration, Username};
pub(super) use service::insert;
