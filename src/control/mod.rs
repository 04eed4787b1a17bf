//! How the command line and a running appliance talk: one typed request over a Unix socket, answered
//! by lines of JSON.
//!
//! `request` is what is asked and `protocol` what is answered, `client` asks; `status`, `accounts`, `passwords`, `setup`, `keys`,
//! `invitations`, `social` and `backups` are what can be asked for and what comes back, `perform` and `people` do it for accounts. The other end,
//! which listens, is `server/control`. A verb on accounts runs
//! [`perform`] whether it was asked here or by a server, so both do the same.
//!
//! Who may ask is decided by the system: the socket is its owner's alone, and the kernel tells the server
//! who is at the other end. There is no password, and nothing here works over a network.

mod accounts;
mod backups;
mod check;
mod client;
mod execute;
mod invitations;
mod keys;
mod passwords;
mod protocol;
mod request;
mod setup;
mod social;
mod status;
mod users;

pub use accounts::{
    AccountRequest, AccountView, CreateAccount, ListAccounts, Password, ResetPassword, SessionView,
};
pub use backups::{BackupRequest, BackupTaken, EncryptionRequest};
pub use check::{AuditCheck, Check, DatabaseCheck, check_audit};
pub use client::{AskError, ask};
pub use execute::execute;
pub use invitations::{InvitationLine, InvitationMade, InvitationRequest, execute_on_invitations};
pub use keys::{
    ApiKeyMade, ApiKeyView, CreateKey, KeyRequest, execute_on_keys, rotate_signing_key,
};
pub use passwords::ResetLink;
pub use protocol::{Done, ExitStatus, Frame, ProgressFrame, Refused, ResponseStream};
pub use request::{
    CertificateRequest, Envelope, LONGEST_REQUEST_BYTES, PROTOCOL, Request, read_request,
};
pub use setup::{SetupLink, issue_setup_link};
pub use social::{FeedSizeView, RemovePosts, RemovedView, SocialRequest, execute_on_social};
pub use status::{
    ApplianceStatus, BackupStatus, CertificateReport, CertificateStatus, DatabaseStatus,
};
pub use users::{Exports, ImportCounts, ImportedRowView, UserCommands};
