//! Many people at once, from a table as spreadsheets write it.
//!
//! `rows` reads the file and says of each row what is wrong with it, without knowing who there is already;
//! `service` decides about the others and stores them, a batch a commit. No password is hashed here: five
//! thousand of them would keep the processors busy for minutes. Whoever comes without a hash has no
//! password until one is set.

mod api;
mod dto;
mod rows;
mod service;

pub use api::ImportApi;
pub use rows::{Csv, CsvFault};
pub use service::{ImportOutcome, ImportReport, ImportedRow};
