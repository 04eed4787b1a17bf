//! `appliance user sessions`: where somebody is signed in, and how that ends.

use clap::Args;

use crate::{
    cli::{Failure, Global, on_accounts::Answer, print},
    control::{AccountRequest, SessionView},
};

/// Lists sessions, or ends them.
#[derive(Debug, Args)]
pub(in crate::cli) struct Sessions {
    /// An id, an e-mail address or a username.
    user: String,
    /// End the session with this id.
    #[arg(long, value_name = "ID", conflicts_with = "end_all")]
    end: Option<String>,
    /// End all of them.
    #[arg(long)]
    end_all: bool,
}

impl Sessions {
    pub(super) fn run(
        self,
        global: &Global,
        ask: impl Fn(AccountRequest) -> Result<Answer, Failure>,
    ) -> Result<(), Failure> {
        let Self { user, end, end_all } = self;
        if end_all || end.is_some() {
            let ended = ask(AccountRequest::EndSessions { user, session: end })?.result;
            global.say(format_args!("sessions ended: {ended}"));
            return Ok(());
        }
        let sessions = ask(AccountRequest::Sessions { user })?.items;
        if global.json {
            return print(serde_json::to_string_pretty(&sessions)?);
        }
        for session in sessions {
            let SessionView { id, device, network, last_used_at, .. } =
                serde_json::from_value(session)?;
            print(format_args!("{id}\t{last_used_at}\t{network}\t{device}"))?;
        }
        Ok(())
    }
}
