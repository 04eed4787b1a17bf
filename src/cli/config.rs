//! `appliance config`: what is configured, and whether it makes sense.

use clap::Subcommand;

use super::{Failure, Global, print};
use crate::config::{UnnamedProxy, show_json, show_text};

/// Checks or shows the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigVerb {
    /// Say whether the configuration is valid, and what is wrong with it otherwise.
    Check,
    /// Print every value in force and where it came from; secrets are masked.
    Show,
}

impl ConfigVerb {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let settings = global.settings()?;
        match self {
            Self::Check => {
                let config = settings.parse()?;
                global.say("the configuration is valid");
                if let Some(unnamed) = config.unnamed_proxy() {
                    let message = UnnamedProxy::message();
                    global.say(format_args!("warning: {message}; {}", unnamed.mend()));
                }
            }
            Self::Show if global.json => {
                print(serde_json::to_string_pretty(&show_json(&settings))?)?;
            }
            Self::Show => print(show_text(&settings).trim_end())?,
        }
        Ok(())
    }
}
