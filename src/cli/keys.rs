//! `appliance keys`: the keys that sign access tokens.

use clap::Subcommand;

use super::{Failure, Global, on_accounts::Place};
use crate::control::{Request, rotate_signing_key};

/// Changes the key that signs access tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Sign with another key from now on. Nobody is signed out: access tokens of the key before hold
    /// until they end.
    Rotate,
}

impl Keys {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let Self::Rotate = self;
        let place = Place::of(global)?;
        let asked = Request::RotateSigningKey;
        let answer =
            place.execute(&asked, |people, _| Box::pin(rotate_signing_key(&people.auth)))?;
        global.say(format_args!("key {} signs access tokens from now on", answer.result));
        Ok(())
    }
}
