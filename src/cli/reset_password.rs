//! `appliance user reset-password`: a link for somebody who forgot their password, or another one at once.

use clap::Args;

use super::{
    Failure, Global, print,
    user::{password_from_stdin, perform, show},
};
use crate::{
    config::Config,
    control::{AccountRequest, AccountView, ResetLink, ResetPassword},
    paths::DataDir,
};

/// Prints a link with which a person sets another password, once and within an hour.
#[derive(Debug, Args)]
pub(super) struct Reset {
    /// An id, an e-mail address or a username.
    user: String,
    /// Set the password that is read from standard input, and end the person's sessions.
    #[arg(long)]
    password_stdin: bool,
}

impl Reset {
    pub(super) fn run(
        self,
        global: &Global,
        config: &Config,
        data: &DataDir,
    ) -> Result<(), Failure> {
        let password = self.password_stdin.then(password_from_stdin).transpose()?;
        let sets_it = password.is_some();
        let request = ResetPassword { user: self.user, password };
        let result = perform(config, data, AccountRequest::ResetPassword(request))?.result;
        if sets_it {
            let changed: AccountView = serde_json::from_value(result)?;
            global.say(format_args!("{} has another password", changed.username));
            return show(global, &changed);
        }
        if global.json {
            return print(serde_json::to_string_pretty(&result)?);
        }
        let link: ResetLink = serde_json::from_value(result)?;
        global.say(format_args!(
            "for {}; it works once, until {}, and is not shown again",
            link.user.username, link.expires_at
        ));
        print(link.url)
    }
}
