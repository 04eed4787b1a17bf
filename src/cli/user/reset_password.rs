//! `appliance user reset-password`: a link for somebody who forgot their password, or another one at once.

use clap::Args;

use super::{password_from_stdin, showing};
use crate::{
    cli::{Failure, Global, on_accounts::Answer, print},
    control::{AccountRequest, ResetLink, ResetPassword},
};

/// Prints a link with which a person sets another password, once and within an hour.
#[derive(Debug, Args)]
pub(in crate::cli) struct ResetPasswordArgs {
    /// An id, an e-mail address or a username.
    user: String,
    /// Set the password that is read from standard input, and end the person's sessions.
    #[arg(long)]
    password_stdin: bool,
}

impl ResetPasswordArgs {
    pub(super) fn run(
        self,
        global: &Global,
        ask: impl Fn(AccountRequest) -> Result<Answer, Failure>,
    ) -> Result<(), Failure> {
        let password = self.password_stdin.then(password_from_stdin).transpose()?;
        let sets_it = password.is_some();
        let request = ResetPassword { user: self.user, password };
        let answer = ask(AccountRequest::ResetPassword(request))?;
        if sets_it {
            let changed = answer.account()?;
            global.say(format_args!("{} has another password", changed.username));
            return showing::account(global, &changed);
        }
        if global.json {
            return print(serde_json::to_string_pretty(&answer.result)?);
        }
        let link: ResetLink = serde_json::from_value(answer.result)?;
        global.say(format_args!(
            "for {}; it works once, until {}, and is not shown again",
            link.user.username, link.expires_at
        ));
        print(link.url)
    }
}
