//! Mail to people: over SMTP (RFC 5321) to a server that takes it further, or not at all.
//!
//! A [`MailMessage`] is handed to the [`MailQueue`], which answers at once and delivers in the background, with a bound
//! on what waits and on how often it tries. The [`SmtpTransport`] below speaks to the server and says in words what
//! went wrong ([`MailError`]).
//!
//! Architecture invariant: nothing here knows what a message is about, and no message holds a text of whoever
//! asked for it, so nobody can have this appliance write to others in their words.

mod error;
mod message;
mod queue;
mod transport;

pub use error::MailError;
pub use message::{MailMessage, test_message};
pub use queue::MailQueue;
pub use transport::SmtpTransport;
