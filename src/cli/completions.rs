//! `appliance completions`: what a shell needs to know to complete verbs and options.

use clap::{Args, Command};
use clap_complete::Shell;

use super::{Failure, print};

/// Prints a script with which a shell completes this command.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell that the script is for.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, mut command: Command) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "appliance", &mut script);
        print(String::from_utf8_lossy(&script).trim_end())
    }
}
