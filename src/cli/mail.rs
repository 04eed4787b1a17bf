//! `appliance mail`: whether mail arrives.

use clap::{Args, Subcommand};

use super::{Failure, Global, owner};
use crate::mail::{SmtpTransport, test_message};

/// Looks whether mail arrives.
#[derive(Debug, Subcommand)]
pub(super) enum Mail {
    /// Send a test message by the configured server, and say what went wrong.
    Test(Test),
}

/// Sends a test message.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// Whom to: an e-mail address.
    address: String,
}

impl Mail {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let Self::Test(Test { address }) = self;
        let config = global.load(&[])?;
        if !config.mail.is_on() {
            let words = "no mail server is configured; set mail.host and mail.from";
            return Err(Failure::Usage(words.to_owned()));
        }
        let host = config.server.public_url.host();
        // The password is read as whoever needs it, for whom it must be right.
        let opened = || SmtpTransport::open(&config.mail, host);
        let transport = owner::as_owner_of(&config.data.directory, opened)??;
        let letter = test_message(&address, &config.server.name);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(transport.send(&letter))?;
        let (host, port) = (&config.mail.host, config.mail.port);
        global.say(format_args!("{host}:{port} took the message; look whether it arrives"));
        Ok(())
    }
}
