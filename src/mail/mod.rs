//! Mail to people: over SMTP (RFC 5321) to a server that takes it further, or not at all.
//!
//! A [`Letter`] is handed to the [`Post`], which answers at once and delivers in the background, with a bound
//! on what waits and on how often it tries. The [`Transport`] below speaks to the server and says in words what
//! went wrong ([`MailError`]).
//!
//! Architecture invariant: nothing here knows what a letter is about, and no letter holds a text of whoever
//! asked for it, so nobody can have this appliance write to others in their words.

mod letter;
mod post;
mod transport;
mod trouble;

pub use letter::{Letter, test_letter};
pub use post::Post;
pub use transport::Transport;
pub use trouble::MailError;
