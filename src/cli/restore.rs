//! `appliance restore`: puts a backup in the place of what is there.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{
    Failure, Global,
    archive_input::{Archive, Unlock},
    backup::{show_manifest, watcher},
    print,
};
use crate::{
    backup::{rehearse, restore},
    clock::Clock,
    server::DATA_FILES,
};

/// Puts a backup in the place of what is there, which is kept beside it.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A file, the name of a backup that is kept, or "-" for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Restore into this directory instead of the data directory; made when it is not there.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Do everything but the restoring.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    unlock: Unlock,
}

impl Restore {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let config = global.load(&[])?;
        let key = self.unlock.key(&config.backup)?;
        let Archive { name, input, .. } = Archive::open(&self.file, &config)?;
        let data = global.enter(self.to.as_ref().unwrap_or(&config.data.directory))?;
        global.say(format_args!("archive: {}", name.display()));
        let mut watch = watcher(global);
        if self.dry_run {
            let manifest = rehearse(input, &key, &DATA_FILES, &data, &mut watch)?;
            global.say("the backup is good and would be restored");
            return show_manifest(global, &manifest);
        }
        let now = Clock::system().now();
        let restored = restore(input, &key, &DATA_FILES, &data, now, &mut watch)?;
        match &restored.safety {
            Some(safety) => global.say(format_args!(
                "restored; what was there before is kept in {}",
                safety.display()
            )),
            None => global.say("restored"),
        }
        if global.json {
            let restored = json!({ "safety": restored.safety, "manifest": restored.manifest });
            return print(serde_json::to_string_pretty(&restored)?);
        }
        show_manifest(global, &restored.manifest)
    }
}
