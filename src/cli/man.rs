//! `appliance man`: the manual pages, made of the same words as `--help`.

use std::{fs, path::PathBuf};

use clap::{Args, Command};

use super::{Failure, print};

/// Prints the manual page of the program, or writes those of it and of every verb.
#[derive(Debug, Args)]
pub(super) struct Man {
    /// Write a page for each verb into this directory, which is made when it is missing.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self, command: Command) -> Result<(), Failure> {
        let Some(directory) = self.output else {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            return print(String::from_utf8_lossy(&page).trim_end());
        };
        let failed = |error: std::io::Error| {
            Failure::Failed(format!("cannot write pages into {}: {error}", directory.display()))
        };
        fs::create_dir_all(&directory).map_err(failed)?;
        clap_mangen::generate_to(command, &directory).map_err(failed)
    }
}
